// One watch after the other on the same part of a resource; each to its end.
import type { Client, KubeObject, Resource, WatchEvent, WatchOptions } from '@stackwright/kube';
import type { Clock } from '../seams/clock.js';
import type { Random } from '../seams/random.js';
import type { Position } from './position.js';
import type { ReflectorObserver } from './sink.js';
import { watchEnd, watchEndOfRenewal, type WatchEnd } from './watch-end.js';

/** The part of a resource that is looked at. */
export interface Selection {
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
}

export interface WatcherOptions<T extends KubeObject> {
  client: Client;
  clock: Clock;
  random: Random;
  resource: Resource<T>;
  selection: Selection;
  position: Position;
  observer?: ReflectorObserver | undefined;
}

/** The server ends a watch after a random time between these, in seconds, so that restarts spread out. */
const watchTimeout = { least: 300, most: 600 };
/** Milliseconds without a byte until a connection counts as dead. Bookmarks come once a minute. */
const idleTimeout = 90_000;

const renewal = new Error('The watch is begun anew');

export class Watcher<T extends KubeObject> {
  readonly #options: WatcherOptions<T>;
  #current: AbortController | undefined;

  constructor(options: WatcherOptions<T>) {
    this.#options = options;
  }

  /** Ends the watch that goes on, as one that tells too little. */
  renew(): void {
    this.#current?.abort(renewal);
  }

  /** From where the copy stands; never rejects. `receive` may make the watch wait for it. */
  async follow(
    signal: AbortSignal,
    how: Pick<WatchOptions, 'sendInitialEvents' | 'resourceVersionMatch'>,
    receive: (event: WatchEvent<T>) => void | Promise<void>,
  ): Promise<WatchEnd> {
    const { client, clock, random, resource, selection, position, observer } = this.#options;
    const began = clock.monotonic();
    let events = 0;
    let error: unknown;
    const current = (this.#current = new AbortController());
    const stop = (): void => current.abort(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    try {
      const watch = client.watch(resource, {
        ...selection,
        ...how,
        signal: current.signal,
        timeoutSeconds: Math.floor(watchTimeout.least + random.float() * (watchTimeout.most - watchTimeout.least)),
        idleTimeout,
        allowWatchBookmarks: true,
        resourceVersion: position.ofWatch,
      });
      for await (const event of watch) {
        events++;
        observer?.received();
        const pending = receive(event);
        if (pending) await pending;
      }
    } catch (thrown) {
      error = thrown;
    } finally {
      this.#current = undefined;
      signal.removeEventListener('abort', stop);
    }
    if (current.signal.reason === renewal) return watchEndOfRenewal(events, clock.monotonic() - began);
    return watchEnd(error, events, clock.monotonic() - began);
  }
}
