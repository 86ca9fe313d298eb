// How often one object is worked on, whatever asks for it: a controller whose own write wakes it, or whose children are
// refused, must starve neither the process nor the journal.
import { ItemBackoff } from '../shared/item-backoff.js';

/** An object that keeps failing is woken by changes no more often than this, in milliseconds: a change may be the cure. */
const WAKE_INTERVAL = 1_000;

/** How many passes one object gets in a row: a start of many Pods that are ready at once needs as many. */
const BURST = 100;
/** Milliseconds after which it gets one more. Who makes progress is slowed by no more than this, and never stopped. */
const REFILL = 100;
/** How many objects begin before those at rest are forgotten. */
const SWEEP = 100;

interface Passes {
  left: number;
  /** Of the last pass. */
  at: number;
}

export class Pace {
  readonly #backoff = new ItemBackoff();
  readonly #passes = new Map<string, Passes>();

  /** Milliseconds until a pass that was asked for may begin. */
  wait(key: string, now: number): number {
    const passes = this.#passes.get(key);
    if (!passes) return 0;
    const backoff = Math.min(this.#backoff.delay(key), WAKE_INTERVAL);
    return Math.max(0, passes.at + backoff - now, Math.ceil((1 - leftOf(passes, now)) * REFILL));
  }

  begin(key: string, now: number): void {
    const passes = this.#passes.get(key);
    this.#passes.set(key, { left: (passes ? leftOf(passes, now) : BURST) - 1, at: now });
    if (!passes && this.#passes.size % SWEEP === 0) this.#sweep(now);
  }

  succeeded(key: string): void {
    this.#backoff.forget(key);
  }

  /** Returns milliseconds until the next try. */
  failed(key: string): number {
    return this.#backoff.failed(key);
  }

  #sweep(now: number): void {
    for (const [key, passes] of this.#passes)
      if (leftOf(passes, now) >= BURST && this.#backoff.delay(key) === 0) this.#passes.delete(key);
  }
}

const leftOf = ({ left, at }: Passes, now: number): number => Math.min(BURST, left + (now - at) / REFILL);
