// The work queue: every key that needs work, each at most once, none handed out twice at a time.
//
// A key is in exactly one of these places: `ready` (to be handed out), `delayed` (to become ready at its time), parked
// (needs work, but is being processed; becomes ready when that is done), or nowhere. Being processed is a second, independent fact.
import type { Clock, Timer } from '../seams/clock.js';
import { Heap, type HeapItem } from './heap.js';
import { ItemBackoff, type ItemBackoffOptions } from './item-backoff.js';

export interface AddOptions {
  /** Milliseconds. Of several adds the earliest counts. Default 0; of a key that fails again and again, 1,000. */
  after?: number;
  /** Higher first; of several adds the highest counts. Default 0. */
  priority?: number;
  /** Wait for the key's back-off (and count a failure). `after` is ignored. Default false. */
  rateLimited?: boolean;
}

export interface QueueItem {
  readonly key: string;
  /** A requeue should keep it. */
  readonly priority: number;
}

/** What metrics want to know. */
export interface QueueObserver {
  /** A key became ready, or was handed out again. */
  depthChanged(priority: number, by: 1 | -1): void;
  added(): void;
  /** Seconds between becoming ready and being handed out. */
  handedOut(waited: number): void;
  /** Seconds between being handed out and done. */
  finished(worked: number): void;
  retried(): void;
}

export interface WorkQueueOptions {
  clock: Clock;
  backoff?: ItemBackoffOptions;
  observer?: QueueObserver;
}

/** Of the initial list and of resyncs: behind everything that just happened. */
export const lowPriority = -100;

interface Entry extends HeapItem {
  readonly key: string;
  priority: number;
  place: 'ready' | 'delayed' | 'parked';
  /** On the monotonic clock. Of a ready or parked entry: since when it is. */
  readyAt: number;
  /** First in, first out within a priority. */
  sequence: number;
}

interface Processing {
  since: number;
}

export class WorkQueue {
  readonly #clock: Clock;
  readonly #backoff: ItemBackoff;
  readonly #observer: QueueObserver | undefined;

