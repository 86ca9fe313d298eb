// A controller that runs: its sources fill the queue, its workers empty it.
import { keyOf, parseKey, qualifiedName, type KubeObject, type Resource } from '@stackwright/kube';
import { CacheNotSyncedError, KindMissingError, type HandlerRegistration, type Informer } from '../cache/cache.js';
import type { Logger } from '../log.js';
import { observeController, type ControllerObserver } from '../metrics/controller.js';
import type { ReconcileResult } from '../metrics/table.js';
import { observeQueue, observeUnfinishedWork } from '../metrics/workqueue.js';
import { isStoppedAtOnce, type Manager, type Runnable } from '../manager/manager.js';
import { lowPriority, WorkQueue, type QueueItem } from '../queue/work-queue.js';
import type { ReconcileContext, Reconciler, Request } from '../reconciler.js';
import { aborted, breathe, settlesWithin } from '../seams/wait.js';
import { clientWithin } from '../tracing/traced-client.js';
import type { Span } from '../tracing/tracer.js';
import type {
  Controller,
  ControllerOptions,
  EnqueueOptions,
  MapFunction,
  Source,
  SourceOptions,
} from './controller.js';
import { priorityAtStart } from './backlog.js';
import { kindOfFailure, ReconcileTimeoutError } from './failures.js';
import { ownerRequests } from './owners.js';
import { OwnWrites } from './own-writes.js';
import type { Predicate } from './predicates.js';
import { requeueDelay } from './requeue.js';
import { RunEnd } from './run-end.js';
import { TrackedClient } from './tracked-client.js';

/** Milliseconds between looks whether the cache shows the last own writes, unless an event comes before. */
const staleRetry = 50;
/** Milliseconds that workers go on without giving way to what else happens in the process. */
const slice = 10;
/** Milliseconds that runs have to end by themselves when the controller stops, before their signal is aborted. */
const drainTime = 10_000;
const defaults = { maxConcurrentReconciles: 1, cacheSyncTimeout: 120_000, consistencyTimeout: 5_000 };

interface AttachedSource {
  resource: Resource;
  informer: Pick<Informer, 'hasSynced' | 'isMissing' | 'whenUsable'>;
  attach(): HandlerRegistration;
  registration: HandlerRegistration | undefined;
}

export class ControllerRunner implements Controller, Runnable {
  readonly name: string;
  readonly everyReplica: boolean;
  readonly #manager: Manager;
  readonly #owner: Resource | undefined;
  readonly #reconciler: Reconciler;
  readonly #options: ControllerOptions & typeof defaults;
  readonly #queue: WorkQueue;
  readonly #observer: ControllerObserver;
  readonly #ownWrites: OwnWrites;
  readonly #log: Logger;
  readonly #sources = new Set<AttachedSource>();
  /** The runs under way. */
  readonly #runs = new Set<RunEnd>();
  #started = false;
  #gaveWay = -Infinity;

