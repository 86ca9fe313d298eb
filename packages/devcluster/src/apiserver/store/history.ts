// What happened to one resource lately: the source of every watch.
import type { ApiObject } from '../json.js';

export interface StoreEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  revision: number;
  key: string;
  /** The new state; for DELETED the last one, carrying the revision of the deletion. */
  object: ApiObject;
  /** The state before; absent for ADDED. */
  previous?: ApiObject;
}

export class History {
  /** Events up to and including this revision are forgotten. */
  floor: number;
  readonly #limit: number;
  #events: StoreEvent[] = [];
  readonly #listeners = new Set<() => void>();

  constructor(floor: number, limit: number) {
    this.floor = floor;
    this.#limit = limit;
  }

  record(event: StoreEvent): void {
    this.#events.push(event);
    // Cut in half-lives, so that the cost per event stays constant.
    if (this.#events.length >= this.#limit * 2) this.#forget(this.#events.length - this.#limit);
  }

  notify(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  /** Events after `revision`, oldest first; undefined when some of them are forgotten. */
  since(revision: number): readonly StoreEvent[] | undefined {
    if (revision < this.floor) return undefined;
    return this.#events.slice(this.#indexAfter(revision));
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Forgets everything up to `revision`: what compaction does, and how tests and fault plans make a watch expire. */
  compact(revision: number): void {
    this.#forget(this.#indexAfter(revision));
    this.floor = Math.max(this.floor, revision);
    this.notify();
  }

  get watchers(): number {
    return this.#listeners.size;
  }

  #forget(count: number): void {
    const last = this.#events[count - 1];
    if (!last) return;
    this.floor = last.revision;
    this.#events = this.#events.slice(count);
  }

  #indexAfter(revision: number): number {
    let low = 0;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#events[middle] as StoreEvent).revision <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
