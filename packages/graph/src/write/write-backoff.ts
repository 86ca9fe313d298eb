// How often may be written. Somebody who undoes our writes at once would make us write for ever, and so would a step that says
// something else each time, since the events of its own writes wake it. What was applied and is not so any more is applied again
// at once; each further time within the hour waits twice as long as the one before, and so does a step that finds no rest.
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
}

/** Of a step that would not come to rest within one reconcile. */
interface Unrest {
  message: string;
  times: number;
  at: number;
}

export class WriteBackoff {
  readonly #clock: Pick<Clock, 'monotonic'>;
  /** By the owner's uid, then by child. */
  readonly #written = new Map<string, Map<string, Written>>();
  /** By the owner's uid, then by step. */
  readonly #restless = new Map<string, Map<string, Unrest>>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** Children and steps that anything is remembered of. */
  get size(): number {
    let size = 0;
    for (const inner of [...this.#written.values(), ...this.#restless.values()]) size += inner.size;
    return size;
  }

  forget(uid: string): void {
    this.#written.delete(uid);
    this.#restless.delete(uid);
  }

  /** At the end of a reconcile in which all was said that is wanted: what was written under other names is of no use. */
  keepOnly(uid: string, wanted: readonly Pick<Write, 'resource' | 'name' | 'namespace'>[]): void {
    const children = this.#written.get(uid);
    if (!children) return;
    const ids = new Set(wanted.map(childOf));
    for (const child of children.keys()) if (!ids.has(child)) children.delete(child);
    if (children.size === 0) this.#written.delete(uid);
  }

  /** Milliseconds that a repair still has to wait; 0: now. */
  wait(uid: string, write: Write): number {
    const written = this.#written.get(uid)?.get(childOf(write));
    if (!written || write.verb !== 'apply' || written.hash !== hashOf(write)) return 0;
    return this.#left(written.repairs, written.at);
  }

  /** Why nothing of a step is written for now, though there is something to write: it would not come to rest. */
  unrestOf(uid: string, step: string): string | undefined {
    const unrest = this.#restless.get(uid)?.get(step);
    return unrest && this.#left(unrest.times, unrest.at) > 0 ? unrest.message : undefined;
  }

  foundRestless(uid: string, step: string, message: string): void {
    const steps = this.#restless.get(uid) ?? new Map<string, Unrest>();
    this.#restless.set(uid, steps);
    const before = steps.get(step);
    const at = this.#clock.monotonic();
    const times = before && at - before.at <= forgottenAfter ? before.times + 1 : 1;
    steps.set(step, { message, times, at });
  }

  made(uid: string, write: Write): void {
    if (write.verb !== 'apply') return;
    const { why } = write;
    const hash = hashOf(write);
    const at = this.#clock.monotonic();
    const children = this.#written.get(uid) ?? new Map<string, Written>();
    this.#written.set(uid, children);
    for (const [child, { at: then }] of children) if (at - then > forgottenAfter) children.delete(child);
    const before = children.get(childOf(write));
    const isAgain = before?.hash === hash;
    children.set(childOf(write), { hash, at, repairs: isAgain ? before.repairs + 1 : why === 'Drifted' ? 1 : 0 });
  }

  #left(times: number, at: number): number {
    const since = this.#clock.monotonic() - at;
    if (times === 0 || since > forgottenAfter) return 0;
    return Math.max(0, Math.min(firstDelay * 2 ** (times - 1), longestDelay) - since);
  }
}

/** By which two writes are known to be the same. */
function hashOf({ hash, fingerprint, isHeld }: Write & { verb: 'apply' }): string {
  return isHeld ? `${hash} ${fingerprint}` : hash;
}

function childOf({ resource, name, namespace = '' }: Pick<Write, 'resource' | 'name' | 'namespace'>): string {
  return `${gvkOf(resource)} ${namespace}/${name}`;
}
