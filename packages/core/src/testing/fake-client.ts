// A small API in memory that speaks the `Client` interface: resource versions, generations, finalizers, status,
// watches with history. It validates nothing and defaults nothing; the devcluster is the faithful one.
import {
  type ApiError,
  apiVersionOf,
  type ApplyOptions,
  type CallOptions,
  type Client,
  type DeleteOptions,
  formatTime,
  keyOf,
  type KubeList,
  type KubeObject,
  type ListOptions,
  matchesSelector,
  type ObjectKey,
  type ObjectMeta,
  parseSelector,
  type Patch,
  qualifiedName,
  type Resource,
  type WatchEvent,
  type WatchOptions,
  type WriteOptions,
} from '@stackwright/kube';
import type { Clock } from '../seams/clock.js';
import { FakeClock } from './fake-clock.js';
import { FakeWatch } from './fake-watch.js';
import { apiError } from './api-error.js';
import { checkOwners, checkTarget, managedFieldsOf, withoutChanged } from './apply.js';
import { applyPatch, jsonPatch, mergePatch, same } from './merge.js';

export { apiError };

export interface FakeCall {
  verb: 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'apply' | 'delete' | 'raw';
  /** "deployments.apps". */
  resource: string;
  /** "namespace/name"; empty for lists and watches. */
  key: string;
  options: object;
  /** Of objects nothing but metadata was asked for. */
  metadataOnly?: true;
  body?: unknown;
}

interface HistoryEntry {
  version: number;
  resource: string;
  event: WatchEvent<KubeObject>;
}

type Stored = KubeObject & {
  metadata: ObjectMeta & { name: string; resourceVersion: string };
  status?: unknown;
  spec?: unknown;
};

const tooLarge = (wanted: string, current: number): Error =>
  apiError(504, 'Timeout', `Too large resource version: ${wanted}, current: ${current}`);

export class FakeClient implements Client {
  /** Every call, in order. */
  readonly calls: FakeCall[] = [];
  /** Called before a call takes effect: throw (or reject) to make it fail. */
  before: ((call: FakeCall) => void | Promise<void>) | undefined;
  /** Called after a call took effect: throw to lose its answer. */
  after: ((call: FakeCall) => void | Promise<void>) | undefined;
  /** Qualified names of kinds that are not installed: calls are answered 404. */
  readonly missing = new Set<string>();
  /** False: a watch cannot begin with the state, as on servers that do not know how; it is refused. */
  streams = true;
  /** Kinds that are answered and not stored, by qualified name: `answers.set('tokenreviews.authentication.k8s.io', …)`. */
  readonly answers = new Map<string, (object: Readonly<KubeObject>) => KubeObject>();

  readonly #clock: Clock;
  readonly #kinds = new Map<string, Map<string, Stored>>();
  /** By uid, then by field manager and subresource: what it applied last. */
  readonly #applied = new Map<string, Map<string, unknown>>();
  #history: HistoryEntry[] = [];
  /** Everything as it was when the history was forgotten last. */
  #base = new Map<string, Map<string, Stored>>();
  #compacted = 0;
  #version = 100;
  #uids = 0;
  #names = 0;
  /** The call that takes effect at the moment asked for none. */
  #dryRun = false;
  readonly #watches = new Map<FakeWatch, string>();

  constructor(clock: Clock = new FakeClock()) {
    this.#clock = clock;
  }

  /** Calls that change something. */
  get writes(): FakeCall[] {
    return this.calls.filter(({ verb }) => !['get', 'list', 'watch', 'raw'].includes(verb));
  }

  get openWatches(): number {
    return this.#watches.size;
  }

  /** What is stored, without a call. */
  peek<T extends KubeObject>(resource: Resource<T>, key: ObjectKey): T | undefined {
    const object = this.#kind(resource).get(keyOf(key));
    return object && (structuredClone(object) as KubeObject as T);
  }

  /** Stores objects, as somebody else would. */
  async seed<T extends KubeObject>(resource: Resource<T>, ...objects: T[]): Promise<void> {
    for (const object of objects) this.#create(resource, object);
  }

