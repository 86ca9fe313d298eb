// A Pod's status from what its containers do: pure.
import type { Pod } from '@stackwright/kube';
import type {
  Container,
  ContainerState,
  ContainerStatus as ApiContainerStatus,
  PodCondition,
  PodStatus,
} from 'kubernetes-types/core/v1.d.ts';
import { rfc3339 } from '../shared/clock.js';
import { isSidecar, shouldRestart } from './plan.js';
import type { ContainerStatus } from './runtime.js';

export interface ContainerReport {
  container: Container;
  /** The container's attempts, oldest first. */
  history: readonly ContainerStatus[];
  /** Why it does not run although it should. */
  waiting: { reason: string; message: string } | undefined;
  /** That it was started from, or will be. */
  image: string;
  ready: boolean;
  started: boolean;
  terminationMessage(id: string): string;
}

export interface PodReport {
  pod: Pod;
  /** "podman", "simulated": the scheme of container ids. */
  runtime: string;
  init: readonly ContainerReport[];
  main: readonly ContainerReport[];
  ephemeral: readonly ContainerReport[];
  podIP: string | undefined;
  hostIP: string;
  /** The Pod's end was decided: what does not run now never will. */
  ending: boolean;
  /** Set when the node ended the Pod: it failed, whatever its containers did. */
  failure?: { reason: string; message: string };
  now: number;
}

export function buildStatus(report: PodReport): PodStatus {
  const { pod, podIP, hostIP, now } = report;
  const former = pod.status ?? {};
  const initContainerStatuses = report.init.map((item) =>
    containerStatus(item, report, former.initContainerStatuses, false),
  );
  const initialised = report.init.every(isInitialised);
  const containerStatuses = report.main.map((item) =>
    containerStatus(item, report, former.containerStatuses, initialised),
  );
  // They are never ready, and nothing else depends on them.
  const ephemeralContainerStatuses = report.ephemeral.map((item) => ({
    ...containerStatus(item, report, former.ephemeralContainerStatuses, true),
    ready: false,
  }));
  const phase = report.failure ? 'Failed' : phaseOf(report, initContainerStatuses, containerStatuses);
  return {
    ...former,
    phase,
    ...(report.failure ?? {}),
    hostIP,
    hostIPs: [{ ip: hostIP }],
    ...(podIP === undefined ? {} : { podIP, podIPs: [{ ip: podIP }] }),
    startTime: former.startTime ?? rfc3339(now),
    qosClass: former.qosClass ?? qosClass(pod),
    ...(initContainerStatuses.length > 0 ? { initContainerStatuses } : {}),
    containerStatuses,
    ...(ephemeralContainerStatuses.length > 0 ? { ephemeralContainerStatuses } : {}),
    conditions: conditionsOf(report, phase, initialised, initContainerStatuses, containerStatuses),
  };
}

function isInitialised({ container, history, started }: ContainerReport): boolean {
  const state = history.at(-1)?.state;
  if (isSidecar(container)) return state?.phase === 'running' && started;
  return state?.phase === 'exited' && state.exitCode === 0;
}

function containerStatus(
  item: ContainerReport,
  { pod, runtime, init, ending }: PodReport,
  former: readonly ApiContainerStatus[] | undefined,
  initialised: boolean,
): ApiContainerStatus {
  const { container, history } = item;
  const known = former?.find(({ name }) => name === container.name);
  const latest = history.at(-1);
  const isMain = !init.includes(item);
  const idle: ContainerState = {
    waiting: item.waiting ?? {
      reason: isMain && init.length > 0 && !initialised ? 'PodInitializing' : 'ContainerCreating',
    },
  };
  if (!latest) return withoutAttempt(item, pod, known, idle, ending);

  const state = stateOf(latest, item, runtime);
  const restarting = state.terminated !== undefined && item.waiting !== undefined && !ending;
  const previous = history.at(-2);
  const before = previous ? stateOf(previous, item, runtime) : formerLastState(known, `${runtime}://${latest.id}`);
  const running = state.running !== undefined;
  return {
    name: container.name,
    image: item.image,
    imageID: latest.imageId,
    containerID: `${runtime}://${latest.id}`,
    restartCount: latest.attempt,
    // An init container is ready when it has done its work.
    ready: isMain || isSidecar(container) ? running && item.ready : state.terminated?.exitCode === 0,
    started: running && item.started,
    state: restarting || latest.state.phase === 'created' ? idle : state,
    ...wrapLast(restarting ? state : before),
  };
}