  /** `owner`: the reconciled kind, if there is one. */
  constructor(
    manager: Manager,
    name: string,
    owner: Resource | undefined,
    reconciler: Reconciler,
    options: ControllerOptions,
  ) {
    this.name = name;
    this.#manager = manager;
    this.#owner = owner;
    this.#reconciler = reconciler;
    this.#options = { ...defaults, ...options };
    this.everyReplica = options.everyReplica ?? false;
    this.#log = manager.log.child({ controller: name });
    this.#observer = observeController(manager.metrics, name, this.#options.maxConcurrentReconciles);
    this.#queue = new WorkQueue({
      clock: manager.clock,
      observer: observeQueue(manager.metrics, name),
      ...(options.backoff ? { backoff: options.backoff } : {}),
    });
    observeUnfinishedWork(manager.metrics, name, this.#queue);
    this.#ownWrites = new OwnWrites({
      cache: manager.cache,
      clock: manager.clock,
      timeout: this.#options.consistencyTimeout,
    });
  }

  enqueue(request: Request, options: EnqueueOptions = {}): void {
    this.#queue.add(keyOf(request), options);
  }

  owns<T extends KubeObject>(resource: Resource<T>, options?: SourceOptions<T>): Source {
    const owner = this.#owner;
    if (!owner)
      throw new Error(`${this.name} owns ${qualifiedName(resource)} but reconciles no kind: call for() first`);
    return this.watches(resource, (object) => ownerRequests(owner, object), options);
  }

  watches<T extends KubeObject>(resource: Resource<T>, map: MapFunction<T>, options?: SourceOptions<T>): Source {
    return this.#source(resource, map, () => lowPriority, options);
  }

  /** The reconciled kind: of all sources the only one whose objects tell by themselves whether they can wait. */
  reconciles<T extends KubeObject>(resource: Resource<T>, map: MapFunction<T>, options?: SourceOptions<T>): Source {
    return this.#source(resource, map, priorityAtStart, options);
  }

  #source<T extends KubeObject>(
    resource: Resource<T>,
    map: MapFunction<T>,
    atStart: (object: Readonly<T>) => number,
    options: SourceOptions<T> = {},
  ): Source {
    const informer = this.#manager.cache.informer(resource, options.informer);
    const source: AttachedSource = {
      resource,
      informer,
      attach: () => this.#attach(informer, map, atStart, options.predicates ?? []),
      registration: undefined,
    };
    this.#sources.add(source);
    if (this.#started) source.registration = source.attach();
    return {
      hasSynced: () => source.registration?.hasSynced() ?? false,
      remove: () => {
        this.#sources.delete(source);
        source.registration?.remove();
      },
    };
  }

  async start(signal: AbortSignal): Promise<void> {
    this.#started = true;
    for (const source of this.#sources) source.registration ??= source.attach();
    try {
      await this.#sourcesSynced(signal);
      if (signal.aborted) return;
      this.#log.info({ workers: this.#options.maxConcurrentReconciles }, 'Controller started');
      const workers = Array.from({ length: this.#options.maxConcurrentReconciles }, () => this.#work(signal));
      await aborted(signal);
      await this.#drain(signal, Promise.all(workers));
    } finally {
      for (const source of this.#sources) source.registration?.remove();
      this.#queue.shutDown();
      this.#ownWrites.stop();
    }
  }

  /** Workers start when every handler has been told the whole initial list, not before. */
  async #sourcesSynced(signal: AbortSignal): Promise<void> {
    const { cacheSyncTimeout } = this.#options;
    const sources = [...this.#sources];
    const synced = Promise.all(sources.map(({ informer }) => informer.whenUsable(signal)));
    while (!(await settlesWithin(this.#manager.clock, cacheSyncTimeout, synced))) {
      const late = sources.filter(({ informer }) => !informer.hasSynced() && !informer.isMissing());
      if (late.length === 0) continue;
      const names = late.map(({ resource }) => qualifiedName(resource)).join(', ');
      throw new Error(`${this.name}: the cache of ${names} did not sync within ${cacheSyncTimeout} ms`);
    }
  }

  /** Runs may end by themselves first, so that no write is left in doubt; when the lease is lost there is no time for that. */
  async #drain(signal: AbortSignal, workers: Promise<unknown>): Promise<void> {
    this.#queue.shutDown();
    if (!isStoppedAtOnce(signal) && (await settlesWithin(this.#manager.clock, drainTime, workers))) return;
    for (const run of this.#runs) run.abort(signal.reason);
    await workers;
  }

  #attach<T extends KubeObject>(
    informer: Informer<T>,
    map: MapFunction<T>,
    atStart: (object: Readonly<T>) => number,
    predicates: readonly Predicate<T>[],
  ): HandlerRegistration {
    const enqueue = (priority: number, object: Readonly<T>, previous?: Readonly<T>) => {
      // Each key once: a waiting worker takes the first at once, and a second would be a run of its own.
      const keys = new Set<string>();
      for (const request of this.#requests(map, object)) keys.add(keyOf(request));
      if (previous) for (const request of this.#requests(map, previous)) keys.add(keyOf(request));
      for (const key of keys) this.#queue.add(key, { priority });
    };
    const lets = (object: Readonly<T>, ask: (predicate: Predicate<T>) => boolean) =>
      predicates.every((predicate) => this.#guarded(object, true, () => ask(predicate)));
    return informer.addHandler({
      added: (object, initial) => {
        if (lets(object, (predicate) => predicate.created(object))) enqueue(initial ? atStart(object) : 0, object);
      },
      updated: (object, previous) => {
        if (!lets(object, (predicate) => predicate.updated(object, previous))) return;
        if (object === previous) enqueue(lowPriority, object);
        // Whoever it concerned before may have to know that it does not any more.
        else enqueue(0, object, previous);
      },
      deleted: (object) => {
        if (lets(object, (predicate) => predicate.deleted(object))) enqueue(0, object);
      },
    });
  }

  #requests<T extends KubeObject>(map: MapFunction<T>, object: Readonly<T>): readonly Request[] {
    return this.#guarded(object, [], () => {
      try {
        return map(object);
      } catch (error) {
        // The kind that the map looks at is not there yet; when it is, all of it is enqueued anyway.
        if (error instanceof CacheNotSyncedError) return [];
        throw error;
      }
    });
  }

  /**
   * A predicate or map that throws is a bug, counted as a panic. It costs no other event: a predicate counts as true,
   * since one reconcile too many does no harm.
   */
  #guarded<Result>(object: Readonly<KubeObject>, otherwise: Result, call: () => Result): Result {
    try {
      return call();
    } catch (error) {
      const { namespace, name } = object.metadata ?? {};
      this.#observer.failed('panic');
      this.#log.error({ err: error, kind: object.kind, namespace, name }, 'Predicate or map panicked');
      return otherwise;
    }
  }

  async #work(stop: AbortSignal): Promise<void> {
    for (;;) {
      const item = await this.#queue.get();
      if (!item) return;
      try {
        if (stop.aborted) return;
        await this.#process(item);
      } finally {
        this.#queue.done(item.key);
      }
      await this.#giveWay();
    }
  }

  /**
   * Reconciles that find nothing to do never wait for anything. A backlog of them would hold up events, a fresh object
   * among them, and the renewal of the lease.
   */
  async #giveWay(): Promise<void> {
    const { clock } = this.#manager;
    if (clock.monotonic() - this.#gaveWay < slice) return;
    await breathe();
    this.#gaveWay = clock.monotonic();
  }

  async #process(item: QueueItem): Promise<void> {
    const { key, priority } = item;
    const freshness = this.#ownWrites.check(key);
    if (freshness === 'Stale') {
      this.#observer.stale('put_off');
      this.#queue.add(key, { after: staleRetry, priority });
      return;
    }
    if (freshness === 'TimedOut') {
      this.#observer.stale('timed_out');
      this.#log.warn({ ...parseKey(key) }, 'Cache did not show own writes in time, reconciling anyway');
    }
    await this.#run(item);
  }

  async #run(item: QueueItem): Promise<void> {
    const { clock, random } = this.#manager;
    const request = parseKey(item.key);
    const reconcileID = random.uuid();
    const log = this.#log.child({ ...request, reconcileID });
    const run = new RunEnd();
    const { reconciliationTimeout } = this.#options;
    const timer = reconciliationTimeout
      ? clock.schedule(reconciliationTimeout, () =>
          run.abort(new ReconcileTimeoutError(`not done within ${reconciliationTimeout} ms`)),
        )
      : undefined;
    this.#runs.add(run);
    this.#observer.started();
    const began = clock.monotonic();
    let result: ReconcileResult = 'error';
    try {
      result = await this.#traced(request, reconcileID, (span) => {
        const client = clientWithin(this.#clientOf(item.key, run), span);
        const traced = span.traceID === undefined ? log : log.child({ traceID: span.traceID });
        return this.#reconcile(item, request, {
          get signal() {
            return run.signal;
          },
          log: traced,
          reconcileID,
          client,
          span,
        });
      });
    } finally {
      timer?.cancel();
      this.#runs.delete(run);
      if (run.reason instanceof ReconcileTimeoutError) this.#observer.failed('timeout');
      this.#observer.finished(result, (clock.monotonic() - began) / 1000);
    }
  }

  #traced(
    request: Request,
    reconcileID: string,
    run: (span: Span) => Promise<ReconcileResult>,
  ): Promise<ReconcileResult> {
    const attributes = {
      controller: this.name,
      'k8s.namespace.name': request.namespace,
      'k8s.object.name': request.name,
      reconcileID,
    };
    return this.#manager.tracer.span(`reconcile ${this.name}`, attributes, async (span) => {
      const result = await run(span);
      span.set({ result });
      return result;
    });
  }

  async #reconcile(
    { key, priority }: QueueItem,
    request: Request,
    context: ReconcileContext,
  ): Promise<ReconcileResult> {
    const { log } = context;
    try {
      const result = await this.#reconciler(request, context);
      const after = requeueDelay(result);
      this.#queue.forget(key);
      if (after === undefined) {
        log.debug({}, 'Reconciled');
        return 'success';
      }
      log.debug({ after }, 'Reconciled, to be repeated');
      this.#queue.add(key, { after, priority: result?.priority ?? priority });
      return 'requeue_after';
    } catch (error) {
      return this.#failed(key, priority, error, context);
    }
  }

  #failed(key: string, priority: number, error: unknown, { log, signal, span }: ReconcileContext): ReconcileResult {
    const kind = kindOfFailure(error, signal);
    if (kind !== 'expected') span.fail(error);
    if (kind === 'terminal') {
      this.#observer.failed('terminal');
      this.#queue.forget(key);
      log.error({ err: error }, 'Reconcile failed for good');
      return 'error';
    }
    if (this.#isUnserved(error)) {
      this.#queue.forget(key);
      log.debug({ err: error }, 'Nobody is there to be reconciled');
      return 'success';
    }
    this.#queue.add(key, { rateLimited: true, priority });
    if (kind === 'expected') {
      log.debug({ err: error }, 'Reconcile gave way');
      return 'requeue';
    }
    if (kind === 'panic') this.#observer.failed('panic');
    const failures = this.#queue.failures(key);
    log.error({ err: error, failures }, kind === 'panic' ? 'Reconcile panicked' : 'Reconcile failed');
    return 'error';
  }

  /** The reconciled kind itself is not there. Whoever is there when it is served again comes as a new one. */
  #isUnserved(error: unknown): boolean {
    if (!(error instanceof KindMissingError) || !error.resource || !this.#owner) return false;
    return qualifiedName(error.resource) === qualifiedName(this.#owner);
  }

  #clientOf(key: string, run: RunEnd): TrackedClient {
    const { client, cache, fieldManager } = this.#manager;
    return new TrackedClient(client, {
      fieldManager,
      get signal() {
        return run.signal;
      },
      wrote: (write) => this.#ownWrites.record(key, write),
      uidOf: (resource, object) => cache.find(resource)?.uidOf(object),
    });
  }
}