  /** Ends every watch: cleanly, or with an error as when the connection breaks. */
  endWatches(error?: Error): void {
    for (const watch of [...this.#watches.keys()]) watch.end(error);
  }

  /** Holds watch events back (the readers' caches are stale) until it is set to false. */
  set watchesPaused(paused: boolean) {
    for (const watch of this.#watches.keys()) watch.paused = paused;
  }

  /** Tells every watch how far the server is. */
  bookmark(): void {
    for (const watch of this.#watches.keys()) {
      watch.push({ type: 'BOOKMARK', resourceVersion: `${this.#version}`, initialEventsEnd: false });
    }
  }

  /** Forgets the history: watches from an older version are answered 410. */
  compact(): void {
    this.#history = [];
    this.#base = new Map([...this.#kinds].map(([name, objects]) => [name, new Map(objects)]));
    this.#compacted = this.#version;
  }

  async get<T extends KubeObject>(resource: Resource<T>, key: ObjectKey, options: CallOptions = {}): Promise<T> {
    return this.#call({ verb: 'get', resource, key }, options, () => {
      const object = structuredClone(this.#find(resource, key));
      // Who has applied what is told by a get alone, as caches do not keep it.
      const managedFields = managedFieldsOf(this.#applied.get(object.metadata.uid ?? ''));
      return managedFields.length > 0 ? { ...object, metadata: { ...object.metadata, managedFields } } : object;
    });
  }

  async list<T extends KubeObject>(resource: Resource<T>, options: ListOptions = {}): Promise<KubeList<T>> {
    return this.#call({ verb: 'list', resource }, options, () => {
      const all = [...this.#shown(resource, options).values()].filter(selects(options));
      const offset = Number(options.continue ?? 0);
      const limit = options.limit === 0 ? all.length : (options.limit ?? 500);
      const items = all.slice(offset, offset + limit).map((object) => withoutKind(structuredClone(object)));
      const more = offset + limit < all.length ? { continue: `${offset + limit}` } : {};
      return { metadata: { resourceVersion: `${this.#version}`, ...more }, items };
    });
  }

  async listAll<T extends KubeObject>(resource: Resource<T>, options: ListOptions = {}): Promise<KubeList<T>> {
    return this.list(resource, { ...options, limit: 0 });
  }

  async create<T extends KubeObject>(resource: Resource<T>, object: T, options: WriteOptions = {}): Promise<T> {
    const answer = this.answers.get(qualifiedName(resource));
    if (answer) return this.#call({ verb: 'create', resource, body: object }, options, () => answer(object));
    const named = this.#named(object);
    return this.#call({ verb: 'create', resource, key: nameOf(named), body: object }, options, () =>
      this.#create(resource, named),
    );
  }

  async update<T extends KubeObject>(resource: Resource<T>, object: T, options: WriteOptions = {}): Promise<T> {
    return this.#call({ verb: 'update', resource, key: nameOf(object), body: object }, options, () =>
      this.#change(resource, this.#find(resource, nameOf(object)), object, options.subresource),
    );
  }

