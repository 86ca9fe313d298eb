// Objects of one resource in memory, found by key, namespace, label, owner or an index of one's own.
import { keyOf, type KubeObject, type ObjectKey } from '@stackwright/kube';
import type { ReadListOptions } from '../reader.js';
import type { IndexFunction } from './cache.js';

class Index<T extends KubeObject> {
  readonly values: IndexFunction<T>;
  /** Value → key → object. A value that no object has any more is dropped. */
  readonly #buckets = new Map<string, Map<string, T>>();

  constructor(values: IndexFunction<T>) {
    this.values = values;
  }

  get(value: string): ReadonlyMap<string, T> | undefined {
    return this.#buckets.get(value);
  }

  get size(): number {
    return this.#buckets.size;
  }

  /** `previous`: what it takes the place of. Most changes leave the values of an index as they were. */
  set(key: string, object: T, previous?: T): void {
    const values = this.values(object);
    if (previous) for (const value of this.values(previous)) if (!values.includes(value)) this.#remove(value, key);
    for (const value of values) {
      const bucket = this.#buckets.get(value);
      if (bucket) bucket.set(key, object);
      else this.#buckets.set(value, new Map([[key, object]]));
    }
  }

  delete(key: string, object: T): void {
    for (const value of this.values(object)) this.#remove(value, key);
  }

  #remove(value: string, key: string): void {
    const bucket = this.#buckets.get(value);
    if (bucket?.delete(key) && bucket.size === 0) this.#buckets.delete(value);
  }
}

const none: readonly never[] = Object.freeze([]);

export class Store<T extends KubeObject> {
  readonly #objects = new Map<string, T>();
  readonly #indexes = new Map<string, Index<T>>();
  readonly #namespaces = new Index<T>(({ metadata }) => (metadata?.namespace ? [metadata.namespace] : none));
  readonly #owners = new Index<T>(({ metadata }) => metadata?.ownerReferences?.map(({ uid }) => uid) ?? none);
  /** One per label key that was ever asked for: those are few and written in code, while labels are many. */
  readonly #labels = new Map<string, Index<T>>();
  readonly #allIndexes: Index<T>[] = [this.#namespaces, this.#owners];

  get size(): number {
    return this.#objects.size;
  }

  /** Values held by all indexes. */
  get indexedValues(): number {
    let size = 0;
    for (const index of this.#allIndexes) size += index.size;
    return size;
  }

  get(key: ObjectKey | KubeObject): T | undefined {
    return this.at(keyOf(key));
  }

  /** As `get`, by the text of a key. */
  at(key: string): T | undefined {
    return this.#objects.get(key);
  }

  /** Returns what was there before. `key`: its key, where that was made already. */
  set(object: T, key = keyOf(object)): T | undefined {
    const previous = this.#objects.get(key);
    this.#objects.set(key, object);
    for (const index of this.#allIndexes) index.set(key, object, previous);
    return previous;
  }

  /** Returns what was there. */
  delete(key: ObjectKey | KubeObject): T | undefined {
    const name = keyOf(key);
    const previous = this.#objects.get(name);
    if (!previous) return undefined;
    this.#objects.delete(name);
    for (const index of this.#allIndexes) index.delete(name, previous);
    return previous;
  }

  list({ namespace, labels }: ReadListOptions = {}): readonly T[] {
    const wanted = Object.entries(labels ?? {});
    const candidates = [
      ...(namespace === undefined ? [] : [this.#namespaces.get(namespace)]),
      ...wanted.map(([key, value]) => this.#labelIndex(key).get(value)),
    ];
    let smallest: ReadonlyMap<string, T> = this.#objects;
    for (const bucket of candidates) {
      if (!bucket) return none;
      if (bucket.size < smallest.size) smallest = bucket;
    }
    const all = [...smallest.values()];
    if (candidates.length < 2 && candidates[0] === (candidates.length ? smallest : undefined)) return all;
    return all.filter(
      ({ metadata }) =>
        (namespace === undefined || metadata?.namespace === namespace) &&
        wanted.every(([key, value]) => metadata?.labels?.[key] === value),
    );
  }

  ownedBy(uid: string): readonly T[] {
    return [...(this.#owners.get(uid)?.values() ?? none)];
  }

  addIndex(name: string, values: IndexFunction<T>): void {
    if (this.#indexes.has(name)) throw new Error(`The index "${name}" is there already`);
    this.#indexes.set(name, this.#filled(values));
  }

  hasIndex(name: string): boolean {
    return this.#indexes.has(name);
  }

  byIndex(name: string, value: string, { namespace }: { namespace?: string } = {}): readonly T[] {
    const index = this.#indexes.get(name);
    if (!index) throw new Error(`There is no index "${name}"`);
    const found = [...(index.get(value)?.values() ?? none)];
    return namespace === undefined ? found : found.filter(({ metadata }) => metadata?.namespace === namespace);
  }

  #labelIndex(key: string): Index<T> {
    let index = this.#labels.get(key);
    if (!index) {
      index = this.#filled(({ metadata }) => {
        const value = metadata?.labels?.[key];
        return value === undefined ? none : [value];
      });
      this.#labels.set(key, index);
    }
    return index;
  }

  /** A new index of all there is. */
  #filled(values: IndexFunction<T>): Index<T> {
    const index = new Index<T>(values);
    for (const [key, object] of this.#objects) index.set(key, object);
    this.#allIndexes.push(index);
    return index;
  }
}
