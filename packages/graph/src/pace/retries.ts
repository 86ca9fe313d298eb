// When a reconcile looks again without an event.
import type { Clock } from '@stackwright/core';
import type { Standing } from '../status/standing.js';
import type { Reconciled } from '../declare/step.js';
import type { Evaluation } from '../evaluate/evaluate.js';
import type { StepFailure } from '../status/failure.js';

/** Waits between looks at something that failed and gives no sign when it is mended: as long again as it has failed. */
export const shortestRetry = 1_000;
export const longestRetry = 300_000;
/** What was judged had changed: the cache shows it in a moment. */
const staleRetry = 50;

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
  /** Since when a step has failed, by uid and step, on the monotonic clock. */
  readonly #failing = new Map<string, Map<string, number>>();

  constructor(clock: Pick<Clock, 'monotonic'>, externals: ExternalSchedule) {
    this.#clock = clock;
    this.#externals = externals;
  }

  forget(uid: string): void {
    this.#failing.delete(uid);
  }

  /** Milliseconds until the next look that is due; undefined: only an event makes a difference. */
  after<R extends Reconciled>(
    uid: string,
    { evaluation, failures, postponed }: RunToRetry<R>,
    standings: readonly Standing[],
  ): number | undefined {
    const delays = postponed.map(({ wait }) => wait);
    if ([...failures.values()].some((failure) => failure.stale)) delays.push(staleRetry);
    const failing = this.#failing.get(uid) ?? new Map<string, number>();
    const now = this.#clock.monotonic();
    for (const [index, { step, outcome }] of evaluation.steps.entries()) {
      if (standings[index]?.state !== 'Failed') failing.delete(step.name);
      if ((outcome.state === 'Waiting' || outcome.state === 'Done') && outcome.after !== undefined) {
        delays.push(outcome.after);
      }
      const due = step.external ? this.#externals.dueIn(uid, step.name) : undefined;
      const looksAgain = outcome.state === 'Done' || (outcome.state === 'Waiting' && 'looksAgain' in outcome);
      if (looksAgain && due !== undefined) delays.push(due);
      if (outcome.state !== 'Failed') continue;
      const since = failing.get(step.name) ?? now;
      failing.set(step.name, since);
      delays.push(outcome.retryAfter ?? due ?? Math.min(Math.max(now - since, shortestRetry), longestRetry));
    }
    if (failing.size > 0) this.#failing.set(uid, failing);
    else this.#failing.delete(uid);
    return delays.length > 0 ? Math.max(1, Math.min(...delays)) : undefined;
  }

  /** While an object is torn down. */
  afterTeardown(uid: string, standings: readonly Standing[]): number {
    const delays = standings.flatMap(({ step, state }) => {
      if (state !== 'Failed') return [];
      return [this.#externals.dueIn(uid, step) ?? shortestRetry];
    });
    return Math.max(shortestRetry, Math.min(longestRetry, ...delays));
  }
}
