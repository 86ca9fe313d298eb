import { Reason } from '@stackwright/api';
import {
  done,
  failed,
  failureOfPods,
  jobState,
  Label,
  waiting,
  type Outcome,
  type StepHandle,
  type StepScope,
  type StepWarning,
} from '@stackwright/graph';
import { CronJob, Job, parseSchedule, Pod } from '@stackwright/kube';
import type { CronJobOptions, ServiceObject } from './builder.js';
import { stepsOf, valueOf } from './container-options.js';
import type { Declaration } from './declaration.js';
import { kebab } from './names.js';
import { taskOf } from './task.js';

/** Kubernetes appends eleven characters for the names of Jobs. */
const longestName = 52;

/** Housekeeping on a schedule. That a run has failed is told, and is no reason for the service not to be Ready. */
export function cronJobStep<R extends ServiceObject>(
  { g, release }: Declaration<R>,
  options: CronJobOptions<R>,
): StepHandle {
  const purpose = kebab(options.name);
  return g.step({
    name: options.name,
    after: [release, ...stepsOf(options)],
    owns: [CronJob],
    reads: [
      { resource: Job, parts: true },
      { resource: Pod, parts: true },
    ],
    run(scope): Outcome<undefined> {
      const task = taskOf(scope, scope.output(release), options);
      if (task.state !== 'Done') return task;
      const { pod, labels: ofPods, annotations } = task.output;
      const schedule = valueOf(options.schedule, scope);
      const wrong = problemOf(schedule);
      if (wrong !== undefined)
        return failed(Reason.InvalidSpec, `${options.name}: the schedule "${schedule}": ${wrong}`);
      const labels = { ...scope.labels, [Label.component]: purpose };
      const name = `${scope.name.slice(0, longestName - purpose.length - 1)}-${purpose}`;
      const observed = scope.own(CronJob, {
        metadata: { name, labels: { [Label.component]: purpose } },
        spec: {
          schedule,
          timeZone: 'Etc/UTC',
          suspend: valueOf(options.suspend ?? false, scope),
          concurrencyPolicy: 'Forbid',
          // One that was missed is made up for within the hour, and left out after that.
          startingDeadlineSeconds: 3_600,
          successfulJobsHistoryLimit: 1,
          failedJobsHistoryLimit: 1,
          jobTemplate: {
            metadata: { labels },
            spec: {
              backoffLimit: 2,
              // One that hangs would keep all later ones from starting, without a sign.
              activeDeadlineSeconds: options.deadline ?? 6 * 3_600,
              template: {
                metadata: { labels: { ...ofPods, ...labels }, annotations },
                spec: { ...pod, restartPolicy: 'Never' },
              },
            },
          },
        },
      });
      if (!observed) return waiting(Reason.Pending, `CronJob ${name} is being created`);
      const warning = failureOf(scope, labels, observed);
      return done(undefined, warning ? { warning } : {});
    },
  });
}

/** Of the run that ended last. */
function failureOf<R extends ServiceObject>(
  scope: StepScope<R>,
  labels: Readonly<Record<string, string>>,
  { status }: Readonly<CronJob>,
): StepWarning | undefined {
  const started = ({ metadata }: Readonly<Job>) => metadata?.creationTimestamp ?? '';
  const ended = scope
    .list(Job, { labels })
    .filter((job) => jobState(job) !== 'Active')
    .sort((one, other) => (started(one) < started(other) ? 1 : -1));
  const [last] = ended;
  if (!last || jobState(last) !== 'Failed') return undefined;
  const pods = scope
    .list(Pod, { labels })
    .filter(({ metadata }) => metadata?.ownerReferences?.some(({ uid }) => uid === last.metadata?.uid));
  const condition = last.status?.conditions?.find(({ type }) => type === 'Failed');
  const why = failureOfPods(pods) ?? [condition?.reason, condition?.message].filter(Boolean).join(': ');
  const { lastSuccessfulTime: before } = status ?? {};
  const since = before === undefined ? 'no run has succeeded yet' : `the last run that succeeded ended at ${before}`;
  const message = `Job ${last.metadata?.name ?? ''} failed at ${started(last)}, ${since}${why ? `: ${why}` : ''}`;
  return { reason: Reason.HousekeepingFailed, message };
}

/** The API server would refuse it too, but less clearly. */
function problemOf(schedule: string): string | undefined {
  try {
    parseSchedule(schedule);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
