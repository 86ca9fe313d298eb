// Things that run for as long as the manager does, started and stopped together.
import type { Clock } from '../seams/clock.js';
import { lasting, settlesWithin } from '../seams/wait.js';
import type { Runnable } from './manager.js';

export class Runnables {
  readonly #waiting: Runnable[] = [];
  readonly #running = new Set<Promise<void>>();
  readonly #stop = lasting();
  readonly #onFailure: (error: unknown) => void;
  #started = false;

  /** `onFailure`: one of them rejected; called at most once per runnable. */
  constructor(onFailure: (error: unknown) => void) {
    this.#onFailure = onFailure;
  }

  add(runnable: Runnable): void {
    if (this.#started) this.#start(runnable);
    else this.#waiting.push(runnable);
  }

  start(): void {
    this.#started = true;
    for (const runnable of this.#waiting.splice(0)) this.#start(runnable);
  }

  /** False: some had not ended after `grace` milliseconds. */
  async stop(reason: Error, clock: Clock, grace: number): Promise<boolean> {
    this.#started = true;
    this.#waiting.length = 0;
    this.#stop.abort(reason);
    return this.#running.size === 0 || settlesWithin(clock, grace, Promise.all(this.#running));
  }

  #start(runnable: Runnable): void {
    if (this.#stop.signal.aborted) return;
    const run = Promise.resolve()
      .then(() => runnable.start(this.#stop.signal))
      .catch((error: unknown) => {
        // What it says while it is being stopped is not a failure.
        if (!this.#stop.signal.aborted) this.#onFailure(error);
      })
      .finally(() => this.#running.delete(run));
    this.#running.add(run);
  }
}
