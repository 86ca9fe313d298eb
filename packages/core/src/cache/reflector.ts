// Keeps a copy of one resource (in one namespace, by one selector) true: list, then watch from where the list was, for
// ever. Whatever goes wrong, it goes on; what it says in `sink` is in the order of the server's changes.
import {
  ApiError,
  isGone,
  isNotFound,
  isTimeout,
  qualifiedName,
  type Client,
  type KubeObject,
  type Resource,
  type WatchEvent,
} from '@stackwright/kube';
import type { Logger } from '../log.js';
import type { Clock } from '../seams/clock.js';
import type { Random } from '../seams/random.js';
import { sleep } from '../seams/wait.js';
import { Backoff, reflectorBackoff } from './backoff.js';

export interface ReflectorSink<T extends KubeObject> {
  /** The whole truth: what is not among `objects` is gone. */
  replace(objects: readonly T[], resourceVersion: string): void;
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
  /** A list was taken because a watch could not go on. */
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
  transform: (object: T) => void;
  sink: ReflectorSink<T>;
  observer?: ReflectorObserver | undefined;
}

/** The server ends a watch after a random time between these, in seconds, so that restarts spread out. */
const watchTimeout = { least: 300, most: 600 };
/** Milliseconds without a byte until a connection counts as dead. Bookmarks come once a minute. */
const idleTimeout = 90_000;
/** A watch that ends sooner (milliseconds) and says nothing is a failure, or it would be a hot loop. */
const shortWatch = 1_000;
/** After so many failures in a row the watch is given up for a new list: the version may be the trouble. */
const watchAttempts = 5;
/** Milliseconds, before jitter, at most between looks for a kind that is not installed. */
const missingRetry = 5_000;

export class Reflector<T extends KubeObject> {
  readonly #options: ReflectorOptions<T>;
  readonly #selection: { namespace?: string; labelSelector?: string; fieldSelector?: string };
  readonly #backoff: Backoff;
  /** The last version seen. "0": whatever the server has at hand; "": the very latest. */
  #version = '0';
  /** Take the list in one page: the snapshot behind a page token was gone before the last page. */
  #unpaged = false;
  #listed = false;
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
        await this.#list(signal);
        await this.#watch(signal);
        // Even a list that succeeds may be followed by a watch that never does.
        await this.#pause(signal);
      } catch (error) {
        if (signal.aborted) return;
        const missing = isNotFound(error);
        this.#report(error, missing);
        await this.#pause(signal, error, missing ? missingRetry : undefined);
      }
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { client, resource, transform, sink, observer } = this.#options;
    const objects: T[] = [];
    const common = { ...this.#selection, signal, ...(this.#unpaged ? { limit: 0 } : {}) };
    try {
      let page = await client.list(resource, { ...common, resourceVersion: this.#version });
      for (;;) {
        for (const item of page.items) {
          transform(item);
          objects.push(item);
        }
        if (!page.metadata.continue) break;
        page = await client.list(resource, { ...common, continue: page.metadata.continue });
      }
      const version = page.metadata.resourceVersion ?? '';
      signal.throwIfAborted();
      this.#unpaged = false;
      this.#version = version;
      this.#recovered();
      sink.missing(false);
      if (this.#listed) observer?.relisted();
      this.#listed = true;
      sink.replace(objects, version);
    } catch (error) {
      if ((!isGone(error) && !isVersionTooLarge(error)) || (this.#version === '' && this.#unpaged)) throw error;
      this.#unpaged = objects.length > 0 || this.#version === '';
      this.#version = '';
      await this.#list(signal);
    }
  }

  /** Returns when a new list is needed. */
  async #watch(signal: AbortSignal): Promise<void> {
    const { client, clock, resource, observer } = this.#options;
    let failures = 0;
    while (!signal.aborted) {
      const began = clock.monotonic();
      let events = 0;
      let error: unknown;
      try {
        const options = {
          ...this.#selection,
          signal,
          timeoutSeconds: this.#timeoutSeconds(),
          idleTimeout,
          allowWatchBookmarks: true,
        };
        for await (const event of client.watch(resource, { ...options, resourceVersion: this.#version })) {
          events++;
          observer?.received();
          this.#receive(event);
        }
      } catch (thrown) {
        error = thrown;
      }
      if (signal.aborted) return;
      if (events > 0) failures = 0;

      const reason = reasonOfEnd(error, events, clock.monotonic() - began);
      observer?.restarted(reason);
      if (reason === 'ended' || reason === 'idle') continue;
      // A 404 is told by the list that follows.
      if (reason === 'expired' || isNotFound(error)) return;
      if (++failures >= watchAttempts) return;
      this.#options.log.debug(
        { resource: qualifiedName(resource), reason, err: error },
        'Watch ended, starting it again',
      );
      await this.#pause(signal, error);
    }
  }

  #receive(event: WatchEvent<T>): void {
    const { transform, sink } = this.#options;
    if (event.type === 'BOOKMARK') {
      this.#version = event.resourceVersion;
      sink.progressed(event.resourceVersion);
      return;
    }
    transform(event.object);
    this.#version = event.object.metadata?.resourceVersion ?? this.#version;
    if (event.type === 'DELETED') sink.deleted(event.object);
    else sink.changed(event.object);
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
    const message = missing ? 'Kind is not installed, waiting for it' : 'List failed, trying again with back-off';
    if (this.#trouble === trouble) log.debug(fields, message);
    else log.warn(fields, message);
    this.#trouble = trouble;
  }

  #recovered(): void {
    const { log, resource, namespace } = this.#options;
    if (this.#trouble !== 'none')
      log.info({ resource: qualifiedName(resource), watchedNamespace: namespace }, 'List succeeded again');
    this.#trouble = 'none';
  }
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
