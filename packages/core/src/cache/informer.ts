// One resource in memory, shared by all who read it or want to hear of its changes.
import {
  type Client,
  compareResourceVersions,
  keyOf,
  type KubeObject,
  type ObjectKey,
  onlyMetadata,
  qualifiedName,
  type Resource,
} from '@stackwright/kube';
import type { Logger } from '../log.js';
import type { ReadListOptions } from '../reader.js';
import { learnSecretsOf } from '../scrub/scrub.js';
import type { Clock } from '../seams/clock.js';
import type { Random } from '../seams/random.js';
import { aborted, breathe, reasonOf, sleep } from '../seams/wait.js';
import {
  CacheNotSyncedError,
  KindMissingError,
  type HandlerRegistration,
  type IndexFunction,
  type Informer,
  type InformerHandler,
  type InformerOptions,
} from './cache.js';
import type { Version } from './catch-up.js';
import { Reflector } from './reflector.js';
import { Scope, type ScopeOptions } from './scope.js';
import type { ReflectorObserver, ReflectorSink } from './sink.js';
import { Store } from './store.js';
import { deepFreeze, setKind, stripManagedFields } from './transform.js';

export interface InformerEnvironment {
  client: Client;
  clock: Clock;
  random: Random;
  log: Logger;
  /** Objects become immutable, so that a write to one throws. Default false. */
  freeze?: boolean;
  /** Milliseconds after which handlers are shown every object again. Default 10 hours. */
  resync?: number;
  /** Makes an observer for each watch. */
  observe?: (resource: Resource) => ReflectorObserver;
  /** Resources whose server was found not to stream their state. */
  listedOnly?: Set<string>;
}

export type Transform<T extends KubeObject> = (object: T) => T | void;

const tenHours = 36_000_000;
/** Objects that are stored and told of in one turn of the event loop when the whole state is replaced. */
const slice = 500;

export class SharedInformer<T extends KubeObject = KubeObject> implements Informer<T> {
  readonly resource: Resource<T>;
  readonly options: Readonly<InformerOptions>;
  readonly #environment: InformerEnvironment & { listedOnly: Set<string> };
  readonly #transform: Transform<T> | undefined;
  readonly #store = new Store<T>();
  readonly #scopes: readonly Scope[];
  readonly #handlers = new Set<InformerHandler<T>>();
  #onSynced: (() => void)[] = [];
  #onMissing: (() => void)[] = [];
  #started = false;

  /** `scopes`: one watch for each. */
  constructor(
    environment: InformerEnvironment,
    resource: Resource<T>,
    options: InformerOptions,
    scopes: readonly ScopeOptions[],
    transform?: Transform<T>,
  ) {
    this.resource = resource;
    this.options = options;
    this.#environment = { listedOnly: new Set(), ...environment };
    this.#transform = transform;
    this.#scopes = scopes.map((scope) => new Scope(scope));
  }

  /** Objects in the store, synced or not. */
  get size(): number {
    return this.#store.size;
  }

  hasSynced(): boolean {
    return this.#scopes.every(({ synced }) => synced);
  }

  isMissing(): boolean {
    return this.#scopes.some(({ missing }) => missing);
  }

  async whenSynced(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.hasSynced()) return;
    const synced = new Promise<void>((resolve) => this.#onSynced.push(resolve));
    if (!signal) return synced;
    await Promise.race([synced, aborted(signal)]);
    if (!this.hasSynced()) throw reasonOf(signal);
  }

  async whenUsable(signal?: AbortSignal): Promise<void> {
    if (!this.resource.optional) return this.whenSynced(signal);
    if (this.isMissing()) return;
    const missing = new Promise<void>((resolve) => this.#onMissing.push(resolve));
    return Promise.race([this.whenSynced(signal), missing]);
  }

  addHandler(handler: InformerHandler<T>): HandlerRegistration {
    this.#handlers.add(handler);
    for (const object of this.#store.list()) this.#tell(() => handler.added?.(object, true));
    return {
      // Handlers are called in the same turn as the store changes: what the store has, they have seen.
      hasSynced: () => this.hasSynced(),
      remove: () => void this.#handlers.delete(handler),
    };
  }

  addIndex(name: string, index: IndexFunction<T>): void {
    this.#store.addIndex(name, (object) => {
      try {
        return index(object);
      } catch (error) {
        // A bug in it; an object that cannot be found by one index must still be found by its name.
        const { log } = this.#environment;
        log.error({ resource: qualifiedName(this.resource), index: name, err: error }, 'Index function threw');
        return [];
      }
    });
  }

