import { stateOfReason } from '@stackwright/api';
import { exitCodes } from '../errors.js';
import { stalenessOf } from '../explain/controllers.js';
import { endingOf } from '../explain/ending.js';
import { complaintOf } from '../explain/refusals.js';
import { isReady, conditionOf } from '../observe/objects.js';
import type { Snapshot } from '../observe/snapshot.js';
import { takeSnapshot } from '../observe/take-snapshot.js';
import { allReady, progressOf, type Row } from '../progress/progress.js';
import { renderBlock, wrapped } from '../progress/render.js';
import type { Colors } from '../terminal/terminal.js';
import { withCluster, type CommandContext } from './context.js';

export interface StatusReport {
  controlPlane?: {
    name: string;
    /** What it says, where its controller runs; `Unknown` where nobody keeps what it says. */
    state: 'Ready' | 'NotReady' | 'Unknown';
    ready: boolean;
    release?: string;
    reason?: string;
    message?: string;
  };
  ready: boolean;
  services: Row[];
  /** The namespace is being deleted: what keeps it. */
  ending?: string[];
}

export async function status(context: CommandContext, { output }: { output?: 'json' }): Promise<number> {
  return withCluster(context, async ({ client }, namespace) => {
    const snapshot = await takeSnapshot(client, namespace, context.signal);
    const report = reportOf(snapshot);
    const { colors, columns } = context.terminal;
    if (output === 'json') context.terminal.json(report);
    else context.terminal.lines(renderStatus(report, snapshot, colors, columns));
    return report.ready ? exitCodes.ok : exitCodes.notReady;
  });
}

export function reportOf(snapshot: Snapshot): StatusReport {
  const { controlPlane } = snapshot;
  const services = progressOf(snapshot);
  const ending = endingOf(snapshot);
  const more = ending ? { ending } : {};
  if (!controlPlane) return { ready: services.length > 0 && allReady(services) && !ending, services, ...more };
  const condition = complaintOf(controlPlane) ?? conditionOf(controlPlane, 'Ready');
  // What was never ready, or was not when somebody looked last, has said so itself; a row has the controllers.
  const stale = isReady(controlPlane) ? stalenessOf(snapshot, controlPlane) : undefined;
  const ready = isReady(controlPlane) && !stale;
  const release = controlPlane.spec?.['release'];
  return {
    controlPlane: {
      name: controlPlane.metadata?.name ?? '',
      state: stale ? 'Unknown' : ready ? 'Ready' : 'NotReady',
      ready,
      ...(typeof release === 'string' ? { release } : {}),
      ...(stale ? { reason: 'NotWatched', message: stale.message } : {}),
      ...(!stale && condition ? { reason: condition.reason, message: condition.message } : {}),
    },
    ready: ready && allReady(services) && !ending,
    services,
    ...more,
  };
}

export function renderStatus(
  { controlPlane, services, ending }: StatusReport,
  snapshot: Snapshot,
  colors: Colors,
  columns: number | undefined,
): string[] {
  if (!controlPlane && services.length === 0 && !ending)
    return [`Nothing of Stackwright is in namespace ${snapshot.namespace}.`];
  const title = controlPlane
    ? `ControlPlane ${snapshot.namespace}/${controlPlane.name}  ${controlPlane.release ?? ''}  ${stateOf(controlPlane)}`
    : `Namespace ${snapshot.namespace}, no ControlPlane`;
  const [head = '', ...rows] = renderBlock(title, services, {
    colors,
    columns,
    overflow: 'wrap',
    now: snapshot.takenAt,
  });
  const said = unsaid(controlPlane, services).flatMap((text) =>
    wrapped(text, (columns ?? Infinity) - 2).map((line) => `  ${colors.red(line)}`),
  );
  const isFine = services.every(({ state }) => state === 'Ready') && said.length === 0;
  return [
    ...(ending ?? []).map((line) => colors.red(line)),
    head,
    ...said,
    ...rows,
    ...(isFine ? [] : ['', 'More: stackwright why <service>']),
  ];
}

function stateOf({ state, reason }: NonNullable<StatusReport['controlPlane']>): string {
  if (state === 'Ready') return 'Ready';
  return state === 'Unknown' ? 'unknown' : `not ready (${reason ?? 'not reconciled yet'})`;
}

/** What is wrong with the control plane, and in no row. */
function unsaid(controlPlane: StatusReport['controlPlane'], services: readonly Row[]): string[] {
  if (!controlPlane || controlPlane.state === 'Ready') return [];
  const message = (controlPlane.message ?? '').replace(/\s+/g, ' ').trim();
  if (message === '') return [];
  if (controlPlane.state === 'Unknown') return [message];
  const isRow = services.some(
    ({ name, state, text }) => state !== 'Ready' && (text.includes(message) || message.includes(` ${name}: `)),
  );
  const isWaiting =
    stateOfReason(controlPlane.reason ?? '') !== 'Failed' && services.some(({ state }) => state !== 'Ready');
  return isRow || isWaiting ? [] : [`${controlPlane.reason ?? ''}: ${message}`];
}
