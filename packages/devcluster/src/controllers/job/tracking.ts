// Counting each finished Pod of a Job exactly once, across crashes: its UID goes into the status, then its finalizer
// goes, then the counter takes the place of the UID.
import type { Job, Pod } from '@stackwright/kube';
import type { JobStatus, UncountedTerminatedPods } from 'kubernetes-types/batch/v1.d.ts';
import type { Stored } from '../../shared/objects.js';
import { completedIndexes, indexOf, isIndexed, parseIndexes } from './indexes.js';
import { isTracked, type PodGroups } from './pods.js';

export interface Tally {
  succeeded: number;
  failed: number;
  uncounted: { succeeded: string[]; failed: string[] };
  /** Of an Indexed Job: what is done. `succeeded` is how many these are. */
  completed?: ReadonlySet<number>;
}

function tallyOf(status: JobStatus | undefined): Tally {
  const uncounted: UncountedTerminatedPods = status?.uncountedTerminatedPods ?? {};
  return {
    succeeded: status?.succeeded ?? 0,
    failed: status?.failed ?? 0,
    uncounted: { succeeded: [...(uncounted.succeeded ?? [])], failed: [...(uncounted.failed ?? [])] },
  };
}

/** The tally with newly finished Pods noted, and with those counted whose finalizer is gone. */
export function advance(job: Job, groups: PodGroups): Tally {
  const tally = tallyOf(job.status);
  const tracked = (pods: PodGroups['failed']): Set<string> =>
    new Set(pods.filter(isTracked).map((pod) => pod.metadata.uid));
  const succeeded = tracked(groups.succeeded);
  const failed = tracked(groups.failed);
  const counted = (noted: readonly string[], held: ReadonlySet<string>): number =>
    noted.filter((uid) => !held.has(uid)).length;
  const failures = tally.failed + counted(tally.uncounted.failed, failed);
  if (isIndexed(job)) {
    // An index is done or not, however often it is counted: its Pods need not be noted one by one.
    const completed = completedIndexes(job, groups.succeeded);
    return {
      succeeded: completed.size,
      failed: failures,
      uncounted: { succeeded: [], failed: [...failed] },
      completed,
    };
  }
  return {
    succeeded: tally.succeeded + counted(tally.uncounted.succeeded, succeeded),
    failed: failures,
    uncounted: { succeeded: [...succeeded], failed: [...failed] },
  };
}

/** Finished Pods that the written status accounts for, by UID or index, and those that do not count: they may go. */
export function releasable(job: Stored<Job>, groups: PodGroups): PodGroups['failed'] {
  const noted = job.status?.uncountedTerminatedPods;
  const uids = new Set([...(noted?.succeeded ?? []), ...(noted?.failed ?? [])]);
  const completed = parseIndexes(job.status?.completedIndexes);
  const isNoted = (pod: Stored<Pod>): boolean => {
    if (uids.has(pod.metadata.uid)) return true;
    return pod.status?.phase === 'Succeeded' && isIndexed(job) && completed.has(indexOf(pod) ?? -1);
  };
  const accounted = [...groups.succeeded, ...groups.failed].filter(isNoted);
  return [...accounted, ...groups.ignored].filter(isTracked);
}

export const total = (counted: number, uncounted: readonly string[]): number => counted + uncounted.length;
