// What keeps a Pod from doing what it should, as its status says. Nothing is asked of anybody: the kubelet writes all of it.
import type { Pod } from '@stackwright/kube';
import { isBeingDeleted } from '@stackwright/core';
import { EngineReason } from '../declare/reasons.js';
import type { ObjectReference } from '../declare/step.js';

export interface PodProblem {
  reason: string;
  message: string;
  on: ObjectReference;
}

type ContainerStatus = NonNullable<NonNullable<Pod['status']>['containerStatuses']>[number];
type Terminated = NonNullable<NonNullable<ContainerStatus['state']>['terminated']>;

const pullFailures: ReadonlySet<string> = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'ImageInspectError',
  'RegistryUnavailable',
  'SignatureValidationFailed',
]);
const configFailures: ReadonlySet<string> = new Set([
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
]);

/** How many lines of a log fit into a condition. */
const lines = 10;

/** Milliseconds: a volume takes its time to be made, and a Pod that waits for it counts as unschedulable until then. */
export const schedulingGrace = 30_000;

/**
 * The problem of the newest Pod that has one: older ones may be on their way out. Pods that are being deleted have none.
 * `now` in milliseconds since the epoch.
 */
export function podProblem(pods: readonly Readonly<Pod>[], now: number): PodProblem | undefined {
  for (const pod of newestFirst(pods)) {
    if (isBeingDeleted(pod)) continue;
    const problem = problemOf(pod, now);
    if (!problem) continue;
    const { name = '', namespace } = pod.metadata ?? {};
    const on = { apiVersion: 'v1', kind: 'Pod', name, ...(namespace === undefined ? {} : { namespace }) };
    return { ...problem, message: `Pod ${name}: ${problem.message}`, on };
  }
  return undefined;
}

/** "exit code 1: <the last lines of its log>", of the container that failed last; undefined when none has. */
export function failureOfPods(pods: readonly Readonly<Pod>[]): string | undefined {
  const end = lastFailureOf(pods);
  return end && endOf(end);
}

/** Of the container that failed last. */
export function exitCodeOfPods(pods: readonly Readonly<Pod>[]): number | undefined {
  return lastFailureOf(pods)?.exitCode;
}

/** Of a container that runs again and is not ready: how it ended before. Undefined where there is none. */
export function recoveryOfPods(pods: readonly Readonly<Pod>[]): string | undefined {
  for (const pod of newestFirst(pods)) {
    if (isBeingDeleted(pod)) continue;
    for (const { name, ready, state, lastState } of pod.status?.containerStatuses ?? []) {
      if (ready || !state?.running || !lastState?.terminated) continue;
      return `container ${name} of Pod ${pod.metadata?.name ?? ''} runs again after it ended with ${endOf(lastState.terminated)}`;
    }
  }
  return undefined;
}

function lastFailureOf(pods: readonly Readonly<Pod>[]): Terminated | undefined {
  const [last] = pods
    .flatMap((pod) =>
      statusesOf(pod).flatMap(({ state, lastState }) => state?.terminated ?? lastState?.terminated ?? []),
    )
    .filter(({ exitCode }) => exitCode !== 0)
    .sort((one, other) => timeOf(other.finishedAt) - timeOf(one.finishedAt));
  return last;
}

export function isStarted(pod: Readonly<Pod>): boolean {
  if (pod.status?.phase !== 'Pending') return true;
  return statusesOf(pod).some(({ state, lastState }) => state?.running ?? state?.terminated ?? lastState?.terminated);
}

function problemOf(pod: Readonly<Pod>, now: number): Omit<PodProblem, 'on'> | undefined {
  const unschedulable = pod.status?.conditions?.find(
    ({ type, status, reason }) => type === 'PodScheduled' && status === 'False' && reason === 'Unschedulable',
  );
  if (unschedulable && now - timeOf(unschedulable.lastTransitionTime) >= schedulingGrace) {
    return { reason: EngineReason.Unschedulable, message: unschedulable.message ?? 'no node can take it' };
  }
  for (const status of statusesOf(pod)) {
    const problem = problemOfContainer(status, shouldRun(pod, status));
    if (problem) return problem;
  }
  if (pod.status?.phase === 'Failed') {
    const { reason, message } = pod.status;
    return { reason: EngineReason.ContainerCrashed, message: [reason ?? 'Failed', message].filter(Boolean).join(': ') };
  }
  return undefined;
}

function problemOfContainer(
  { name, image, state, lastState }: ContainerStatus,
  runs: boolean,
): Omit<PodProblem, 'on'> | undefined {
  const { reason = '', message } = state?.waiting ?? {};
  const container = `container ${name}`;
  if (pullFailures.has(reason)) {
    return {
      reason: EngineReason.ImagePullFailed,
      message: `${container}: image ${image} cannot be pulled: ${message ?? reason}`,
    };
  }
  if (configFailures.has(reason) || (reason === 'ContainerCreating' && message)) {
    return {
      reason: EngineReason.ContainerConfigInvalid,
      message: `${container} cannot be created: ${message ?? reason}`,
    };
  }
  const ended = state?.terminated ?? (state?.waiting ? lastState?.terminated : undefined);
  if (ended && (ended.exitCode !== 0 || runs)) {
    return { reason: EngineReason.ContainerCrashed, message: `${container} ended with ${endOf(ended)}` };
  }
  return reason === 'CrashLoopBackOff'
    ? { reason: EngineReason.ContainerCrashed, message: `${container}: ${message ?? reason}` }
    : undefined;
}

function endOf({ exitCode, signal, message, reason }: Terminated): string {
  const how = signal ? `signal ${signal}` : `exit code ${exitCode}`;
  const why = reason && reason !== 'Error' && reason !== 'Completed' ? ` (${reason})` : '';
  const said = message?.trim().split('\n').slice(-lines).join('\n');
  return said ? `${how}${why}: ${said}` : `${how}${why}`;
}

function statusesOf({ status }: Readonly<Pod>): ContainerStatus[] {
  return [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
}

/** Init containers, and those of Jobs, are as they should be when they have ended well. */
export function shouldRun({ spec, status }: Readonly<Pod>, one: ContainerStatus): boolean {
  const isMain = status?.containerStatuses?.includes(one) ?? false;
  return isMain && (spec?.restartPolicy ?? 'Always') === 'Always';
}

function newestFirst(pods: readonly Readonly<Pod>[]): Readonly<Pod>[] {
  return [...pods].sort(
    (one, other) => timeOf(other.metadata?.creationTimestamp) - timeOf(one.metadata?.creationTimestamp),
  );
}

export function timeOf(timestamp: string | undefined): number {
  const time = Date.parse(timestamp ?? '');
  return Number.isNaN(time) ? 0 : time;
}
