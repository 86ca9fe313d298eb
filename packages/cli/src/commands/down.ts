import { existsSync } from 'node:fs';
import { forgetCluster, lastDaemon, runningDaemon, stopDaemon } from '../cluster/daemon.js';
import { CliError } from '../errors.js';
import type { CommandContext } from './context.js';

/** How long the cluster's process may take to end. Milliseconds. */
const patience = 60_000;

export async function down({ paths, terminal, signal }: CommandContext, { purge = false }: { purge?: boolean }): Promise<void> {
  if (!existsSync(paths.stateDir) || !lastDaemon(paths)) {
    terminal.note(`There is no embedded cluster in ${paths.stateDir}.`);
    return;
  }
  const daemon = runningDaemon(paths);
  if (daemon) await stopDaemon(paths, daemon, AbortSignal.any([signal, AbortSignal.timeout(patience)]));
  // TODO teardown of containers
  if (purge) forgetCluster(paths);
  terminal.note(purge ? 'The cluster is gone, its state and volumes with it.' : `The cluster is stopped. State and volumes are kept in ${paths.stateDir}.`);
  if (signal.aborted) throw new CliError('Interrupted.');
}
