// The machine's clock, for tests of what happens in minutes.
import type { Clock, Timer } from '@stackwright/core';

interface Waiting {
  due: number;
  callback: () => void;
  handle: NodeJS.Timeout;
}

/** Runs as time does, and leaps when it is told to: what falls due in between happens at once. */
export class LeapingClock implements Clock {
  #leapt = 0;
  readonly #waiting = new Set<Waiting>();

  now(): number {
    return Date.now() + this.#leapt;
  }

  monotonic(): number {
    return performance.now() + this.#leapt;
  }

  schedule(delay: number, callback: () => void): Timer {
    const waiting: Waiting = { due: this.monotonic() + delay, callback, handle: this.#start(delay, () => fire()) };
    const fire = (): void => {
      this.#waiting.delete(waiting);
      callback();
    };
    this.#waiting.add(waiting);
    return {
      cancel: () => {
        clearTimeout(waiting.handle);
        this.#waiting.delete(waiting);
      },
    };
  }

  leap(milliseconds: number): void {
    this.#leapt += milliseconds;
    for (const waiting of this.#waiting) {
      clearTimeout(waiting.handle);
      waiting.handle = this.#start(waiting.due - this.monotonic(), () => {
        this.#waiting.delete(waiting);
        waiting.callback();
      });
    }
  }

  #start(delay: number, callback: () => void): NodeJS.Timeout {
    const longest = 2 ** 31 - 1;
    return setTimeout(callback, Math.min(Math.max(delay, 0), longest));
  }
}
