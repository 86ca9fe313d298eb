// How often one object is worked on, whatever asks for it: a controller whose own write wakes it, or whose children are
// refused, must starve neither the process nor the journal.
import { ItemBackoff } from '../shared/item-backoff.js';

/** An object that keeps failing is woken by changes no more often than this, in milliseconds: a change may be the cure. */
const WAKE_INTERVAL = 1_000;

/** How many passes one object gets in a row. Beyond any that makes progress: a pass changes much at a time. */
const MOST_PASSES = 100;
/** In milliseconds. */
const WINDOW = 10_000;

interface Passes {
  since: number;
  count: number;
  last: number;
}

export class Pace {
  readonly #backoff = new ItemBackoff();
  readonly #passes = new Map<string, Passes>();

  /** Milliseconds until a pass that was asked for may begin. */
  wait(key: string, now: number): number {
    const passes = this.#passes.get(key);
    if (!passes) return 0;
    const backoff = Math.min(this.#backoff.delay(key), WAKE_INTERVAL);
    const full = passes.count >= MOST_PASSES ? passes.since + WINDOW - now : 0;
    return Math.max(0, passes.last + backoff - now, full);
  }

  begin(key: string, now: number): void {
    const passes = this.#passes.get(key);
    if (passes && now - passes.since < WINDOW) {
      passes.count += 1;
      passes.last = now;
    } else {
      this.#passes.set(key, { since: now, count: 1, last: now });
      if (this.#passes.size % MOST_PASSES === 0) this.#sweep(now);
    }
  }

  succeeded(key: string): void {
    this.#backoff.forget(key);
  }

  /** Returns milliseconds until the next try. */
  failed(key: string): number {
    return this.#backoff.failed(key);
  }

  #sweep(now: number): void {
    for (const [key, { since }] of this.#passes)
      if (now - since >= WINDOW && this.#backoff.delay(key) === 0) this.#passes.delete(key);
  }
}
