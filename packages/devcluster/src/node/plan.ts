// Which containers of a Pod to start and which to end, given how they are: pure, so that every rule of the kubelet
// can be read and tested in one place.
import type { Pod } from '@stackwright/kube';
import type { Container } from 'kubernetes-types/core/v1.d.ts';
import type { ContainerStatus } from './runtime.js';

export interface PodState {
  /** A container's attempts, oldest first. */
  history(name: string): readonly ContainerStatus[];
  /** Runs and has passed its startup probe. */
  isStarted(container: Container, id: string): boolean;
  failedProbe(container: Container, id: string): 'liveness' | 'startup' | undefined;
  /** The image that a container was started from, by the name that its Pod gave it; undefined when nobody knows. */
  imageOf(status: ContainerStatus): string | undefined;
}

export interface Kill {
  container: Container;
  status: ContainerStatus;
  message: string;
}

export interface Plan {
  /** In order; back-off is the caller's. */
  start: Container[];
  kill: Kill[];
}

/** An init container that goes on running beside the others. */
export function isSidecar(container: Container): boolean {
  return container.restartPolicy === 'Always';
}

export function exitCode(status: ContainerStatus | undefined): number | undefined {
  return status?.state.phase === 'exited' ? status.state.exitCode : undefined;
}

export function shouldRestart(pod: Pod, container: Container, code: number): boolean {
  const policy = isSidecar(container) ? 'Always' : (pod.spec?.restartPolicy ?? 'Always');
  return policy === 'Always' || (policy === 'OnFailure' && code !== 0);
}

export function planContainers(pod: Pod, state: PodState): Plan {
  const plan: Plan = { start: [], kill: [] };
  const main = pod.spec?.containers ?? [];
  const init = pod.spec?.initContainers ?? [];
  const latest = (container: Container): ContainerStatus | undefined => state.history(container.name).at(-1);
  const initialised = main.some((container) => latest(container) !== undefined);

  for (const container of [...init, ...main]) {
    const status = latest(container);
    if (status?.state.phase !== 'running') continue;
    const probe = state.failedProbe(container, status.id);
    if (probe)
      plan.kill.push({
        container,
        status,
        message: `Container ${container.name} failed ${probe} probe, will be restarted`,
      });
    else if ((state.imageOf(status) ?? container.image) !== container.image && !init.includes(container)) {
      plan.kill.push({
        container,
        status,
        message: `Container ${container.name} definition changed, will be restarted`,
      });
    }
  }

  // Whatever the others do, and once only.
  const started = new Set(
    pod.status?.ephemeralContainerStatuses?.filter(({ containerID }) => containerID).map(({ name }) => name),
  );
  for (const container of pod.spec?.ephemeralContainers ?? []) {
    const phase = latest(container)?.state.phase;
    if (phase === 'created' || (phase === undefined && !started.has(container.name))) plan.start.push(container);
  }

  for (const container of init) {
    const status = latest(container);
    const code = exitCode(status);
    if (initialised && !isSidecar(container)) continue;
    const ended = code !== undefined && (isSidecar(container) || code !== 0);
    if (!status || status.state.phase === 'created' || (ended && shouldRestart(pod, container, code))) {
      plan.start.push(container);
      if (!initialised) return plan;
    } else if (isSidecar(container)) {
      if (!initialised && !state.isStarted(container, status.id)) return plan;
    } else if (code !== 0) {
      // Still running, or failed for good.
      return plan;
    }
  }

  for (const container of main) {
    const status = latest(container);
    const code = exitCode(status);
    const restart = code !== undefined && shouldRestart(pod, container, code);
    if (!status || status.state.phase === 'created' || restart) plan.start.push(container);
  }
  const over =
    main.length > 0 &&
    main.every((container) => {
      const code = exitCode(latest(container));
      return code !== undefined && !shouldRestart(pod, container, code);
    });
  if (!over) return plan;
  // The work is done: sidecars have nothing to go beside any more.
  const sidecars = init.filter(isSidecar).flatMap((container) => {
    const status = latest(container);
    return status?.state.phase === 'running'
      ? [{ container, status, message: `Stopping container ${container.name}` }]
      : [];
  });
  return { start: [], kill: [...plan.kill, ...sidecars] };
}
