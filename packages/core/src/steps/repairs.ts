// Somebody who undoes our repairs at once would make us write for ever. The first repair of an object is made at once; each
// further one within the hour waits twice as long as the one before.
import { keyOf } from '@stackwright/kube';
import type { Clock } from '../seams/clock.js';
import { gvkOf } from './metrics.js';
import type { Write } from './writes.js';

const firstDelay = 1_000;
const longestDelay = 600_000;
const forgottenAfter = 3_600_000;

interface Repair {
  count: number;
  last: number;
}

export class Repairs {
  readonly #clock: Pick<Clock, 'monotonic'>;
  /** By the owner's uid, then by child. */
  readonly #repairs = new Map<string, Map<string, Repair>>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  forget(uid: string): void {
    this.#repairs.delete(uid);
  }

  /** Milliseconds that a write still has to wait; 0: now. */
  wait(uid: string, write: Write): number {
    const repair = write.why === 'Drifted' && this.#repairs.get(uid)?.get(idOf(write));
    if (!repair) return 0;
    const since = this.#clock.monotonic() - repair.last;
    if (since > forgottenAfter) return 0;
    return Math.max(0, Math.min(firstDelay * 2 ** (repair.count - 1), longestDelay) - since);
  }

  made(uid: string, write: Write): void {
    if (write.why !== 'Drifted') return;
    const repairs = this.#repairs.get(uid) ?? new Map<string, Repair>();
    this.#repairs.set(uid, repairs);
    const before = repairs.get(idOf(write));
    const now = this.#clock.monotonic();
    const count = before && now - before.last <= forgottenAfter ? before.count + 1 : 1;
    repairs.set(idOf(write), { count, last: now });
  }
}

function idOf(write: Write): string {
  return `${gvkOf(write.resource)} ${keyOf({ name: write.name })}`;
}
