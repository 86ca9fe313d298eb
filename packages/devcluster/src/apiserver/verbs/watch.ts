// Watches follow the history of a resource. There is no queue per watcher: each one remembers the revision that it has
// seen, so a slow client costs nothing, and is told 410 when what it has not read yet is forgotten.
import { ApiError } from '@stackwright/kube';
import type { ServerContext } from '../context.js';
import { internal, invalid, field, revisionTooLarge } from '../errors.js';
import type { ApiObject } from '../json.js';
import { apiVersionOf, fromStorage, type ServedResource } from '../registry/resource.js';
import type { ResourceRequest, WatchItem } from '../request.js';
import { selector, type Predicate } from '../selectors.js';
import type { StoreEvent } from '../store/history.js';
import { parseRevision, tooOld } from './list.js';
import { refuseWhileSettling } from './settling.js';
import { readable } from './versions.js';

/** Refusals are thrown before the first event; what goes wrong later is an ERROR event. */
export function watch(context: ServerContext, request: ResourceRequest): AsyncIterable<WatchItem> {
  const { resource, parameters, namespace } = request;
  const { store } = context;
  refuseWhileSettling(context, resource);
  if (parameters.sendInitialEvents !== undefined && parameters.resourceVersionMatch !== 'NotOlderThan') {
    throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', [
      field.forbidden(
        'sendInitialEvents',
        'sendInitialEvents is forbidden unless resourceVersionMatch is set to NotOlderThan',
      ),
    ]);
  }
  if (parameters.sendInitialEvents === undefined && parameters.resourceVersionMatch !== undefined) {
    throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', [
      field.forbidden(
        'resourceVersionMatch',
        'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
      ),
    ]);
  }
  const wanted = parseRevision(parameters.resourceVersion);
  // A state of the future cannot be told; what comes after it can be waited for.
  if (wanted > store.revision && parameters.sendInitialEvents !== undefined)
    throw revisionTooLarge(wanted, store.revision);
  const matches = selector(resource, parameters);
  const initial = parameters.sendInitialEvents ?? wanted === 0;
  const select = (object: ApiObject): boolean =>
    (!matches || matches(object)) && (namespace === undefined || object.metadata.namespace === namespace);
  // A watch of one object by path: /api/v1/watch is long gone, but a name on a watch request still narrows it.
  const named = request.name;
  return follow(context, request, {
    initial,
    annotate: parameters.sendInitialEvents === true,
    from: initial || wanted === 0 ? store.revision : wanted,
    select: named === undefined ? select : (object) => object.metadata.name === named && select(object),
  });
}

interface Plan {
  /** Begin with the state, as ADDED events. */
  initial: boolean;
  /** End the state with an annotated bookmark. */
  annotate: boolean;
  from: number;
  select: Predicate;
}

async function* follow(context: ServerContext, request: ResourceRequest, plan: Plan): AsyncGenerator<WatchItem> {
  const { resource, parameters, signal } = request;
  const { store, registry } = context;
  const history = store.history(resource.storage);
  const bookmarks = parameters.allowWatchBookmarks === true;
  const { group, version, plural } = resource;
  const isServed = (): boolean => registry.get(group, version, plural) !== undefined;
  const alarm = new Alarm((listener) => {
    const unsubscribe = [history.subscribe(listener), registry.subscribe(listener)];
    return () => unsubscribe.forEach((each) => each());
  }, signal);
  let seen = plan.from;
  try {
    if (plan.initial) {
      const state = store.list(resource.storage, request.namespace);
      seen = store.revision;
      const pending = readable(resource, state);
      if (pending) await pending;
      for (const stored of state) {
        const object = fromStorage(resource, stored);
        if (plan.select(object)) yield { type: 'ADDED', object };
      }
      if (plan.annotate && bookmarks) yield bookmark(resource, seen, true);
    }
    const start = Date.now();
    const end = start + (parameters.timeoutSeconds ?? 1800 + Math.random() * 1800) * 1000;
    let nextBookmark = start + context.bookmarkInterval;
    while (!alarm.aborted) {
      const events = history.since(seen);
      if (!events) {
        yield { type: 'ERROR', error: tooOld(seen, history.floor) };
        return;
      }
      const pending = readable(
        resource,
        events.flatMap(({ object, previous }) => [object, previous]),
      );
      if (pending) await pending;
      for (const event of events) {
        const item = translate(resource, event, plan.select);
        if (item) yield item;
        seen = event.revision;
        if (alarm.aborted) return;
      }
      if (events.length > 0) continue;
      if (!isServed()) return;
      // Everything that has happened to this resource is delivered: it is seen up to the revision of the whole store.
      seen = Math.max(seen, store.revision);
      const now = Date.now();
      if (bookmarks && seen <= store.revision && (now >= nextBookmark || now >= end)) {
        yield bookmark(resource, seen, false);
        nextBookmark = now + context.bookmarkInterval;
      }
      if (now >= end) return;
      if (history.since(seen)?.length === 0) await alarm.wait(Math.min(end, bookmarks ? nextBookmark : end) - now);
    }
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    yield { type: 'ERROR', error: error instanceof ApiError ? error : internal(problem) };
  } finally {
    alarm.close();
  }
}

/** What an event means to a watcher that sees only the objects it selected. */
function translate(resource: ServedResource, event: StoreEvent, select: Predicate): WatchItem | undefined {
  const object = fromStorage(resource, event.object);
  if (event.type === 'DELETED') {
    return event.previous && select(fromStorage(resource, event.previous)) ? { type: 'DELETED', object } : undefined;
  }
  const before = event.previous ? fromStorage(resource, event.previous) : undefined;
  const was = before !== undefined && select(before);
  if (select(object)) return { type: was ? 'MODIFIED' : 'ADDED', object };
  // It has left the selection: to this watcher it is gone, in the state that it last had inside.
  return was
    ? {
        type: 'DELETED',
        object: { ...before, metadata: { ...before.metadata, resourceVersion: String(event.revision) } },
      }
    : undefined;
}

function bookmark(resource: ServedResource, revision: number, initialEventsEnd: boolean): WatchItem {
  return {
    type: 'BOOKMARK',
    object: {
      kind: resource.kind,
      apiVersion: apiVersionOf(resource),
      metadata: {
        resourceVersion: String(revision),
        ...(initialEventsEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}),
      },
    },
  };
}

/** Wakes on an event, on abort, or after a time. */
class Alarm {
  aborted = false;
  #wake: (() => void) | undefined;
  #pending = false;
  readonly #unsubscribe: () => void;
  readonly #signal: AbortSignal | undefined;
  readonly #abort = (): void => {
    this.aborted = true;
    this.#ring();
  };

  constructor(subscribe: (listener: () => void) => () => void, signal: AbortSignal | undefined) {
    this.#unsubscribe = subscribe(() => this.#ring());
    this.#signal = signal;
    if (signal?.aborted) this.aborted = true;
    else signal?.addEventListener('abort', this.#abort, { once: true });
  }

  async wait(milliseconds: number): Promise<void> {
    if (this.#pending || this.aborted) {
      this.#pending = false;
      return;
    }
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.min(Math.max(milliseconds, 1), 2 ** 31 - 1));
      timer.unref();
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
    this.#pending = false;
  }

  close(): void {
    this.#unsubscribe();
    this.#signal?.removeEventListener('abort', this.#abort);
  }

  #ring(): void {
    this.#pending = true;
    this.#wake?.();
  }
}
