import { rootOf, type ObjectReference } from '@stackwright/graph';
import { CliError } from '../errors.js';
import { adviceFor } from '../explain/advice.js';
import { explain } from '../explain/explain.js';
import { renderChain } from '../explain/render.js';
import { referenceOf, servicesNamedIn } from '../observe/objects.js';
import type { Snapshot } from '../observe/snapshot.js';
import { takeSnapshot } from '../observe/take-snapshot.js';
import type { Colors } from '../terminal/terminal.js';
import { withCluster, type CommandContext } from './context.js';

export async function why(
  context: CommandContext,
  service: string | undefined,
  { output }: { output?: 'json' },
): Promise<void> {
  await withCluster(context, async ({ client }, namespace) => {
    const snapshot = await takeSnapshot(client, namespace, context.signal);
    const subject = subjectOf(snapshot, service);
    if (output !== 'json') {
      context.terminal.data(whyLines(snapshot, subject, context.terminal.colors).join('\n'));
      return;
    }
    const chain = explain(snapshot, subject);
    const report = {
      ready: chain[0].state === 'Ready',
      chain,
      root: rootOf(chain),
      advice: adviceFor(chain, namespace),
    };
    context.terminal.data(JSON.stringify(report, undefined, 2));
  });
}

export function whyLines(snapshot: Snapshot, subject: ObjectReference, colors: Colors): string[] {
  const chain = explain(snapshot, subject);
  return renderChain(chain, adviceFor(chain, snapshot.namespace), colors, snapshot.takenAt);
}

/** By the service's name; without one, the control plane. */
export function subjectOf(snapshot: Snapshot, service: string | undefined): ObjectReference {
  const { controlPlane, services, namespace } = snapshot;
  if (service === undefined) {
    if (controlPlane) return referenceOf(controlPlane);
    throw new CliError(`There is no ControlPlane in namespace ${namespace}.`, { hints: namesHint(snapshot) });
  }
  const found = services.find(({ metadata }) => metadata?.name === service);
  if (found) return referenceOf(found);
  // A service that the ControlPlane names and that does not exist: the ControlPlane knows why.
  if (controlPlane && servicesNamedIn(controlPlane).includes(service)) return referenceOf(controlPlane);
  throw new CliError(`There is no service "${service}" in namespace ${namespace}.`, { hints: namesHint(snapshot) });
}

const namesHint = ({ services }: Snapshot): string[] =>
  services.length > 0
    ? [`Services there: ${services.map(({ metadata }) => metadata?.name).join(', ')}`]
    : ['Name another one with --namespace.'];
