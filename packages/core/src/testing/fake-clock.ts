// A clock that stands still until it is told to advance.
import type { Clock, Timer } from '../seams/clock.js';

interface Pending {
  due: number;
  sequence: number;
  callback: () => void;
}

export class FakeClock implements Clock {
  #elapsed = 0;
  #sequence = 0;
  readonly #epoch: number;
  readonly #pending = new Set<Pending>();

  /** `epoch`: what `now()` says at the start. */
  constructor(epoch = Date.UTC(2025, 0, 1)) {
    this.#epoch = epoch;
  }

  now(): number {
    return this.#epoch + this.#elapsed;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  schedule(delay: number, callback: () => void): Timer {
    const timer: Pending = { due: this.#elapsed + Math.max(0, delay), sequence: this.#sequence++, callback };
    this.#pending.add(timer);
    return { cancel: () => void this.#pending.delete(timer) };
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Milliseconds until the next timer is due; undefined when none waits. */
  get nextDue(): number | undefined {
    const next = this.#next();
    return next && Math.max(0, next.due - this.#elapsed);
  }

  /** Moves time on, runs what falls due in order, and lets promises settle between timers. */
  async advance(milliseconds: number): Promise<void> {
    const target = this.#elapsed + milliseconds;
    await settle();
    for (let next = this.#next(); next && next.due <= target; next = this.#next()) {
      this.#elapsed = Math.max(this.#elapsed, next.due);
      this.#pending.delete(next);
      next.callback();
      await settle();
    }
    this.#elapsed = target;
  }

  /** Advances from timer to timer until `condition` holds; throws when `limit` milliseconds of its time have passed. */
  async until(condition: () => boolean, limit = 3_600_000): Promise<void> {
    const end = this.#elapsed + limit;
    await settle();
    while (!condition()) {
      const due = this.nextDue;
      if (due === undefined || this.#elapsed + due > end) throw new Error('The condition never came true');
      await this.advance(due);
    }
  }

  #next(): Pending | undefined {
    let first: Pending | undefined;
    for (const timer of this.#pending) {
      if (!first || timer.due < first.due || (timer.due === first.due && timer.sequence < first.sequence))
        first = timer;
    }
    return first;
  }
}

/** Lets every promise that can settle without time or I/O do so. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}
