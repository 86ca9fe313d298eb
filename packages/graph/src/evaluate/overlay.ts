// The cache, with the answers to this reconcile's own writes over it: what was just written need not be waited for.
import {
  compareResourceVersions,
  keyOf as keyOfKey,
  type KubeObject,
  type ObjectKey,
  qualifiedName,
  type Resource,
} from '@stackwright/kube';
import type { Reader, ReadListOptions } from '@stackwright/core';

/** A reader that also finds children. */
export interface ChildReader extends Reader {
  /** Objects with an ownerReference to this uid. */
  ownedBy<T extends KubeObject>(resource: Resource<T>, uid: string): readonly Readonly<T>[];
}

export class Overlay implements ChildReader {
  readonly #base: ChildReader;
  /** By kind, then by key. */
  readonly #written = new Map<string, Map<string, KubeObject>>();
  readonly #deleted = new Set<string>();

  constructor(base: ChildReader) {
    this.#base = base;
  }

  wrote(resource: Resource, answer: KubeObject): void {
    const object = withoutManagedFields(answer);
    const kind = qualifiedName(resource);
    const objects = this.#written.get(kind) ?? new Map<string, KubeObject>();
    this.#written.set(kind, objects.set(keyOf(object), object));
    // Seen alive: its deletion waits for somebody.
    if (object.metadata?.uid !== undefined) this.#deleted.delete(object.metadata.uid);
  }

  deleted(object: Readonly<KubeObject>): void {
    if (object.metadata?.uid !== undefined) this.#deleted.add(object.metadata.uid);
  }

  get<T extends KubeObject>(resource: Resource<T>, key: ObjectKey): Readonly<T> | undefined {
    const newest = newer(this.#base.get(resource, key), this.#writtenOf(resource)?.get(keyOfKey(key)));
    return newest && this.#isDeleted(newest) ? undefined : newest;
  }

  list<T extends KubeObject>(resource: Resource<T>, options: ReadListOptions = {}): readonly Readonly<T>[] {
    return this.#merge(resource, this.#base.list(resource, options), (object) => matches(object, options));
  }

  ownedBy<T extends KubeObject>(resource: Resource<T>, uid: string): readonly Readonly<T>[] {
    const isOwned = (object: Readonly<KubeObject>) =>
      object.metadata?.ownerReferences?.some((reference) => reference.uid === uid) ?? false;
    return this.#merge(resource, this.#base.ownedBy(resource, uid), isOwned);
  }

  #merge<T extends KubeObject>(
    resource: Resource<T>,
    cached: readonly Readonly<T>[],
    belongs: (object: Readonly<KubeObject>) => boolean,
  ) {
    const written = this.#writtenOf(resource);
    if (!written && this.#deleted.size === 0) return cached;
    const byKey = new Map<string, Readonly<T>>(cached.map((object) => [keyOf(object), object]));
    for (const [key, object] of written ?? []) {
      const newest = newer(this.#base.get(resource, object.metadata as ObjectKey), object);
      if (newest && belongs(newest)) byKey.set(key, newest);
      else byKey.delete(key);
    }
    return [...byKey.values()].filter((object) => !this.#isDeleted(object));
  }

  /** What was written of a kind was written through its own descriptor, so it is of the descriptor's type. */
  #writtenOf<T extends KubeObject>(resource: Resource<T>): Map<string, T> | undefined {
    return this.#written.get(qualifiedName(resource)) as Map<string, T> | undefined;
  }

  #isDeleted(object: Readonly<KubeObject>): boolean {
    return object.metadata?.uid !== undefined && this.#deleted.has(object.metadata.uid);
  }
}

/** As the cache has it: who owns which field is most of an object, which may be kept for as long as it is there. */
function withoutManagedFields(object: KubeObject): KubeObject {
  if (!object.metadata?.managedFields) return object;
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

function matches(object: Readonly<KubeObject>, { namespace, labels = {} }: ReadListOptions): boolean {
  if (namespace !== undefined && object.metadata?.namespace !== namespace) return false;
  return Object.entries(labels).every(([name, value]) => object.metadata?.labels?.[name] === value);
}

function newer<T extends KubeObject>(cached: Readonly<T> | undefined, written: T | undefined): Readonly<T> | undefined {
  if (!cached || !written) return written ?? cached;
  return compareResourceVersions(cached.metadata?.resourceVersion ?? '', written.metadata?.resourceVersion ?? '') >= 0
    ? cached
    : written;
}

function keyOf(object: Readonly<KubeObject>): string {
  return keyOfKey(object);
}
