import type { Pod } from '@stackwright/kube';
import { Job, type ObjectKey } from '@stackwright/kube';
import type { JobCondition, JobStatus } from 'kubernetes-types/batch/v1.d.ts';
import { rfc3339 } from '../../shared/clock.js';
import { messageOf } from '../../shared/log.js';
import { controllerOf, nonZero, sameValue, type Stored } from '../../shared/objects.js';
import { byDispensability, isReady } from '../../shared/pods.js';
import { conditionOf, withCondition } from '../conditions.js';
import type { Context } from '../context.js';
import { Loop } from '../loop.js';
import { PodControl, slowStart } from '../pod-control.js';
import { formatIndexes, planIndexes } from './indexes.js';
import { finishedAt, group, isTracked, newPod, TRACKING, type PodGroups } from './pods.js';
import { advance, releasable, total, type Tally } from './tracking.js';
import { isOver, untilDeadline, untilExpiry, verdictOf, type Verdict } from './verdict.js';

export interface JobBackoff {
  /** Milliseconds before the first Pod after a failure; doubles with each further one. Default 10 000. */
  initial?: number;
  /** Default 600 000. */
  max?: number;
}

export function jobController({ stores, clock, log, events }: Context, backoff: JobBackoff = {}): Loop {
  const { jobs, pods } = stores;
  const recorder = events('job-controller');
  const control = new PodControl(pods, recorder, Job);
  const loop = new Loop({ name: 'job', reconcile, clock, log });

  jobs.onChange(({ object }) => loop.add(object));
  pods.onChange(({ object }) => {
    const owner = controllerOf(object);
    if (owner?.kind === 'Job') loop.add({ namespace: object.metadata.namespace, name: owner.name });
  });
  return loop;

  async function reconcile(key: ObjectKey): Promise<number | void> {
    const job = jobs.get(key);
    await releaseOrphans(key, job);
    if (!job || job.metadata.deletionTimestamp) return;
    if (isOver(job)) return expire(job);

    const groups = group(job, pods.controlledBy(job));
    const tally = advance(job, groups);
    const verdict = verdictOf(job, tally, groups, clock.now());
    let wait: number | undefined;
    let failure: unknown;
    try {
      if (verdict) await Promise.all(groups.active.map((pod) => control.delete(job, pod)));
      else if (job.spec?.suspend) await dismiss(job, groups.active);
      else wait = await scale(job, tally, groups);
    } catch (error) {
      failure = error;
    }

    const written = await writeStatus(job, tally, verdict);
    for (const pod of releasable(written, groups)) await release(pod);
    if (failure !== undefined) throw failure instanceof Error ? failure : new Error(messageOf(failure));
    const waits = [wait, untilDeadline(written, clock.now())].filter((value) => value !== undefined);
    return waits.length > 0 ? Math.min(...waits) : undefined;
  }

  /** Pods whose Job is gone, going or over are counted by nobody: nothing may hold them. */
  async function releaseOrphans(key: ObjectKey, job: Stored<Job> | undefined): Promise<void> {
    for (const pod of pods.list(key.namespace)) {
      const owner = controllerOf(pod);
      if (owner?.kind !== 'Job' || owner.name !== key.name || !isTracked(pod)) continue;
      const counted = job && owner.uid === job.metadata.uid && !job.metadata.deletionTimestamp && !isOver(job);
      if (!counted) await release(pod);
    }
  }

  async function release(pod: Stored<Pod>): Promise<void> {
    const { uid, resourceVersion } = pod.metadata;
    const finalizers = pod.metadata.finalizers?.filter((name) => name !== TRACKING) ?? [];
    await pods.patch(pod.metadata, { metadata: { uid, resourceVersion, finalizers } });
    // A Pod that only waited for this is gone now.
    if (pod.metadata.deletionTimestamp) await pods.refresh(pod);
  }

  async function expire(job: Stored<Job>): Promise<number | void> {
    const left = untilExpiry(job, clock.now());
    if (left !== 0) return left;
    await jobs.delete(job, { propagationPolicy: 'Foreground' });
  }

  /** Removes Pods that are not wanted any more, without counting them as failures. */
  async function dismiss(job: Stored<Job>, unwanted: readonly Stored<Pod>[]): Promise<void> {
    for (const pod of unwanted) {
      await release(pod);
      await control.delete(job, pod);
    }
  }

  /** Returns milliseconds until the next Pod may be made, when failures hold it back. */
  async function scale(job: Stored<Job>, tally: Tally, groups: PodGroups): Promise<number | undefined> {
    const parallelism = job.spec?.parallelism ?? 1;
    const succeeded = total(tally.succeeded, tally.uncounted.succeeded);
    const { completions } = job.spec ?? {};
    // In a work queue nobody starts any more once one has said that the queue is empty.
    const left =
      completions === undefined ? (succeeded > 0 ? groups.active.length : parallelism) : completions - succeeded;
    const wanted = Math.max(0, Math.min(parallelism, left));
    const plan = tally.completed && planIndexes(job, tally.completed, groups.active);
    const active = groups.active.filter((pod) => !plan?.surplus.includes(pod));
    const excess = [...active].sort(byDispensability).slice(0, Math.max(0, active.length - wanted));
    await dismiss(job, [...(plan?.surplus ?? []), ...excess]);
    // With `podReplacementPolicy: Failed` a Pod on its way out still takes its place.
    const waitedFor = job.spec?.podReplacementPolicy === 'Failed' ? groups.terminating.length : 0;
    const missing = wanted - active.length - waitedFor;
    if (missing <= 0) return undefined;
    const wait = holdOff(groups);
    if (wait > 0) return wait;
    await slowStart(missing, (each) => control.create(job, newPod(job, plan?.missing[each])));
    return undefined;
  }

  /** Failures since the last success hold the next Pod back, each for twice as long. */
  function holdOff(groups: PodGroups): number {
    const lastSuccess = Math.max(0, ...groups.succeeded.map(finishedAt));
    // Ends are told by the second: what failed in that of a success may have failed after it.
    const failures = groups.failed.map(finishedAt).filter((time) => time >= lastSuccess);
    if (failures.length === 0) return 0;
    const delay = Math.min((backoff.initial ?? 10_000) * 2 ** (failures.length - 1), backoff.max ?? 600_000);
    return Math.max(0, Math.max(...failures) + delay - clock.now());
  }

  async function writeStatus(job: Stored<Job>, tally: Tally, verdict: Verdict | undefined): Promise<Stored<Job>> {
    const groups = group(job, pods.controlledBy(job));
    const now = rfc3339(clock.now());
    const before = job.status ?? {};
    const running = groups.active.length + groups.terminating.length;
    const over =
      verdict !== undefined && running === 0 && tally.uncounted.succeeded.length + tally.uncounted.failed.length === 0;
    const conditions = conditionsFor(job, verdict, over, now);
    const { startTime, ...rest } = before;
    const started = job.spec?.suspend ? undefined : (startTime ?? now);
    const status: JobStatus = {
      ...rest,
      ...(started === undefined ? {} : { startTime: started }),
      ...(over && verdict.success ? { completionTime: now } : {}),
      ready: groups.active.filter(isReady).length,
      terminating: groups.terminating.length,
      uncountedTerminatedPods: {
        ...(tally.uncounted.succeeded.length > 0 ? { succeeded: tally.uncounted.succeeded } : {}),
        ...(tally.uncounted.failed.length > 0 ? { failed: tally.uncounted.failed } : {}),
      },
      conditions,
    };
    if (tally.completed?.size) status.completedIndexes = formatIndexes(tally.completed);
    delete status.active;
    Object.assign(status, nonZero({ active: groups.active.length, succeeded: tally.succeeded, failed: tally.failed }));
    if (sameValue(status, before)) return job;
    const written = await jobs.updateStatus({ ...job, status });
    announce(job, conditions);
    return written;
  }

  function conditionsFor(job: Stored<Job>, verdict: Verdict | undefined, over: boolean, now: string): JobCondition[] {
    let conditions = job.status?.conditions ?? [];
    const put = (type: string, status: string, reason: string, message: string): void => {
      const known = conditionOf(conditions, type);
      const probed = {
        type,
        status,
        reason,
        message,
        lastProbeTime: known?.status === status ? (known.lastProbeTime ?? now) : now,
      };
      conditions = withCondition(conditions, probed, now);
    };
    if (verdict) {
      put(verdict.success ? 'SuccessCriteriaMet' : 'FailureTarget', 'True', verdict.reason, verdict.message);
      if (over) put(verdict.success ? 'Complete' : 'Failed', 'True', verdict.reason, verdict.message);
    } else if (job.spec?.suspend) {
      put('Suspended', 'True', 'JobSuspended', 'Job suspended');
    } else if (conditionOf(conditions, 'Suspended')?.status === 'True') {
      put('Suspended', 'False', 'JobResumed', 'Job resumed');
    }
    return conditions;
  }

  function announce(job: Stored<Job>, conditions: readonly JobCondition[]): void {
    const turned = (type: string, status = 'True'): JobCondition | undefined => {
      const condition = conditionOf(conditions, type);
      return condition?.status === status && conditionOf(job.status?.conditions, type)?.status !== status
        ? condition
        : undefined;
    };
    const record = (type: 'Normal' | 'Warning', reason: string, message: string): void =>
      recorder.record(Job, job, type, reason, message);
    if (turned('Complete')) record('Normal', 'Completed', 'Job completed');
    const failed = turned('Failed');
    if (failed) record('Warning', failed.reason ?? 'Failed', failed.message ?? '');
    if (turned('Suspended')) record('Normal', 'Suspended', 'Job suspended');
    if (conditionOf(job.status?.conditions, 'Suspended') && turned('Suspended', 'False'))
      record('Normal', 'Resumed', 'Job resumed');
  }
}
