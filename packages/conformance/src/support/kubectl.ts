// The real kubectl, on the kubeconfig of the run.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { toYaml } from '@stackwright/kube';
import { target } from './target.js';

export interface Result {
  code: number;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  stdin?: string;
  environment?: NodeJS.ProcessEnv;
}

/** Where a kubectl that goes on running says something. */
export interface Running {
  /** Resolves with all of its output as soon as that matches; rejects when it ended or took too long without. */
  says(pattern: RegExp): Promise<string>;
  /** Sends it Ctrl-C, and waits for its end. */
  stop(): Promise<void>;
}

export class Kubectl {
  readonly #home = mkdtempSync(join(tmpdir(), 'conformance-'));
  readonly #namespace: string;
  readonly #children = new Set<ChildProcess>();
  #files = 0;

  constructor(namespace: string) {
    this.#namespace = namespace;
  }

  /** Runs it in the bench's namespace, whatever comes of it. */
  try(args: readonly string[], { stdin, environment = {} }: RunOptions = {}): Promise<Result> {
    return new Promise((resolve) => {
      const child = execFile(
        'kubectl',
        [...this.#common(), ...args],
        { env: this.#environment(environment), timeout: 2 * target.patience, maxBuffer: 64 * 1024 * 1024 },
        (error, stdout, stderr) =>
          resolve({ code: typeof error?.code === 'number' ? error.code : error ? 1 : 0, stdout, stderr }),
      );
      child.stdin?.end(stdin ?? '');
    });
  }

  /** Runs it, and throws unless it succeeds. Resolves with what it printed. */
  run = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await this.try(args);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: exit code ${code}: ${stderr}${stdout}`);
    return stdout;
  };

  /** Runs it, and throws if it succeeds. Resolves with what it complained about. */
  async refused(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.try(args);
    if (code === 0) throw new Error(`kubectl ${args.join(' ')} succeeded: ${stdout}`);
    return stderr;
  }

  /** Starts one that goes on. */
  start(...args: readonly string[]): Running {
    const child = spawn('kubectl', [...this.#common(), ...args], { env: this.#environment() });
    this.#children.add(child);
    const ended = new Promise<void>((resolve) =>
      child.once('close', () => {
        this.#children.delete(child);
        resolve();
      }),
    );
    let text = '';
    const listeners = new Set<() => void>();
    const hear = (chunk: Buffer): void => {
      text += chunk.toString();
      for (const listener of listeners) listener();
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    return {
      says: (pattern) =>
        new Promise((resolve, reject) => {
          const fail = (how: string): void =>
            reject(new Error(`kubectl ${args.join(' ')} ${how} and did not say ${String(pattern)}: ${text}`));
          const timer = setTimeout(() => fail('went on'), target.patience);
          const look = (): void => {
            if (!pattern.test(text)) return;
            clearTimeout(timer);
            listeners.delete(look);
            resolve(text);
          };
          listeners.add(look);
          void ended.then(() => {
            clearTimeout(timer);
            fail('ended');
          });
          look();
        }),
      stop: async () => {
        child.kill('SIGINT');
        await ended;
      },
    };
  }

  /** A manifest with these objects; its path. */
  file(...objects: readonly object[]): string {
    return this.text(toYaml(...objects));
  }

  /** A file with this content; its path. */
  text(content: string): string {
    const path = join(this.#home, `${(this.#files += 1)}.yaml`);
    writeFileSync(path, content);
    return path;
  }

  /** A directory with these files; its path. */
  directory(files: Record<string, string>): string {
    const path = join(this.#home, String((this.#files += 1)));
    mkdirSync(path);
    for (const [name, content] of Object.entries(files)) writeFileSync(join(path, name), content);
    return path;
  }

  dispose(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    rmSync(this.#home, { recursive: true, force: true });
  }

  #common(): string[] {
    return ['--namespace', this.#namespace];
  }

  /** Credential plugins need what the user has; what kubectl remembers of other clusters must not be used. */
  #environment(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
    return {
      ...process.env,
      KUBECACHEDIR: join(this.#home, 'cache'),
      KUBECTL_KUBERC: 'false',
      ...extra,
    };
  }
}

/** Called at the top of a file, beside `bench`. */
export function kubectlIn(namespace: string): Kubectl {
  const kubectl = new Kubectl(namespace);
  afterAll(() => kubectl.dispose());
  return kubectl;
}
