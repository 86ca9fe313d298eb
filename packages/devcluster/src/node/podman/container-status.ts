import type { ContainerState, ContainerStatus } from '../runtime.js';
import { LABELS } from './container-arguments.js';
import type { PodmanContainer } from './podman.js';

const SIGKILL_EXIT = 128 + 9;

/** `killedByUs`: whether SIGKILL may have come from a stop that this process asked for. */
export function toStatus(container: PodmanContainer, killedByUs: boolean): ContainerStatus {
  const labels = container.Config.Labels ?? {};
  return {
    id: container.Id,
    podUid: labels[LABELS.podUid] ?? '',
    name: labels[LABELS.container] ?? '',
    attempt: Number(labels[LABELS.attempt] ?? 0),
    image: container.ImageName,
    imageId: container.Image,
    state: toState(container, killedByUs),
  };
}

export const logPathOf = (container: PodmanContainer): string | undefined => container.Config.Labels?.[LABELS.logPath];

function toState({ State, HostConfig }: PodmanContainer, killedByUs: boolean): ContainerState {
  switch (State.Status) {
    case 'running':
    case 'stopping':
    case 'paused':
      return { phase: 'running', startedAt: time(State.StartedAt) };
    case 'exited':
    case 'stopped':
    case 'removing':
    case 'dead':
      return {
        phase: 'exited',
        startedAt: time(State.StartedAt),
        finishedAt: time(State.FinishedAt),
        exitCode: State.ExitCode,
        // podman misses most of them under cgroup v1: a SIGKILL out of nowhere under a memory limit is one.
        oomKilled: State.OOMKilled || (State.ExitCode === SIGKILL_EXIT && HostConfig.Memory > 0 && !killedByUs),
      };
    default:
      return { phase: 'created' };
  }
}

/** podman writes nanoseconds and the host's zone; Kubernetes seconds in UTC. */
const time = (text: string): string => {
  const milliseconds = Date.parse(text);
  return `${new Date(Number.isNaN(milliseconds) ? 0 : milliseconds).toISOString().slice(0, 19)}Z`;
};