  hasIndex(name: string): boolean {
    return this.#store.hasIndex(name);
  }

  get(key: ObjectKey): Readonly<T> | undefined {
    this.#demandSynced(key.namespace);
    const object = this.#store.get(key);
    learnSecretsOf(this.resource, object);
    return object;
  }

  list(options: ReadListOptions = {}): readonly Readonly<T>[] {
    this.#demandSynced(options.namespace);
    return this.#learned(this.#store.list(options));
  }

  byIndex(name: string, value: string, options: { namespace?: string } = {}): readonly Readonly<T>[] {
    this.#demandSynced(options.namespace);
    return this.#learned(this.#store.byIndex(name, value, options));
  }

  ownedBy(uid: string): readonly Readonly<T>[] {
    this.#demandSynced();
    return this.#learned(this.#store.ownedBy(uid));
  }

  /** What is read of Secrets is not to be seen in any text afterwards. */
  #learned(objects: readonly Readonly<T>[]): readonly Readonly<T>[] {
    if (this.resource.kind === 'Secret') for (const object of objects) learnSecretsOf(this.resource, object);
    return objects;
  }

  /** Whether a write that was answered with `resourceVersion` shows in the store (or something newer does). */
  hasSeen(key: ObjectKey, resourceVersion: string): boolean {
    const stored = this.#store.get(key)?.metadata?.resourceVersion;
    if (stored !== undefined && compareResourceVersions(stored, resourceVersion) >= 0) return true;
    const scope = this.#scopeOf(key.namespace);
    return scope === undefined || compareResourceVersions(scope.resourceVersion, resourceVersion) >= 0;
  }

  /** Whether the deletion of the object with this uid shows in the store. */
  hasSeenDeletion(key: ObjectKey, uid: string): boolean {
    const metadata = this.#store.get(key)?.metadata;
    return metadata?.uid !== uid || metadata.deletionTimestamp !== undefined;
  }

  /** The uid of the object as the store knows it, synced or not. */
  uidOf(key: ObjectKey): string | undefined {
    return this.#store.get(key)?.metadata?.uid;
  }

  /** Watches until `signal` is aborted; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    if (this.#started) throw new Error(`The informer of ${qualifiedName(this.resource)} runs already`);
    this.#started = true;
    await Promise.all([...this.#scopes.map((scope) => this.#reflect(scope, signal)), this.#resync(signal)]);
  }

  /**
   * Resolves when the store shows what the server has now, however long its watches may have told nothing. What cannot be read, or
   * is not served, is not waited for: the state that is read when that is over is the server's newest. Call it when it runs.
   */
  async catchUp(signal: AbortSignal): Promise<void> {
    const versions = (scope: Scope) => () => this.#within(scope).map(versionOf);
    const { resource } = this;
    await Promise.all(this.#scopes.map((scope) => scope.catchUp(this.#environment, resource, versions(scope), signal)));
  }

  #reflect(scope: Scope, signal: AbortSignal): Promise<void> {
    const { client, clock, random, log, observe, listedOnly } = this.#environment;
    const { labelSelector, fieldSelector } = scope.options;
    const reflector = new Reflector<T>({
      client,
      clock,
      random,
      log,
      resource: this.resource,
      namespace: scope.namespace,
      labelSelector,
      fieldSelector,
      listedOnly,
      transform: (object) => this.#trim(object),
      sink: this.#sink(scope),
      observer: observe?.(this.resource),
    });
    scope.reflector = reflector;
    return reflector.run(signal);
  }

  #trim(object: T): T {
    stripManagedFields(object);
    setKind(object, this.resource);
    // Not every client has this from its server.
    const trimmed = this.#transformed(this.resource.metadataOnly ? onlyMetadata(this.resource, object) : object);
    return this.#environment.freeze ? deepFreeze(trimmed) : trimmed;
  }

  #transformed(object: T): T {
    try {
      return this.#transform?.(object) ?? object;
    } catch (error) {
      // A bug in it; the object is there all the same.
      const { log } = this.#environment;
      log.error({ resource: qualifiedName(this.resource), err: error }, 'Transform threw');
      return object;
    }
  }

  #sink(scope: Scope): ReflectorSink<T> {
    return {
      replace: async (objects, resourceVersion) => {
        const initial = !scope.synced;
        const present = new Set<string>();
        for (const object of objects) {
          const key = keyOf(object);
          present.add(key);
          this.#set(object, initial, key);
          if (present.size % slice === 0) await breathe();
        }
        for (const object of this.#within(scope)) if (!present.has(keyOf(object))) this.#delete(object);
        scope.resourceVersion = resourceVersion;
        scope.synced = true;
        scope.missing = false;
        scope.failed = false;
        scope.tellChange();
        if (this.hasSynced()) for (const resolve of this.#onSynced.splice(0)) resolve();
      },
      changed: (object) => {
        this.#set(object, false);
        scope.resourceVersion = object.metadata?.resourceVersion ?? scope.resourceVersion;
        scope.tellChange();
      },
      deleted: (object) => {
        this.#delete(object);
        scope.resourceVersion = object.metadata?.resourceVersion ?? scope.resourceVersion;
        scope.tellChange();
      },
      progressed: (resourceVersion) => {
        scope.resourceVersion = resourceVersion;
        scope.tellChange();
      },
      failed: () => {
        scope.failed = true;
        scope.tellChange();
      },
      missing: async () => {
        scope.missing = true;
        // First of all: who is told of a deletion below must not read that there is nothing, but that nothing is known.
        scope.synced = false;
        scope.tellChange();
        for (const resolve of this.#onMissing.splice(0)) resolve();
        let dropped = 0;
        for (const object of this.#within(scope)) {
          this.#delete(object);
          if (++dropped % slice === 0) await breathe();
        }
      },
    };
  }

  #within({ namespace }: Scope): readonly T[] {
    return this.#store.list(namespace === undefined ? {} : { namespace });
  }

  #set(object: T, initial: boolean, key = keyOf(object)): void {
    const previous = this.#store.at(key);
    // Deleted and made anew while nobody looked: the two are not the same object.
    if (previous && previous.metadata?.uid !== object.metadata?.uid) this.#delete(previous);
    else if (previous && previous.metadata?.resourceVersion === object.metadata?.resourceVersion) return;
    const replaced = this.#store.set(object, key);
    for (const handler of this.#handlers) {
      this.#tell(() => (replaced ? handler.updated?.(object, replaced) : handler.added?.(object, initial)));
    }
  }

  #delete(object: T): void {
    const previous = this.#store.delete(object);
    if (!previous) return;
    for (const handler of this.#handlers) this.#tell(() => handler.deleted?.(previous));
  }

  /** A handler that throws is a bug in it; the others and the store must not suffer. */
  #tell(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#environment.log.error({ resource: qualifiedName(this.resource), err: error }, 'Informer handler threw');
    }
  }

  async #resync(signal: AbortSignal): Promise<void> {
    const { clock, random, resync = tenHours } = this.#environment;
    while (!signal.aborted) {
      // Ten percent apart, so that the kinds of a process do not come at once.
      await sleep(clock, resync * (1 + 0.1 * random.float()), signal).catch(() => undefined);
      if (signal.aborted) return;
      for (const object of this.#store.list()) {
        for (const handler of this.#handlers) this.#tell(() => handler.updated?.(object, object));
      }
    }
  }

  #scopeOf(namespace?: string): Scope | undefined {
    return this.#scopes.find((scope) => scope.namespace === undefined || scope.namespace === namespace);
  }

  #demandSynced(namespace?: string): void {
    if (namespace !== undefined && !this.#scopeOf(namespace)) {
      throw new Error(`${qualifiedName(this.resource)} in namespace "${namespace}" is not watched`);
    }
    const synced = namespace === undefined ? this.hasSynced() : this.#scopeOf(namespace)?.synced;
    if (synced) return;
    const name = qualifiedName(this.resource);
    if (this.isMissing())
      throw new KindMissingError(`The cluster has no ${name}: the kind is not installed`, this.resource);
    throw new CacheNotSyncedError(`${name} is not synced`);
  }
}

function versionOf({ metadata: { uid = '', resourceVersion = '' } = {} }: Readonly<KubeObject>): Version {
  return { uid, resourceVersion };
}
