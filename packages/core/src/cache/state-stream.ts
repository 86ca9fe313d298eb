// The state of a resource as the beginning of a watch (https://kep.k8s.io/3157), one object at a time.
import { keyOf, type KubeObject, type WatchEvent } from '@stackwright/kube';
import type { Clock, Timer } from '../seams/clock.js';
import type { WatchEnd } from './watch-end.js';
import type { Watcher } from './watcher.js';

/**
 * Milliseconds without an event until a server is taken not to know that the state was asked for. One that does not know it
 * need not refuse it: an aggregated API server may just begin to watch.
 */
const silence = 10_000;

export interface StateStreamOptions<T extends KubeObject> {
  clock: Clock;
  watcher: Watcher<T>;
  transform: (object: T) => T;
  /** The state, complete. What comes after it waits. */
  replace: (objects: Iterable<T>, resourceVersion: string) => Promise<void>;
  /** What comes after it. */
  receive: (event: WatchEvent<T>) => void;
}

/** How a watch that begins with the state ended. */
export interface StreamEnd extends WatchEnd {
  /** The state was told. */
  complete: boolean;
  /** Nothing at all was, for long. */
  silent: boolean;
}

export async function streamState<T extends KubeObject>(
  { clock, watcher, transform, replace, receive }: StateStreamOptions<T>,
  signal: AbortSignal,
): Promise<StreamEnd> {
  const state = new Map<string, T>();
  let complete = false;
  let heard = clock.monotonic();
  let silent: Error | undefined;
  const stop = new AbortController();
  const abort = (): void => stop.abort(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  const listen = (): Timer =>
    clock.schedule(heard + silence - clock.monotonic(), () => {
      if (clock.monotonic() - heard < silence) timer = listen();
      else stop.abort((silent = new Error(`The server said nothing of the state for ${silence} ms`)));
    });
  let timer = listen();
  try {
    const end = await watcher.follow(
      stop.signal,
      { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' },
      // Waits for nothing but the end of the state: a promise for each of its objects would cost more than the object.
      (event) => {
        if (complete) return receive(event);
        heard = clock.monotonic();
        if (event.type === 'BOOKMARK') {
          if (!event.initialEventsEnd) return;
          complete = true;
          timer.cancel();
          return replace(state.values(), event.resourceVersion).then(() => state.clear());
        } else if (event.type === 'DELETED') {
          state.delete(keyOf(event.object));
        } else {
          state.set(keyOf(event.object), transform(event.object));
        }
      },
    );
    return silent
      ? { ...end, reason: 'error', error: silent, complete, silent: true }
      : { ...end, complete, silent: false };
  } finally {
    timer.cancel();
    signal.removeEventListener('abort', abort);
  }
}
