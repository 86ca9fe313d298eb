// Most reconciles are the echo of our own writes: the cache shows what the reconcile before had in hand already. Steps are
// pure, so where all that was read is as it was, they would say the same, and need not be asked.
import type { KubeObject, ObjectKey, Resource } from '@stackwright/kube';
import type { Clock, ReadListOptions } from '@stackwright/core';
import type { ChildReader } from '../evaluate/overlay.js';

interface Read {
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

interface Rest {
  /** Of the reconciled object, its status included. */
  resourceVersion: string;
  reads: readonly Read[];
  /** On the monotonic clock. */
  since: number;
}

/** An echo comes within moments. Whatever else wakes an object later, a resync for instance, looks at everything. */
const longest = 60_000;
const most = 1_000;

/** Reconciles that left nothing to do, and nothing to wait for but events. */
export class Rests {
  readonly #clock: Pick<Clock, 'monotonic'>;
  /** By uid, the oldest first. */
  readonly #rests = new Map<string, Rest>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#rests.size;
  }

  forget(uid: string): void {
    this.#rests.delete(uid);
  }

  begin(uid: string, resourceVersion: string, reads: readonly Read[]): void {
    this.#rests.delete(uid);
    this.#rests.set(uid, { resourceVersion, reads, since: this.#clock.monotonic() });
    if (this.#rests.size > most) this.#rests.delete(this.#rests.keys().next().value ?? '');
  }

  /** Whether another reconcile would see just what the last one saw. */
  isAtRest({ metadata }: Readonly<KubeObject>, reader: ChildReader): boolean {
    const rest = this.#rests.get(metadata?.uid ?? '');
    if (!rest) return false;
    const isSame =
      rest.resourceVersion === metadata?.resourceVersion &&
      this.#clock.monotonic() - rest.since < longest &&
      rest.reads.every(({ version, again }) => again(reader) === version);
    if (!isSame) this.forget(metadata?.uid ?? '');
    return isSame;
  }
}

function versionOf(object: Readonly<KubeObject> | undefined): string {
  return object?.metadata?.resourceVersion ?? '';
}

function versionsOf(objects: readonly Readonly<KubeObject>[]): string {
  return objects.map(versionOf).join(' ');
}
