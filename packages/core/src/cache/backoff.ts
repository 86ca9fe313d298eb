// How long something that must never give up waits before it tries again.
import type { Clock } from '../seams/clock.js';
import type { Random } from '../seams/random.js';

export interface BackoffOptions {
  /** Milliseconds of the first wait, before jitter. */
  base: number;
  /** Milliseconds at most, before jitter. */
  max: number;
  factor: number;
  /** The wait is stretched by a random share of this: 1 gives between one and two times. */
  jitter: number;
  /** Milliseconds without a failure after which it begins anew. */
  resetAfter: number;
}

/** client-go's reflector: spreads the clients of a server that comes back. */
export const reflectorBackoff: BackoffOptions = { base: 800, max: 30_000, factor: 2, jitter: 1, resetAfter: 120_000 };

/**
 * The time from the beginning of a watch that ended soon, and in good order, to that of the next: what it brought shows that the
 * way is open, so that a copy should not lag long; but a server or proxy that ends every watch is not to be asked all the time.
 */
export const restartBackoff: BackoffOptions = { ...reflectorBackoff, max: 5_000 };

export class Backoff {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #random: Pick<Random, 'float'>;
  readonly #options: BackoffOptions;
  #attempt = 0;
  #last = -Infinity;

  constructor(clock: Pick<Clock, 'monotonic'>, random: Pick<Random, 'float'>, options: BackoffOptions) {
    this.#clock = clock;
    this.#random = random;
    this.#options = options;
  }

  /** Counts a failure and returns the milliseconds to wait; at least `atLeast` (a Retry-After), at most `atMost` before jitter. */
  next(atLeast = 0, atMost = Infinity): number {
    const { base, max, factor, jitter, resetAfter } = this.#options;
    const now = this.#clock.monotonic();
    if (now - this.#last > resetAfter) this.#attempt = 0;
    const wait = Math.min(base * factor ** this.#attempt, max, atMost);
    this.#attempt++;
    const jittered = Math.max(wait * (1 + jitter * this.#random.float()), atLeast);
    this.#last = now + jittered;
    return jittered;
  }
}
