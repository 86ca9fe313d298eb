// Read your writes: a reconcile that reads a cache which does not show its own last writes yet makes things twice. So
// every write is remembered with its resourceVersion, and the next run of the same request is put off until the cache
// has come that far. Nothing blocks: the request goes back to the queue, and the event that is missing wakes it.
import { keyOf, metadataOf, qualifiedName, type ObjectKey, type Resource } from '@stackwright/kube';
import type { Cache } from '../cache/cache.js';
import type { Clock, Timer } from '../seams/clock.js';

export type Write = { resource: Resource; key: ObjectKey } & ({ resourceVersion: string } | { deletedUid: string });

/** The last write of an object. */
interface Pending {
  write: Write;
  /** When it was made: a run may take longer than the cache is given. */
  at: number;
}

export interface OwnWritesOptions {
  cache: Pick<Cache, 'find'>;
  clock: Clock;
  /** Milliseconds after a write within which the cache has to show it; a request runs after them whatever it shows. */
  timeout: number;
}

export class OwnWrites {
  readonly #options: OwnWritesOptions;
  /** Request → its writes that the cache may not show yet. */
  readonly #pending = new Map<string, Map<string, Pending>>();
  #sweep: Timer | undefined;

  constructor(options: OwnWritesOptions) {
    this.#options = options;
  }

  /** Requests with writes that are remembered. */
  get size(): number {
    return this.#pending.size;
  }

  record(request: string, write: Write): void {
    if (this.#seen(write)) return;
    let writes = this.#pending.get(request);
    if (!writes) this.#pending.set(request, (writes = new Map<string, Pending>()));
    const at = this.#options.clock.monotonic();
    writes.set(`${qualifiedName(write.resource)} ${keyOf(write.key)}`, { write, at });
    this.#armSweep();
  }

  /** Fresh: run. Stale: wait. TimedOut: run anyway; what was waited for is forgotten. */
  check(request: string): 'Fresh' | 'Stale' | 'TimedOut' {
    const writes = this.#pending.get(request);
    if (!writes) return 'Fresh';
    const { clock, timeout } = this.#options;
    let waiting = false;
    for (const [object, { write, at }] of writes) {
      if (this.#seen(write)) writes.delete(object);
      else waiting ||= clock.monotonic() - at < timeout;
    }
    if (waiting) return 'Stale';
    this.#pending.delete(request);
    return writes.size > 0 ? 'TimedOut' : 'Fresh';
  }

  stop(): void {
    this.#sweep?.cancel();
    this.#sweep = undefined;
    this.#pending.clear();
  }

  /** A kind that nobody watches cannot lag. */
  #seen(write: Write): boolean {
    const { cache } = this.#options;
    const informer = cache.find(write.resource) ?? cache.find(metadataOf(write.resource));
    if (!informer) return true;
    if ('deletedUid' in write) return informer.hasSeenDeletion(write.key, write.deletedUid);
    return informer.hasSeen(write.key, write.resourceVersion);
  }

  /** A request that never runs again (its object is gone) would be remembered for ever. */
  #armSweep(): void {
    if (this.#sweep || this.#pending.size === 0) return;
    const { clock, timeout } = this.#options;
    const keep = 2 * timeout;
    this.#sweep = clock.schedule(keep, () => {
      this.#sweep = undefined;
      for (const [request, writes] of this.#pending) {
        for (const [object, { at }] of writes) if (clock.monotonic() - at >= keep) writes.delete(object);
        if (writes.size === 0) this.#pending.delete(request);
      }
      this.#armSweep();
    });
  }
}
