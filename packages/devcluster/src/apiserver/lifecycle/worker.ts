// A queue of keys, worked off one after the other; a key that fails is tried again, later each time.
import { systemClock, type Clock, type Timer } from '../../shared/clock.js';
import { ItemBackoff } from '../../shared/item-backoff.js';

export interface WorkerOptions {
  /** The longest wait between two tries, in milliseconds. Default 1 000 000. */
  longestRetry?: number;
  clock?: Clock;
}

export class Worker {
  readonly #work: (key: string) => Promise<void>;
  readonly #backoff: ItemBackoff;
  readonly #clock: Clock;
  readonly #queue = new Set<string>();
  readonly #retries = new Set<Timer>();
  #running: Promise<void> | undefined;
  #stopped = false;

  constructor(work: (key: string) => Promise<void>, options: WorkerOptions = {}) {
    this.#work = work;
    this.#backoff = new ItemBackoff(options.longestRetry);
    this.#clock = options.clock ?? systemClock;
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
    for (const retry of this.#retries) retry.cancel();
    await this.#running;
  }

  async #run(): Promise<void> {
    for (const key of this.#queue) {
      this.#queue.delete(key);
      try {
        await this.#work(key);
        this.#backoff.forget(key);
      } catch {
        // Whatever stood in its way (an injected fault, a conflict): the state of the world is looked at again.
        this.#retry(key, this.#backoff.failed(key));
      }
      if (this.#stopped) break;
    }
    this.#running = undefined;
    const [next] = this.#queue;
    if (next !== undefined) this.add(next);
  }

  #retry(key: string, delay: number): void {
    if (this.#stopped) return;
    const retry = this.#clock.schedule(delay, () => {
      this.#retries.delete(retry);
      this.add(key);
    });
    this.#retries.add(retry);
  }
}
