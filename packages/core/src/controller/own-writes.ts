// Read your writes: a reconcile that reads a cache which does not show its own last writes yet makes things twice. So
// every write is remembered with its resourceVersion, and the next run of the same request is put off until the cache
// has come that far. Nothing blocks: the request goes back to the queue, and the event that is missing wakes it.
import { keyOf, metadataOf, qualifiedName, type ObjectKey, type Resource } from '@stackwright/kube';
import type { Cache } from '../cache/cache.js';
import type { Clock, Timer } from '../seams/clock.js';

export type Write = { resource: Resource; key: ObjectKey } & ({ resourceVersion: string } | { deletedUid: string });

interface Pending {
  /** When the oldest of the writes was made. */
  since: number;
  /** The last write of each object. */
  writes: Map<string, Write>;
}

export interface OwnWritesOptions {
  cache: Pick<Cache, 'find'>;
  clock: Clock;
  /** Milliseconds after which a request runs whatever the cache shows. */
  timeout: number;
}

export class OwnWrites {
  readonly #options: OwnWritesOptions;
  /** Request → its writes that the cache may not show yet. */
  readonly #pending = new Map<string, Pending>();
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
    let pending = this.#pending.get(request);
    if (!pending) this.#pending.set(request, (pending = { since: this.#options.clock.monotonic(), writes: new Map() }));
    pending.writes.set(`${qualifiedName(write.resource)} ${keyOf(write.key)}`, write);
    this.#armSweep();
  }

  /** Fresh: run. Stale: wait. TimedOut: run anyway; what was waited for is forgotten. */
  check(request: string): 'Fresh' | 'Stale' | 'TimedOut' {
    const pending = this.#pending.get(request);
    if (!pending) return 'Fresh';
    for (const [object, write] of pending.writes) if (this.#seen(write)) pending.writes.delete(object);
    const fresh = pending.writes.size === 0;
    const timedOut = this.#options.clock.monotonic() - pending.since >= this.#options.timeout;
    if (!fresh && !timedOut) return 'Stale';
    this.#pending.delete(request);
    return fresh ? 'Fresh' : 'TimedOut';
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
      for (const [request, { since }] of this.#pending)
        if (clock.monotonic() - since >= keep) this.#pending.delete(request);
      this.#armSweep();
    });
  }
}
