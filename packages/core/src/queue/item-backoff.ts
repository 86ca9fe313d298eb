// How long a failing key waits: base · 2^failures, up to a maximum, until it is forgotten.

/**
 * Milliseconds that an event of a key waits which fails again and again. What it wrote before it failed is an event, too: without
 * any wait it would be tried as fast as it can fail. What somebody did to mend it should not wait for long, though.
 */
const eventWait = 1_000;

export interface ItemBackoffOptions {
  /** Milliseconds after the first failure; above 0. Default 5. */
  base?: number;
  /** Milliseconds at most; not less than `base`. Default 1 000 000. */
  max?: number;
}

export class ItemBackoff {
  readonly #failures = new Map<string, number>();
  readonly #base: number;
  readonly #max: number;

  constructor(options: ItemBackoffOptions = {}) {
    this.#base = options.base ?? 5;
    this.#max = options.max ?? 1_000_000;
    // Of nothing the double is nothing: what fails would be tried again without end.
    if (!(this.#base > 0 && this.#max >= this.#base)) {
      throw new RangeError(
        `A back-off from ${this.#base} to ${this.#max} ms is none: it has to begin above 0 and not to shrink`,
      );
    }
  }

  /** Counts a failure and returns the milliseconds to wait. */
  next(key: string): number {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    return Math.min(this.#base * 2 ** failures, this.#max);
  }

  /** Milliseconds that an event of the key waits: none until its back-off has grown to more than that. */
  waitOfEvent(key: string): number {
    const failures = this.failures(key);
    const wait = Math.min(this.#base * 2 ** (failures - 1), this.#max);
    return failures > 0 && wait > eventWait ? eventWait : 0;
  }

  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** Keys that are remembered. */
  get size(): number {
    return this.#failures.size;
  }
}
