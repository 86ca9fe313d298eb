// Runs a graph against an API in memory, with the test as its clock, its cache and its queue.
import { CoreEvent, keyOf, type Client, type KubeObject, type ObjectKey, type Resource } from '@stackwright/kube';
import { Registry } from 'prom-client';
import {
  CacheNotSyncedError,
  type EventDetails,
  type EventRecorder,
  KindMissingError,
  type Logger,
  noSpan,
  type Reader,
  type ReadListOptions,
  type Result,
} from '@stackwright/core';
import { type FakeCall, FakeClient, FakeClock, SeededRandom } from '@stackwright/core/testing';
import { isSameResource, resourceOf, type Graph } from '../declare/graph.js';
import { defaultNames, type Names } from '../declare/names.js';
import { observeSteps } from '../status/metrics.js';
import type { ChildReader } from '../evaluate/overlay.js';
import { newestOf } from '../workloads/refusals.js';
import { GraphReconciler } from '../write/reconcile.js';
import type { Reconciled } from '../declare/step.js';

/** A cache that shows what it was last given: tests decide how far it lags. */
export class SnapshotReader implements ChildReader {
  readonly #objects = new Map<string, readonly KubeObject[]>();

  /** Plurals of kinds that are not installed. */
  readonly missing = new Set<string>();
  /** Plurals of kinds that are still being listed. */
  readonly unsynced = new Set<string>();

  set(resource: Resource, objects: readonly KubeObject[]): void {
    this.#objects.set(resource.plural, objects);
  }

  get<T extends KubeObject>(resource: Resource<T>, key: ObjectKey): Readonly<T> | undefined {
    return this.#of(resource).find((object) => keyOf(object) === keyOf(key));
  }

  list<T extends KubeObject>(
    resource: Resource<T>,
    { namespace, labels = {} }: ReadListOptions = {},
  ): readonly Readonly<T>[] {
    return this.#of(resource).filter(
      ({ metadata }) =>
        (namespace === undefined || metadata?.namespace === namespace) &&
        Object.entries(labels).every(([name, value]) => metadata?.labels?.[name] === value),
    );
  }

  ownedBy<T extends KubeObject>(resource: Resource<T>, uid: string): readonly Readonly<T>[] {
    return this.#of(resource).filter(({ metadata }) =>
      metadata?.ownerReferences?.some((reference) => reference.uid === uid),
    );
  }

  #of<T extends KubeObject>(resource: Resource<T>): readonly T[] {
    if (this.missing.has(resource.plural)) throw new KindMissingError(`The cluster has no ${resource.plural}`);
    if (this.unsynced.has(resource.plural)) throw new CacheNotSyncedError(`${resource.plural} is not synced`);
    return (this.#objects.get(resource.plural) ?? []) as readonly T[];
  }
}

/** A reader of objects that a test has at hand, for `evaluate`. */
export function readerOf(...objects: (readonly [Resource, KubeObject])[]): Reader & ChildReader {
  const reader = new SnapshotReader();
  for (const [resource] of objects) {
    reader.set(
      resource,
      objects.filter(([other]) => isSameResource(other, resource)).map(([, object]) => object),
    );
  }
  return reader;
}

export interface RecordedEvent extends EventDetails {
  regarding: string;
}

export class GraphHarness<R extends Reconciled> {
  readonly clock = new FakeClock();
  readonly api: FakeClient;
  readonly reader = new SnapshotReader();
  readonly events: RecordedEvent[] = [];
  readonly logs: { level: string; fields: object; message: string }[] = [];
  readonly registry = new Registry();
  readonly key = { namespace: 'ns', name: 'sample' };
  /** What reconciles write with; a test may put a broken one in its place. */
  client: Client;
  readonly #graph: Graph<R>;
  readonly #kinds: readonly Resource[];
  readonly #names: Names;
  #reconciler: GraphReconciler<R>;

  constructor(
    graph: Graph<R>,
    { kinds = [], api, names = defaultNames }: { kinds?: readonly Resource[]; api?: FakeClient; names?: Names } = {},
  ) {
    this.#graph = graph;
    this.#names = names;
    this.api = api ?? new FakeClient(this.clock);
    this.client = this.api;
    this.#kinds = [graph.resource, ...graph.owns, ...graph.reads.map(resourceOf), CoreEvent, ...kinds];
    this.#reconciler = this.#start();
  }