  async patch<T extends KubeObject>(
    resource: Resource<T>,
    key: ObjectKey,
    patch: Patch,
    options: WriteOptions = {},
  ): Promise<T> {
    return this.#call({ verb: 'patch', resource, key, body: patch.body }, options, () => {
      const current = this.#find(resource, key);
      const next = patch.type === 'json' ? this.#jsonPatch(current, patch.body) : mergePatch(current, patch.body);
      return this.#change(resource, current, next as KubeObject, options.subresource);
    });
  }

  async apply<T extends KubeObject>(resource: Resource<T>, object: T, options: ApplyOptions): Promise<T> {
    return this.#call({ verb: 'apply', resource, key: nameOf(object), body: object }, options, () => {
      const key = nameOf(object);
      const manager = [options.fieldManager, options.subresource ?? ''].join(' ');
      const current = this.#kind(resource).get(keyOf(key));
      if (!current && options.subresource) throw this.#notFound(resource, key);
      checkTarget(current, options.only);
      const managers = new Map(current && this.#applied.get(current.metadata.uid ?? ''));
      const before = managers.get(manager);
      managers.delete(manager);
      if (!options.force) checkOwners(object, managers);
      const next = applyPatch(current ?? {}, object, before, [...managers.values()]) as KubeObject;
      const stored = current
        ? this.#replace(resource, current, next, options.subresource)
        : this.#create(resource, next);
      if (!this.#dryRun) {
        this.#applied.set(stored.metadata.uid ?? '', managers.set(manager, structuredClone(object)));
      }
      return stored;
    });
  }

  async delete(resource: Resource, key: ObjectKey, options: DeleteOptions = {}): Promise<void> {
    await this.#call({ verb: 'delete', resource, key }, options, () => {
      const current = this.#find(resource, key);
      const { uid, resourceVersion } = options.preconditions ?? {};
      if (
        (uid && uid !== current.metadata.uid) ||
        (resourceVersion && resourceVersion !== current.metadata.resourceVersion)
      ) {
        throw apiError(409, 'Conflict', 'The precondition does not hold');
      }
      if (!current.metadata.finalizers?.length) return this.#remove(resource, current);
      if (current.metadata.deletionTimestamp) return undefined;
      const generation = (current.metadata.generation ?? 0) + 1;
      const metadata = { ...current.metadata, generation, deletionTimestamp: formatTime(this.#clock.now()) };
      this.#store(resource, { ...current, metadata }, 'MODIFIED');
      return undefined;
    });
  }

  async *watch<T extends KubeObject>(resource: Resource<T>, options: WatchOptions = {}): AsyncGenerator<WatchEvent<T>> {
    const watch = await this.#call<FakeWatch>({ verb: 'watch', resource }, options, () =>
      this.#openWatch(resource, options),
    );
    try {
      for (;;) {
        const result = await watch.next();
        if (result.done) return;
        yield structuredClone(result.value) as WatchEvent<T>;
      }
    } finally {
      watch.end();
    }
  }

  async raw(method: string, path: string): Promise<string> {
    this.calls.push({ verb: 'raw', resource: '', key: `${method} ${path}`, options: {} });
    return 'ok';
  }

  /** As the API has it: a page size together with a version asks for exactly that version, unless it is said otherwise. */
  #shown(resource: Resource, options: ListOptions): ReadonlyMap<string, Stored> {
    const { resourceVersion = '', resourceVersionMatch, limit, continue: next } = options;
    const wanted = Number(resourceVersion);
    if (wanted > this.#version) throw tooLarge(resourceVersion, this.#version);
    const exact = resourceVersionMatch === 'Exact' || (resourceVersionMatch === undefined && limit !== 0);
    if (wanted === 0 || next || !exact) return this.#kind(resource);
    if (wanted < this.#compacted) throw apiError(410, 'Expired', 'The resourceVersion is too old');
    const objects = new Map(this.#base.get(qualifiedName(resource)));
    for (const { version, resource: name, event } of this.#history) {
      if (version > wanted || name !== qualifiedName(resource) || event.type === 'BOOKMARK') continue;
      if (event.type === 'DELETED') objects.delete(keyOf(event.object));
      else objects.set(keyOf(event.object), event.object as Stored);
    }
    return objects;
  }

  #openWatch(resource: Resource, options: WatchOptions): FakeWatch {
    if (options.sendInitialEvents) return this.#openStream(resource, options);
    const from = Number(options.resourceVersion ?? this.#version);
    if (from < this.#compacted) throw apiError(410, 'Expired', 'The resourceVersion is too old');
    const watch = new FakeWatch(selects(options), (ended) => this.#watches.delete(ended), options.signal);
    for (const entry of this.#history) {
      if (entry.resource === qualifiedName(resource) && entry.version > from) watch.push(entry.event);
    }
    this.#watches.set(watch, qualifiedName(resource));
    return watch;
  }

  /** A watch that begins with the state. */
  #openStream(resource: Resource, options: WatchOptions): FakeWatch {
    if (!this.streams) throw apiError(422, 'Invalid', 'sendInitialEvents: Forbidden: sendInitialEvents is forbidden');
    if (Number(options.resourceVersion ?? 0) > this.#version) {
      throw tooLarge(options.resourceVersion ?? '', this.#version);
    }
    const watch = new FakeWatch(selects(options), (ended) => this.#watches.delete(ended), options.signal);
    for (const object of this.#kind(resource).values()) watch.push({ type: 'ADDED', object });
    watch.push({ type: 'BOOKMARK', resourceVersion: `${this.#version}`, initialEventsEnd: true });
    this.#watches.set(watch, qualifiedName(resource));
    return watch;
  }

  /** Runs hooks around `act`, each on a later microtask, so that calls interleave as they do over a network. */
  async #call<Result>(
    call: { verb: FakeCall['verb']; resource: Resource; key?: ObjectKey; body?: unknown },
    options: object & { signal?: AbortSignal; dryRun?: boolean },
    act: () => unknown,
  ): Promise<Result> {
    const record: FakeCall = {
      verb: call.verb,
      resource: qualifiedName(call.resource),
      key: call.key ? keyOf(call.key) : '',
      options,
      ...(call.resource.metadataOnly ? { metadataOnly: true as const } : {}),
      ...(call.body === undefined ? {} : { body: structuredClone(call.body) }),
    };
    this.calls.push(record);
    await Promise.resolve();
    options.signal?.throwIfAborted();
    await this.before?.(record);
    if (this.missing.has(record.resource))
      throw apiError(404, 'NotFound', 'the server could not find the requested resource');
    const result = this.#take(act, options.dryRun ?? false);
    await this.after?.(record);
    return result as Result;
  }

  #take(act: () => unknown, dryRun: boolean): unknown {
    this.#dryRun = dryRun;
    try {
      return act();
    } finally {
      this.#dryRun = false;
    }
  }

  #kind(resource: Resource): Map<string, Stored> {
    const name = qualifiedName(resource);
    let kind = this.#kinds.get(name);
    if (!kind) this.#kinds.set(name, (kind = new Map<string, Stored>()));
    return kind;
  }

  #find(resource: Resource, key: ObjectKey): Stored {
    const object = this.#kind(resource).get(keyOf(key));
    if (!object) throw this.#notFound(resource, key);
    return object;
  }

  #notFound(resource: Resource, key: ObjectKey): ApiError {
    return apiError(404, 'NotFound', `${qualifiedName(resource)} "${key.name}" not found`);
  }

  /** With the name that `generateName` asks for. */
  #named(object: KubeObject): KubeObject {
    const { name, generateName } = object.metadata ?? {};
    if (name || !generateName) return object;
    return {
      ...object,
      metadata: { ...object.metadata, name: `${generateName}${`${++this.#names}`.padStart(5, '0')}` },
    };
  }

  #create(resource: Resource, object: KubeObject): Stored {
    const key = nameOf(object);
    if (this.#kind(resource).has(keyOf(key)))
      throw apiError(409, 'AlreadyExists', `${qualifiedName(resource)} "${key.name}" already exists`);
    const metadata = {
      creationTimestamp: formatTime(this.#clock.now()),
      generation: 1,
      ...structuredClone(object.metadata),
      uid: `uid-${++this.#uids}`,
      name: key.name,
      resourceVersion: '',
    };
    return this.#store(
      resource,
      { ...structuredClone(object), apiVersion: apiVersionOf(resource), kind: resource.kind, metadata },
      'ADDED',
    );
  }

  /** Not by an apply: who had applied what is changed has it no more. */
  #change(resource: Resource, current: Stored, wanted: KubeObject, subresource?: string): Stored {
    const next = this.#replace(resource, current, wanted, subresource);
    const managers = this.#applied.get(current.metadata.uid ?? '');
    if (managers && !this.#dryRun) {
      for (const [manager, applied] of managers) managers.set(manager, withoutChanged(applied, current, next));
    }
    return next;
  }

  #replace(resource: Resource, current: Stored, wanted: KubeObject, subresource?: string): Stored {
    const { uid, resourceVersion } = wanted.metadata ?? {};
    if (
      (uid && uid !== current.metadata.uid) ||
      (resourceVersion && resourceVersion !== current.metadata.resourceVersion)
    ) {
      throw apiError(
        409,
        'Conflict',
        'the object has been modified; please apply your changes to the latest version and try again',
      );
    }
    const { metadata, status, ...rest } = structuredClone(wanted) as Stored;
    const next: Stored =
      subresource === 'status'
        ? { ...current, ...(status === undefined ? {} : { status }) }
        : {
            ...rest,
            apiVersion: apiVersionOf(resource),
            kind: resource.kind,
            metadata: this.#metadata(current, metadata),
            ...('status' in current ? { status: current.status } : {}),
          };
    if (same(next, current)) return structuredClone(current);
    const { metadata: _metadata, status: _status, ...newRest } = next;
    const { metadata: _oldMetadata, status: _oldStatus, ...oldRest } = current;
    if (!same(newRest, oldRest))
      next.metadata = { ...next.metadata, generation: (current.metadata.generation ?? 0) + 1 };
    if (next.metadata.deletionTimestamp && !next.metadata.finalizers?.length) return this.#remove(resource, next);
    return this.#store(resource, next, 'MODIFIED');
  }

  /** Metadata that clients cannot change stays. */
  #metadata(current: Stored, wanted: ObjectMeta): Stored['metadata'] {
    const { name, uid, resourceVersion, generation, creationTimestamp, deletionTimestamp } = current.metadata;
    const { managedFields: _managedFields, ...rest } = wanted;
    const fixed = { name, resourceVersion, ...(uid ? { uid } : {}), ...(generation ? { generation } : {}) };
    const times = {
      ...(creationTimestamp ? { creationTimestamp } : {}),
      ...(deletionTimestamp ? { deletionTimestamp } : {}),
    };
    return { ...rest, ...fixed, ...times };
  }

  #jsonPatch(current: Stored, operations: readonly object[]): unknown {
    try {
      return jsonPatch(current, operations);
    } catch (error) {
      throw apiError(422, 'Invalid', error instanceof Error ? error.message : 'Invalid patch');
    }
  }

  #store(resource: Resource, object: Stored, type: 'ADDED' | 'MODIFIED'): Stored {
    if (this.#dryRun) return structuredClone(object);
    const stored: Stored = { ...object, metadata: { ...object.metadata, resourceVersion: `${++this.#version}` } };
    this.#kind(resource).set(keyOf(stored), stored);
    this.#publish(resource, { type, object: stored });
    return structuredClone(stored);
  }

  #remove(resource: Resource, object: Stored): Stored {
    if (this.#dryRun) return structuredClone(object);
    this.#kind(resource).delete(keyOf(object));
    this.#applied.delete(object.metadata.uid ?? '');
    const last: Stored = { ...object, metadata: { ...object.metadata, resourceVersion: `${++this.#version}` } };
    this.#publish(resource, { type: 'DELETED', object: last });
    return structuredClone(last);
  }

  #publish(resource: Resource, event: WatchEvent<KubeObject>): void {
    const name = qualifiedName(resource);
    this.#history.push({ version: this.#version, resource: name, event });
    for (const [watch, watched] of [...this.#watches]) if (watched === name) watch.push(event);
  }
}

function nameOf(object: KubeObject): ObjectKey {
  const { name, namespace } = object.metadata ?? {};
  if (!name) throw apiError(422, 'Invalid', 'metadata.name: Required value');
  return namespace === undefined ? { name } : { namespace, name };
}

function selects({
  namespace,
  labelSelector,
}: {
  namespace?: string;
  labelSelector?: string;
}): (object: KubeObject) => boolean {
  const labels = parseSelector(labelSelector ?? '');
  return ({ metadata }) =>
    (namespace === undefined || metadata?.namespace === namespace) && matchesSelector(labels, metadata?.labels);
}

/** Items of a list carry neither apiVersion nor kind, as the real server sends them. */
function withoutKind({ apiVersion: _apiVersion, kind: _kind, ...rest }: Stored): KubeObject {
  return rest;
}
