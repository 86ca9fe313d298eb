import { exitCodes } from '../errors.js';
import { isReady, conditionOf } from '../observe/objects.js';
import type { Snapshot } from '../observe/snapshot.js';
import { takeSnapshot } from '../observe/take-snapshot.js';
import { allReady, progressOf, type Row } from '../progress/progress.js';
import { renderBlock } from '../progress/render.js';
import type { Colors } from '../terminal/terminal.js';
import { withCluster, type CommandContext } from './context.js';

export interface StatusReport {
  controlPlane?: { name: string; ready: boolean; release?: string; reason?: string; message?: string };
  ready: boolean;
  services: Row[];
}

export async function status(context: CommandContext, { output }: { output?: 'json' }): Promise<number> {
  return withCluster(context, async ({ client }, namespace) => {
    const snapshot = await takeSnapshot(client, namespace, context.signal);
    const report = reportOf(snapshot);
    context.terminal.data(
      output === 'json'
        ? JSON.stringify(report, undefined, 2)
        : renderStatus(report, snapshot, context.terminal.colors, process.stdout.columns).join('\n'),
    );
    return report.ready ? exitCodes.ok : exitCodes.notReady;
  });
}

export function reportOf(snapshot: Snapshot): StatusReport {
  const { controlPlane } = snapshot;
  const services = progressOf(snapshot);
  if (!controlPlane) return { ready: services.length > 0 && allReady(services), services };
  const condition = conditionOf(controlPlane, 'Ready');
  const ready = isReady(controlPlane);
  const release = controlPlane.spec?.['release'];
  return {
    controlPlane: {
      name: controlPlane.metadata?.name ?? '',
      ready,
      ...(typeof release === 'string' ? { release } : {}),
      ...(condition ? { reason: condition.reason, message: condition.message } : {}),
    },
    ready,
    services,
  };
}

export function renderStatus(
  { controlPlane, services }: StatusReport,
  snapshot: Snapshot,
  colors: Colors,
  columns = 120,
): string[] {
  if (!controlPlane && services.length === 0) return [`Nothing of Stackwright is in namespace ${snapshot.namespace}.`];
  const title = controlPlane
    ? `ControlPlane ${snapshot.namespace}/${controlPlane.name}  ${controlPlane.release ?? ''}  ${controlPlane.ready ? 'Ready' : `not ready (${controlPlane.reason ?? 'not reconciled yet'})`}`
    : `Namespace ${snapshot.namespace}, no ControlPlane`;
  const lines = renderBlock(title, services, { colors, columns, now: snapshot.takenAt });
  return services.every(({ state }) => state === 'Ready') ? lines : [...lines, '', 'More: stackwright why <service>'];
}
