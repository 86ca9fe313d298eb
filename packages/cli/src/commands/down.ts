import { existsSync } from 'node:fs';
import {
  devclusterProgram,
  forgetCluster,
  lastDaemon,
  runningDaemon,
  stopDaemon,
  tearDown,
} from '../cluster/daemon.js';
import { workspaceRoot } from '../cluster/paths.js';
import { CliError } from '../errors.js';
import type { CommandContext } from './context.js';

export async function down(
  { paths, terminal, signal }: CommandContext,
  { purge = false }: { purge?: boolean },
): Promise<void> {
  const last = lastDaemon(paths);
  if (!existsSync(paths.stateDir) || !last) {
    terminal.note(`There is no embedded cluster in ${paths.stateDir}.`);
    return;
  }
  const root = workspaceRoot();
  if (root === undefined) throw new CliError('`down` works from a clone only, as `up` does.');
  const running = runningDaemon(paths);
  if (running) await stopDaemon(paths, running, signal);
  await tearDown(paths, devclusterProgram(root), last.node);
  if (purge) forgetCluster(paths);
  terminal.note(
    purge
      ? 'The cluster is gone, its state and volumes with it.'
      : `The cluster is stopped. State and volumes are kept in ${paths.stateDir}.`,
  );
}
