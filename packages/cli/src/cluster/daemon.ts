// The embedded cluster's process: started detached, so that it outlives the command, and found again by a note in the
// state directory.
import { execFile, spawn } from 'node:child_process';
import { constants, mkdirSync, openSync, closeSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HostCluster } from '@stackwright/devcluster';
import { CliError } from '../errors.js';
import type { ClusterPaths } from './paths.js';
import { expectOwn } from './trust.js';
import { until } from './wait.js';

export type NodeDriver = 'podman' | 'simulated';

export interface Daemon {
  pid: number;
  node: NodeDriver;
  /** The program that runs; another one now means that it should be started anew. */
  build: string;
}

/** The note of the last start, if that process still runs. */
export function runningDaemon(paths: ClusterPaths): Daemon | undefined {
  const daemon = lastDaemon(paths);
  return daemon && isDaemon(daemon.pid, paths) ? daemon : undefined;
}

/** The note of the last start: tells of which kind the state is, also when nothing runs. */
export function lastDaemon(paths: ClusterPaths): Daemon | undefined {
  expectOwn(paths.stateDir, paths.daemon);
  try {
    return JSON.parse(readFileSync(paths.daemon, 'utf8')) as Daemon;
  } catch {
    return undefined;
  }
}

/** A process id may have been given to somebody else since. */
function isDaemon(pid: number, paths: ClusterPaths): boolean {
  try {
    const [command, ...args] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return command !== undefined && args.includes(paths.stateDir);
  } catch {
    return false;
  }
}

export interface StartOptions {
  /** Path of the program. */
  program: string;
  build: string;
  node: NodeDriver;
  /** That the kubeconfig works in. */
  namespace: string;
}

export function startDaemon(paths: ClusterPaths, { program, build, node, namespace }: StartOptions): Daemon {
  mkdirSync(paths.stateDir, { recursive: true, mode: 0o700 });
  expectOwn(paths.stateDir, paths.log, paths.daemon);
  const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants;
  const log = openSync(paths.log, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600);
  try {
    const args = [
      '--enable-source-maps',
      program,
      '--state-dir',
      paths.stateDir,
      '--node',
      node,
      '--namespace',
      namespace,
    ];
    const child = spawn(process.execPath, args, {
      cwd: '/',
      detached: true,
      stdio: ['ignore', log, log],
    });
    child.unref();
    if (child.pid === undefined) throw new CliError(`Starting ${program} failed.`);
    const daemon: Daemon = { pid: child.pid, node, build };
    writeFileSync(paths.daemon, `${JSON.stringify(daemon)}\n`, { mode: 0o600 });
    return daemon;
  } finally {
    closeSync(log);
  }
}

/** Milliseconds that a process is given to end by itself. */
const grace = 60_000;

/**
 * Asks the process to end, and waits until it has. One that hangs is killed after `patience` milliseconds: what it knows is in
 * its journal. Containers run on: the next start finds them again.
 */
export async function stopDaemon(
  paths: ClusterPaths,
  daemon: Daemon,
  signal: AbortSignal,
  patience: number = grace,
): Promise<void> {
  const ended = (within: AbortSignal): Promise<true> =>
    until(() => Promise.resolve(isDaemon(daemon.pid, paths) ? undefined : true), { every: 50, signal: within });
  process.kill(daemon.pid, 'SIGTERM');
  try {
    await ended(AbortSignal.any([signal, AbortSignal.timeout(patience)]));
  } catch (error) {
    if (signal.aborted || !isDaemon(daemon.pid, paths)) throw error;
    process.kill(daemon.pid, 'SIGKILL');
    await ended(signal);
  }
}

/** Removes the containers and networks of a cluster that does not run. */
export async function tearDown(paths: ClusterPaths, program: string, node: NodeDriver): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    execFile(
      process.execPath,
      [program, '--state-dir', paths.stateDir, '--node', node, '--teardown'],
      (error, _stdout, stderr) => {
        if (error)
          reject(
            new CliError("Removing the cluster's containers failed.", {
              cause: error,
              hints: stderr.trimEnd().split('\n'),
            }),
          );
        else resolve();
      },
    );
  });
}

/** Those that run on this machine or have left something on it. */
export async function listClusters(program: string): Promise<HostCluster[]> {
  return JSON.parse(await runProgram(program, ['--list-clusters'])) as HostCluster[];
}

/** Ends it, and removes all that it has on the machine but its state. */
export async function removeCluster(program: string, id: string): Promise<void> {
  await runProgram(program, ['--remove-cluster', id]);
}

function runProgram(program: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [program, ...args], { maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (!error) return resolve(stdout);
      const hints = stderr.trimEnd().split('\n');
      reject(new CliError('Looking for embedded clusters on this machine failed.', { cause: error, hints }));
    });
  });
}

/** The last lines of the cluster's log, for when it does not come up. */
export function lastWords(paths: ClusterPaths, lines = 10): string {
  try {
    return readFileSync(paths.log, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  } catch {
    return '';
  }
}

export function forgetCluster(paths: ClusterPaths): void {
  rmSync(paths.stateDir, { recursive: true, force: true });
}

export const devclusterProgram = (root: string): string => join(root, 'packages/devcluster/dist/main.js');
