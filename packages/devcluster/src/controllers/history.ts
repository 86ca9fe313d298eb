// ControllerRevisions: the templates that a StatefulSet or DaemonSet had, so that Pods of an older one can be made again,
// and `kubectl rollout undo` has something to go back to.
import { isAlreadyExists, type ControllerRevision, type KubeObject, type Resource } from '@stackwright/kube';
import type { PodTemplateSpec } from 'kubernetes-types/core/v1.d.ts';
import type { LabelSelector } from 'kubernetes-types/meta/v1.d.ts';
import { controllerReference, sameValue, templateHash, type Stored } from '../shared/objects.js';
import type { Store } from '../shared/store.js';

/** On Pods: the revision that they were made from. */
export const REVISION_LABEL = 'controller-revision-hash';

/** What has revisions. */
export type Versioned = KubeObject & {
  spec?: { template: PodTemplateSpec; selector?: LabelSelector; revisionHistoryLimit?: number };
  status?: { collisionCount?: number };
};

export interface History {
  /** Of the present template. */
  update: Stored<ControllerRevision>;
  /** Oldest first. */
  all: Stored<ControllerRevision>[];
  collisions: number;
}

interface RevisionData {
  spec?: { template?: PodTemplateSpec & { $patch?: string } };
}

/** `$patch: replace` lets `kubectl rollout undo` apply the data as a strategic merge patch. */
const dataOf = ({ spec }: Versioned): RevisionData => ({
  spec: { template: { ...structuredClone(spec?.template ?? {}), $patch: 'replace' } },
});

/** The template as it was at that revision. */
export function templateAt(revision: ControllerRevision): PodTemplateSpec {
  const { $patch: _patch, ...template } = (revision.data as RevisionData | undefined)?.spec?.template ?? {};
  return template;
}

/** Finds the revision of the present template among the known ones, or makes it. */
export async function syncHistory(
  store: Store<ControllerRevision>,
  kind: Resource,
  owner: Stored<Versioned>,
  known: readonly Stored<ControllerRevision>[],
  hashLabel: string,
): Promise<History> {
  const all = [...known].sort((a, b) => a.revision - b.revision);
  const data = dataOf(owner);
  const highest = all.at(-1)?.revision ?? 0;
  let collisions = owner.status?.collisionCount ?? 0;
  let update = all.findLast((revision) => sameValue(revision.data, data));
  if (update && update.revision < highest) {
    // Back to a former template: it becomes the newest revision.
    update = await store.patch(update.metadata, { metadata: { uid: update.metadata.uid }, revision: highest + 1 });
  }
  while (!update) {
    const hash = templateHash(data, collisions);
    const name = `${owner.metadata.name}-${hash}`;
    try {
      update = await store.create({
        apiVersion: 'apps/v1',
        kind: 'ControllerRevision',
        metadata: {
          name,
          namespace: owner.metadata.namespace,
          labels: { ...owner.spec?.selector?.matchLabels, [hashLabel]: hash },
          ...(owner.metadata.annotations ? { annotations: { ...owner.metadata.annotations } } : {}),
          ownerReferences: [controllerReference(kind, owner)],
        },
        data,
        revision: highest + 1,
      });
      all.push(update);
    } catch (error) {
      // Only what is there has taken the name: a server that says so without reason would be asked for ever.
      const taken = isAlreadyExists(error) && (await store.read({ namespace: owner.metadata.namespace, name }));
      if (!taken) throw error;
      collisions += 1;
    }
  }
  return { update, all: all.sort((a, b) => a.revision - b.revision), collisions };
}

/** Those that are not in use any more, beyond the history limit. */
export function surplusRevisions(
  owner: Versioned,
  history: History,
  isUsed: (revision: Stored<ControllerRevision>) => boolean,
): Stored<ControllerRevision>[] {
  const idle = history.all.filter((revision) => revision !== history.update && !isUsed(revision));
  return idle.slice(0, Math.max(0, idle.length - (owner.spec?.revisionHistoryLimit ?? 10)));
}
