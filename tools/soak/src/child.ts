// A process of the soak, started anew whenever it has ended, as Kubernetes would.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ChildOptions {
  name: string;
  module: URL;
  /** Given how often it was started again. */
  arguments?: (restarts: number) => readonly string[];
  environment?: Record<string, string>;
  /** Where its output goes. */
  log: string;
  onMessage: (message: unknown, restarts: number) => void;
}

export class Child {
  /** How often it was started again, for whatever reason. */
  restarts = 0;
  readonly #options: ChildOptions;
  #process: ChildProcess | undefined;
  #wanted = true;

  constructor(options: ChildOptions) {
    this.#options = options;
    this.#start();
  }

  send(message: object): void {
    if (this.#process?.connected) this.#process.send(message, () => undefined);
  }

  /** Whether it is there to be spoken to. */
  get runs(): boolean {
    return this.#process?.connected ?? false;
  }

  signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal);
  }

  async stop(): Promise<void> {
    this.#wanted = false;
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await Promise.race([ended, sleep(15_000, undefined, { ref: false }).then(() => child.kill('SIGKILL'))]);
    await ended;
  }

  #start(): void {
    const { module, log, name, onMessage } = this.#options;
    const child = fork(module, [...(this.#options.arguments?.(this.restarts) ?? [])], {
      env: { ...process.env, ...this.#options.environment },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#process = child;
    const start = this.restarts;
    child.on('message', (message) => onMessage(message, start));
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => appendFileSync(log, `${name}[${child.pid ?? 0}]: ${chunk.toString()}`));
    }
    child.once('exit', () => {
      if (!this.#wanted) return;
      this.restarts += 1;
      setTimeout(() => this.#wanted && this.#start(), 500);
    });
  }
}
