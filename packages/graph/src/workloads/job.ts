// A Job that runs once for each set of inputs: a schema migration, a bootstrap. Its name is made of their hash, so what ran
// and what is to run are told apart by name alone. Of one purpose never two run at once, and a running one is not killed.
import { apiVersionOf, Job, Pod } from '@stackwright/kube';
import { hashOf } from '../evaluate/hash.js';
import { Annotation, Label } from '../declare/names.js';
import { EngineReason } from '../declare/reasons.js';
import { scrub } from '@stackwright/core';
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
  /** Of its Pods. They alone make no other Job. */
  annotations?: Readonly<Record<string, string>>;
}

const backoff = { base: 10_000, max: 300_000 };

/** Names of Jobs become labels of their Pods. */
const longestName = 63;

type Scope<R extends Reconciled> = StepScope<R>;

/** Done with the Job's name when it has succeeded. The step declares `owns: [Job]` and `reads: [{ resource: Pod, parts: true }]`. */
export function runJob<R extends Reconciled>(scope: Scope<R>, run: JobRun): Outcome<string> {
  const suffix = `-${run.purpose}-${hashOf(run.inputs, 8)}`;
  const name = scope.name.slice(0, longestName - suffix.length) + suffix;
  const on = referenceTo(scope, name);
  const jobs = scope.list(Job, { labels: labelsFor(scope, run.purpose) });
  const current = jobs.find(({ metadata }) => metadata?.name === name);
  const others = jobs.filter((job) => job !== current && !neverStarted(scope, run.purpose, job));
  const turn = Math.max(0, ...jobs.map(turnOf)) + 1;
  const want = (attempt: number, failure?: string) =>
    scope.ownOnce(Job, name, () => jobOf(scope, run, { name, turn, attempt, failure }));

  const state = current && jobState(current);
  const pods = current ? podsOf(scope, run.purpose, current) : [];
  const isFinal = run.finalExitCode !== undefined && exitCodeOfPods(pods) === run.finalExitCode;
  const again = current && state === 'Failed' && !isFinal ? attemptAfter(current) : undefined;
  // With other inputs something has run since, and may have undone what this one did.
  const isSuperseded = current && state !== 'Active' && others.some((job) => turnOf(job) > turnOf(current));
  if (state !== 'Active') {
    const alive = somethingElse(scope, run.purpose, others, current);
    if (alive) {
      if (current) want(0);
      return alive;
    }
  }
  if (!current || isSuperseded) {
    if (current) scope.remove(Job, current);
    want(0);
    return waiting(EngineReason.Pending, `Job ${name} is being created`, { on });
  }

  if (again) {
    const wait = again.due - scope.clock.now();
    const failure = messageOf(current, pods);
    // The reason stays on the condition until an attempt succeeds: who looks while one runs should see it, too.
    if (wait <= 0) scope.remove(Job, current);
    want(again.attempt, failure);
    return failed(EngineReason.JobFailed, failure, { on, retryAfter: Math.max(wait, 1_000) });
  }
  want(0);
  if (state === 'Complete') return done(name);
  if (state === 'Failed') return failed(EngineReason.JobFailed, messageOf(current, pods), { on });
  const problem = podProblem(pods, scope.clock.now());
  if (problem) return failed(problem.reason, `Job ${name}: ${problem.message}`, { on: problem.on });
  const failure = current.metadata?.annotations?.[Annotation.lastFailure];
  if (failure) return failed(EngineReason.JobFailed, failure, { on });
  return waiting(EngineReason.JobRunning, `Job ${name} is running`, { on, after: schedulingGrace });
}

/**
 * A Job with other inputs that has waited for its image or its Secret ever since and has done nothing: removed, since what it
 * waits for may never come, or come when it is no longer wanted.
 */
function neverStarted<R extends Reconciled>(scope: Scope<R>, purpose: string, job: Readonly<Job>): boolean {
  if (jobState(job) !== 'Active') return false;
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
    return waiting(EngineReason.JobRunning, message, { on: referenceTo(scope, other), after: schedulingGrace });
  }
  const mine = current ? podsOf(scope, purpose, current) : [];
  const straggler = scope
    .list(Pod, { labels: labelsFor(scope, purpose) })
    .find((pod) => pod.status?.phase !== 'Succeeded' && pod.status?.phase !== 'Failed' && !mine.includes(pod));
  if (!straggler) return undefined;
  const pod = straggler.metadata?.name ?? '';
  const on = { apiVersion: 'v1', kind: 'Pod', name: pod, namespace: scope.namespace };
  return waiting(EngineReason.JobRunning, `Waits for Pod ${pod} of another Job to end`, { on });
}

function jobOf<R extends Reconciled>(
  scope: Scope<R>,
  run: JobRun,
  { name, turn, attempt, failure }: { name: string; turn: number; attempt: number; failure: string | undefined },
): Desired<Job> {
  const labels = labelsFor(scope, run.purpose);
  const annotations = {
    [Annotation.turn]: `${turn}`,
    ...(attempt > 0 ? { [Annotation.attempt]: `${attempt}` } : {}),
    ...(failure === undefined ? {} : { [Annotation.lastFailure]: scrub(failure).slice(-2_048) }),
  };
  return {
    metadata: { name, labels, annotations },
    spec: {
      backoffLimit: 0,
      template: {
        metadata: { labels, ...(run.annotations ? { annotations: run.annotations } : {}) },
        spec: { ...run.pod, restartPolicy: 'Never' },
      },
    },
  };
}

/** Doubles with each attempt, counted from when the last one failed. */
function attemptAfter(job: Readonly<Job>): { attempt: number; due: number } {
  const attempt = attemptOf(job) + 1;
  const failure = job.status?.conditions?.find(({ type, status }) => type === 'Failed' && status === 'True');
  const failedAt = timeOf(failure?.lastTransitionTime ?? job.metadata?.creationTimestamp);
  return { attempt, due: failedAt + Math.min(backoff.base * 2 ** Math.min(attempt - 1, 10), backoff.max) };
}

function attemptOf(job: Readonly<Job>): number {
  return numberIn(job, Annotation.attempt);
}

/** In which order Jobs of a purpose were made; times have seconds only. */
function turnOf(job: Readonly<Job>): number {
  return numberIn(job, Annotation.turn);
}

function numberIn(job: Readonly<Job>, annotation: string): number {
  const value = Number(job.metadata?.annotations?.[annotation] ?? 0);
  return Number.isInteger(value) && value > 0 ? value : 0;
}

function messageOf(job: Readonly<Job>, pods: readonly Readonly<Pod>[]): string {
  const failure = job.status?.conditions?.find(({ type, status }) => type === 'Failed' && status === 'True');
  const why = failureOfPods(pods) ?? [failure?.reason, failure?.message].filter(Boolean).join(': ');
  const before = attemptOf(job) > 0 ? ` at attempt ${attemptOf(job) + 1}` : '';
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
