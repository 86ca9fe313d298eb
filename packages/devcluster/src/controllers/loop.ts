import { isConflict, keyOf, parseKey, type KubeObject, type ObjectKey } from '@stackwright/kube';
import type { Clock, Timer } from '../shared/clock.js';
import { messageOf, type Log } from '../shared/log.js';
import { Pace } from './pace.js';

export interface LoopOptions {
  name: string;
  /** Brings one object to what it should be. Returns milliseconds after which to look again, or nothing. */
  reconcile(key: ObjectKey): Promise<number | void>;
  clock: Clock;
  log: Log;
  /** How many objects are worked on at a time. Default 4. */
  workers?: number;
}

/**
 * The heart of every workload controller: keys come in from watches, each is reconciled by one worker at a time, and
 * again when it changed meanwhile; failures are retried with back-off, and no object gets passes without end in no time
 * (see pace.ts). Deliberately independent of @stackwright/core: the devcluster must not share bugs with what is tested
 * on it.
 */
export class Loop {
  readonly #options: LoopOptions;
  readonly #queue = new Set<string>();
  readonly #working = new Map<string, Promise<void>>();
  readonly #pace = new Pace();
  readonly #later = new Map<string, { due: number; timer: Timer }>();
  #running = false;
  #stopped = false;
  #pumping = false;

  constructor(options: LoopOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = true;
    this.#stopped = false;
    this.#pump();
  }

  /** Resolves when no reconcile is under way any more. */
  async stop(): Promise<void> {
    this.#running = false;
    this.#stopped = true;
    for (const { timer } of this.#later.values()) timer.cancel();
    this.#later.clear();
    await Promise.all(this.#working.values());
  }

  add(object: KubeObject | ObjectKey): void {
    this.#queue.add(keyOf(object));
    this.#pump();
  }

  /** The earliest of several requests for one object counts. */
  addAfter(object: KubeObject | ObjectKey, milliseconds: number): void {
    // Watches end later than this does, and no timer may outlive it.
    if (this.#stopped) return;
    const key = keyOf(object);
    const due = this.#options.clock.now() + milliseconds;
    const waiting = this.#later.get(key);
    if (waiting && waiting.due <= due) return;
    waiting?.timer.cancel();
    const timer = this.#options.clock.schedule(milliseconds, () => {
      this.#later.delete(key);
      this.add(parseKey(key));
    });
    this.#later.set(key, { due, timer });
  }

  /** Not at once: what is added in one go is then worked on once. */
  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    queueMicrotask(() => {
      this.#pumping = false;
      this.#begin();
    });
  }

  #begin(): void {
    const workers = this.#options.workers ?? 4;
    for (const key of this.#queue) {
      if (!this.#running || this.#working.size >= workers) return;
      if (this.#working.has(key)) continue;
      this.#queue.delete(key);
      const now = this.#options.clock.now();
      const wait = this.#pace.wait(key, now);
      if (wait > 0) {
        this.addAfter(parseKey(key), wait);
        continue;
      }
      this.#pace.begin(key, now);
      const work = this.#work(key).finally(() => {
        this.#working.delete(key);
        this.#pump();
      });
      this.#working.set(key, work);
    }
  }

  async #work(key: string): Promise<void> {
    try {
      const again = await this.#options.reconcile(parseKey(key));
      this.#pace.succeeded(key);
      if (this.#running && typeof again === 'number') this.addAfter(parseKey(key), Math.max(again, 1));
    } catch (error) {
      const fields = { controller: this.#options.name, object: key, error: messageOf(error) };
      if (isConflict(error)) this.#options.log.debug('conflict, trying again', fields);
      else this.#options.log.warn('reconcile failed', fields);
      const wait = this.#pace.failed(key);
      if (this.#running) this.addAfter(parseKey(key), wait);
    }
  }
}
