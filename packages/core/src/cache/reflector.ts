// Keeps a copy of one resource (in one namespace, by one selector) true: the state, then every change from there on, for
// ever. Whatever goes wrong, it goes on; what it says in `sink` is in the order of the server's changes.
//
// The state comes as the beginning of a watch (https://kep.k8s.io/3157), one object at a time; or as a list in pages, where the
// server does not know how to do that.
import {
  ApiError,
  isGone,
  isConnectionFailed,
  isForbidden,
  isNotFound,
  isTimeout,
  isTooManyRequests,
  isUnauthorized,
  keyOf,
  qualifiedName,
  type Client,
  type KubeObject,
  type Resource,
  type WatchEvent,
  type WatchOptions,
} from '@stackwright/kube';
import type { Logger } from '../log.js';
import type { Clock, Timer } from '../seams/clock.js';
import type { Random } from '../seams/random.js';
import { sleep } from '../seams/wait.js';
import { Backoff, reflectorBackoff } from './backoff.js';

export interface ReflectorSink<T extends KubeObject> {
  /** The whole truth: what is not among `objects` is gone. Nothing else is told until it resolves. */
  replace(objects: Iterable<T>, resourceVersion: string): Promise<void>;
  changed(object: T): void;
  deleted(object: T): void;
  /** Nothing changed up to this version. */
  progressed(resourceVersion: string): void;
  /** The server answers 404: the kind is not installed. */
  missing(missing: boolean): void;
}

/** Why a watch was begun anew. */
export type RestartReason = 'ended' | 'idle' | 'short' | 'throttled' | 'connection' | 'expired' | 'error';

/** What metrics want to know. */
export interface ReflectorObserver {
  /** The state was read anew because a watch could not go on. */
  relisted(): void;
  restarted(reason: RestartReason): void;
  received(): void;
}

export interface ReflectorOptions<T extends KubeObject> {
  client: Client;
  clock: Clock;
  random: Random;
  log: Logger;
  resource: Resource<T>;
  namespace?: string | undefined;
  labelSelector?: string | undefined;
  fieldSelector?: string | undefined;
  /** Called with every object as it comes off the wire, before it is kept anywhere: a long list is never held untrimmed. */
  transform: (object: T) => T;
  sink: ReflectorSink<T>;
  observer?: ReflectorObserver | undefined;
  /** Qualified names of resources whose server was found not to stream their state; shared by the reflectors of a process. */
  listedOnly: Set<string>;
}

/** The server ends a watch after a random time between these, in seconds, so that restarts spread out. */
const watchTimeout = { least: 300, most: 600 };
/** Milliseconds without a byte until a connection counts as dead. Bookmarks come once a minute. */
const idleTimeout = 90_000;
/** A watch that ends sooner (milliseconds) and says nothing is a failure, or it would be a hot loop. */
const shortWatch = 1_000;
/** After so many failures in a row the watch is given up for a new list: the version may be the trouble. */
const watchAttempts = 5;
/**
 * Milliseconds without an event until a server is taken not to know that the state was asked for. One that does not know it
 * need not refuse it: an aggregated API server may just begin to watch.
 */
const silence = 10_000;
/** After so many streams of the state in a row that broke, a list is tried: a proxy may not let long answers through. */
const streamAttempts = 3;
/** Milliseconds, before jitter, at most between looks for a kind that is not installed. */
const missingRetry = 5_000;
/** The same where a cluster may well never have it. */
const optionalRetry = 30_000;

