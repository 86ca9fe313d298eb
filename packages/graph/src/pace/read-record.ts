// What a reconcile read, each with its version: whether another would see the same can be told without running it.
import type { KubeObject, ObjectKey, Resource } from '@stackwright/kube';
import type { ReadListOptions } from '@stackwright/core';
import type { ChildReader } from '../evaluate/overlay.js';

export interface Read {
  version: string;
  again: (reader: ChildReader) => string;
}

/** Takes down what is read through it. */
export class ReadRecord implements ChildReader {
  readonly #inner: ChildReader;
  readonly #reads: Read[] = [];
  #failed = false;

  constructor(inner: ChildReader) {
    this.#inner = inner;
  }

  /** Undefined where something could not be read. */
  get reads(): readonly Read[] | undefined {
    return this.#failed ? undefined : this.#reads;
  }

  get<T extends KubeObject>(resource: Resource<T>, key: ObjectKey): Readonly<T> | undefined {
    return this.#note((reader) => reader.get(resource, key), versionOf);
  }

  list<T extends KubeObject>(resource: Resource<T>, options?: ReadListOptions): readonly Readonly<T>[] {
    return this.#note((reader) => reader.list(resource, options), versionsOf);
  }

  ownedBy<T extends KubeObject>(resource: Resource<T>, uid: string): readonly Readonly<T>[] {
    return this.#note((reader) => reader.ownedBy(resource, uid), versionsOf);
  }

  #note<T>(look: (reader: ChildReader) => T, version: (found: T) => string): T {
    try {
      const found = look(this.#inner);
      this.#reads.push({ version: version(found), again: (reader) => version(look(reader)) });
      return found;
    } catch (error) {
      // Once is enough: what could not be read has no version that a later look could be held against.
      this.#failed = true;
      throw error;
    }
  }
}

function versionOf(object: Readonly<KubeObject> | undefined): string {
  return object?.metadata?.resourceVersion ?? '';
}

function versionsOf(objects: readonly Readonly<KubeObject>[]): string {
  return objects.map(versionOf).join(' ');
}
