// When a reconcile looks again without an event. All that asks for it comes through here, so that no step, resync or wait can
// make a loop that never rests. How long an external step waits whose call has failed is said in write/external.ts.
import type { Clock } from '@stackwright/core';
import type { StepStatus } from '../status/step-status.js';
import type { Reconciled } from '../declare/step.js';
import type { Evaluation, StepEvaluation } from '../evaluate/evaluate.js';
import type { StepFailure } from '../status/failure.js';

/** Milliseconds. Nothing is looked at again sooner by itself, whatever asks for it: an event is what comes sooner. */
export const shortestRetry = 1_000;
/** Of what failed and gives no sign when it is mended: after as long again as it has failed, and after this at the latest. */
export const longestRetry = 300_000;

/** Of what one run did: what asks for another look. */
export interface RunToRetry<R extends Reconciled> {
  evaluation: Evaluation<R>;
  failures: ReadonlyMap<string, StepFailure>;
  /** Writes that were put off, with the milliseconds until they may be made. */
  postponed: readonly { wait: number }[];
}

/** When an external step is due to look again: milliseconds from now; undefined: by itself never. */
export interface ExternalSchedule {
  dueIn(uid: string, step: string): number | undefined;
}

export class Retries {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #externals: ExternalSchedule;
  /** Since when a step has been in trouble, by uid and step, on the monotonic clock. */
  readonly #troubled = new Map<string, Map<string, number>>();

  constructor(clock: Pick<Clock, 'monotonic'>, externals: ExternalSchedule) {
    this.#clock = clock;
    this.#externals = externals;
  }

  /** Objects that anything is remembered of. */
  get size(): number {
    return this.#troubled.size;
  }

  forget(uid: string): void {
    this.#troubled.delete(uid);
  }

  /** Whether a step was in trouble already when it was looked at last. */
  isTroubled(uid: string, step: string): boolean {
    return this.#troubled.get(uid)?.has(step) ?? false;
  }

  /** Milliseconds until the next look that is due; undefined: only an event makes a difference. */
  after<R extends Reconciled>(
    uid: string,
    { evaluation, failures, postponed }: RunToRetry<R>,
    statuses: readonly StepStatus[],
  ): number | undefined {
    const isTroubled = ({ step, outcome }: StepEvaluation<R>, index: number) =>
      statuses[index]?.state === 'Failed' || failures.has(step.name) || outcome.state === 'Changing';
    const backoff = this.#backoffOf(
      uid,
      evaluation.steps.filter(isTroubled).map(({ step }) => step.name),
    );
    const delays = evaluation.steps.flatMap((one) => {
      const due = one.step.external ? this.#externals.dueIn(uid, one.step.name) : undefined;
      // Where what was judged had changed under our hands, the event of that comes sooner, if there is one.
      if (failures.has(one.step.name)) return [backoff(one.step.name)];
      return delaysOf(one, due, () => backoff(one.step.name));
    });
    return soonest([...delays, ...postponed.map(({ wait }) => wait)]);
  }

  /** While an object is torn down. */
  afterTeardown(uid: string, statuses: readonly StepStatus[]): number {
    const failed = statuses.filter(({ state }) => state === 'Failed').map(({ step }) => step);
    const backoff = this.#backoffOf(uid, failed);
    const delays = failed.map((step) => Math.min(backoff(step), this.#externals.dueIn(uid, step) || Infinity));
    return soonest([...delays, longestRetry]) ?? longestRetry;
  }

  /** As long again as a step has been in trouble. Whatever else was is so no more. */
  #backoffOf(uid: string, troubled: readonly string[]): (step: string) => number {
    const now = this.#clock.monotonic();
    const before = this.#troubled.get(uid);
    const since = new Map(troubled.map((step) => [step, before?.get(step) ?? now]));
    if (since.size > 0) this.#troubled.set(uid, since);
    else this.#troubled.delete(uid);
    return (step) => Math.min(Math.max(now - (since.get(step) ?? now), shortestRetry), longestRetry);
  }
}

/** `due`: when an external step looks again, where that is why it says what it says. */
function delaysOf<R extends Reconciled>(
  { outcome, ahead }: StepEvaluation<R>,
  due: number | undefined,
  backoff: () => number,
): number[] {
  const looks = due === undefined ? [] : [due];
  switch (outcome.state) {
    case 'Done':
      return outcome.after === undefined ? looks : [outcome.after, ...looks];
    case 'Waiting':
      if ('looksAgain' in outcome) return looks;
      return outcome.after === undefined ? [] : [outcome.after];
    case 'Failed':
      if ('looksAgain' in outcome && due !== undefined) return looks;
      return [outcome.retryAfter ?? backoff()];
    case 'Changing':
      return [backoff()];
    case 'Unobserved':
      return [due ?? shortestRetry];
    case 'Blocked':
      return ahead ? looks : [];
  }
}

function soonest(delays: readonly number[]): number | undefined {
  // What is no number was meant to be one: never would lose the object.
  const shortest = Math.min(...delays.map((delay) => (Number.isNaN(delay) ? longestRetry : delay)));
  return shortest === Infinity ? undefined : Math.max(shortest, shortestRetry);
}
