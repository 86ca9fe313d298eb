// What is the matter with a Pod, from its status alone.
import type { Pod } from '@stackwright/kube';
import { scrub } from '@stackwright/core';
import { shouldRun } from '../workloads/pod-problem.js';

export interface PodState {
  state: 'Ready' | 'Waiting' | 'Failed' | 'Finished';
  reason: string;
  message: string;
  container?: string;
  /** The container has run before: its last words are in the previous log. */
  restarted?: boolean;
}

/** Reasons of a waiting container that are the normal course of things. */
const starting = new Set(['ContainerCreating', 'PodInitializing']);

type ContainerStatus = NonNullable<NonNullable<Pod['status']>['containerStatuses']>[number];

/** `line` takes from a line of a log what stands in front of its words: date, level, process. */
export function stateOfPod(pod: Readonly<Pod>, line: (text: string) => string = (text) => text): PodState {
  const { status } = pod;
  if (pod.metadata?.deletionTimestamp) return { state: 'Waiting', reason: 'Terminating', message: 'is being deleted' };
  if (status?.phase === 'Succeeded') return { state: 'Finished', reason: 'Succeeded', message: 'has finished' };

  const scheduled = status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status === 'False') {
    return {
      state: 'Failed',
      reason: scheduled.reason ?? 'Unschedulable',
      message: scrub(scheduled.message ?? 'no node takes it'),
    };
  }

  const init = status?.initContainerStatuses ?? [];
  const containers = status?.containerStatuses ?? [];
  for (const container of [...init, ...containers]) {
    const trouble = troubleOf(container, shouldRun(pod, container), line);
    if (trouble) return trouble;
  }
  const initialising = init.find(({ state }) => !state?.terminated);
  if (initialising) {
    return {
      state: 'Waiting',
      reason: 'PodInitializing',
      message: `init container ${initialising.name} runs`,
      container: initialising.name,
    };
  }
  const unready = containers.find(({ ready }) => !ready);
  if (unready?.state?.running) {
    return {
      state: 'Waiting',
      reason: 'NotReady',
      message: `container ${unready.name} runs but is not ready yet${endedBefore(unready, line)}`,
      container: unready.name,
      ...(unready.lastState?.terminated ? { restarted: true } : {}),
    };
  }
  if (containers.length === 0 || unready) {
    return {
      state: 'Waiting',
      reason: unready?.state?.waiting?.reason ?? 'Pending',
      message: 'its containers are being created',
    };
  }
  return { state: 'Ready', reason: 'Ready', message: 'is ready' };
}

function troubleOf(
  { name, state, lastState, restartCount }: ContainerStatus,
  runs: boolean,
  line: (text: string) => string,
): PodState | undefined {
  const { waiting, terminated } = state ?? {};
  const ended = terminated ?? (waiting?.reason === 'CrashLoopBackOff' ? lastState?.terminated : undefined);
  if (ended && (ended.exitCode !== 0 || runs)) {
    return {
      state: 'Failed',
      reason: waiting?.reason ?? ended.reason ?? 'Error',
      message: `container ${name} exited with ${ended.exitCode}${lastWords(ended.message, line)}`,
      container: name,
      ...(waiting && restartCount > 0 ? { restarted: true } : {}),
    };
  }
  if (waiting && !starting.has(waiting.reason ?? '')) {
    const reason = waiting.reason ?? 'Waiting';
    return {
      state: 'Failed',
      reason,
      message: `container ${name}: ${scrub(waiting.message ?? reason)}`,
      container: name,
    };
  }
  return undefined;
}

/** Of one that was started again: most likely it ends as it did before. */
function endedBefore({ lastState }: ContainerStatus, line: (text: string) => string): string {
  const { terminated } = lastState ?? {};
  return terminated ? `; before, it exited with ${terminated.exitCode}${lastWords(terminated.message, line)}` : '';
}

/** The last line says what went wrong more often than any other; the whole is in the log. */
function lastWords(message: string | undefined, line: (text: string) => string): string {
  const last = scrub(message ?? '')
    .split('\n')
    .map((text) => line(text).trim())
    .findLast((text) => text !== '');
  return last === undefined ? '' : `: ${last}`;
}
