import type { Pod } from '@stackwright/kube';
import { type Resource } from '@stackwright/kube';
import type { PodTemplateSpec } from 'kubernetes-types/core/v1.d.ts';
import type { EventRecorder } from '../shared/events.js';
import { messageOf } from '../shared/log.js';
import { controllerReference, type Stored } from '../shared/objects.js';
import type { Store } from '../shared/store.js';

/** A Pod as the template says, named after its owner. */
export function podFromTemplate(template: PodTemplateSpec | undefined, ownerKind: Resource, owner: Stored): Pod {
  const { labels, annotations, finalizers } = template?.metadata ?? {};
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: `${owner.metadata.name}-`,
      namespace: owner.metadata.namespace,
      ...(labels ? { labels: { ...labels } } : {}),
      ...(annotations ? { annotations: { ...annotations } } : {}),
      ...(finalizers ? { finalizers: [...finalizers] } : {}),
      ownerReferences: [controllerReference(ownerKind, owner)],
    },
    spec: structuredClone(template?.spec ?? { containers: [] }),
  };
}

/** Creates and deletes Pods and says so in events of their owner. */
export class PodControl {
  readonly #pods: Store<Pod>;
  readonly #events: EventRecorder;
  readonly #ownerKind: Resource;

  constructor(pods: Store<Pod>, events: EventRecorder, ownerKind: Resource) {
    this.#pods = pods;
    this.#events = events;
    this.#ownerKind = ownerKind;
  }

  async create(owner: Stored, pod: Pod): Promise<Stored<Pod>> {
    try {
      const created = await this.#pods.create(pod);
      this.#events.record(
        this.#ownerKind,
        owner,
        'Normal',
        'SuccessfulCreate',
        `Created pod: ${created.metadata.name}`,
      );
      return created;
    } catch (error) {
      this.#events.record(this.#ownerKind, owner, 'Warning', 'FailedCreate', `Error creating: ${messageOf(error)}`);
      throw error;
    }
  }

  async delete(owner: Stored, pod: Stored<Pod>): Promise<void> {
    await this.#pods.delete(pod);
    this.#events.record(this.#ownerKind, owner, 'Normal', 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name}`);
  }
}

/**
 * Runs `action` `count` times in batches of 1, 2, 4…, so that what fails for all fails once and not a hundred times.
 * Rejects with the first failure of a batch, after that batch.
 */
export async function slowStart(count: number, action: (index: number) => Promise<unknown>): Promise<void> {
  for (let done = 0, batch = 1; done < count; batch *= 2) {
    const size = Math.min(batch, count - done);
    const results = await Promise.allSettled(Array.from({ length: size }, (_, index) => action(done + index)));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
    done += size;
  }
}
