// Brings the embedded cluster's process up: starts it, finds it running, or replaces it by a newer build.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { ApiError } from '@stackwright/kube';
import { connect, type ClusterConnection } from '../cluster/connect.js';
import {
  devclusterProgram,
  lastDaemon,
  lastWords,
  runningDaemon,
  startDaemon,
  stopDaemon,
  type NodeDriver,
} from '../cluster/daemon.js';
import type { ClusterPaths } from '../cluster/paths.js';
import { until } from '../cluster/wait.js';
import { CliError } from '../errors.js';

export interface EnsureOptions {
  root: string;
  node: NodeDriver;
  /** That the kubeconfig works in. */
  namespace: string;
  signal: AbortSignal;
}

/** A state directory holds one kind of cluster for its life. */
export function expectSameKind(paths: ClusterPaths, node: NodeDriver): void {
  const last = lastDaemon(paths);
  if (!last || last.node === node) return;
  throw new CliError(
    `The cluster in ${paths.stateDir} was made with ${last.node === 'simulated' ? '--simulated' : 'real containers'}.`,
    {
      hints: ['Remove it with `npx stackwright down --purge`, or keep both with another --state-dir.'],
    },
  );
}

/** Resolves with a connection to an API server that is ready. */
export async function ensureCluster(
  paths: ClusterPaths,
  { root, node, namespace, signal }: EnsureOptions,
): Promise<ClusterConnection> {
  const program = devclusterProgram(root);
  const build = buildOf(program);
  const running = runningDaemon(paths);
  if (running && running.build !== build) await stopDaemon(paths, running, signal);
  if (running?.build !== build) startDaemon(paths, { program, build, node, namespace });
  return until(() => readyConnection(paths), { every: 100, signal });
}

async function readyConnection(paths: ClusterPaths): Promise<ClusterConnection | undefined> {
  if (!runningDaemon(paths)) {
    throw new CliError('The embedded cluster did not come up. It said:', {
      hints: [...lastWords(paths).split('\n'), `All of its log: ${paths.log}`],
    });
  }
  if (!existsSync(paths.kubeconfig)) return undefined;
  const cluster = await connect({ kubeconfig: paths.kubeconfig, embedded: paths.kubeconfig });
  try {
    await cluster.client.raw('GET', '/readyz', { timeout: 2000 });
    return cluster;
  } catch (error) {
    cluster.close();
    if (error instanceof ApiError) return undefined;
    throw error;
  }
}

/** Tells one build of a program from another. */
export function buildOf(program: string): string {
  if (!existsSync(program)) throw new CliError(`${program} is not built.`, { hints: ['`npm start` builds it.'] });
  return createHash('sha256').update(readFileSync(program)).digest('hex').slice(0, 12);
}
