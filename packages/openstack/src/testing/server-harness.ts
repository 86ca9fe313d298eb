// A server under test (a database, a broker, a cache): what the workload controllers and the node would do, on the test's word.
import type { Graph, Reconciled } from '@stackwright/graph';
import { PersistentVolumeClaim, StatefulSet } from '@stackwright/kube';
import { ObjectHarness } from './object-harness.js';

export class ServerHarness<R extends Reconciled> extends ObjectHarness<R> {
  constructor(graph: Graph<R>) {
    super(graph, { kinds: [PersistentVolumeClaim] });
  }

  /** Throws where there is none. */
  get statefulSet(): Readonly<StatefulSet> {
    const statefulSet = this.api.peek(StatefulSet, this.key);
    if (!statefulSet) throw new Error('There is no StatefulSet');
    return statefulSet;
  }

  get podSpec() {
    const { spec } = this.statefulSet.spec?.template ?? {};
    if (!spec) throw new Error('The StatefulSet has no Pods');
    return spec;
  }

  /** What a new version of would start the Pods anew. */
  get version(): Readonly<Record<string, string>> | undefined {
    return this.statefulSet.spec?.template.metadata?.annotations;
  }

  /** All Pods of the wanted version are ready, and an endpoint of the Service where there are `ports`. */
  async comeUp(ports: Readonly<Record<string, number>> = {}, address?: string): Promise<void> {
    const { metadata, spec } = this.statefulSet;
    const replicas = spec?.replicas ?? 1;
    const counts = { replicas, readyReplicas: replicas, updatedReplicas: replicas };
    const status = { observedGeneration: metadata?.generation, ...counts, currentRevision: 'a', updateRevision: 'a' };
    await this.edit(StatefulSet, this.key.name, { status }, 'status');
    const named = Object.entries(ports).map(([name, port]) => ({ name, port }));
    if (named.length > 0) await this.endpoint(this.key.name, named, address);
    await this.settle();
  }

  /** The volume of the first Pod, as the controller of StatefulSets makes it. */
  async makeVolume(): Promise<void> {
    const [template] = this.statefulSet.spec?.volumeClaimTemplates ?? [];
    if (!template?.spec) throw new Error('The StatefulSet has no volume');
    await this.api.seed(PersistentVolumeClaim, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: {
        ...this.#volume,
        labels: { ...template.metadata?.labels, ...this.statefulSet.spec?.selector.matchLabels },
        annotations: template.metadata?.annotations ?? {},
      },
      spec: template.spec,
    });
    await this.settle();
  }

  get hasVolume(): boolean {
    return this.api.peek(PersistentVolumeClaim, this.#volume) !== undefined;
  }

  get #volume() {
    return this.at(`data-${this.key.name}-0`);
  }
}
