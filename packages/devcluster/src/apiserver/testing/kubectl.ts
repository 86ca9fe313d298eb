// The real kubectl, with a home of its own, on a cluster.
import { execFile, execFileSync, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Result {
  code: number;
  stdout: string;
  stderr: string;
}

/** Whether there is one. Says so on stderr when not: tests with it are skipped then. */
export function isInstalled(): boolean {
  try {
    execFileSync('kubectl', ['version', '--client'], { stdio: 'ignore' });
    return true;
  } catch {
    process.stderr.write('kubectl is not on the PATH: its walk-through is skipped\n');
    return false;
  }
}

export class Kubectl {
  readonly #home = mkdtempSync(join(tmpdir(), 'kubectl-'));
  #files = 0;

  constructor(kubeconfig: string) {
    writeFileSync(join(this.#home, 'config'), kubeconfig, { mode: 0o600 });
  }

  close(): void {
    rmSync(this.#home, { recursive: true, force: true });
  }

  run(args: readonly string[], extra?: NodeJS.ProcessEnv): Promise<Result> {
    return new Promise((resolve) => {
      execFile('kubectl', args, { env: this.#environment(extra) }, (error, stdout, stderr) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : error ? 1 : 0, stdout, stderr }),
      );
    });
  }

  /** Throws unless it succeeds. Returns what it printed. */
  async ok(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(args);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
    return stdout;
  }

  /** Throws unless it fails. Returns what it complained of. */
  async fails(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(args);
    if (code === 0) throw new Error(`kubectl ${args.join(' ')} did not fail: ${stdout}`);
    return stderr;
  }

  /** Runs beside the test. */
  spawn(...args: readonly string[]): ChildProcessWithoutNullStreams {
    return spawn('kubectl', args, { env: this.#environment() });
  }

  /** The path of a file with these objects. */
  file(...objects: readonly object[]): string {
    const path = join(this.#home, `${(this.#files += 1)}.yaml`);
    // It takes a file that begins with a brace for one of JSON only.
    writeFileSync(path, objects.map((object) => `---\n${JSON.stringify(object)}\n`).join(''));
    return path;
  }

  #environment(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
    return { PATH: process.env['PATH'] ?? '', HOME: this.#home, KUBECONFIG: join(this.#home, 'config'), ...extra };
  }
}
