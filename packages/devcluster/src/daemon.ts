// One cluster, one process, one state directory.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { startDevcluster, teardownPodman, type Devcluster, type NodeDriver } from './cluster.js';
import type { Log } from './shared/log.js';
import { openStateDirectory, writePrivate } from './state-directory.js';

/** Milliseconds, as a real namespace controller has it. */
const namespaceGrace = 5_000;

export interface DaemonOptions {
  stateDirectory: string;
  port?: number;
  node: NodeDriver;
  /** That the kubeconfig works in. */
  namespace?: string;
  repository?: string;
  /** Remove what the node made, instead of running. */
  teardown: boolean;
}

/** Resolves when the cluster has been told to stop and has. */
export async function runDaemon(options: DaemonOptions): Promise<void> {
  const { stateDirectory, node } = options;
  openStateDirectory(stateDirectory);
  const release = claim(join(stateDirectory, 'pid'));
  try {
    if (options.teardown) {
      if (node === 'podman') await teardownPodman(stateDirectory);
      return;
    }
    const stopped = new Promise<string>((resolve) => {
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal));
    });
    const cluster = await start(options);
    writePrivate(join(stateDirectory, 'kubeconfig'), cluster.kubeconfig);
    consoleLog.info('cluster is up', { url: cluster.url, node, stateDirectory });
    consoleLog.info('stopping', { signal: await stopped });
    await cluster.stop();
  } finally {
    release();
  }
}

async function start({ stateDirectory, node, ...options }: DaemonOptions): Promise<Devcluster> {
  const portFile = join(stateDirectory, 'port');
  const repository = options.repository ?? repositoryOf(import.meta.dirname);
  const startOn = (port: number): Promise<Devcluster> =>
    startDevcluster({
      stateDirectory,
      node,
      port,
      log: consoleLog,
      namespaceGrace,
      ...(options.namespace === undefined ? {} : { namespace: options.namespace }),
      ...(repository === undefined ? {} : { repository }),
    });
  // Kubeconfigs in people's hands stay good across restarts.
  const before = existsSync(portFile) ? Number(readFileSync(portFile, 'utf8')) : 0;
  let cluster: Devcluster;
  try {
    cluster = await startOn(options.port ?? before);
  } catch (error) {
    if (options.port !== undefined || before === 0 || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE')
      throw error;
    consoleLog.warn('the port of the last start is taken: another one is used', { port: before });
    cluster = await startOn(0);
  }
  writePrivate(portFile, String(cluster.server.port));
  return cluster;
}

/** Two processes on one state would ruin it. Returns what gives it free again. */
function claim(path: string): () => void {
  const pid = existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0;
  if (pid > 0 && pid !== process.pid && isOurs(pid, dirname(path))) {
    throw new Error(`process ${pid} runs this cluster already (${path})`);
  }
  rmSync(path, { force: true });
  // Of two that start at a time one fails here.
  writeFileSync(path, String(process.pid), { flag: 'wx', mode: 0o600 });
  return () => rmSync(path, { force: true });
}

/** Process ids are used again: only one that was started with this directory is meant. */
function isOurs(pid: number, stateDirectory: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(stateDirectory);
  } catch {
    return false;
  }
}

/** The workspace that this program was built in. */
function repositoryOf(from: string): string | undefined {
  for (let directory = from; directory !== dirname(directory); directory = dirname(directory)) {
    const manifest = join(directory, 'package.json');
    if (existsSync(manifest) && (JSON.parse(readFileSync(manifest, 'utf8')) as { workspaces?: unknown }).workspaces)
      return directory;
  }
  return undefined;
}

const consoleLog: Log = {
  debug: () => undefined,
  info: (message, fields) => write('info', message, fields),
  warn: (message, fields) => write('warn', message, fields),
};

function write(level: string, message: string, fields: Readonly<Record<string, unknown>> = {}): void {
  const details = Object.entries(fields).map(
    ([name, value]) => ` ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  process.stdout.write(`${new Date().toISOString()} ${level} ${message}${details.join('')}\n`);
}