  /** As after a crash: nothing is remembered but what is in the API. */
  restart(): void {
    this.#reconciler = this.#start();
  }

  get object(): R {
    const object = this.api.peek(this.#graph.resource, this.key);
    if (!object) throw new Error('The object is gone');
    return object;
  }

  get isGone(): boolean {
    return this.api.peek(this.#graph.resource, this.key) === undefined;
  }

  /** What the reconciler remembers of objects, all in all. */
  get remembered(): number {
    return this.#reconciler.remembered;
  }

  /** Creates the reconciled object. */
  async create(object: Omit<R, 'metadata'> & { metadata?: KubeObject['metadata'] }): Promise<void> {
    await this.api.seed(this.#graph.resource, {
      ...object,
      metadata: { ...object.metadata, ...this.key },
    } as unknown as R);
  }

  async edit<T extends KubeObject>(
    resource: Resource<T>,
    name: string,
    patch: object,
    subresource?: string,
  ): Promise<void> {
    await this.api.patch(
      resource,
      { ...this.key, name },
      { type: 'merge', body: patch },
      subresource === undefined ? {} : { subresource },
    );
  }

  /** The cache catches up. */
  async sync(): Promise<void> {
    for (const kind of this.#kinds) this.reader.set(kind, await this.listed(kind));
  }

  /** One reconcile; without `sync` with the cache as it was. */
  async reconcile({ sync = true } = {}): Promise<Result> {
    if (sync) await this.sync();
    const context = {
      client: this.client,
      signal: new AbortController().signal,
      log: this.#logger(),
      reconcileID: 'test',
      span: noSpan,
    };
    return (await this.#reconciler.reconcile(this.key, context)) ?? {};
  }

  /** Reconciles as the queue would, until nothing is written any more. */
  async settle(limit = 20): Promise<Result> {
    for (let round = 0; round < limit; round++) {
      const before = this.api.writes.length;
      const result = await this.reconcile();
      if (this.api.writes.length === before) return result;
    }
    throw new Error(`Still writing after ${limit} reconciles: ${this.written().slice(-6).join(', ')}`);
  }

  /** Runs `work` and returns what it wrote: "apply deployments.apps ns/sample". */
  async writesOf(work: () => Promise<unknown>): Promise<string[]> {
    const before = this.api.writes.length;
    await work();
    return this.written().slice(before);
  }

  written(): string[] {
    return this.api.writes.map(sayCall);
  }

  condition(type: string) {
    const conditions = (
      this.object.status as
        { conditions?: { type: string; status: string; reason: string; message: string }[] } | undefined
    )?.conditions;
    return conditions?.find((condition) => condition.type === type);
  }

  async listed(kind: Resource): Promise<KubeObject[]> {
    const { items } = await this.api.listAll(kind);
    return items.flatMap(
      ({ metadata }) => this.api.peek(kind, { namespace: metadata?.namespace ?? '', name: metadata?.name ?? '' }) ?? [],
    );
  }

  #start(): GraphReconciler<R> {
    const events: EventRecorder = {
      record: (regarding, event) => void this.events.push({ ...event, regarding: regarding.metadata?.name ?? '' }),
    };
    return new GraphReconciler<R>({
      graph: this.#graph,
      reader: this.reader,
      events,
      clock: this.clock,
      random: new SeededRandom(7),
      metrics: observeSteps(this.registry),
      fieldManager: 'test-controller',
      refusalOf: (uid) =>
        newestOf(this.reader.list(CoreEvent).filter(({ involvedObject }) => involvedObject.uid === uid)),
      names: this.#names,
    });
  }

  #logger(): Logger {
    const log = (level: string) => (fields: object, message: string) => void this.logs.push({ level, fields, message });
    const logger: Logger = {
      debug: log('debug'),
      info: log('info'),
      warn: log('warn'),
      error: log('error'),
      child: () => logger,
    };
    return logger;
  }
}

export function sayCall({ verb, resource, key, options }: FakeCall): string {
  const subresource = (options as { subresource?: string }).subresource;
  return `${verb} ${resource}${subresource ? `/${subresource}` : ''} ${key}`;
}
