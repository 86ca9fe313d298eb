// A controller as a process: started, asked over HTTP, measured from outside.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { get } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { sumOf } from './exposition.js';
import { cpuSeconds, memoryOf, sleepsOf, type Memory } from './proc.js';

export interface ControllerStart {
  /** The bundled program. */
  program: string;
  environment: Record<string, string>;
  /** Node's own arguments. */
  nodeArguments?: readonly string[];
  /** Takes what it writes: logs are part of the work. */
  logFile: string;
}

export interface ReconcileState {
  /** Reconciles that ended, whatever their result. */
  reconciles: number;
  errors: number;
  /** Keys that wait for a worker. */
  depth: number;
}

export class ControllerProcess {
  readonly #child: ChildProcess;
  readonly #port: number;
  /** performance.now() when it was started. */
  readonly startedAt: number;

  static async start({
    program,
    environment,
    nodeArguments = [],
    logFile,
  }: ControllerStart): Promise<ControllerProcess> {
    const port = await freePort();
    const log = openSync(logFile, 'a');
    try {
      return new ControllerProcess(
        spawn(process.execPath, [...nodeArguments, program], {
          stdio: ['ignore', log, log],
          env: {
            ...process.env,
            NODE_ENV: 'production',
            BIND_ADDRESS: '127.0.0.1',
            HTTP_PORT: String(port),
            ...environment,
          },
        }),
        port,
      );
    } finally {
      closeSync(log);
    }
  }

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.#port = port;
    this.startedAt = performance.now();
  }

  get #pid(): number {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid === undefined || exitCode !== null || signalCode !== null) {
      throw new Error(`the controller ended by itself (${exitCode ?? signalCode ?? 'not started'}); its log says why`);
    }
    return pid;
  }

  /** Seconds of user and system time so far. */
  cpu(): number {
    return cpuSeconds(this.#pid);
  }

  /** How often something woke it so far. */
  wakeUps(): number {
    return sleepsOf(this.#pid);
  }

  memory(): Memory {
    return memoryOf(this.#pid);
  }

  /** Resolves when its caches are full, with the milliseconds since its start. */
  async synced(timeout = 120_000): Promise<number> {
    for (;;) {
      if ((await this.#ask('/readyz'))?.code === 200) return performance.now() - this.startedAt;
      if (performance.now() - this.startedAt > timeout) throw new Error(`not ready within ${timeout} ms`);
      await sleep(5);
    }
  }

  async state(): Promise<ReconcileState> {
    const answer = await this.#ask('/metrics');
    if (!answer) throw new Error('the controller does not answer');
    const { text } = answer;
    const total = 'controller_runtime_reconcile_total';
    return {
      reconciles: sumOf(text, total),
      errors: sumOf(text, total, { result: 'error' }),
      depth: sumOf(text, 'workqueue_depth') + sumOf(text, 'controller_runtime_active_workers'),
    };
  }

  /** Resolves when `enough` reconciles have ended and none waits, with the milliseconds since its start. */
  async drained(enough: number, poll: number, timeout = 600_000): Promise<number> {
    for (;;) {
      // It answers once it listens.
      const state = await this.state().catch(() => undefined);
      if (state && state.reconciles >= enough && state.depth === 0) return performance.now() - this.startedAt;
      if (performance.now() - this.startedAt > timeout) throw new Error(`not drained within ${timeout} ms`);
      await sleep(poll);
    }
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const late = setTimeout(() => this.#child.kill('SIGKILL'), 40_000);
    await exited;
    clearTimeout(late);
  }

  /** Undefined while nobody answers. */
  #ask(path: string): Promise<{ code: number; text: string } | undefined> {
    void this.#pid;
    return new Promise((resolve) => {
      const options = { host: '127.0.0.1', port: this.#port, path, agent: false, signal: AbortSignal.timeout(30_000) };
      get(options, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => (text += part));
        response.once('end', () => resolve({ code: response.statusCode ?? 0, text }));
        response.once('error', () => resolve(undefined));
      }).once('error', () => resolve(undefined));
    });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
