// External steps while a plan is made: looked at where that is allowed, and never changed.
import type { Clock, Random } from '@stackwright/core';
import type { Observation, StepEvaluation } from '../evaluate/evaluate.js';
import { ExternalSteps, type ExternalContext, type ExternalRunner, type Removed } from '../write/external.js';
import type { Reconciled } from '../declare/step.js';

/** Milliseconds that a look may take: a plan is waited for. */
const patience = 3_000;

/** What is known of the way from here to what is outside the cluster; the same for all objects of a plan. */
export class Reach {
  /** Why nobody looks any more. */
  lost: string | undefined;
}

export class PlannedExternals<R extends Reconciled> implements ExternalRunner<R> {
  readonly size = 0;
  /** Steps that would be undone, in this order. */
  readonly removed: string[] = [];
  readonly #looks: ExternalSteps<R> | undefined;
  readonly #reach: Reach;

  /** Without `reach` nobody looks. */
  constructor(seams: { clock: Clock; random: Random }, reach: Reach | undefined) {
    this.#looks = reach ? new ExternalSteps<R>(seams.clock, seams.random) : undefined;
    this.#reach = reach ?? new Reach();
  }

  /**
   * A way that is not there from this machine may be there from the controllers' Pods: what cannot be reached is not known, and
   * is not tried for each step anew.
   */
  async observe(one: StepEvaluation<R>, context: ExternalContext<R>): Promise<Observation | undefined> {
    if (!this.#looks || this.#reach.lost !== undefined) return undefined;
    const late = AbortSignal.timeout(patience);
    try {
      const signal = AbortSignal.any([context.signal, late]);
      const observation = await this.#looks.observe(one, { ...context, signal });
      if (observation?.state !== 'Failed' || !/Unreachable$/.test(observation.reason)) return observation;
      this.#reach.lost = observation.message;
    } catch (error) {
      if (!late.aborted || context.signal.aborted) throw error;
      this.#reach.lost = `no answer within ${patience / 1_000} s`;
    }
    return undefined;
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
