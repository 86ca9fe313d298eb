// External steps while a plan is made: looked at where that is allowed, and never changed.
import type { Clock, Random } from '@stackwright/core';
import type { Observation, StepEvaluation } from '../evaluate/evaluate.js';
import { ExternalSteps, type ExternalContext, type ExternalRunner, type Removed } from '../write/external.js';
import type { Reconciled } from '../declare/step.js';

export class PlannedExternals<R extends Reconciled> implements ExternalRunner<R> {
  readonly size = 0;
  /** Steps that would be undone, in this order. */
  readonly removed: string[] = [];
  readonly #looks: ExternalSteps<R> | undefined;

  constructor(seams: { clock: Clock; random: Random }, observe: boolean) {
    this.#looks = observe ? new ExternalSteps<R>(seams.clock, seams.random) : undefined;
  }

  async observe(one: StepEvaluation<R>, context: ExternalContext<R>): Promise<Observation | undefined> {
    return this.#looks?.observe(one, context);
  }

  /** The evaluation says already what would be changed. What would come of it cannot be known. */
  async change(): Promise<undefined> {
    return undefined;
  }

  async remove({ step }: StepEvaluation<R>): Promise<Removed> {
    if (!this.removed.includes(step.name)) this.removed.push(step.name);
    return { done: true };
  }

  dueIn(): undefined {
    return undefined;
  }

  forget(): void {
    // Nothing is remembered beyond a plan.
  }
}
