import type { Job } from '@stackwright/kube';
import {
  CronJob,
  isAlreadyExists,
  isNotFound,
  isTimeZone,
  parseSchedule,
  type ObjectKey,
  type Schedule,
} from '@stackwright/kube';
import type { CronJobStatus } from 'kubernetes-types/batch/v1.d.ts';
import { millisecondsOf, rfc3339 } from '../../shared/clock.js';
import { messageOf } from '../../shared/log.js';
import { controllerOf, controllerReference, sameValue, type Stored } from '../../shared/objects.js';
import { conditionOf } from '../conditions.js';
import type { Context } from '../context.js';
import { Loop } from '../loop.js';
import { due } from './due.js';

/** Milliseconds: a little after the minute has begun, so that the clock says so too. */
const MARGIN = 100;
const TOO_MANY = 100;
const SCHEDULED_FOR = 'batch.kubernetes.io/cronjob-scheduled-timestamp';

export function cronJobController({ stores, clock, log, events }: Context): Loop {
  const { cronJobs, jobs } = stores;
  const recorder = events('cronjob-controller');
  const loop = new Loop({ name: 'cronjob', reconcile, clock, log });

  cronJobs.onChange(({ object }) => loop.add(object));
  jobs.onChange(({ object }) => {
    const owner = controllerOf(object);
    if (owner?.kind === CronJob.kind) loop.add({ namespace: object.metadata.namespace, name: owner.name });
  });
  return loop;

  async function reconcile(key: ObjectKey): Promise<number | void> {
    const found = cronJobs.get(key);
    if (!found) return;
    await cleanUp(found);
    const cron = await noteFinished(found);
    if (cron.metadata.deletionTimestamp || cron.spec?.suspend) return;
    const schedule = scheduleOf(cron);
    if (!schedule) return;
    await start(cron, schedule);
    const next = schedule.next(clock.now());
    return next === undefined ? undefined : next - clock.now() + MARGIN;
  }

  function say(cron: Stored<CronJob>, type: 'Normal' | 'Warning', reason: string, message: string): void {
    recorder.record(CronJob, cron, type, reason, message);
  }

  function scheduleOf(cron: Stored<CronJob>): Schedule | undefined {
    const { schedule = '', timeZone } = cron.spec ?? {};
    if (timeZone !== undefined && !isTimeZone(timeZone)) {
      say(cron, 'Warning', 'UnknownTimeZone', `invalid timeZone: "${timeZone}": unknown time zone ${timeZone}`);
      return undefined;
    }
    try {
      return parseSchedule(schedule, timeZone);
    } catch (error) {
      say(cron, 'Warning', 'UnparseableSchedule', `unparseable schedule: "${schedule}" : ${messageOf(error)}`);
      return undefined;
    }
  }

  /** Takes Jobs that are over, or gone, off the list of the active ones. */
  async function noteFinished(cron: Stored<CronJob>): Promise<Stored<CronJob>> {
    const children = new Map(jobs.controlledBy(cron).map((job) => [job.metadata.uid, job]));
    let { lastSuccessfulTime } = cron.status ?? {};
    const active = (cron.status?.active ?? []).filter(({ uid = '', name = '' }) => {
      const job = children.get(uid);
      if (!job) {
        say(cron, 'Normal', 'MissingJob', `Active job went missing: ${name}`);
        return false;
      }
      const outcome = outcomeOf(job);
      if (!outcome) return true;
      say(cron, 'Normal', 'SawCompletedJob', `Saw completed job: ${name}, condition: ${outcome}`);
      return false;
    });
    for (const job of children.values()) {
      const time = job.status?.completionTime;
      if (time !== undefined && millisecondsOf(time) > millisecondsOf(lastSuccessfulTime)) lastSuccessfulTime = time;
    }
    return write(cron, { ...cron.status, active, ...(lastSuccessfulTime === undefined ? {} : { lastSuccessfulTime }) });
  }

  async function write(cron: Stored<CronJob>, { active = [], ...rest }: CronJobStatus): Promise<Stored<CronJob>> {
    const status: CronJobStatus = { ...rest, ...(active.length > 0 ? { active } : {}) };
    return sameValue(status, cron.status) ? cron : cronJobs.updateStatus({ ...cron, status });
  }

  /** Starts the Job that is due, if one is and the policy allows it. Times that were missed are made up for once. */
  async function start(cron: Stored<CronJob>, schedule: Schedule): Promise<void> {
    const { startingDeadlineSeconds, concurrencyPolicy } = cron.spec ?? {};
    const now = clock.now();
    const since = millisecondsOf(cron.status?.lastScheduleTime ?? cron.metadata.creationTimestamp);
    const deadline = startingDeadlineSeconds === undefined ? undefined : now - startingDeadlineSeconds * 1000;
    const { time, missed } = due(schedule, since, now, deadline);
    if (missed > TOO_MANY) {
      const message = `too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew`;
      say(cron, 'Warning', 'TooManyMissedTimes', message);
    }
    if (time === undefined) {
      const late = deadline === undefined ? undefined : due(schedule, since, now).time;
      if (late !== undefined)
        say(cron, 'Warning', 'MissSchedule', `Missed scheduled time to start a job: ${rfc3339(late)}`);
      return;
    }
    const active = cron.status?.active ?? [];
    const name = `${cron.metadata.name}-${Math.floor(time / 60_000)}`;
    if (active.some((reference) => reference.name === name)) return;
    if (concurrencyPolicy === 'Forbid' && active.length > 0) {
      const message = 'Not starting job because prior execution is running and concurrency policy is Forbid';
      return say(cron, 'Normal', 'JobAlreadyActive', message);
    }
    if (concurrencyPolicy === 'Replace') await endAll(cron);
    const job = await create(cron, name, time);
    if (!job) return;
    const { namespace, uid, resourceVersion } = job.metadata;
    const reference = { apiVersion: 'batch/v1', kind: 'Job', namespace, name, uid, resourceVersion };
    await write(cron, {
      ...cron.status,
      active: [...(concurrencyPolicy === 'Replace' ? [] : active), reference],
      lastScheduleTime: rfc3339(time),
    });
  }

  async function endAll(cron: Stored<CronJob>): Promise<void> {
    for (const job of jobs.controlledBy(cron)) if (!outcomeOf(job)) await end(cron, job);
  }

  async function end(cron: Stored<CronJob>, job: Stored<Job>): Promise<void> {
    await jobs.delete(job, { propagationPolicy: 'Background' });
    say(cron, 'Normal', 'SuccessfulDelete', `Deleted job ${job.metadata.name}`);
  }

  async function create(cron: Stored<CronJob>, name: string, time: number): Promise<Stored<Job> | undefined> {
    const { metadata = {}, spec } = cron.spec?.jobTemplate ?? {};
    const { namespace } = cron.metadata;
    try {
      const job = await jobs.create({
        apiVersion: 'batch/v1',
        kind: 'Job',
        metadata: {
          name,
          namespace,
          ...(metadata.labels ? { labels: { ...metadata.labels } } : {}),
          annotations: { ...metadata.annotations, [SCHEDULED_FOR]: rfc3339(time) },
          ownerReferences: [controllerReference(CronJob, cron)],
        },
        ...(spec ? { spec: structuredClone(spec) } : {}),
      });
      say(cron, 'Normal', 'SuccessfulCreate', `Created job ${name}`);
      return job;
    } catch (error) {
      // Made by a former life of this controller, which did not come to write it down.
      const existing = isAlreadyExists(error) ? jobs.get({ namespace, name }) : undefined;
      if (existing && controllerOf(existing)?.uid === cron.metadata.uid) return existing;
      if (isNotFound(error)) return undefined;
      say(cron, 'Warning', 'FailedCreate', `Error creating job: ${messageOf(error)}`);
      throw error;
    }
  }

  /** Keeps as many finished Jobs as the limits say, the youngest. */
  async function cleanUp(cron: Stored<CronJob>): Promise<void> {
    const { successfulJobsHistoryLimit, failedJobsHistoryLimit } = cron.spec ?? {};
    const finished = jobs.controlledBy(cron).filter((job) => !job.metadata.deletionTimestamp);
    for (const [outcome, limit] of [
      ['Complete', successfulJobsHistoryLimit],
      ['Failed', failedJobsHistoryLimit],
    ] as const) {
      if (limit === undefined) continue;
      const surplus = finished
        .filter((job) => outcomeOf(job) === outcome)
        .sort((a, b) => begun(a) - begun(b) || (a.metadata.name < b.metadata.name ? -1 : 1))
        .reverse()
        .slice(limit);
      for (const job of surplus) await end(cron, job);
    }
  }
}

const begun = (job: Stored<Job>): number => millisecondsOf(job.status?.startTime ?? job.metadata.creationTimestamp);

function outcomeOf({ status }: Job): 'Complete' | 'Failed' | undefined {
  return (['Complete', 'Failed'] as const).find((type) => conditionOf(status?.conditions, type)?.status === 'True');
}
