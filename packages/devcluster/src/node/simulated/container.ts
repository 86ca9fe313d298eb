import { writeFile } from 'node:fs/promises';
import { pause, type Clock } from '../../shared/clock.js';
import { messageOf } from '../../shared/log.js';
import type { ContainerSpec, ContainerState, ContainerStatus, ExecResult } from '../runtime.js';
import { LogBuffer } from './log-buffer.js';
import { hostPathOf, terminated, type Program, type ProgramContext } from './program.js';
import type { Behaviour } from './script.js';
import type { SharedState } from './shared-state.js';

const SIGKILL = 9;
const SIGTERM = 15;

export interface ContainerOptions {
  id: string;
  spec: ContainerSpec;
  ip: string;
  clock: Clock;
  shared: SharedState;
  program: Program;
  behaviour: Behaviour;
  onChange(): void;
}

/** How many turns of the event loop a start waits for a program to serve: some never do. */
const PATIENCE = 20;

/** One container of the simulated node: a program, its output, and how it ended. */
export class SimulatedContainer {
  readonly logs = new LogBuffer();
  readonly #options: ContainerOptions;
  readonly #terminate = new AbortController();
  readonly #killed = new AbortController();
  readonly #ended: Promise<void>;
  #markEnded: () => void = () => undefined;
  #serving = false;
  #state: ContainerState;

  constructor(options: ContainerOptions) {
    this.#options = options;
    this.#state = { phase: 'running', startedAt: this.#time() };
    this.#ended = new Promise((resolve) => (this.#markEnded = resolve));
    void this.#run();
  }

  /** Resolves when the program serves, has ended, or takes its time. */
  async started(): Promise<void> {
    for (let turn = 0; turn < PATIENCE && !this.#serving && this.#state.phase === 'running'; turn += 1) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Resolves when it has ended. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  get spec(): ContainerSpec {
    return this.#options.spec;
  }

  status(): ContainerStatus {
    const { id, spec } = this.#options;
    const { podUid, name, attempt, image } = spec;
    return { id, podUid, name, attempt, image, imageId: `simulated:${image}`, state: this.#state };
  }

  /** SIGTERM, and SIGKILL when the grace is over. */
  async stop(gracePeriodSeconds: number): Promise<void> {
    if (this.#state.phase === 'exited') return;
    this.#terminate.abort();
    if (gracePeriodSeconds > 0) await pause(this.#options.clock, gracePeriodSeconds * 1000, this.#killed.signal);
    this.kill();
    await this.#ended;
  }

  kill(oomKilled = false): void {
    this.#end(128 + SIGKILL, oomKilled, SIGKILL);
  }

  async exec(command: readonly string[]): Promise<ExecResult> {
    const { behaviour } = this.#options;
    if (this.#state.phase !== 'running') return { exitCode: 1, stdout: '', stderr: 'the container does not run' };
    if (behaviour.neverReady) return { exitCode: 1, stdout: '', stderr: 'told to be never ready' };
    return { exitCode: 0, stdout: '', stderr: '', ...(await behaviour.exec?.(command)) };
  }

  async #run(): Promise<void> {
    const context = this.#context();
    try {
      const exitCode = await this.#perform(context);
      this.#end(exitCode, this.#options.behaviour.oomKilled ?? false);
    } catch (error) {
      context.log(messageOf(error));
      this.#end(1, false);
    }
  }

  async #perform(context: ProgramContext): Promise<number> {
    const { behaviour, spec, clock, program } = this.#options;
    for (const line of behaviour.logs ?? []) context.log(line);
    const messageFile = hostPathOf(spec, '/dev/termination-log');
    if (behaviour.terminationMessage !== undefined && messageFile)
      await writeFile(messageFile, behaviour.terminationMessage);
    if (behaviour.exitCode !== undefined) {
      if (behaviour.delay)
        await pause(clock, behaviour.delay, behaviour.ignoresTerm ? context.killed : context.terminate);
      return context.terminate.aborted && !behaviour.ignoresTerm ? 128 + SIGTERM : behaviour.exitCode;
    }
    if (behaviour.neverReady) {
      await terminated(context);
      return 0;
    }
    const exitCode = await (behaviour.program ?? program)(context);
    if (behaviour.ignoresTerm)
      await new Promise<void>((resolve) => context.killed.addEventListener('abort', () => resolve(), { once: true }));
    return exitCode;
  }

  #context(): ProgramContext {
    const { spec, ip, clock, shared } = this.#options;
    return {
      spec,
      ip,
      clock,
      shared,
      terminate: this.#terminate.signal,
      killed: this.#killed.signal,
      path: (containerPath) => hostPathOf(spec, containerPath),
      log: (line) => this.logs.append(clock.now(), line),
      serving: () => (this.#serving = true),
    };
  }

  #end(exitCode: number, oomKilled: boolean, signal?: number): void {
    if (this.#state.phase !== 'running') return;
    const { startedAt } = this.#state;
    this.#state = {
      phase: 'exited',
      startedAt,
      finishedAt: this.#time(),
      exitCode,
      oomKilled,
      ...(signal === undefined ? {} : { signal }),
    };
    this.#killed.abort();
    this.logs.close();
    this.#markEnded();
    this.#options.onChange();
  }

  #time(): string {
    return new Date(this.#options.clock.now()).toISOString();
  }
}
