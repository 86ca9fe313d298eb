// The external steps of one reconcile: each looks at most once before it changes something, and changes something at most once.
import type { EventDetails, Logger, ReconcileContext, Reader } from '@stackwright/core';
import type { Evaluation, Observation, StepEvaluation } from '../evaluate/evaluate.js';
import type { Reconciled } from '../declare/step.js';
import type { ExternalRunner } from './external.js';
import type { StepSpans } from './step-spans.js';

export interface ExternalLooksInit<R extends Reconciled> {
  externals: ExternalRunner<R>;
  spans: StepSpans;
  log: Logger;
  context: Pick<ReconcileContext, 'signal'>;
  /** Told of a change that says so of itself, once it is made. */
  tell: (event: Pick<EventDetails, 'reason' | 'note'>) => void;
}

export class ExternalLooks<R extends Reconciled> {
  /** What was seen, by step. */
  readonly observations = new Map<string, Observation>();
  readonly #init: ExternalLooksInit<R>;
  readonly #observed = new Set<string>();
  readonly #changed = new Set<string>();

  constructor(init: ExternalLooksInit<R>) {
    this.#init = init;
  }

  /** What a step has to do outside now, if anything. */
  next(one: StepEvaluation<R>, evaluation: Evaluation<R>, reader: Reader): (() => Promise<void>) | undefined {
    const { name } = one.step;
    if (one.ahead?.state === 'Unobserved' && one.ahead.message === undefined && !this.#observed.has(name)) {
      this.#observed.add(name);
      return () => this.#look('observe', one, evaluation, reader);
    }
    const { state } = one.outcome;
    if (state === 'Unobserved' && one.step.external && !this.#observed.has(name)) {
      this.#observed.add(name);
      return () => this.#look('observe', one, evaluation, reader);
    }
    // Once: what is not so afterwards is a failure, not a reason to do it again at once.
    if (state === 'Changing' && !this.#changed.has(name)) {
      this.#changed.add(name);
      return () => this.#look('change', one, evaluation, reader);
    }
    return undefined;
  }

  #look(how: 'observe' | 'change', one: StepEvaluation<R>, evaluation: Evaluation<R>, reader: Reader): Promise<void> {
    const { externals, spans, log, context, tell } = this.#init;
    const { name } = one.step;
    return spans.within(name, async (span) => {
      const observation = await externals[how](one, { evaluation, reader, signal: context.signal, log });
      if (observation) this.observations.set(name, observation);
      if (observation?.state === 'Failed') span.fail(new Error(observation.message));
      else if (how === 'change') for (const event of eventsOf(one)) tell(event);
    });
  }
}

function eventsOf<R extends Reconciled>({ step, outcome, scope }: StepEvaluation<R>) {
  if (!step.external || outcome.state !== 'Changing') return [];
  const { definition } = step;
  return outcome.changes.flatMap((change) => definition.tells?.(scope, change) ?? []);
}