export class Reflector<T extends KubeObject> {
  readonly #options: ReflectorOptions<T>;
  readonly #selection: { namespace?: string; labelSelector?: string; fieldSelector?: string };
  readonly #backoff: Backoff;
  /** The last version seen. Undefined: none yet; "": only the very latest will do. */
  #version: string | undefined;
  #brokenStreams = 0;
  #silences = 0;
  /** Take the list in one page: the snapshot behind a page token was gone before the last page. */
  #unpaged = false;
  #known = false;
  #trouble: 'none' | 'missing' | 'failing' = 'none';

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    const { namespace, labelSelector, fieldSelector } = options;
    this.#selection = {
      ...(namespace === undefined ? {} : { namespace }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
    };
    this.#backoff = new Backoff(options.clock, options.random, reflectorBackoff);
  }

  /** Resolves when `signal` is aborted; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#begin(signal);
        await this.#watch(signal);
        // Even a state that is read well may be followed by a watch that never works.
        await this.#pause(signal);
      } catch (error) {
        if (signal.aborted) return;
        const missing = isNotFound(error);
        this.#report(error, missing);
        const longest = this.#options.resource.optional ? optionalRetry : missingRetry;
        await this.#pause(signal, error, missing ? longest : undefined);
      }
    }
  }

  /** Reads the state; where it came over a watch, returns when that watch has ended. */
  async #begin(signal: AbortSignal): Promise<void> {
    const { listedOnly, resource, observer, log } = this.#options;
    const name = qualifiedName(resource);
    if (listedOnly.has(name)) return this.#list(signal);
    const end = await this.#stream(signal);
    if (signal.aborted) return;
    if (end.complete) {
      this.#brokenStreams = 0;
      this.#silences = 0;
      observer?.restarted(end.reason);
      if (end.reason !== 'ended' && end.reason !== 'idle') await this.#pause(signal, end.error);
      return;
    }
    const error =
      end.error instanceof Error ? end.error : new Error(`The watch of ${name} ended before it had told the state`);
    if (end.reason === 'expired' && this.#version !== '') {
      this.#version = '';
      return this.#begin(signal);
    }
    if (isConnectionFailed(error)) this.#brokenStreams++;
    if (saysNothingOfStreams(error) && this.#brokenStreams < streamAttempts) throw error;
    await this.#list(signal);
    this.#brokenStreams = 0;
    // What lists and does not stream, does not know how to. Silence may have been a server that was busy, once.
    const sure = end.silent ? ++this.#silences > 1 : !saysNothingOfStreams(error);
    if (sure) {
      listedOnly.add(name);
      log.debug({ resource: name, err: error }, 'Server does not stream the state, it is listed from now on');
    }
  }

  /** One watch that begins with the state. */
  async #stream(signal: AbortSignal): Promise<WatchEnd & { complete: boolean; silent: boolean }> {
    const { clock, transform } = this.#options;
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
      const end = await this.#follow(
        stop.signal,
        { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' },
        // Waits for nothing but the end of the state: a promise for each of its objects would cost more than the object.
        (event) => {
          if (complete) return this.#receive(event);
          heard = clock.monotonic();
          if (event.type === 'BOOKMARK') {
            if (!event.initialEventsEnd) return;
            complete = true;
            timer.cancel();
            return this.#replace(state.values(), event.resourceVersion).then(() => state.clear());
          } else if (event.type === 'DELETED') {
            state.delete(keyOf(event.object));
          } else {
            state.set(keyOf(event.object), transform(event.object));
          }
        },
      );
      return silent ? { reason: 'error', error: silent, complete, silent: true } : { ...end, complete, silent: false };
    } finally {
      timer.cancel();
      signal.removeEventListener('abort', abort);
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { client, resource, transform } = this.#options;
    const objects: T[] = [];
    const common = { ...this.#selection, signal, ...(this.#unpaged ? { limit: 0 } : {}) };
    try {
      // "0" is whatever the server has at hand.
      let page = await client.list(resource, { ...common, resourceVersion: this.#version ?? '0' });
      for (;;) {
        for (const item of page.items) {
          objects.push(transform(item));
        }
        if (!page.metadata.continue) break;
        page = await client.list(resource, { ...common, continue: page.metadata.continue });
      }
      signal.throwIfAborted();
      this.#unpaged = false;
      await this.#replace(objects, page.metadata.resourceVersion ?? '');
    } catch (error) {
      if ((!isGone(error) && !isVersionTooLarge(error)) || (this.#version === '' && this.#unpaged)) throw error;
      this.#unpaged = objects.length > 0 || this.#version === '';
      this.#version = '';
      await this.#list(signal);
    }
  }

  async #replace(objects: Iterable<T>, version: string): Promise<void> {
    const { sink, observer } = this.#options;
    this.#version = version;
    this.#recovered();
    sink.missing(false);
    if (this.#known) observer?.relisted();
    this.#known = true;
    await sink.replace(objects, version);
  }

  /** Returns when the state must be read anew. */
  async #watch(signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      const { reason, events, error } = await this.#follow(signal, {}, (event) => this.#receive(event));
      if (signal.aborted) return;
      if (events > 0) failures = 0;
      this.#options.observer?.restarted(reason);
      if (reason === 'ended' || reason === 'idle') continue;
      // A 404 is told by the list that follows.
      if (reason === 'expired' || isNotFound(error)) return;
      if (++failures >= watchAttempts) return;
      this.#options.log.debug(
        { resource: qualifiedName(this.#options.resource), reason, err: error },
        'Watch ended, starting it again',
      );
      await this.#pause(signal, error);
    }
  }

  /** One watch, to its end. */
  async #follow(
    signal: AbortSignal,
    how: Pick<WatchOptions, 'sendInitialEvents' | 'resourceVersionMatch'>,
    receive: (event: WatchEvent<T>) => void | Promise<void>,
  ): Promise<WatchEnd & { events: number }> {
    const { client, clock, resource, observer } = this.#options;
    const began = clock.monotonic();
    let events = 0;
    let error: unknown;
    try {
      const watch = client.watch(resource, {
        ...this.#selection,
        ...how,
        signal,
        timeoutSeconds: this.#timeoutSeconds(),
        idleTimeout,
        allowWatchBookmarks: true,
        resourceVersion: this.#version ?? '',
      });
      for await (const event of watch) {
        events++;
        observer?.received();
        const pending = receive(event);
        if (pending) await pending;
      }
    } catch (thrown) {
      error = thrown;
    }
    return { reason: reasonOfEnd(error, events, clock.monotonic() - began), error, events };
  }

  #receive(event: WatchEvent<T>): void {
    const { transform, sink } = this.#options;
    if (event.type === 'BOOKMARK') {
      this.#version = event.resourceVersion;
      sink.progressed(event.resourceVersion);
      return;
    }
    this.#version = event.object.metadata?.resourceVersion ?? this.#version;
    const object = transform(event.object);
    if (event.type === 'DELETED') sink.deleted(object);
    else sink.changed(object);
  }

  #timeoutSeconds(): number {
    return Math.floor(watchTimeout.least + this.#options.random.float() * (watchTimeout.most - watchTimeout.least));
  }

  async #pause(signal: AbortSignal, error?: unknown, atMost?: number): Promise<void> {
    const retryAfter = error instanceof ApiError ? error.retryAfter : undefined;
    // Aborted while waiting: the loops see that by themselves.
    await sleep(this.#options.clock, this.#backoff.next(retryAfter, atMost), signal).catch(() => undefined);
  }

  /** Loud once per trouble, quiet while it lasts. */
  #report(error: unknown, missing: boolean): void {
    const { log, sink, resource, namespace } = this.#options;
    sink.missing(missing);
    const trouble = missing ? 'missing' : 'failing';
    const fields = { resource: qualifiedName(resource), watchedNamespace: namespace, err: error };
    const message = missing
      ? 'Kind is not installed, waiting for it'
      : 'State cannot be read, trying again with back-off';
    if (this.#trouble === trouble || (missing && resource.optional)) log.debug(fields, message);
    else log.warn(fields, message);
    this.#trouble = trouble;
  }

  #recovered(): void {
    const { log, resource, namespace } = this.#options;
    if (this.#trouble !== 'none')
      log.info({ resource: qualifiedName(resource), watchedNamespace: namespace }, 'State could be read again');
    this.#trouble = 'none';
  }
}

interface WatchEnd {
  reason: RestartReason;
  error?: unknown;
}

/** The same would befall a list: wait and stream again. */
function saysNothingOfStreams(error: unknown): boolean {
  return (
    isConnectionFailed(error) ||
    isNotFound(error) ||
    isTooManyRequests(error) ||
    isUnauthorized(error) ||
    isForbidden(error) ||
    (error instanceof ApiError && (error.code === 503 || error.code === 504))
  );
}

function reasonOfEnd(error: unknown, events: number, lasted: number): RestartReason {
  if (error === undefined) return events === 0 && lasted < shortWatch ? 'short' : 'ended';
  if (isGone(error) || isVersionTooLarge(error)) return 'expired';
  if (!(error instanceof ApiError)) return 'error';
  if (error.code === 0 && isTimeout(error)) return lasted >= shortWatch ? 'idle' : 'connection';
  if (error.code === 0) return 'connection';
  return error.code === 429 ? 'throttled' : 'error';
}

/** The server knows nothing as new as what we saw: it was restored from a backup, say. */
function isVersionTooLarge(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  return (
    error.status?.details?.causes?.some(({ reason }) => reason === 'ResourceVersionTooLarge') === true ||
    error.message.includes('Too large resource version')
  );
}
