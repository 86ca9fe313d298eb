// How much one reconcile may write. A step that says something else each time that it is asked would never end: it fails, and
// nothing of it is written for a while.
import type { StepFailure } from '../status/failure.js';
import { gvkOf } from '../status/metrics.js';
import { EngineReason } from '../declare/reasons.js';
import type { Write } from '../evaluate/writes.js';
import type { WriteBackoff } from './write-backoff.js';

/** How often one object may be written in one reconcile. */
const writesPerObject = 3;
/** And how often a step may have something to write: it may as well want another object each time. */
const roundsPerStep = 100;

/** Of one reconcile of one object. */
export class WriteLimits {
  readonly #uid: string;
  readonly #backoff: WriteBackoff;
  readonly #counts = new Map<string, number>();

  constructor(uid: string, backoff: WriteBackoff) {
    this.#uid = uid;
    this.#backoff = backoff;
  }

  /** Counts what a step is about to write. Why it may not, if so. */
  refuse(step: string, writes: readonly Write[]): StepFailure | undefined {
    const what = this.#tooMuch(step, writes);
    if (what !== undefined) {
      const message = `Step ${step} says something else of ${what} each time that it is asked`;
      this.#backoff.foundRestless(this.#uid, step, message);
    }
    const message = this.#backoff.unrestOf(this.#uid, step);
    return message === undefined ? undefined : { reason: EngineReason.Error, message, error: new Error(message) };
  }

  #tooMuch(step: string, writes: readonly Write[]): string | undefined {
    const rounds = this.#counted(`step ${step}`);
    const [often] = writes.filter(
      ({ resource, name, namespace = '' }) =>
        this.#counted(`${gvkOf(resource)} ${namespace}/${name}`) > writesPerObject,
    );
    if (often) return `${often.resource.kind} ${often.name}`;
    return rounds > roundsPerStep ? 'what it wants' : undefined;
  }

  #counted(id: string): number {
    const count = (this.#counts.get(id) ?? 0) + 1;
    this.#counts.set(id, count);
    return count;
  }
}
