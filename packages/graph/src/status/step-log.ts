// Logs how steps come to fail and how they recover: a line each, with the cause, and not one for each reconcile in between.
import { scrub, type Logger } from '@stackwright/core';
import type { StepEvaluation } from '../evaluate/evaluate.js';
import type { Reconciled } from '../declare/step.js';
import type { StepStatus } from './step-status.js';

export class StepLog {
  /** What was logged last of steps that fail, by the object's uid, then by step. */
  readonly #failing = new Map<string, Map<string, string>>();

  get size(): number {
    return this.#failing.size;
  }

  forget(uid: string): void {
    this.#failing.delete(uid);
  }

  /** `steps` and `statuses` are of the same steps, in the same order. A process that has just begun logs what fails already. */
  report<R extends Reconciled>(
    uid: string,
    steps: readonly StepEvaluation<R>[],
    statuses: readonly StepStatus[],
    log: Logger,
  ): void {
    const before = this.#failing.get(uid);
    const failing = new Map<string, string>();
    statuses.forEach(({ step, state, reason, message }, index) => {
      const known = before?.get(step);
      if (state === 'Failed') {
        const error = steps[index]?.error;
        failing.set(step, reason);
        if (known === reason) return;
        const cause = error === undefined ? {} : { stack: stackOf(error) };
        log.warn({ step, reason, cause: message, ...cause }, 'Step failed');
      } else if (known !== undefined) {
        // What is blocked may fail as before once it is asked again.
        if (state === 'Blocked') failing.set(step, known);
        else log.info({ step, reason }, state === 'Done' ? 'Step has recovered' : 'Step fails no more, and waits');
      }
    });
    if (failing.size > 0) this.#failing.set(uid, failing);
    else this.#failing.delete(uid);
  }
}

function stackOf(error: unknown): string {
  return scrub(error instanceof Error ? (error.stack ?? error.message) : String(error));
}
