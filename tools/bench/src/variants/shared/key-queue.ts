// The queue that any controller needs, for the variants that have no library for it: each key at most once, never twice at
// the same time, again with growing delay after an error. First in, first out.
export class KeyQueue {
  readonly #reconcile: (name: string) => Promise<void>;
  readonly #concurrency: number;
  readonly #waiting = new Set<string>();
  readonly #running = new Set<string>();
  readonly #again = new Set<string>();
  readonly #failures = new Map<string, number>();
  #started = false;
  /** Reconciles that ended. */
  readonly total = { success: 0, error: 0 };

  constructor(reconcile: (name: string) => Promise<void>, concurrency: number) {
    this.#reconcile = reconcile;
    this.#concurrency = concurrency;
  }

  get depth(): number {
    return this.#waiting.size + this.#running.size;
  }

  add(name: string): void {
    if (this.#running.has(name)) this.#again.add(name);
    else this.#waiting.add(name);
    this.#next();
  }

  /** Before, keys are only collected: the caches are not full yet. */
  start(): void {
    this.#started = true;
    this.#next();
  }

  #next(): void {
    if (!this.#started) return;
    for (const name of this.#waiting) {
      if (this.#running.size >= this.#concurrency) return;
      this.#waiting.delete(name);
      this.#running.add(name);
      void this.#run(name);
    }
  }

  async #run(name: string): Promise<void> {
    try {
      await this.#reconcile(name);
      this.total.success += 1;
      this.#failures.delete(name);
    } catch (error) {
      this.total.error += 1;
      const failures = this.#failures.get(name) ?? 0;
      this.#failures.set(name, failures + 1);
      console.error(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      setTimeout(() => this.add(name), Math.min(5 * 2 ** failures, 60_000));
    }
    this.#running.delete(name);
    if (this.#again.delete(name)) this.#waiting.add(name);
    this.#next();
  }
}