/** A container that the runtime does not have: not made yet, or lost. */
function withoutAttempt(
  { container, image }: ContainerReport,
  pod: Pod,
  known: ApiContainerStatus | undefined,
  idle: ContainerState,
  ending: boolean,
): ApiContainerStatus {
  const last = known?.containerID ? lostState(known) : undefined;
  const code = last?.terminated?.exitCode;
  const stays = code !== undefined && (ending || !shouldRestart(pod, container, code));
  return {
    name: container.name,
    image,
    imageID: stays ? (known?.imageID ?? '') : '',
    ...(stays && known?.containerID ? { containerID: known.containerID } : {}),
    restartCount: known?.restartCount ?? 0,
    ready: false,
    started: false,
    state: stays && last ? last : idle,
    ...(stays ? wrapLast(known?.lastState) : wrapLast(last ?? known?.lastState)),
  };
}

function wrapLast(state: ContainerState | undefined): { lastState: ContainerState } {
  return { lastState: state?.terminated ? { terminated: state.terminated } : {} };
}

/** What became of a container that is in the Pod's status and not in the runtime. */
function lostState(known: ApiContainerStatus): ContainerState | undefined {
  if (known.state?.terminated) return { terminated: known.state.terminated };
  if (!known.state?.running) return known.lastState;
  return {
    terminated: {
      exitCode: 137,
      reason: 'ContainerStatusUnknown',
      message: 'The container could not be located when the pod was terminated',
      ...(known.containerID ? { containerID: known.containerID } : {}),
    },
  };
}

function formerLastState(known: ApiContainerStatus | undefined, id: string): ContainerState | undefined {
  if (!known?.containerID) return known?.lastState;
  return known.containerID === id ? known.lastState : lostState(known);
}

function stateOf(status: ContainerStatus, item: ContainerReport, runtime: string): ContainerState {
  const { state } = status;
  if (state.phase === 'created') return { waiting: { reason: 'ContainerCreating' } };
  if (state.phase === 'running') return { running: { startedAt: wholeSeconds(state.startedAt) } };
  const message = item.terminationMessage(status.id);
  return {
    terminated: {
      exitCode: state.exitCode,
      reason: state.oomKilled ? 'OOMKilled' : state.exitCode === 0 ? 'Completed' : 'Error',
      ...(message === '' ? {} : { message }),
      ...(state.signal === undefined ? {} : { signal: state.signal }),
      startedAt: wholeSeconds(state.startedAt),
      finishedAt: wholeSeconds(state.finishedAt),
      containerID: `${runtime}://${status.id}`,
    },
  };
}

function wholeSeconds(time: string): string {
  return rfc3339(Date.parse(time));
}

function phaseOf(report: PodReport, init: readonly ApiContainerStatus[], main: readonly ApiContainerStatus[]): string {
  const { pod, ending } = report;
  const brokenInit = report.init.some(({ container }, index) => {
    const code = init[index]?.state?.terminated?.exitCode;
    return code !== undefined && code !== 0 && !isSidecar(container) && !shouldRestart(pod, container, code);
  });
  if (brokenInit) return 'Failed';
  const codes = main.map((status) => status.state?.terminated?.exitCode);
  const waiting = main.filter((status) => status.state?.waiting);
  if (ending) {
    if (main.some((status) => status.state?.running)) return 'Running';
    return codes.every((code) => code === 0) ? 'Succeeded' : 'Failed';
  }
  // A container that waits for its restart has run; one that never ran keeps the Pod pending.
  if (waiting.some((status) => !status.lastState?.terminated) || !report.init.every(isInitialisedOnce(main)))
    return 'Pending';
  const stopped = report.main.every(({ container }, index) => {
    const code = codes[index];
    return code !== undefined && !shouldRestart(pod, container, code);
  });
  if (!stopped) return 'Running';
  return codes.every((code) => code === 0) ? 'Succeeded' : 'Failed';
}

