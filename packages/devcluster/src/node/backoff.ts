import type { Clock } from '../shared/clock.js';

interface Entry {
  delay: number;
  updated: number;
}

/** The kubelet's back-off: the first retry is free, each further one waits twice as long, and good behaviour resets it. */
export class Backoff {
  readonly #clock: Clock;
  readonly #limits: { initial: number; max: number };
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock, limits: { initial: number; max: number }) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Milliseconds still to wait after an event at `since`; 0 when the next try may begin. */
  remaining(key: string, since: number): number {
    const entry = this.#entries.get(key);
    if (!entry || this.#isOver(entry, since)) return 0;
    return Math.max(0, since + entry.delay - this.#clock.now());
  }

  /** The wait that applies now. */
  delay(key: string): number {
    return this.#entries.get(key)?.delay ?? 0;
  }

  /** Notes that a try begins, after an event at `since`. */
  next(key: string, since: number): void {
    const entry = this.#entries.get(key);
    const fresh = !entry || this.#isOver(entry, since);
    const delay = fresh ? this.#limits.initial : Math.min(entry.delay * 2, this.#limits.max);
    this.#entries.set(key, { delay, updated: this.#clock.now() });
  }

  forget(key: string): void {
    this.#entries.delete(key);
  }

  #isOver(entry: Entry, since: number): boolean {
    return since - entry.updated > this.#limits.max * 2;
  }
}
