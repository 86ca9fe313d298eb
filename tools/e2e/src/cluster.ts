// The cluster under test: its own state directory, reached as a user reaches it.
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { createClient, createTransport, loadConfig, type Client } from '@stackwright/kube';

const root = resolve(import.meta.dirname, '../../..');

export const namespace = 'openstack';

export interface Output {
  code: number;
  stdout: string;
  stderr: string;
}

export class Cluster {
  readonly stateDir = mkdtempSync(join(tmpdir(), 'stackwright-e2e-'));
  readonly kubeconfig = join(this.stateDir, 'kubeconfig');
  #client: Client | undefined;
  #close: () => void = () => undefined;

  get client(): Client {
    if (!this.#client) throw new Error('the cluster did not come up: see the first test');
    return this.#client;
  }

  async connect(): Promise<void> {
    const transport = createTransport({
      connection: await loadConfig({ kubeconfig: this.kubeconfig }),
      userAgent: 'e2e',
    });
    this.#client = createClient(transport);
    this.#close = () => {
      transport.close();
    };
  }

  close(): void {
    this.#close();
  }

  /** `npm start`, its output shown. */
  async npmStart(...args: string[]): Promise<Output> {
    return run('npm', ['start', '--', '--state-dir', this.stateDir, ...args], { show: true });
  }

  async stackwright(...args: string[]): Promise<Output> {
    return run(process.execPath, [
      join(root, 'packages/cli/bin/stackwright.mjs'),
      '--state-dir',
      this.stateDir,
      '--no-color',
      ...args,
    ]);
  }

  async kubectl(input: string | undefined, ...args: string[]): Promise<Output> {
    return run('kubectl', ['--kubeconfig', this.kubeconfig, ...args], input === undefined ? {} : { input });
  }

  /** Process id of the embedded cluster. */
  get pid(): number {
    return (JSON.parse(readFileSync(join(this.stateDir, 'daemon.json'), 'utf8')) as { pid: number }).pid;
  }
}

/** Never rejects for an exit code: that is what tests look at. */
export async function run(
  command: string,
  args: readonly string[],
  { show = false, input }: { show?: boolean; input?: string } = {},
): Promise<Output> {
  const child = spawn(command, args, {
    cwd: root,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, CI: 'true', NO_COLOR: '1' },
  });
  const output: Output = { code: -1, stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
      if (show) process.stderr.write(text);
    });
  }
  child.stdin.end(input ?? '');
  output.code = await new Promise<number>((done, fail) => {
    child.on('error', fail).on('close', (code) => {
      done(code ?? -1);
    });
  });
  return output;
}

export async function hasKubectl(): Promise<boolean> {
  return promisify(execFile)('kubectl', ['version', '--client']).then(
    () => true,
    () => false,
  );
}