/** Once the main containers ran, initialisation is history. */
function isInitialisedOnce(main: readonly ApiContainerStatus[]): (item: ContainerReport) => boolean {
  const ran = main.some((status) => status.state?.running ?? status.state?.terminated ?? status.lastState?.terminated);
  return (item) => ran || isInitialised(item);
}

function conditionsOf(
  report: PodReport,
  phase: string,
  initialised: boolean,
  init: readonly ApiContainerStatus[],
  main: readonly ApiContainerStatus[],
): PodCondition[] {
  const { pod, podIP } = report;
  const over = phase === 'Succeeded' || phase === 'Failed';
  const sidecars = report.init.flatMap(({ container }, index) => (isSidecar(container) ? (init[index] ?? []) : []));
  const unready = [...sidecars, ...main].filter((status) => !status.ready).map((status) => status.name);
  const ran = main.some((status) => status.containerID !== undefined);
  const pending = report.init.filter((item) => !isInitialised(item)).map(({ container }) => container.name);
  const gates = (pod.spec?.readinessGates ?? []).filter(
    ({ conditionType }) =>
      !pod.status?.conditions?.some(({ type, status }) => type === conditionType && status === 'True'),
  );
  const notReady: Partial<PodCondition> | undefined =
    phase === 'Succeeded'
      ? { reason: 'PodCompleted' }
      : phase === 'Failed'
        ? { reason: 'PodFailed' }
        : unready.length > 0
          ? { reason: 'ContainersNotReady', message: `containers with unready status: [${unready.join(' ')}]` }
          : undefined;
  const uninitialised: Partial<PodCondition> = {
    reason: 'ContainersNotInitialized',
    message: `containers with incomplete status: [${pending.join(' ')}]`,
  };
  const gated: Partial<PodCondition> = {
    reason: 'ReadinessGatesNotReady',
    message: `corresponding condition of pod readiness gate "${gates[0]?.conditionType ?? ''}" does not exist.`,
  };
  const wanted: [string, boolean, Partial<PodCondition> | undefined][] = [
    ['PodReadyToStartContainers', podIP !== undefined && !over, undefined],
    [
      'Initialized',
      initialised || ran || phase === 'Succeeded',
      phase === 'Succeeded' ? { reason: 'PodCompleted' } : uninitialised,
    ],
    ['Ready', notReady === undefined && gates.length === 0, notReady ?? gated],
    ['ContainersReady', notReady === undefined, notReady],
  ];
  const conditions = wanted.map(([type, value, why]) =>
    condition(pod, report.now, type, value, value && phase !== 'Succeeded' ? undefined : why),
  );
  const own = new Set(wanted.map(([type]) => type));
  return [...conditions, ...(pod.status?.conditions ?? []).filter(({ type }) => !own.has(type))];
}

function condition(
  pod: Pod,
  now: number,
  type: string,
  value: boolean,
  why: Partial<PodCondition> | undefined,
): PodCondition {
  const status = value ? 'True' : 'False';
  const known = pod.status?.conditions?.find((item) => item.type === type);
  const lastTransitionTime = known?.status === status ? (known.lastTransitionTime ?? rfc3339(now)) : rfc3339(now);
  return { type, status, lastTransitionTime, ...why };
}

/** Guaranteed, Burstable or BestEffort; the API server normally says so at creation. */
function qosClass(pod: Pod): string {
  const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  const named = containers.map(({ resources }) => resources ?? {});
  if (named.every(({ requests, limits }) => Object.keys({ ...requests, ...limits }).length === 0)) return 'BestEffort';
  const guaranteed = named.every(({ requests, limits }) =>
    ['cpu', 'memory'].every(
      (name) => limits?.[name] !== undefined && (requests?.[name] ?? limits[name]) === limits[name],
    ),
  );
  return guaranteed ? 'Guaranteed' : 'Burstable';
}
