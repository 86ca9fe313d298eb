// What a reconciler remembers of objects from one reconcile to the next. All of it may be lost, and goes with its object.
import type { Clock, EventRecorder, Random, Request } from '@stackwright/core';
import type { Graph } from '../declare/graph.js';
import type { Reconciled } from '../declare/step.js';
import { LastOutputs } from '../evaluate/last-outputs.js';
import { UpToDateCache } from '../evaluate/up-to-date.js';
import { Doubts } from '../pace/doubt.js';
import { EchoFilter } from '../pace/echo-filter.js';
import { Retries } from '../pace/retries.js';
import type { StepMetrics } from '../status/metrics.js';
import { StepLog } from '../status/step-log.js';
import { StatusWriter } from '../status/writer.js';
import { ExternalSteps, type ExternalRunner } from './external.js';
import { HeldChildren, type Records } from './held.js';
import { HiddenChildren } from './hidden.js';
import { WriteBackoff } from './write-backoff.js';

export interface MemoriesInit<R extends Reconciled> {
  graph: Graph<R>;
  events: EventRecorder;
  clock: Clock;
  random: Random;
  metrics: StepMetrics;
  fieldManager: string;
  externals?: ExternalRunner<R>;
  records?: Records;
}

interface ObjectMemory {
  forget(uid: string): void;
  readonly size: number;
}

export class Memories<R extends Reconciled> {
  readonly externals: ExternalRunner<R>;
  readonly writeBackoff: WriteBackoff;
  readonly retries: Retries;
  readonly doubts: Doubts;
  readonly upToDate = new UpToDateCache();
  readonly hidden = new HiddenChildren();
  readonly lastOutputs = new LastOutputs();
  readonly held: HeldChildren;
  readonly status: StatusWriter<R>;
  readonly log = new StepLog();
  readonly echoes: EchoFilter;
  /** All that is remembered by uid. */
  readonly #all: readonly ObjectMemory[];
  /** The uid last seen under a name, so that what is remembered goes with its object. */
  readonly #uids = new Map<string, string>();

  constructor(init: MemoriesInit<R>) {
    const { clock, random, records = 'Kept' } = init;
    this.externals = init.externals ?? new ExternalSteps<R>(clock, random);
    this.writeBackoff = new WriteBackoff(clock);
    this.retries = new Retries(clock, this.externals);
    this.doubts = new Doubts(clock);
    this.held = new HeldChildren(clock, records);
    this.status = new StatusWriter<R>(init);
    this.echoes = new EchoFilter(clock);
    this.#all = [
      ...[this.externals, this.writeBackoff, this.retries, this.doubts, this.upToDate, this.hidden],
      ...[this.lastOutputs, this.held, this.status, this.log, this.echoes],
    ];
  }

  /** All in all: 0 when all objects have gone. */
  get size(): number {
    return this.#all.reduce((sum, { size }) => sum + size, this.#uids.size);
  }

  /** What is remembered of another object that had the name before is forgotten. `uid`: undefined where there is none. */
  track({ namespace = '', name }: Request, uid: string | undefined): void {
    const key = `${namespace}/${name}`;
    const before = this.#uids.get(key);
    if (before !== undefined && before !== uid) for (const memory of this.#all) memory.forget(before);
    if (uid === undefined) this.#uids.delete(key);
    else this.#uids.set(key, uid);
  }
}
