// The informer cache of a manager. One watch per resource, namespace and selector, whoever asks for it.
import type { KubeObject, ObjectKey, Resource } from '@stackwright/kube';
import type { Reader } from '../reader.js';

/** Which part of a resource an informer holds. Default: what `Cache.configure` says, or all of it, in the manager's namespaces. */
export interface InformerOptions {
  /** Only this namespace. Default: the manager's namespaces. */
  namespace?: string;
  /** Objects that do not match are invisible to every reader of this informer: unlabelled children are never seen. */
  labelSelector?: string;
  fieldSelector?: string;
}

export interface Selectors {
  /** Objects that do not match do not exist for any reader: an object that lost the label looks deleted, and is never healed. */
  labelSelector?: string;
  fieldSelector?: string;
}

/** How a resource is cached; one answer for a whole process. To cache no more than the metadata, ask for `metadataOf(resource)`. */
export interface ResourceCacheOptions<T extends KubeObject> extends Selectors {
  /** Namespaces to watch, in place of the manager's; by name, those that have selectors of their own. Empty: all. */
  namespaces?: readonly string[] | Readonly<Record<string, Selectors>>;
  /**
   * Changes an object before it is stored, or returns another in its place: to drop what nobody reads, which is what memory is
   * spent on. managedFields are gone already. Name, namespace, uid and resourceVersion must stay. Must not throw.
   */
  transform?: (object: T) => T | void;
}

/** Called synchronously, in the order of events. Must not throw and must not await: put a key into a queue. */
export interface InformerHandler<T extends KubeObject> {
  /** `initial`: the object was there already when the handler was added or the informer listed for the first time. */
  added?(object: Readonly<T>, initial: boolean): void;
  updated?(object: Readonly<T>, previous: Readonly<T>): void;
  /** `object` is as it was last seen; that can be older than what was deleted. */
  deleted?(object: Readonly<T>): void;
}

export interface HandlerRegistration {
  /** True once this handler has been given everything of the initial list. */
  hasSynced(): boolean;
  remove(): void;
}

/** Under which values an object is found. Must depend on the object alone, and must not throw. */
export type IndexFunction<T extends KubeObject> = (object: Readonly<T>) => readonly string[];

/** An index as a value: who has it can ask for it, and what comes back has the right type. */
export interface FieldIndex<T extends KubeObject> {
  readonly resource: Resource<T>;
  readonly name: string;
  readonly values: IndexFunction<T>;
}

/** `const byRealm = defineIndex(User, 'realm', (user) => [user.spec.realm]);` */
export function defineIndex<T extends KubeObject>(
  resource: Resource<T>,
  name: string,
  values: IndexFunction<T>,
): FieldIndex<T> {
  return Object.freeze({ resource, name, values });
}

export interface Informer<T extends KubeObject = KubeObject> {
  readonly resource: Resource<T>;
  readonly options: Readonly<InformerOptions>;
  /** The state of the server is, or was, in the store. False again when the kind is not served any more. */
  hasSynced(): boolean;
  /**
   * The API server does not know the kind: the CRD is not installed, or for 90 seconds not any more. In the second case
   * handlers are told that every object was deleted; reads throw a `KindMissingError` until it is served again.
   */
  isMissing(): boolean;
  /** Resolves when the initial list is in the store, or, of a kind that not every cluster serves, when it is known to be missing. */
  whenUsable(signal?: AbortSignal): Promise<void>;
  /** Resolves when the initial list is in the store; rejects with the signal's reason. */
  whenSynced(signal?: AbortSignal): Promise<void>;
  addHandler(handler: InformerHandler<T>): HandlerRegistration;
  /** Adding the same name twice is an error. May be added at any time. */
  addIndex(name: string, index: IndexFunction<T>): void;
  hasIndex(name: string): boolean;

  /** Reads; see `Cache` for what they throw. */
  get(key: ObjectKey): Readonly<T> | undefined;
  list(options?: { namespace?: string; labels?: Readonly<Record<string, string>> }): readonly Readonly<T>[];
  byIndex(name: string, value: string, options?: { namespace?: string }): readonly Readonly<T>[];
  /** Objects with an ownerReference to this uid. */
  ownedBy(uid: string): readonly Readonly<T>[];

  /** Whether a write that was answered with `resourceVersion`, or something newer, has reached the store. Never throws. */
  hasSeen(key: ObjectKey, resourceVersion: string): boolean;
  /** Whether the deletion of the object with this uid has reached the store. Never throws. */
  hasSeenDeletion(key: ObjectKey, uid: string): boolean;
  /** The uid of the object in the store, synced or not. */
  uidOf(key: ObjectKey): string | undefined;
}

/**
 * Reading a resource that has no informer throws an Error: declare it (`owns`, `watches`, `cache.informer`) first.
 * Reading one that is not synced throws a `CacheNotSyncedError`: an empty answer would be a lie that deletes or
 * duplicates things. A reconcile that rejects with it is requeued with back-off and not counted as an error.
 */
export interface Cache extends Reader {
  /** Says how a resource is cached. Throws when it is cached already: ask before the first `informer`, `owns` or `watches`. */
  configure<T extends KubeObject>(resource: Resource<T>, options: ResourceCacheOptions<T>): void;
  /**
   * The informer of a resource, made when first asked for. It starts with the manager, or at once when the manager
   * runs already; a CRD that is not there yet is waited for without end.
   */
  informer<T extends KubeObject>(resource: Resource<T>, options?: InformerOptions): Informer<T>;
  /** The informer of everything of a resource, when somebody asked for it. */
  find<T extends KubeObject>(resource: Resource<T>): Informer<T> | undefined;
  ownedBy<T extends KubeObject>(resource: Resource<T>, uid: string): readonly Readonly<T>[];
  /** Adds an index, and the informer of its resource where there is none. The same index may be added many times. */
  addIndex<T extends KubeObject>(index: FieldIndex<T>): void;
  /** What is found under `value` in an index that was added. */
  byIndex<T extends KubeObject>(
    index: FieldIndex<T>,
    value: string,
    options?: { namespace?: string },
  ): readonly Readonly<T>[];
  /** True when every informer that was asked for is synced, but for kinds that not every cluster serves and this one does not. */
  hasSynced(): boolean;
}

export class CacheNotSyncedError extends Error {
  override readonly name: string = 'CacheNotSyncedError';
}

/** It is not synced since the API server does not know the kind, or does not any more. */
export class KindMissingError extends CacheNotSyncedError {
  override readonly name = 'KindMissingError';
  /** The kind, where the thrower says so. */
  readonly resource: Resource | undefined;

  constructor(message: string, resource?: Resource) {
    super(message);
    this.resource = resource;
  }
}
