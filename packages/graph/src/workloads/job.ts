// A Job that runs once for each set of inputs: a schema migration, a bootstrap. Its name is made of their hash, so what ran
// and what is to run are told apart by name alone. Of one purpose never two run at once, and a running one is not killed.
import { controllerOf, isBeingDeleted } from '@stackwright/core';
import { apiVersionOf, ConfigMap, Job, Pod } from '@stackwright/kube';
import { hashOf } from '../evaluate/hash.js';
import { Label } from '../declare/names.js';
import { EngineReason } from '../declare/reasons.js';
import {
  done,
  failed,
  waiting,
  type Desired,
  type ObjectReference,
  type Outcome,
  type Reconciled,
  type StepScope,
} from '../declare/step.js';
import { observedRecord, recordedMessage, recordOf, shortened, type JobRecord } from './job-record.js';
import { jobState } from './job-state.js';
import { exitCodeOfPods, failureOfPods, isStarted, podProblem, schedulingGrace, timeOf } from './pod-problem.js';
import type { PodSpec } from './security.js';

export interface JobRun {
  /** "db-sync": Jobs are called `<object>-<purpose>-<hash8>`, and labelled with it as their component. */
  purpose: string;
  /** What the Job depends on: it runs again when this changes, and only then. May hold secrets; only its hash is kept. */
  inputs: unknown;
  /** restartPolicy is Never: what failed is run again by us, with the reason shown meanwhile. */
  pod: Omit<PodSpec, 'restartPolicy'>;
  /** An exit code with which it says that another attempt would end in the same way: it then stays as it is until the inputs change. */
  finalExitCode?: number;
  /** Of its Pods, besides the engine's labels. They alone make no other Job. */
  labels?: Readonly<Record<string, string>>;
  annotations?: Readonly<Record<string, string>>;
}

const backoff = { base: 10_000, max: 300_000 };

/** Names of Jobs become labels of their Pods. */
const longestName = 63;

/** What a step declares in `owns` that calls `runJob`, and in `reads`. */
export const jobOwns = [Job, ConfigMap] as const;
export const jobReads = [{ resource: Pod, parts: true }] as const;

type Scope<R extends Reconciled> = StepScope<R>;

/**
 * Done with the Job's name when it has succeeded, and from then on: how it ended is recorded in the ConfigMap
 * `<object>-<purpose>`, so that the Job may be deleted. With both deleted it runs again.
 */
export function runJob<R extends Reconciled>(scope: Scope<R>, run: JobRun): Outcome<string> {
  const { purpose } = run;
  const jobs = jobsOf(scope, purpose);
  const known = observedRecord(scope, purpose);
  const name = nameOf(scope, run, jobs, known?.record);
  const on = referenceTo(scope, name);
  const current = jobs.find(({ metadata }) => metadata?.name === name);
  const others = jobs.filter((job) => job !== current && !neverStarted(scope, purpose, job));
  const turn = Math.max(0, ...jobs.map((job) => turnOf(scope, job))) + 1;
  const want = (attempt = 0) => scope.ownOnce(Job, name, () => jobOf(scope, run, { name, turn, attempt }));
  const recorded = known?.record.job === name ? known.record : undefined;
  const keepRecord = () => {
    if (known) scope.keep(ConfigMap, known.configMap);
  };

  const isActive = current !== undefined && jobState(current) === 'Active';
  if (!isActive) {
    const alive = somethingElse(scope, purpose, others, current);
    if (alive) {
      if (current) want();
      keepRecord();
      return alive;
    }
  }
  const pods = current ? podsOf(scope, purpose, current) : [];
  const ended = current ? endOf(scope, current, pods, run, recorded) : recorded;
  // With other inputs something has run since, and may have undone what this one did.
  const hasOtherRun =
    current && (others.some((job) => turnOf(scope, job) > turnOf(scope, current)) || (known && !recorded));
  if (!isActive && (!ended || hasOtherRun)) {
    if (current) scope.remove(Job, current);
    // Before it starts: what is recorded must be true even if nobody hears how this one ends.
    if (known && !recorded) scope.remove(ConfigMap, known.configMap);
    else keepRecord();
    want();
    return waiting(EngineReason.Pending, `Job ${name} is being created`, { on, changing: true });
  }

  if (isActive || !ended) {
    want();
    keepRecord();
    const problem = podProblem(pods, scope.clock.now());
    if (problem) return failed(problem.reason, `Job ${name}: ${problem.message}`, { on: problem.on });
    const refusal = current && pods.length === 0 ? scope.refusalOf(current) : undefined;
    if (refusal !== undefined) return failed(EngineReason.Rejected, `Job ${name} has no Pod: ${refusal}`, { on });
    // The reason stays on the condition until an attempt succeeds: who looks while one runs should see it, too.
    if (recorded?.result === 'Failed') return failed(EngineReason.JobFailed, recorded.message, { on });
    return waiting(EngineReason.JobRunning, `Job ${name} is running`, { on, after: schedulingGrace, changing: true });
  }

  if (current) scope.own(ConfigMap, recordOf(scope.name, purpose, labelsFor(scope, purpose), ended));
  else keepRecord();
  const isWanted = current !== undefined && !isBeingDeleted(current);
  if (ended.result === 'Complete') {
    if (isWanted) want();
    return done(name);
  }
  const failure = (more: { retryAfter?: number } = {}) =>
    failed(EngineReason.JobFailed, ended.message, { on, ...more });
  if (ended.isFinal) {
    if (isWanted) want();
    return failure();
  }
  const wait = dueAfter(ended) - scope.clock.now();
  // What is not recorded yet would be forgotten with the Job.
  const isDue = wait <= 0 && (!current || recorded?.uid === ended.uid);
  if (isDue && current) scope.remove(Job, current);
  if (isDue || isWanted) want(ended.attempt + 1);
  return failure({ retryAfter: Math.max(wait, 1_000) });
}