  readonly #entries = new Map<string, Entry>();
  readonly #processing = new Map<string, Processing>();
  readonly #ready = new Heap<Entry>((a, b) =>
    a.priority === b.priority ? a.sequence < b.sequence : a.priority > b.priority,
  );
  readonly #delayed = new Heap<Entry>((a, b) =>
    a.readyAt === b.readyAt ? a.sequence < b.sequence : a.readyAt < b.readyAt,
  );
  readonly #waiting: ((item: QueueItem | undefined) => void)[] = [];
  readonly #drained: (() => void)[] = [];

  #sequence = 0;
  #timer: { at: number; handle: Timer } | undefined;
  #shuttingDown = false;

  constructor(options: WorkQueueOptions) {
    this.#clock = options.clock;
    this.#backoff = new ItemBackoff(options.backoff);
    this.#observer = options.observer;
  }

  /** Keys that are ready, delayed or parked. */
  get size(): number {
    return this.#entries.size;
  }

  /** Keys that are ready. */
  get depth(): number {
    return this.#ready.size;
  }

  /** Keys whose failures are remembered. */
  get failing(): number {
    return this.#backoff.size;
  }

  get shuttingDown(): boolean {
    return this.#shuttingDown;
  }

  /** Throws a RangeError for a delay or a priority that is NaN. */
  add(key: string, options: AddOptions = {}): void {
    if (this.#shuttingDown) return;
    const priority = options.priority ?? 0;
    // Among all others it would be neither before nor after any.
    if (Number.isNaN(priority)) throw new RangeError(`The priority of ${key} is not a number`);
    const now = this.#clock.monotonic();
    let after = options.after ?? this.#backoff.waitOfEvent(key);
    if (options.rateLimited) {
      after = this.#backoff.next(key);
      this.#observer?.retried();
    }
    if (Number.isNaN(after)) throw new RangeError(`The delay of ${key} is not a number`);
    const readyAt = now + Math.max(0, after);

    const entry = this.#entries.get(key);
    if (!entry) {
      const made: Entry = { key, priority, place: 'delayed', readyAt, sequence: this.#sequence++, heapIndex: -1 };
      this.#entries.set(key, made);
      if (after > 0) this.#delay(made);
      else this.#becomeReady(made, now);
      return;
    }
    if (priority > entry.priority) this.#raise(entry, priority);
    if (entry.place === 'delayed' && readyAt < entry.readyAt) {
      this.#delayed.remove(entry);
      entry.readyAt = readyAt;
      if (after > 0) this.#delay(entry);
      else this.#becomeReady(entry, now);
    }
  }

  /** The next key; waits for one. Undefined: the queue is shut down and empty. */
  get(): Promise<QueueItem | undefined> {
    const entry = this.#ready.pop();
    if (entry) return Promise.resolve(this.#handOut(entry));
    if (this.#shuttingDown) return Promise.resolve(undefined);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** To be called once for every key that was handed out, whatever came of it. */
  done(key: string): void {
    const processing = this.#processing.get(key);
    if (!processing) return;
    const now = this.#clock.monotonic();
    this.#processing.delete(key);
    this.#observer?.finished((now - processing.since) / 1000);
    const entry = this.#entries.get(key);
    if (entry?.place === 'parked') this.#pushReady(entry);
    if (this.#processing.size === 0) for (const resolve of this.#drained.splice(0)) resolve();
  }

  /** The key did well: its next failure is its first. */
  forget(key: string): void {
    this.#backoff.forget(key);
  }

  failures(key: string): number {
    return this.#backoff.failures(key);
  }

  /** Seconds that each key being processed has been so. */
  *processingTimes(): Iterable<number> {
    const now = this.#clock.monotonic();
    for (const { since } of this.#processing.values()) yield (now - since) / 1000;
  }

  /** Takes nothing more; what is ready is still handed out, what is delayed is dropped. */
  shutDown(): void {
    if (this.#shuttingDown) return;
    this.#shuttingDown = true;
    this.#timer?.handle.cancel();
    this.#timer = undefined;
    for (let entry = this.#delayed.pop(); entry; entry = this.#delayed.pop()) this.#entries.delete(entry.key);
    for (const resolve of this.#waiting.splice(0)) resolve(undefined);
  }

  /** `shutDown`, and resolves when nothing is being processed. */
  shutDownWithDrain(): Promise<void> {
    this.shutDown();
    if (this.#processing.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#drained.push(resolve));
  }

  #delay(entry: Entry): void {
    entry.place = 'delayed';
    this.#delayed.push(entry);
    this.#armTimer();
  }

  #becomeReady(entry: Entry, now: number): void {
    entry.readyAt = now;
    this.#observer?.added();
    this.#observer?.depthChanged(entry.priority, 1);
    if (this.#processing.has(entry.key)) entry.place = 'parked';
    else this.#pushReady(entry);
  }

  #pushReady(entry: Entry): void {
    entry.place = 'ready';
    entry.sequence = this.#sequence++;
    const waiting = this.#waiting.shift();
    if (waiting) waiting(this.#handOut(entry));
    else this.#ready.push(entry);
  }

  #handOut(entry: Entry): QueueItem {
    const now = this.#clock.monotonic();
    this.#entries.delete(entry.key);
    this.#processing.set(entry.key, { since: now });
    this.#observer?.depthChanged(entry.priority, -1);
    this.#observer?.handedOut((now - entry.readyAt) / 1000);
    return { key: entry.key, priority: entry.priority };
  }

  #raise(entry: Entry, priority: number): void {
    if (entry.place !== 'delayed') {
      this.#observer?.depthChanged(entry.priority, -1);
      this.#observer?.depthChanged(priority, 1);
    }
    entry.priority = priority;
    if (entry.place === 'ready') this.#ready.update(entry);
  }

  /** One timer, for the earliest of all delays. It may fire too early (the clock clamps): it looks again. */
  #armTimer(): void {
    const next = this.#delayed.peek();
    if (!next) return;
    if (this.#timer && this.#timer.at <= next.readyAt) return;
    this.#timer?.handle.cancel();
    const handle = this.#clock.schedule(next.readyAt - this.#clock.monotonic(), () => this.#timeIsUp());
    this.#timer = { at: next.readyAt, handle };
  }

  #timeIsUp(): void {
    this.#timer = undefined;
    const now = this.#clock.monotonic();
    for (let entry = this.#delayed.peek(); entry && entry.readyAt <= now; entry = this.#delayed.peek()) {
      this.#delayed.remove(entry);
      this.#becomeReady(entry, now);
    }
    this.#armTimer();
  }
}
