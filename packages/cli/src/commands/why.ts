import { suggestionFor } from '@stackwright/api';
import { rootOf, type Chain, type ObjectReference } from '@stackwright/graph';
import { controllerOf, type Condition, type KubeObject } from '@stackwright/kube';
import { CliError } from '../errors.js';
import { adviceFor, type Advice } from '../explain/advice.js';
import { endingOf } from '../explain/ending.js';
import { explainAll } from '../explain/explain.js';
import { refusalOf } from '../explain/refusals.js';
import { renderChains, renderRefusal } from '../explain/render.js';
import { isClaim, referenceOf, servicesNamedIn } from '../observe/objects.js';
import type { Snapshot } from '../observe/snapshot.js';
import { takeSnapshot } from '../observe/take-snapshot.js';
import type { Colors } from '../terminal/terminal.js';
import { withCluster, type CommandContext } from './context.js';

export async function why(
  context: CommandContext,
  subject: string | undefined,
  { output }: { output?: 'json' },
): Promise<void> {
  await withCluster(context, async ({ client }, namespace) => {
    const snapshot = await takeSnapshot(client, namespace, context.signal);
    const about = subjectOf(snapshot, subject);
    if (output !== 'json') {
      context.terminal.lines(whyLines(snapshot, about, context.terminal.colors));
      return;
    }
    context.terminal.json(whyReport(snapshot, about));
  });
}

function whyReport(snapshot: Snapshot, subject: ObjectReference): object {
  const [chain, ...others] = explainAll(snapshot, subject);
  const refused = refusalOfSubject(snapshot, chain);
  const ending = endingOf(snapshot);
  const told = (one: Chain) => ({ chain: one, root: rootOf(one), advice: adviceOf(snapshot, one) });
  return {
    ready: chain[0].state === 'Ready' && !refused && !ending,
    ...told(chain),
    ...(others.length > 0 ? { others: others.map(told) } : {}),
    ...(refused ? { refused } : {}),
    ...(ending ? { ending } : {}),
  };
}

export function whyLines(snapshot: Snapshot, subject: ObjectReference, colors: Colors): string[] {
  const ending = endingOf(snapshot);
  // All else follows from it.
  if (ending) return ending;
  const [chain, ...others] = explainAll(snapshot, subject);
  const lines = renderChains(
    [chain, ...others].map((one) => ({ chain: one, advice: adviceOf(snapshot, one) })),
    colors,
    snapshot.takenAt,
  );
  const refused = refusalOfSubject(snapshot, chain);
  return refused ? [...lines, ...renderRefusal(refused, snapshot.controlPlane, colors)] : lines;
}

function adviceOf(snapshot: Snapshot, chain: Chain): Advice {
  return adviceFor(chain, snapshot.namespace, (object) => {
    const found = snapshot.find(object);
    const owner = found && controllerOf(found);
    return owner?.kind === 'ControlPlane' ? owner.name : undefined;
  });
}

/** What the control plane may not change of a service that is ready, as it was told last. */
function refusalOfSubject({ controlPlane }: Snapshot, [{ object, state }]: Chain): Condition | undefined {
  return state === 'Ready' && object.kind !== 'ControlPlane' ? refusalOf(controlPlane, object.name) : undefined;
}

/**
 * By the service's name; as "Kind/name" whatever there is of ours, and workloads; by the name of a claim. Without one, the
 * control plane.
 */
export function subjectOf(snapshot: Snapshot, subject: string | undefined): ObjectReference {
  const { controlPlane, services, ours, namespace } = snapshot;
  if (subject === undefined) {
    if (controlPlane) return referenceOf(controlPlane);
    if (snapshot.home?.metadata?.deletionTimestamp) return referenceOf(snapshot.home);
    throw new CliError(`There is no ControlPlane in namespace ${namespace}.`, { hints: namesHint(snapshot) });
  }
  const [kind, name] = subject.includes('/') ? (subject.split('/', 2) as [string, string]) : [undefined, subject];
  const isOfKind = (object: KubeObject) => {
    const is = (object.kind ?? '').toLowerCase();
    return kind === undefined || [is, `${is}s`].includes(kind.toLowerCase().split('.', 1)[0] ?? '');
  };
  const candidates = kind === undefined ? [...services, ...ours] : snapshot.all;
  const found = candidates.find((object) => object.metadata?.name === name && isOfKind(object));
  if (found) return referenceOf(found);
  // A service that the ControlPlane names and that does not exist: the ControlPlane knows why.
  if (controlPlane && servicesNamedIn(controlPlane).includes(subject)) return referenceOf(controlPlane);
  const meant = suggestionFor(
    name,
    candidates.filter(isOfKind).map(({ metadata }) => metadata?.name ?? ''),
  );
  throw new CliError(
    kind === undefined
      ? `There is no service "${subject}" in namespace ${namespace}.`
      : `There is no ${kind} ${name} in namespace ${namespace}.`,
    { hints: [...(meant === undefined ? [] : [`Did you mean ${meant}?`]), ...namesHint(snapshot)] },
  );
}

const namesHint = ({ services, ours }: Snapshot): string[] => {
  const claims = ours.filter(isClaim).map(({ kind = '', metadata }) => `${kind}/${metadata?.name ?? ''}`);
  return services.length > 0
    ? [
        `Services there: ${services.map(({ metadata }) => metadata?.name).join(', ')}`,
        ...(claims.length > 0 ? [`Claims there: ${claims.join(', ')}`] : []),
      ]
    : ['Name another one with --namespace.'];
};