/** Forgets the Jobs of a purpose, and how they ended: what they were for is not wanted any more. */
export function forgetJobs<R extends Reconciled>(scope: Scope<R>, purpose: string): void {
  for (const job of jobsOf(scope, purpose)) if (scope.isOwn(Job, job)) scope.remove(Job, job);
  const known = observedRecord(scope, purpose);
  if (known) scope.remove(ConfigMap, known.configMap);
}

function jobsOf<R extends Reconciled>(scope: Scope<R>, purpose: string): readonly Readonly<Job>[] {
  return scope.list(Job, { labels: labelsFor(scope, purpose) }).filter((job) => !isOfAnother(scope, job));
}

/** Long names are cut to be labels, and then others may have the same. */
function isOfAnother<R extends Reconciled>(scope: Scope<R>, job: Readonly<Job>): boolean {
  const controller = controllerOf(job);
  return controller !== undefined && controller.uid !== scope.object.metadata?.uid;
}

function jobName(object: string, { purpose, inputs }: JobRun): string {
  const name = `${object}-${purpose}-${hashOf(inputs, 8)}`;
  return name.length <= longestName ? name : shortened(object, `-${purpose}`, longestName, [inputs]);
}

/** One that runs, or has succeeded, under the name that earlier versions gave it is not run again under another. */
function nameOf<R extends Reconciled>(
  scope: Scope<R>,
  run: JobRun,
  jobs: readonly Readonly<Job>[],
  record: JobRecord | undefined,
): string {
  const name = jobName(scope.name, run);
  const ending = `-${run.purpose}-${hashOf(run.inputs, 8)}`;
  const earlier = scope.name.slice(0, longestName - ending.length) + ending;
  const named = (one: string) => jobs.find(({ metadata }) => metadata?.name === one);
  if (earlier === name || named(name)) return name;
  const job = named(earlier);
  const counts = job
    ? scope.isOwn(Job, job) && jobState(job) !== 'Failed'
    : record?.job === earlier && record.result === 'Complete';
  return counts ? earlier : name;
}

/** How it ended; undefined while it has not. */
function endOf<R extends Reconciled>(
  scope: Scope<R>,
  job: Readonly<Job>,
  pods: readonly Readonly<Pod>[],
  { finalExitCode }: JobRun,
  recorded: JobRecord | undefined,
): JobRecord | undefined {
  const result = jobState(job);
  if (result === 'Active') return undefined;
  const { name = '', uid = '', creationTimestamp } = job.metadata ?? {};
  const condition = job.status?.conditions?.find(({ type, status }) => type === result && status === 'True');
  const end: JobRecord = {
    ...{ job: name, uid, result },
    endedAt: condition?.lastTransitionTime ?? creationTimestamp ?? '',
    attempt: attemptOf(scope, job),
    isFinal: false,
    message: '',
  };
  if (result === 'Complete') return end;
  // Pods go before their Job, and what they said is known then.
  if (recorded?.uid === uid && exitCodeOfPods(pods) === undefined) return recorded;
  const isFinal = finalExitCode !== undefined && exitCodeOfPods(pods) === finalExitCode;
  return { ...end, isFinal, message: recordedMessage(messageOf(scope, job, pods)) };
}

/**
 * A Job with other inputs that has waited for its image or its Secret ever since and has done nothing: removed, since what it
 * waits for may never come, or come when it is no longer wanted.
 */
function neverStarted<R extends Reconciled>(scope: Scope<R>, purpose: string, job: Readonly<Job>): boolean {
  if (jobState(job) !== 'Active' || !scope.isOwn(Job, job)) return false;
  const pods = podsOf(scope, purpose, job);
  if (pods.length === 0 || pods.some(isStarted)) return false;
  scope.remove(Job, job);
  return true;
}

