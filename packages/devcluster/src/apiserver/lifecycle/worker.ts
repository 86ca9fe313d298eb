// A queue of keys, worked off one after the other; a key that fails is tried again later.

export class Worker {
  readonly #work: (key: string) => Promise<void>;
  readonly #retryDelay: number;
  readonly #queue = new Set<string>();
  readonly #retries = new Set<NodeJS.Timeout>();
  #running: Promise<void> | undefined;
  #stopped = false;

  constructor(work: (key: string) => Promise<void>, retryDelay = 500) {
    this.#work = work;
    this.#retryDelay = retryDelay;
  }

  add(key: string): void {
    if (this.#stopped) return;
    this.#queue.add(key);
    // In a later turn: the write that caused this is answered first, as on a real cluster.
    this.#running ??= new Promise<void>((resolve) => setImmediate(resolve)).then(() => this.#run());
  }

  /** Resolves when what was under way has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#queue.clear();
    for (const retry of this.#retries) clearTimeout(retry);
    await this.#running;
  }

  async #run(): Promise<void> {
    for (const key of this.#queue) {
      this.#queue.delete(key);
      try {
        await this.#work(key);
      } catch {
        // Whatever stood in its way (an injected fault, a conflict): the state of the world is looked at again.
        const retry = setTimeout(() => {
          this.#retries.delete(retry);
          this.add(key);
        }, this.#retryDelay);
        retry.unref();
        this.#retries.add(retry);
      }
      if (this.#stopped) break;
    }
    this.#running = undefined;
    const [next] = this.#queue;
    if (next !== undefined) this.add(next);
  }
}
