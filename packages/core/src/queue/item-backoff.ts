// How long a failing key waits: base · 2^failures, up to a maximum, until it is forgotten.

export interface ItemBackoffOptions {
  /** Milliseconds after the first failure. Default 5. */
  base?: number;
  /** Milliseconds at most. Default 1 000 000. */
  max?: number;
}

export class ItemBackoff {
  readonly #failures = new Map<string, number>();
  readonly #base: number;
  readonly #max: number;

  constructor(options: ItemBackoffOptions = {}) {
    this.#base = options.base ?? 5;
    this.#max = options.max ?? 1_000_000;
  }

  /** Counts a failure and returns the milliseconds to wait. */
  next(key: string): number {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    return Math.min(this.#base * 2 ** failures, this.#max);
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
