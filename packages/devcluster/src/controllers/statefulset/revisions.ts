// The revisions of a StatefulSet: besides the present template there is a current one, for Pods that are not to be
// updated yet.
import type { ControllerRevision } from '@stackwright/kube';
import { StatefulSet } from '@stackwright/kube';
import type { Stored } from '../../shared/objects.js';
import type { Store } from '../../shared/store.js';
import { surplusRevisions as surplus, syncHistory, templateAt, type History } from '../history.js';

const HASH_LABEL = 'controller.kubernetes.io/hash';

export interface Revisions extends History {
  /** What Pods that are not to be updated yet are made from. */
  current: Stored<ControllerRevision>;
}

/** The set as it was at that revision. */
export function atRevision(set: Stored<StatefulSet>, revision: Stored<ControllerRevision>): Stored<StatefulSet> {
  return set.spec ? { ...set, spec: { ...set.spec, template: templateAt(revision) } } : set;
}

export async function syncRevisions(
  store: Store<ControllerRevision>,
  set: Stored<StatefulSet>,
  known: Stored<ControllerRevision>[],
): Promise<Revisions> {
  const history = await syncHistory(store, StatefulSet, set, known, HASH_LABEL);
  const current = history.all.find((revision) => revision.metadata.name === set.status?.currentRevision);
  return { ...history, current: current ?? history.update };
}

/** Those that nothing uses any more, beyond the history limit. */
export function surplusRevisions(
  set: StatefulSet,
  revisions: Revisions,
  used: ReadonlySet<string | undefined>,
): Stored<ControllerRevision>[] {
  return surplus(set, revisions, (revision) => revision === revisions.current || used.has(revision.metadata.name));
}
