// A devcluster of the run's own, as a user has it: another process, HTTPS, a state directory.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

/** The folder of the package, wherever it is installed. */
export const devclusterPackage = dirname(
  createRequire(import.meta.url).resolve('@stackwright/devcluster/package.json'),
);

export type NodeDriver = 'simulated' | 'podman';

export interface DevclusterProcess {
  /** Path of the kubeconfig. */
  kubeconfig: string;
  stop(): Promise<void>;
}

export async function startDevclusterProcess(node: NodeDriver): Promise<DevclusterProcess> {
  const stateDirectory = mkdtempSync(join(tmpdir(), 'conformance-cluster-'));
  const command = [...program(), '--state-dir', stateDirectory, '--node', node];
  const child = spawn(process.execPath, command, {
    stdio: ['ignore', 'pipe', 'pipe'],
    // The conditions and loaders of the test runner are not those of the cluster.
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  try {
    await up(child);
  } catch (error) {
    await end(child);
    rmSync(stateDirectory, { recursive: true, force: true });
    throw error;
  }
  return {
    kubeconfig: join(stateDirectory, 'kubeconfig'),
    stop: async () => {
      await end(child);
      // Containers outlive the process: that is their point, but not here.
      if (node === 'podman')
        await once(spawn(process.execPath, [...command, '--teardown'], { stdio: 'ignore' }), 'exit');
      rmSync(stateDirectory, { recursive: true, force: true });
    },
  };
}

function program(): string[] {
  // In the workspace from its sources, elsewhere as it was published.
  if (!import.meta.filename.endsWith('.ts')) return [join(devclusterPackage, 'bin/devcluster.mjs')];
  return ['--import', 'tsx', '--conditions=@stackwright/source', join(devclusterPackage, 'src/main.ts')];
}

/** Resolves when it says that it is up. */
async function up(child: ChildProcess): Promise<void> {
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  for await (const line of createInterface({ input: child.stdout! }))
    if (line.includes('cluster is up')) return drain(child);
  throw new Error(`the devcluster did not start: ${said}`);
}

/** A pipe that nobody reads fills up, and its writer stands still. */
function drain(child: ChildProcess): void {
  child.stdout?.resume();
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 30_000);
  await exit;
  clearTimeout(timer);
}
