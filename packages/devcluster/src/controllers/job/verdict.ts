// Whether a Job is over, and how. First the verdict (SuccessCriteriaMet, FailureTarget), then, when no Pod is left
// running, the end (Complete, Failed).
import type { Job } from '@stackwright/kube';
import { millisecondsOf } from '../../shared/clock.js';
import type { Stored } from '../../shared/objects.js';
import { conditionOf } from '../conditions.js';
import { judge } from './failure-policy.js';
import { isPastRestartLimit, type PodGroups } from './pods.js';
import { total, type Tally } from './tracking.js';

export interface Verdict {
  success: boolean;
  reason: string;
  message: string;
}

export function isOver(job: Job): boolean {
  return ['Complete', 'Failed'].some((type) => conditionOf(job.status?.conditions, type)?.status === 'True');
}

/** What is already written stays: a verdict is never taken back. */
export function verdictOf(job: Stored<Job>, tally: Tally, groups: PodGroups, now: number): Verdict | undefined {
  for (const [type, success] of [
    ['SuccessCriteriaMet', true],
    ['FailureTarget', false],
  ] as const) {
    const written = conditionOf(job.status?.conditions, type);
    if (written?.status === 'True') return { success, reason: written.reason ?? '', message: written.message ?? '' };
  }
  const fatal = groups.failed.map((pod) => judge(job, pod)).find(({ action }) => action === 'FailJob');
  if (fatal) return { success: false, reason: 'PodFailurePolicy', message: fatal.message };
  const failed = total(tally.failed, tally.uncounted.failed);
  if (failed > (job.spec?.backoffLimit ?? 6) || isPastRestartLimit(job, groups.active)) {
    return { success: false, reason: 'BackoffLimitExceeded', message: 'Job has reached the specified backoff limit' };
  }
  if (untilDeadline(job, now) === 0) {
    return { success: false, reason: 'DeadlineExceeded', message: 'Job was active longer than specified deadline' };
  }
  const succeeded = total(tally.succeeded, tally.uncounted.succeeded);
  const wanted = job.spec?.completions;
  // Without completions (a work queue) the first success says that there is nothing left to do.
  const enough = wanted === undefined ? succeeded > 0 && groups.active.length === 0 : succeeded >= wanted;
  return enough
    ? { success: true, reason: 'CompletionsReached', message: 'Reached expected number of succeeded pods' }
    : undefined;
}

/** Milliseconds; undefined without a deadline or while suspended. */
export function untilDeadline(job: Job, now: number): number | undefined {
  const seconds = job.spec?.activeDeadlineSeconds;
  if (seconds === undefined || job.spec?.suspend || !job.status?.startTime) return undefined;
  return Math.max(0, millisecondsOf(job.status.startTime) + seconds * 1000 - now);
}

/** Milliseconds until the finished Job is deleted; undefined when it stays. */
export function untilExpiry(job: Job, now: number): number | undefined {
  const seconds = job.spec?.ttlSecondsAfterFinished;
  const end = ['Complete', 'Failed']
    .map((type) => conditionOf(job.status?.conditions, type))
    .find((it) => it?.status === 'True');
  if (seconds === undefined || !end) return undefined;
  return Math.max(0, millisecondsOf(end.lastTransitionTime) + seconds * 1000 - now);
}
