// What a workload works with: one server, one variant of the controller, one load generator, for one run.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Load } from './load.js';
import { measured, type Phase } from './measure.js';
import type { Variant } from './options.js';
import type { ControllerProcess } from './process/controller.js';
import { sum } from './server/protocol.js';
import type { BenchServer } from './server/server.js';

export interface BenchInit {
  variant: Variant;
  objects: number;
  quick: boolean;
  server: BenchServer;
  load: Load;
  startController: (environment: Record<string, string>) => Promise<ControllerProcess>;
}

const quietPoll = 400;
const quietTimeout = 60_000;

export class Bench {
  readonly variant: Variant;
  readonly objects: number;
  readonly quick: boolean;
  readonly server: BenchServer;
  readonly load: Load;
  readonly values: Record<string, number> = {};
  readonly #start: BenchInit['startController'];
  #controller: ControllerProcess | undefined;

  constructor(init: BenchInit) {
    this.variant = init.variant;
    this.objects = init.objects;
    this.quick = init.quick;
    this.server = init.server;
    this.load = init.load;
    this.#start = init.startController;
  }

  get controller(): ControllerProcess {
    if (!this.#controller) throw new Error('no controller runs');
    return this.#controller;
  }

  record(values: Readonly<Record<string, number>>): void {
    Object.assign(this.values, values);
  }

  /** Resolves as soon as the process exists. */
  async startController(environment: Record<string, string> = {}): Promise<ControllerProcess> {
    this.#controller = await this.#start(environment);
    return this.#controller;
  }

  async stopController(): Promise<void> {
    await this.#controller?.stop();
    this.#controller = undefined;
  }

  /** Measures `work` and what follows from it, until the controller makes no more calls. */
  measure(work: () => Promise<void>): Promise<Phase> {
    return measured(this, async () => {
      await work();
      await this.quiet();
    });
  }

  async quiet(): Promise<void> {
    const began = performance.now();
    let before = -1;
    for (;;) {
      const { all } = sum(await this.server.calls());
      if (all === before) return;
      if (performance.now() - began > quietTimeout) throw new Error(`${this.variant} makes calls without end`);
      before = all;
      await sleep(quietPoll);
    }
  }
}
