// A controller that runs: its sources fill the queue, its workers empty it.
import { keyOf, parseKey, qualifiedName, type KubeObject, type ObjectKey, type Resource } from '@stackwright/kube';
import { KindMissingError } from '../cache/cache.js';
import type { Logger } from '../log.js';
import { observeController, observeOverdueRuns, type ControllerObserver } from '../metrics/controller.js';
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
import { KnownFailures, messageOf } from './known-failures.js';
import { ownerRequests } from './owners.js';
import { OwnWrites, type Write } from './own-writes.js';
import { requeueDelay } from './requeue.js';
import { RunContext, TrackedRun } from './run-context.js';
import type { RunEnd } from './run-end.js';
import { Runs } from './runs.js';
import { Sources } from './sources.js';
import { TrackedClient } from './tracked-client.js';

/** Milliseconds between looks whether the cache shows the last own writes, unless an event comes before. */
const staleRetry = 50;
/** Milliseconds that workers go on without giving way to what else happens in the process. */
const slice = 10;
/** Milliseconds that runs have to end by themselves when the controller stops, before their signal is aborted. */
const drainTime = 10_000;
const defaults = { maxConcurrentReconciles: 1, cacheSyncTimeout: 120_000, consistencyTimeout: 5_000 };

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
  readonly #sources: Sources;
  readonly #runs: Runs;
  readonly #failures = new KnownFailures();
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
    this.#sources = new Sources({
      name,
      cache: manager.cache,
      clock: manager.clock,
      log: this.#log,
      predicates: options.predicates ?? [],
      syncTimeout: this.#options.cacheSyncTimeout,
      enqueue: (key, priority) => this.#queue.add(key, { priority }),
      panicked: () => this.#observer.failed('panic'),
    });
    this.#runs = new Runs({ clock: manager.clock, timeout: options.reconciliationTimeout });
    observeOverdueRuns(manager.metrics, name, this.#runs);
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
    return this.#sources.add(resource, map, () => lowPriority, options);
  }

  /** The reconciled kind: of all sources the only one whose objects tell by themselves whether they can wait. */
  reconciles<T extends KubeObject>(resource: Resource<T>, map: MapFunction<T>, options?: SourceOptions<T>): Source {
    return this.#sources.add(resource, map, priorityAtStart, options);
  }

  async start(signal: AbortSignal): Promise<void> {
    this.#sources.attach();
    try {
      await this.#sources.synced(signal);
      if (signal.aborted) return;
      this.#log.info({ workers: this.#options.maxConcurrentReconciles }, 'Controller started');
      const workers = Array.from({ length: this.#options.maxConcurrentReconciles }, () => this.#work(signal));
      await aborted(signal);
      await this.#drain(signal, Promise.all(workers));
    } finally {
      this.#sources.detach();
      this.#queue.shutDown();
      this.#ownWrites.stop();
    }
  }

  /** Runs may end by themselves first, so that no write is left in doubt; when the lease is lost there is no time for that. */
  async #drain(signal: AbortSignal, workers: Promise<unknown>): Promise<void> {
    this.#queue.shutDown();
    if (!isStoppedAtOnce(signal) && (await settlesWithin(this.#manager.clock, drainTime, workers))) return;
    this.#runs.abortAll(signal.reason);
    await workers;
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
    const log = this.#log.child(Object.assign({}, request, { reconcileID }));
    const run = this.#runs.begin(log);
    this.#observer.started();
    const began = clock.monotonic();
    let result: ReconcileResult = 'error';
    try {
      result = await this.#traced(request, reconcileID, (span) => {
        const client = clientWithin(this.#clientOf(item.key, run.end), span);
        const traced = span.traceID === undefined ? log : log.child({ traceID: span.traceID });
        return this.#reconcile(item, request, new RunContext(run.end, { log: traced, reconcileID, client, span }));
      });
    } finally {
      run.finish();
      if (run.end.reason instanceof ReconcileTimeoutError) this.#observer.failed('timeout');
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
      // First: what it refuses is a failure, and not the first one each time.
      if (after !== undefined) this.#queue.add(key, { after, priority: result?.priority ?? priority });
      this.#queue.forget(key);
      if (this.#failures.succeeded(key)) log.info({}, 'Reconcile succeeds again');
      log.debug({ after }, after === undefined ? 'Reconciled' : 'Reconciled, to be repeated');
      return after === undefined ? 'success' : 'requeue_after';
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
      if (this.#failures.isNews(key, error)) log.error({ err: error }, 'Reconcile failed for good');
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
    const what = this.#failures.isNews(key, error) ? { err: error } : { error: messageOf(error) };
    log.error({ ...what, failures }, kind === 'panic' ? 'Reconcile panicked' : 'Reconcile failed');
    return 'error';
  }

  /** The reconciled kind itself is not there. Whoever is there when it is served again comes as a new one. */
  #isUnserved(error: unknown): boolean {
    if (!(error instanceof KindMissingError) || !error.resource || !this.#owner) return false;
    return qualifiedName(error.resource) === qualifiedName(this.#owner);
  }

  #clientOf(key: string, run: RunEnd): TrackedClient {
    const { client, cache, fieldManager } = this.#manager;
    const wrote = (write: Write): void => this.#ownWrites.record(key, write);
    const uidOf = (resource: Resource, object: ObjectKey): string | undefined => cache.find(resource)?.uidOf(object);
    return new TrackedClient(client, new TrackedRun(run, { fieldManager, wrote, uidOf }));
  }
}