/** What of the same purpose has to end first: a Job with other inputs, or Pods of one that was removed. */
function somethingElse<R extends Reconciled>(
  scope: Scope<R>,
  purpose: string,
  others: readonly Readonly<Job>[],
  current: Readonly<Job> | undefined,
): Outcome<never> | undefined {
  const running = others.find((job) => jobState(job) === 'Active');
  if (running) {
    const other = running.metadata?.name ?? '';
    const problem = podProblem(podsOf(scope, purpose, running), scope.clock.now());
    const message = `Waits for Job ${other}, which has other inputs, to end${problem ? ` (${problem.message})` : ''}`;
    return waiting(EngineReason.JobRunning, message, {
      on: referenceTo(scope, other),
      after: schedulingGrace,
      changing: true,
    });
  }
  const mine = current ? podsOf(scope, purpose, current) : [];
  const labels = labelsFor(scope, purpose);
  const foreign = scope.list(Job, { labels }).filter((job) => isOfAnother(scope, job));
  const isForeign = (pod: Readonly<Pod>) => foreign.some(({ metadata }) => metadata?.uid === controllerOf(pod)?.uid);
  const hasEnded = ({ status }: Readonly<Pod>) => status?.phase === 'Succeeded' || status?.phase === 'Failed';
  const straggler = scope.list(Pod, { labels }).find((pod) => !hasEnded(pod) && !mine.includes(pod) && !isForeign(pod));
  if (!straggler) return undefined;
  const pod = straggler.metadata?.name ?? '';
  const on = { apiVersion: 'v1', kind: 'Pod', name: pod, namespace: scope.namespace };
  return waiting(EngineReason.JobRunning, `Waits for Pod ${pod} of another Job to end`, { on, changing: true });
}

function jobOf<R extends Reconciled>(
  scope: Scope<R>,
  run: JobRun,
  { name, turn, attempt }: { name: string; turn: number; attempt: number },
): Desired<Job> {
  const labels = labelsFor(scope, run.purpose);
  const annotations = {
    [scope.names.annotation.turn]: `${turn}`,
    ...(attempt > 0 ? { [scope.names.annotation.attempt]: `${attempt}` } : {}),
  };
  return {
    metadata: { name, labels, annotations },
    spec: {
      backoffLimit: 0,
      template: {
        metadata: {
          labels: { ...run.labels, ...labels },
          ...(run.annotations ? { annotations: run.annotations } : {}),
        },
        spec: { ...run.pod, restartPolicy: 'Never' },
      },
    },
  };
}

/** When the next attempt may be made, in milliseconds since the epoch: delays double, counted from when the last one failed. */
function dueAfter({ attempt, endedAt }: JobRecord): number {
  return timeOf(endedAt) + Math.min(backoff.base * 2 ** Math.min(attempt, 10), backoff.max);
}

function attemptOf<R extends Reconciled>({ names }: Scope<R>, job: Readonly<Job>): number {
  return numberIn(job, names.annotation.attempt);
}

/** In which order Jobs of a purpose were made; times have seconds only. */
function turnOf<R extends Reconciled>({ names }: Scope<R>, job: Readonly<Job>): number {
  return numberIn(job, names.annotation.turn);
}

function numberIn(job: Readonly<Job>, annotation: string): number {
  const value = Number(job.metadata?.annotations?.[annotation] ?? 0);
  return Number.isInteger(value) && value > 0 ? value : 0;
}

function messageOf<R extends Reconciled>(scope: Scope<R>, job: Readonly<Job>, pods: readonly Readonly<Pod>[]): string {
  const failure = job.status?.conditions?.find(({ type, status }) => type === 'Failed' && status === 'True');
  const why = failureOfPods(pods) ?? [failure?.reason, failure?.message].filter(Boolean).join(': ');
  const attempt = attemptOf(scope, job);
  const before = attempt > 0 ? ` at attempt ${attempt + 1}` : '';
  return `Job ${job.metadata?.name ?? ''} failed${before}${why ? `: ${why}` : ''}`;
}

/** By uid: Pods of an earlier attempt, of a Job of the same name, may still be there. */
function podsOf<R extends Reconciled>(
  scope: Scope<R>,
  purpose: string,
  { metadata: job }: Readonly<Job>,
): readonly Readonly<Pod>[] {
  return scope
    .list(Pod, { labels: labelsFor(scope, purpose) })
    .filter(({ metadata }) => metadata?.ownerReferences?.some(({ uid }) => uid === job?.uid));
}

function labelsFor<R extends Reconciled>(scope: Scope<R>, purpose: string): Record<string, string> {
  return { ...scope.labels, [Label.component]: purpose };
}

function referenceTo<R extends Reconciled>(scope: Scope<R>, name: string): ObjectReference {
  return { apiVersion: apiVersionOf(Job), kind: Job.kind, name, namespace: scope.namespace };
}
