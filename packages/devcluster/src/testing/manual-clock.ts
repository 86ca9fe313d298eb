import type { Clock, Timer } from '../shared/clock.js';

interface Pending {
  due: number;
  serial: number;
  callback: () => void;
}

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  #now: number;
  #serial = 0;
  readonly #pending = new Set<Pending>();

  constructor(start = Date.parse('2025-06-01T12:00:00Z')) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  schedule(delay: number, callback: () => void): Timer {
    this.#serial += 1;
    const pending = { due: this.#now + Math.max(delay, 0), serial: this.#serial, callback };
    this.#pending.add(pending);
    return { cancel: () => this.#pending.delete(pending) };
  }

  /** Fires what falls due within `milliseconds`, in order, letting each one's consequences happen before the next. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    for (let next = this.#next(end); next; next = this.#next(end)) {
      this.#now = Math.max(this.#now, next.due);
      this.#pending.delete(next);
      next.callback();
      await settle();
    }
    this.#now = end;
    await settle();
  }

  #next(until: number): Pending | undefined {
    return [...this.#pending]
      .filter((timer) => timer.due <= until)
      .sort((a, b) => a.due - b.due || a.serial - b.serial)[0];
  }
}

/** Lets promises and I/O that are ready run. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
