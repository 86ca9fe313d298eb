// Keeps a copy of one resource (in one namespace, by one selector) true: the state, then every change from there on, for
// ever. Whatever goes wrong, it goes on; what it says in `sink` is in the order of the server's changes.
import {
  ApiError,
  isForbidden,
  isNotFound,
  isUnauthorized,
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
import { Backoff, reflectorBackoff, restartBackoff } from './backoff.js';
import { Position } from './position.js';
import type { ReflectorObserver, ReflectorSink } from './sink.js';
import { StateList } from './state-list.js';
import { StateReader } from './state-reader.js';
import { asksForPatience, isOrderly, isSilent, type WatchEnd } from './watch-end.js';
import { Watcher, type Selection } from './watcher.js';

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

/**
 * After so many watches in a row that failed, or never said a word, the state is read anew: the version may be the trouble, or a
 * proxy that keeps what is said to itself.
 */
const watchAttempts = 5;
/** Milliseconds, before jitter, at most between looks for a kind that is not installed. */
const missingRetry = 5_000;
/** The same where a cluster may well never have it. */
const optionalRetry = 30_000;
/**
 * Milliseconds for which a server must say, and nothing else, that it does not know a kind of which it had objects: one that
 * starts says so of every custom kind, and an update of a CRD may make it say so for a moment.
 */
const missingGrace = 90_000;

export class Reflector<T extends KubeObject> {
  readonly #options: ReflectorOptions<T>;
  readonly #position = new Position();
  readonly #watcher: Watcher<T>;
  readonly #state: StateReader<T>;
  readonly #failures: Backoff;
  readonly #restarts: Backoff;
  /** The sink has a state. */
  #known = false;
  /** In a row, since the state was read; those that said nothing among them. */
  #failedWatches = 0;
  /** Since when the server has said nothing but that it does not know the kind. */
  #unservedSince: number | undefined;
  #trouble: 'none' | 'missing' | 'failing' = 'none';

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    const { client, clock, random, log, resource, observer, listedOnly, transform } = options;
    const { namespace, labelSelector, fieldSelector } = options;
    const selection: Selection = {
      ...(namespace === undefined ? {} : { namespace }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
    };
    const position = this.#position;
    this.#watcher = new Watcher({ client, clock, random, resource, selection, position, observer });
    this.#state = new StateReader({
      resource,
      clock,
      log,
      listedOnly,
      position,
      transform,
      watcher: this.#watcher,
      list: new StateList({ client, resource, selection, position, transform }),
      replace: (objects, version) => this.#replace(objects, version),
      receive: (event) => this.#receive(event),
    });
    this.#failures = new Backoff(clock, random, reflectorBackoff);
    this.#restarts = new Backoff(clock, random, restartBackoff);
  }

  /** Ends the watch that goes on, if there is one; the next begins where it was, and at once. */
  renew(): void {
    this.#watcher.renew();
  }

  /** What is read as the state from now on is the server's newest, not what one of several has at hand. */
  demandNewest(): void {
    this.#position.lost();
  }

  /** Resolves when `signal` is aborted; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const end = await this.#state.read(signal);
        this.#failedWatches = 0;
        if (!end || (await this.#goesOn(end, signal))) await this.#watch(signal);
        // Even a state that is read well may be followed by a watch that never works.
        await this.#pause(signal);
      } catch (error) {
        if (signal.aborted) return;
        await this.#failed(error, signal);
      }
    }
  }

  /** Returns when the state must be read anew. */
  async #watch(signal: AbortSignal): Promise<void> {
    let end: WatchEnd;
    do end = await this.#watcher.follow(signal, {}, (event) => this.#receive(event));
    while (await this.#goesOn(end, signal));
  }

  /** Waits for as long as it should take until the next watch after this one; false: that would not help. */
  async #goesOn(end: WatchEnd, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return false;
    const { observer, log, resource } = this.#options;
    observer?.restarted(end.reason);
    if (end.reason === 'behind') return true;
    if (isOrderly(end)) {
      // A server that sends no bookmarks may have nothing to say; it is not asked for much by being asked now and then.
      this.#failedWatches = isSilent(end) ? this.#failedWatches + 1 : 0;
      if (this.#failedWatches >= watchAttempts) return false;
      await this.#spread(end, signal);
      return !signal.aborted;
    }
    // A 404 is told by the list that follows.
    if (end.reason === 'expired' || isNotFound(end.error)) return false;
    if (end.events > 0) this.#failedWatches = 0;
    if (!asksForPatience(end) && ++this.#failedWatches >= watchAttempts) return false;
    const fields = { resource: qualifiedName(resource), reason: end.reason, err: end.error };
    log.debug(fields, 'Watch ended, starting it again');
    await this.#pause(signal, end.error);
    return !signal.aborted;
  }

  /** However much each of them brought: what ends every watch, a proxy say, would have us ask without a pause. */
  async #spread({ lasted }: WatchEnd, signal: AbortSignal): Promise<void> {
    if (lasted >= 2 * restartBackoff.max) return;
    const wait = this.#restarts.next() - lasted;
    if (wait > 0) await sleep(this.#options.clock, wait, signal).catch(() => undefined);
  }

  #receive(event: WatchEvent<T>): void {
    const { transform, sink } = this.#options;
    if (event.type === 'BOOKMARK') {
      if (event.resourceVersion === '') return;
      this.#position.reached(event.resourceVersion);
      sink.progressed(event.resourceVersion);
      return;
    }
    const version = event.object.metadata?.resourceVersion;
    if (version !== undefined) this.#position.reached(version);
    const object = transform(event.object);
    if (event.type === 'DELETED') sink.deleted(object);
    else sink.changed(object);
  }

  async #replace(objects: Iterable<T>, version: string): Promise<void> {
    const { sink, observer } = this.#options;
    this.#position.reached(version);
    this.#recovered();
    if (this.#known) observer?.relisted();
    this.#known = true;
    await sink.replace(objects, version);
  }

  async #failed(error: unknown, signal: AbortSignal): Promise<void> {
    const { sink, resource } = this.#options;
    const unserved = isNotFound(error);
    const missing = unserved && this.#isMissing() && (!this.#known || (await this.#isOfApiServer(signal)));
    if (signal.aborted) return;
    if (!unserved) this.#unservedSince = undefined;
    this.#report(error, missing);
    if (missing) {
      this.#known = false;
      await sink.missing();
    }
    sink.failed();
    const longest = missing && resource.optional ? optionalRetry : missingRetry;
    await this.#pause(signal, error, unserved ? longest : undefined);
  }

  #isMissing(): boolean {
    const now = this.#options.clock.monotonic();
    this.#unservedSince ??= now;
    return !this.#known || now - this.#unservedSince >= missingGrace;
  }

  /** A balancer or an ingress that has lost its server says 404 to everything, and so nothing of the kind. */
  async #isOfApiServer(signal: AbortSignal): Promise<boolean> {
    try {
      await this.#options.client.raw('GET', '/version', { signal });
      return true;
    } catch (error) {
      return isForbidden(error) || isUnauthorized(error);
    }
  }

  async #pause(signal: AbortSignal, error?: unknown, atMost?: number): Promise<void> {
    const retryAfter = error instanceof ApiError ? error.retryAfter : undefined;
    // Aborted while waiting: the loops see that by themselves.
    await sleep(this.#options.clock, this.#failures.next(retryAfter, atMost), signal).catch(() => undefined);
  }

  /** Loud once per trouble, quiet while it lasts. */
  #report(error: unknown, missing: boolean): void {
    const { log, resource, namespace } = this.#options;
    const trouble = missing ? 'missing' : 'failing';
    const fields = { resource: qualifiedName(resource), watchedNamespace: namespace, err: error };
    let message = 'State cannot be read, trying again with back-off';
    if (missing) message = this.#known ? 'Kind is not served any more: nothing is known of it' : waitingForIt;
    const expected = missing && resource.optional && !this.#known;
    if (this.#trouble === trouble || expected) log.debug(fields, message);
    else log.warn(fields, message);
    this.#trouble = trouble;
  }

  #recovered(): void {
    const { log, resource, namespace } = this.#options;
    this.#unservedSince = undefined;
    if (this.#trouble !== 'none')
      log.info({ resource: qualifiedName(resource), watchedNamespace: namespace }, 'State could be read again');
    this.#trouble = 'none';
  }
}

const waitingForIt = 'Kind is not installed, waiting for it';
