// A process that has just begun knows less than the one before it: a kind is still being listed, a server has not answered yet.
// What it does not know it does not say of an object that somebody has judged: everything that stands on it would be put in doubt.
import type { Clock } from '@stackwright/core';
import type { Evaluation, StepEvaluation } from '../evaluate/evaluate.js';
import type { Reconciled } from '../declare/step.js';

/** Milliseconds. A kind that may not be listed, for instance, is never known: whoever looks has to see that. */
const longestDoubt = 30_000;

export class Doubts {
  readonly #clock: Pick<Clock, 'monotonic'>;
  /** Since when, by uid, on the monotonic clock. */
  readonly #since = new Map<string, number>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#since.size;
  }

  forget(uid: string): void {
    this.#since.delete(uid);
  }

  /** Whether what is said of the object stays as it is for now. */
  holds<R extends Reconciled>({ metadata, status }: Readonly<R>, { steps }: Evaluation<R>): boolean {
    const uid = metadata?.uid ?? '';
    const { observedGeneration } = (status ?? {}) as { observedGeneration?: number };
    const isJudged = observedGeneration !== undefined && observedGeneration === metadata?.generation;
    if (!isJudged || !steps.some(isUnknown)) {
      this.forget(uid);
      return false;
    }
    const now = this.#clock.monotonic();
    const since = this.#since.get(uid) ?? now;
    this.#since.set(uid, since);
    return now - since < longestDoubt;
  }
}

function isUnknown<R extends Reconciled>({ outcome, ahead }: StepEvaluation<R>): boolean {
  // Asked ahead of its turn, a step may lack what no look can give it.
  return outcome.state === 'Unobserved' || (ahead?.state === 'Unobserved' && ahead.message === undefined);
}
