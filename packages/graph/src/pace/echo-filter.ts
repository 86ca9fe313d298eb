// Most reconciles are the echo of our own writes: the cache shows what the reconcile before had in hand already. Steps are
// pure, so where all that was read is as it was, they would say the same, and need not be asked.
import type { KubeObject } from '@stackwright/kube';
import type { Clock } from '@stackwright/core';
import type { ChildReader } from '../evaluate/overlay.js';
import { isAsRead, type Read } from './read-record.js';

interface Finished {
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
export class EchoFilter {
  readonly #clock: Pick<Clock, 'monotonic'>;
  /** By uid, the oldest first. */
  readonly #finished = new Map<string, Finished>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#finished.size;
  }

  forget(uid: string): void {
    this.#finished.delete(uid);
  }

  finished(uid: string, resourceVersion: string, reads: readonly Read[]): void {
    this.#finished.delete(uid);
    this.#finished.set(uid, { resourceVersion, reads, since: this.#clock.monotonic() });
    if (this.#finished.size > most) this.#finished.delete(this.#finished.keys().next().value ?? '');
  }

  /** Whether another reconcile would see just what the last one saw. */
  isEcho({ metadata }: Readonly<KubeObject>, reader: ChildReader): boolean {
    const last = this.#finished.get(metadata?.uid ?? '');
    if (!last) return false;
    const isSame =
      last.resourceVersion === metadata?.resourceVersion &&
      this.#clock.monotonic() - last.since < longest &&
      last.reads.every((read) => isStill(read, reader));
    if (!isSame) this.forget(metadata?.uid ?? '');
    return isSame;
  }
}

/** What cannot be read any more, as its kind is served no longer, is not as it was: a step has to say so. */
function isStill(read: Read, reader: ChildReader): boolean {
  try {
    return isAsRead(read, reader);
  } catch {
    return false;
  }
}
