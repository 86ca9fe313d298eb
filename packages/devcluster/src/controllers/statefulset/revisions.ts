// ControllerRevisions: the templates that a StatefulSet had, so that Pods of an older one can be made again.
import type { ControllerRevision } from '@stackwright/kube';
import { isAlreadyExists, StatefulSet } from '@stackwright/kube';
import type { PodTemplateSpec } from 'kubernetes-types/core/v1.d.ts';
import { controllerReference, sameValue, templateHash, type Stored } from '../../shared/objects.js';
import type { Store } from '../../shared/store.js';

const HASH_LABEL = 'controller.kubernetes.io/hash';

export interface Revisions {
  /** What Pods that are not to be updated yet are made from. */
  current: Stored<ControllerRevision>;
  /** The present template. */
  update: Stored<ControllerRevision>;
  all: Stored<ControllerRevision>[];
  collisions: number;
}

interface RevisionData {
  spec?: { template?: PodTemplateSpec & { $patch?: string } };
}

/** `$patch: replace` lets `kubectl rollout undo` apply the data as a strategic merge patch. */
function dataOf(set: StatefulSet): RevisionData {
  return { spec: { template: { ...structuredClone(set.spec?.template ?? {}), $patch: 'replace' } } };
}

/** The set as it was at that revision. */
export function atRevision(set: Stored<StatefulSet>, revision: Stored<ControllerRevision>): Stored<StatefulSet> {
  const { $patch: _patch, ...template } = (revision.data as RevisionData | undefined)?.spec?.template ?? {};
  if (!set.spec) return set;
  return { ...set, spec: { ...set.spec, template } };
}

export async function syncRevisions(
  store: Store<ControllerRevision>,
  set: Stored<StatefulSet>,
  known: Stored<ControllerRevision>[],
): Promise<Revisions> {
  const all = [...known].sort((a, b) => a.revision - b.revision);
  const data = dataOf(set);
  const highest = all.at(-1)?.revision ?? 0;
  let collisions = set.status?.collisionCount ?? 0;
  let update = all.findLast((revision) => sameValue(revision.data, data));
  if (update && update.revision < highest) {
    // Back to a former template: it becomes the newest revision.
    update = await store.patch(update.metadata, { metadata: { uid: update.metadata.uid }, revision: highest + 1 });
  }
  while (!update) {
    try {
      update = await store.create(newRevision(set, data, highest + 1, collisions));
      all.push(update);
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      collisions += 1;
    }
  }
  const current = all.find((revision) => revision.metadata.name === set.status?.currentRevision) ?? update;
  return { current, update, all: all.sort((a, b) => a.revision - b.revision), collisions };
}

function newRevision(
  set: Stored<StatefulSet>,
  data: RevisionData,
  revision: number,
  collisions: number,
): ControllerRevision {
  const hash = templateHash(data, collisions);
  return {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: {
      name: `${set.metadata.name}-${hash}`,
      namespace: set.metadata.namespace,
      labels: { ...set.spec?.selector?.matchLabels, [HASH_LABEL]: hash },
      ...(set.metadata.annotations ? { annotations: { ...set.metadata.annotations } } : {}),
      ownerReferences: [controllerReference(StatefulSet, set)],
    },
    data,
    revision,
  };
}

/** Those that nothing uses any more, beyond the history limit. */
export function surplusRevisions(
  set: StatefulSet,
  revisions: Revisions,
  used: ReadonlySet<string | undefined>,
): Stored<ControllerRevision>[] {
  const live = new Set([revisions.current.metadata.name, revisions.update.metadata.name, ...used]);
  const idle = revisions.all.filter((revision) => !live.has(revision.metadata.name));
  return idle.slice(0, Math.max(0, idle.length - (set.spec?.revisionHistoryLimit ?? 10)));
}
