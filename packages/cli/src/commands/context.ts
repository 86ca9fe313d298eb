// What every command is given.
import type { Terminal } from '../terminal/terminal.js';
import { clusterPaths, type ClusterPaths } from '../cluster/paths.js';
import { connect, type ClusterConnection } from '../cluster/connect.js';

/** Options that stand in front of every command. */
export interface GlobalOptions {
  color: boolean;
  stateDir?: string;
  kubeconfig?: string;
  namespace?: string;
}

export interface CommandContext {
  terminal: Terminal;
  paths: ClusterPaths;
  options: GlobalOptions;
  /** Aborted by Ctrl-C and SIGTERM. */
  signal: AbortSignal;
}

export const defaultNamespace = 'openstack';

export function contextOf(terminal: Terminal, options: GlobalOptions, signal: AbortSignal): CommandContext {
  return { terminal, options, signal, paths: clusterPaths(options.stateDir) };
}

/** Runs `work` with a connection to the cluster that the options name, and closes it. */
export async function withCluster<T>(
  context: CommandContext,
  work: (cluster: ClusterConnection, namespace: string) => Promise<T>,
): Promise<T> {
  const cluster = await connect({ kubeconfig: context.options.kubeconfig, embedded: context.paths.kubeconfig });
  try {
    return await work(
      cluster,
      context.options.namespace ?? (cluster.namespace === 'default' ? defaultNamespace : cluster.namespace),
    );
  } finally {
    cluster.close();
  }
}
