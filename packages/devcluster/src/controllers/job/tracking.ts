// Counting each finished Pod of a Job exactly once, across crashes: its UID goes into the status, then its finalizer
// goes, then the counter takes the place of the UID.
import type { Job } from '@stackwright/kube';
import type { JobStatus, UncountedTerminatedPods } from 'kubernetes-types/batch/v1.d.ts';
import type { Stored } from '../../shared/objects.js';
import { isTracked, type PodGroups } from './pods.js';

export interface Tally {
  succeeded: number;
  failed: number;
  uncounted: { succeeded: string[]; failed: string[] };
}

export function tallyOf(status: JobStatus | undefined): Tally {
  const uncounted: UncountedTerminatedPods = status?.uncountedTerminatedPods ?? {};
  return {
    succeeded: status?.succeeded ?? 0,
    failed: status?.failed ?? 0,
    uncounted: { succeeded: [...(uncounted.succeeded ?? [])], failed: [...(uncounted.failed ?? [])] },
  };
}

/** The tally with newly finished Pods noted, and with those counted whose finalizer is gone. */
export function advance(tally: Tally, groups: PodGroups): Tally {
  const tracked = (pods: PodGroups['failed']): Set<string> =>
    new Set(pods.filter(isTracked).map((pod) => pod.metadata.uid));
  const succeeded = tracked(groups.succeeded);
  const failed = tracked(groups.failed);
  const counted = (noted: readonly string[], held: ReadonlySet<string>): number =>
    noted.filter((uid) => !held.has(uid)).length;
  return {
    succeeded: tally.succeeded + counted(tally.uncounted.succeeded, succeeded),
    failed: tally.failed + counted(tally.uncounted.failed, failed),
    uncounted: { succeeded: [...succeeded], failed: [...failed] },
  };
}

/** Finished Pods whose UID is in the written status: their finalizer may go. */
export function releasable(job: Stored<Job>, groups: PodGroups): PodGroups['failed'] {
  const noted = job.status?.uncountedTerminatedPods;
  const uids = new Set([...(noted?.succeeded ?? []), ...(noted?.failed ?? [])]);
  return [...groups.succeeded, ...groups.failed].filter((pod) => isTracked(pod) && uids.has(pod.metadata.uid));
}

export const total = (counted: number, uncounted: readonly string[]): number => counted + uncounted.length;
