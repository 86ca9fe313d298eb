// `kubectl get pods`: the one word that says what a Pod is about.
import type { Pod } from '@stackwright/kube';
import type { ContainerStatus } from 'kubernetes-types/core/v1.d.ts';
import { age } from '../../../table.js';
import type { Column } from '../../resource.js';
import { AGE, column, NAME, text } from './common.js';

export const podColumns: readonly Column[] = [
  NAME,
  column<Pod>('Ready', ({ spec, status }) => {
    const ready = (status?.containerStatuses ?? []).filter((container) => container.ready).length;
    return `${ready}/${spec?.containers.length ?? 0}`;
  }),
  column<Pod>('Status', podState),
  column<Pod>('Restarts', (pod, now) => restarts(pod, now)),
  AGE,
  column<Pod>('IP', ({ status }) => text(status?.podIP), { wide: true }),
  column<Pod>('Node', ({ spec }) => text(spec?.nodeName), { wide: true }),
  column<Pod>('Nominated Node', ({ status }) => text(status?.nominatedNodeName), { wide: true }),
  column<Pod>(
    'Readiness Gates',
    ({ spec }) => text((spec?.readinessGates ?? []).map(({ conditionType }) => conditionType).join(',')),
    { wide: true },
  ),
];

export function podState(pod: Pod): string {
  const { status, metadata, spec } = pod;
  const initialising = initState(status?.initContainerStatuses ?? [], spec?.initContainers?.length ?? 0);
  let state = status?.reason ?? status?.phase ?? '';
  if (initialising !== undefined) state = initialising;
  else {
    let running = false;
    for (const container of [...(status?.containerStatuses ?? [])].reverse()) {
      const { waiting, terminated } = container.state ?? {};
      if (waiting?.reason) state = waiting.reason;
      else if (terminated) state = terminated.reason ?? ended(terminated);
      else if (container.ready && container.state?.running) running = true;
    }
    // One container has completed, another still runs.
    if (state === 'Completed' && running) state = isReady(pod) ? 'Running' : 'NotReady';
  }
  if (metadata?.deletionTimestamp === undefined) return state;
  return status?.reason === 'NodeLost' ? 'Unknown' : 'Terminating';
}

function initState(containers: readonly ContainerStatus[], total: number): string | undefined {
  for (const [index, { state }] of containers.entries()) {
    if (state?.terminated?.exitCode === 0) continue;
    if (state?.terminated) return `Init:${state.terminated.reason ?? ended(state.terminated)}`;
    if (state?.waiting?.reason && state.waiting.reason !== 'PodInitializing') return `Init:${state.waiting.reason}`;
    return `Init:${index}/${total}`;
  }
  return undefined;
}

const ended = ({ signal, exitCode }: { signal?: number; exitCode: number }): string =>
  signal ? `Signal:${signal}` : `ExitCode:${exitCode}`;

const isReady = ({ status }: Pod): boolean =>
  status?.conditions?.some(({ type, status: holds }) => type === 'Ready' && holds === 'True') ?? false;

function restarts({ status }: Pod, now: number): string {
  const statuses = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  const count = statuses.reduce((sum, container) => sum + container.restartCount, 0);
  const last = statuses
    .flatMap(({ lastState }) => lastState?.terminated?.finishedAt ?? [])
    .sort()
    .at(-1);
  return count > 0 && last !== undefined ? `${count} (${age(last, now)} ago)` : String(count);
}
