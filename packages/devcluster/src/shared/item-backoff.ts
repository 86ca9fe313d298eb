/** The delays of client-go's default rate limiter of controllers, in milliseconds. */
const FIRST = 5;
const LAST = 1_000_000;

/** How long each item of a queue waits after it failed: at first 5 ms, doubled with every further failure, at most 1000 s. */
export class ItemBackoff {
  readonly #failures = new Map<string, number>();
  readonly #last: number;

  /** `last`: the longest wait, in milliseconds. Default 1 000 000. */
  constructor(last = LAST) {
    this.#last = last;
  }

  /** Notes a failure. Returns the milliseconds to wait before the next try. */
  failed(item: string): number {
    const failures = (this.#failures.get(item) ?? 0) + 1;
    this.#failures.set(item, failures);
    return this.delay(item);
  }

  /** The wait after the failure before; 0 for an item that did not fail. */
  delay(item: string): number {
    const failures = this.#failures.get(item);
    return failures === undefined ? 0 : Math.min(FIRST * 2 ** (failures - 1), this.#last);
  }

  forget(item: string): void {
    this.#failures.delete(item);
  }
}
