// All embedded clusters of this machine: a clone that was deleted, or a process that was killed, leaves what no other command finds.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { HostCluster } from '@stackwright/devcluster';
import { devclusterProgram, listClusters, removeCluster } from '../cluster/daemon.js';
import { workspaceRoot } from '../cluster/paths.js';
import { CliError, exitCodes } from '../errors.js';
import { table } from '../terminal/table.js';
import type { CommandContext } from './context.js';

/** Resolves with the exit code: 2 where something is left over, and nobody has said that it shall go. */
export async function downAll(
  { terminal }: CommandContext,
  names: readonly string[],
  { yes = false }: { yes?: boolean },
): Promise<number> {
  const root = workspaceRoot();
  if (root === undefined) throw new CliError('`down` works from a clone only, as `up` does.');
  const program = devclusterProgram(root);
  if (!existsSync(program)) throw new CliError(`${program} is not built.`, { hints: ['`npm start` builds it.'] });
  const clusters = await listClusters(program);
  const chosen = chosenFrom(clusters, names, yes);
  if (names.length === 0) terminal.lines(listed(clusters));
  for (const cluster of chosen) {
    await removeCluster(program, cluster.id);
    terminal.note(`Removed ${nameOf(cluster)}${cluster.hasState ? '; its state is kept' : ''}.`);
  }
  const left = clusters.filter((one) => !one.hasState && !chosen.includes(one));
  if (left.length === 0 || names.length > 0) return exitCodes.ok;
  terminal.note(
    `\nOf ${left.length} the state is gone. To remove what is left of them: the same command with --yes, or with their ids.`,
  );
  return exitCodes.changes;
}

/** Those that are named; or, where that is confirmed, those whose state is gone. Never one that runs and was not named. */
export function chosenFrom(clusters: readonly HostCluster[], names: readonly string[], yes: boolean): HostCluster[] {
  if (names.length === 0) return yes ? clusters.filter(({ hasState }) => !hasState) : [];
  return names.map((name) => {
    const found = clusters.find(({ id, stateDirectory }) => id === name || stateDirectory === resolve(name));
    if (found) return found;
    throw new CliError(`This machine has no embedded cluster ${name}.`, { hints: listed(clusters) });
  });
}

export function listed(clusters: readonly HostCluster[]): string[] {
  if (clusters.length === 0) return ['There is no embedded cluster on this machine, and nothing is left of one.'];
  return table([
    ['ID', 'STATE', 'PROCESS', 'LEFT ON THE MACHINE'],
    ...clusters.map((cluster) => [cluster.id, stateOf(cluster), processOf(cluster), whatOf(cluster)]),
  ]);
}

const stateOf = ({ hasState, stateDirectory }: HostCluster): string =>
  hasState ? (stateDirectory ?? '') : `gone${stateDirectory === undefined ? '' : ` (${stateDirectory})`}`;

const processOf = ({ pid }: HostCluster): string => (pid === undefined ? 'none' : `${pid}`);

function whatOf({ containers, namespaces, bridge, table, folders, mounts }: HostCluster): string {
  const counted = (count: number, what: string) => (count === 0 ? [] : [`${count} ${what}${count === 1 ? '' : 's'}`]);
  const all = [
    ...counted(containers.length, 'container'),
    ...counted(namespaces.length, 'network namespace'),
    ...(bridge === undefined ? [] : [`bridge ${bridge}`]),
    ...(table === undefined ? [] : [`rules ${table}`]),
    ...counted(mounts.length, 'mount'),
    ...counted(folders.length, 'temporary folder'),
  ];
  return all.length > 0 ? all.join(', ') : 'nothing';
}

const nameOf = ({ id, stateDirectory }: HostCluster): string =>
  `the cluster ${id}${stateDirectory === undefined ? '' : ` of ${stateDirectory}`}`;
