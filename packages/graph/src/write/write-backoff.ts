// How often a child may be written. Somebody who undoes our writes at once would make us write for ever, and so would a step
// that says something else each time, since the events of its own writes wake it. What was applied and is not so any more is
// applied again at once; each further time within the hour waits twice as long as the one before.
import type { Clock } from '@stackwright/core';
import { gvkOf } from '../status/metrics.js';
import type { Write } from '../evaluate/writes.js';

const firstDelay = 1_000;
const longestDelay = 600_000;
const forgottenAfter = 3_600_000;

interface Written {
  /** Of what was applied last: something else is a change, not a repair. */
  hash: string;
  /** How often it was applied again. */
  repairs: number;
  at: number;
  /** How often it would not come to rest within one reconcile, and when it last did not. */
  unrest: { times: number; at: number };
}

const calm = { times: 0, at: 0 };

export class WriteBackoff {
  readonly #clock: Pick<Clock, 'monotonic'>;
  /** By the owner's uid, then by child. */
  readonly #written = new Map<string, Map<string, Written>>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** Children that anything is remembered of. */
  get size(): number {
    let size = 0;
    for (const children of this.#written.values()) size += children.size;
    return size;
  }

  forget(uid: string): void {
    this.#written.delete(uid);
  }

  /** At the end of a reconcile in which all was said that is wanted: what was written under other names is of no use. */
  keepOnly(uid: string, wanted: readonly Pick<Write, 'resource' | 'name'>[]): void {
    const children = this.#written.get(uid);
    if (!children) return;
    const ids = new Set(wanted.map(childOf));
    for (const child of children.keys()) if (!ids.has(child)) children.delete(child);
    if (children.size === 0) this.#written.delete(uid);
  }

  /** Milliseconds that a repair still has to wait; 0: now. */
  wait(uid: string, write: Write): number {
    const written = this.#written.get(uid)?.get(childOf(write));
    if (!written || write.verb !== 'apply' || written.hash !== write.hash) return 0;
    return this.#left(written.repairs, written.at);
  }

  /** Whether a child that would not come to rest has to wait before it is tried again, whatever is to be written. */
  isRestless(uid: string, write: Write): boolean {
    const written = this.#written.get(uid)?.get(childOf(write));
    return written !== undefined && this.#left(written.unrest.times, written.unrest.at) > 0;
  }

  made(uid: string, write: Write): void {
    if (write.verb !== 'apply') return;
    const { hash, why } = write;
    const before = this.#recent(uid, write);
    const isAgain = before?.hash === hash;
    const repairs = isAgain ? before.repairs + 1 : why === 'Drifted' ? 1 : 0;
    this.#put(uid, write, { hash, repairs, unrest: before?.unrest ?? calm });
  }

  /** It was written too often in one reconcile. */
  foundRestless(uid: string, write: Write): void {
    const before = this.#recent(uid, write);
    const unrest = { times: (before?.unrest.times ?? 0) + 1, at: this.#clock.monotonic() };
    this.#put(uid, write, { hash: '', repairs: 0, ...before, unrest });
  }

  #left(times: number, at: number): number {
    const since = this.#clock.monotonic() - at;
    if (times === 0 || since > forgottenAfter) return 0;
    return Math.max(0, Math.min(firstDelay * 2 ** (times - 1), longestDelay) - since);
  }

  #recent(uid: string, write: Write): Written | undefined {
    const written = this.#written.get(uid)?.get(childOf(write));
    return written && this.#clock.monotonic() - written.at <= forgottenAfter ? written : undefined;
  }

  #put(uid: string, write: Write, written: Omit<Written, 'at'>): void {
    const at = this.#clock.monotonic();
    const children = this.#written.get(uid) ?? new Map<string, Written>();
    for (const [child, { at: then }] of children) if (at - then > forgottenAfter) children.delete(child);
    this.#written.set(uid, children.set(childOf(write), { ...written, at }));
  }
}

function childOf({ resource, name }: Pick<Write, 'resource' | 'name'>): string {
  return `${gvkOf(resource)} ${name}`;
}
