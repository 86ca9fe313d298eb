// What a reconcile read, each with its version: whether another would see the same can be told without running it.
import type { KubeObject, ObjectKey, Resource } from '@stackwright/kube';
import type { ReadListOptions } from '@stackwright/core';
import type { ChildReader } from '../evaluate/overlay.js';

/** What was asked for. Kept for a while for each object, and therefore as little as can be. */
type Look =
  | { readonly type: 'get'; readonly resource: Resource; readonly of: ObjectKey }
  | { readonly type: 'list'; readonly resource: Resource; readonly of: ReadListOptions | undefined }
  | { readonly type: 'ownedBy'; readonly resource: Resource; readonly of: string };

export type Read = Look & { readonly version: string };

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
    const found = this.#guarded(() => this.#inner.get(resource, key));
    this.#reads.push({ type: 'get', resource, of: key, version: versionOf(found) });
    return found;
  }

  list<T extends KubeObject>(resource: Resource<T>, options?: ReadListOptions): readonly Readonly<T>[] {
    const found = this.#guarded(() => this.#inner.list(resource, options));
    this.#reads.push({ type: 'list', resource, of: options, version: versionsOf(found) });
    return found;
  }

  ownedBy<T extends KubeObject>(resource: Resource<T>, uid: string): readonly Readonly<T>[] {
    const found = this.#guarded(() => this.#inner.ownedBy(resource, uid));
    this.#reads.push({ type: 'ownedBy', resource, of: uid, version: versionsOf(found) });
    return found;
  }

  #guarded<T>(look: () => T): T {
    try {
      return look();
    } catch (error) {
      // Once is enough: what could not be read has no version that a later look could be held against.
      this.#failed = true;
      throw error;
    }
  }
}

/** Whether the same would be read again. */
export function isAsRead(read: Read, reader: ChildReader): boolean {
  return versionNow(read, reader) === read.version;
}

function versionNow({ type, resource, of }: Look, reader: ChildReader): string {
  switch (type) {
    case 'get':
      return versionOf(reader.get(resource, of));
    case 'list':
      return versionsOf(reader.list(resource, of));
    case 'ownedBy':
      return versionsOf(reader.ownedBy(resource, of));
  }
}

function versionOf(object: Readonly<KubeObject> | undefined): string {
  return object?.metadata?.resourceVersion ?? '';
}

function versionsOf(objects: readonly Readonly<KubeObject>[]): string {
  return objects.map(versionOf).join(' ');
}
