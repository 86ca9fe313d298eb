// Somebody who undoes our writes at once would make us write for ever. What was applied and is not so any more is applied
// again at once; each further time within the hour waits twice as long as the one before.
import type { Clock } from '@stackwright/core';
import { gvkOf } from '../status/metrics.js';
import type { Write } from '../evaluate/writes.js';

const firstDelay = 1_000;
const longestDelay = 600_000;
const forgottenAfter = 3_600_000;

interface Applied {
  /** Of what was applied last: something else is a change, not a repair. */
  hash: string;
  /** How often it was applied again. */
  repairs: number;
  at: number;
}

export class Repairs {
  readonly #clock: Pick<Clock, 'monotonic'>;
  /** By the owner's uid, then by child. */
  readonly #applied = new Map<string, Map<string, Applied>>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  forget(uid: string): void {
    this.#applied.delete(uid);
  }

  /** Milliseconds that a write still has to wait; 0: now. */
  wait(uid: string, write: Write): number {
    if (write.verb !== 'apply') return 0;
    const applied = this.#applied.get(uid)?.get(idOf(write));
    if (!applied || applied.repairs === 0 || applied.hash !== write.hash) return 0;
    const since = this.#clock.monotonic() - applied.at;
    if (since > forgottenAfter) return 0;
    return Math.max(0, Math.min(firstDelay * 2 ** (applied.repairs - 1), longestDelay) - since);
  }

  made(uid: string, write: Write): void {
    if (write.verb !== 'apply') return;
    const children = this.#applied.get(uid) ?? new Map<string, Applied>();
    this.#applied.set(uid, children);
    const before = children.get(idOf(write));
    const at = this.#clock.monotonic();
    const { hash } = write;
    const isAgain = before?.hash === hash && at - before.at <= forgottenAfter;
    children.set(idOf(write), { hash, at, repairs: isAgain ? before.repairs + 1 : write.why === 'Drifted' ? 1 : 0 });
  }
}

function idOf(write: Write): string {
  return `${gvkOf(write.resource)} ${write.name}`;
}
