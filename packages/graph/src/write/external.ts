// Steps outside Kubernetes. What was seen is remembered for as long as nothing that the step read has changed, so that a
// chatty cache does not become a chatty client of somebody's database; failures back off.
import {
  type Clock,
  findCondition,
  isConditionTrue,
  type Logger,
  type Random,
  type Reader,
  scrub,
} from '@stackwright/core';
import { backoff } from '../pace/back-off.js';
import { shortestRetry } from '../pace/retries.js';
import { withDeadline } from '../pace/deadline.js';
import { OutputMissingError, type Evaluation, type Observation, type StepEvaluation } from '../evaluate/evaluate.js';
import { hashOf } from '../evaluate/hash.js';
import { Inputs } from '../evaluate/inputs.js';
import { EngineReason } from '../declare/reasons.js';
import { ControllerRuntime, type StepRuntime } from '../declare/runtime.js';
import type { Explanation, ExternalStep, Reconciled } from '../declare/step.js';
import type { ReconciledStatus } from '../status/status.js';

const defaultTimeout = 10_000;
const defaultResync = 300_000;
const retry = { base: 1_000, max: 120_000 };
/**
 * Looks in a row that must fail before a step that was done says so. One call that is lost, or answered with an error by a
 * server that is just busy, is no outage, and would put all that stands on the step in doubt.
 */
const failureThreshold = 3;
/**
 * In a process that has seen none succeed yet: only of status it knows that the step was done. The second comes as soon as one may,
 * so that also a process that is ended every few seconds says what is down.
 */
const firstFailureThreshold = 2;

interface Memory {
  /** Undefined: a look failed, and the step was done before this process began. */
  observation: Observation | undefined;
  inputs: Inputs;
  /** Of the object: a new generation asks anew. */
  object: string;
  failures: number;
  /** On the monotonic clock: from then on the observation is too old. */
  due: number;
}

export type Removed = { done: true } | { done: false; reason: string; message: string };

export interface ExternalContext<R extends Reconciled> {
  evaluation: Evaluation<R>;
  reader: Reader;
  signal: AbortSignal;
  log: Logger;
}

/** What a reconcile asks of what is outside. Without an observation the step stays as it is: nobody has looked. */
export interface ExternalRunner<R extends Reconciled> {
  observe(one: StepEvaluation<R>, context: ExternalContext<R>): Promise<Observation | undefined>;
  change(one: StepEvaluation<R>, context: ExternalContext<R>): Promise<Observation | undefined>;
  remove(one: StepEvaluation<R>, context: ExternalContext<R>): Promise<Removed>;
  /** Milliseconds until the step wants to look again by itself. */
  dueIn(uid: string, step: string): number | undefined;
  forget(uid: string): void;
  /** Objects that anything is remembered of. */
  readonly size: number;
}

export class ExternalSteps<R extends Reconciled> implements ExternalRunner<R> {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #runtime: StepRuntime;
  /** By the object's uid and the step's name. */
  readonly #memories = new Map<string, Map<string, Memory>>();
  /** Steps that are undone already, by uid: deletion takes several reconciles. */
  readonly #removed = new Map<string, Set<string>>();

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
    this.#runtime = new ControllerRuntime({ clock, random });
  }

  get size(): number {
    return Math.max(this.#memories.size, this.#removed.size);
  }

  forget(uid: string): void {
    this.#memories.delete(uid);
    this.#removed.delete(uid);
  }

  dueIn(uid: string, step: string): number | undefined {
    const memory = this.#memories.get(uid)?.get(step);
    return memory && Math.max(0, memory.due - this.#clock.monotonic());
  }

  /** What is outside, from memory where that is good enough. Undefined: not known, and as far as is known it was well. */
  async observe(one: StepEvaluation<R>, context: ExternalContext<R>): Promise<Observation | undefined> {
    const memory = this.#memoriesOf(one).get(one.step.name);
    const isSame = memory !== undefined && this.#isUnchanged(memory, one, context);
    if (isSame && memory.due > this.#clock.monotonic()) return memory.observation;
    // While a change is being made, much changes of what is read, and whether it serves is the same question all along.
    const goesOn = isSame || one.ahead !== undefined;
    const wasWell = memory ? goesOn && memory.observation?.state !== 'Failed' : saysDone(one);
    const failures = (memory?.failures ?? 0) + 1;
    const isNew = memory?.observation === undefined;
    const threshold = isNew ? firstFailureThreshold : failureThreshold;
    return this.#look(one, context, (error): Observation | undefined => {
      // Asked ahead of its turn, for what nobody knows yet: that is no word on the other side.
      if (error instanceof OutputMissingError) return { state: 'Blocked', by: [error.step] };
      if (!wasWell || failures >= threshold) return this.#failed(one, context, error);
      const { message } = this.#explained(one, context, error);
      const retryIn = isNew ? shortestRetry : this.#backoff(one, failures);
      const observation = memory?.observation;
      this.#remember(one, { observation, failures, due: this.#clock.monotonic() + retryIn });
      context.log.warn({ step: one.step.name, error: message, failures, retryIn }, 'Could not look at what is outside');
      return observation;
    });
  }

  /** Makes the changes that the evaluation asks for, then looks whether that is what came of it. */
  async change(one: StepEvaluation<R>, context: ExternalContext<R>): Promise<Observation> {
    const { outcome } = one;
    if (outcome.state !== 'Changing') throw new Error(`Step ${one.step.name} has nothing to change`);
    const definition = definitionOf(one);
    try {
      await this.#within(definition, context, (signal) =>
        definition.apply(one.scope, outcome.changes, signal, this.#runtime),
      );
    } catch (error) {
      return this.#failed(one, context, error);
    }
    context.log.info({ step: one.step.name, changes: outcome.descriptions.map(scrub) }, 'Changed what is outside');
    const observation = await this.#look(one, context, (error) => this.#failed(one, context, error));
    if (observation.state !== 'Observed') return observation;
    const left = definition.diff(one.scope, observation.value);
    if (left.length === 0) return observation;
    const what = left.map((change) => definition.describe(change)).join(', ');
    return this.#failed(one, context, new Error(`What was changed is not so afterwards: ${what}`));
  }

  /** Undoes a step. Rejects when it has to be tried again, after `dueIn`. */
  async remove(one: StepEvaluation<R>, context: ExternalContext<R>): Promise<Removed> {
    const definition = definitionOf(one);
    const uid = one.scope.object.metadata?.uid ?? '';
    const removed = this.#removed.get(uid) ?? new Set<string>();
    if (removed.has(one.step.name)) return { done: true };
    const memory = this.#memoriesOf(one).get(one.step.name);
    if (memory?.observation?.state === 'Failed' && memory.object === 'remove' && memory.due > this.#clock.monotonic()) {
      return { done: false, reason: memory.observation.reason, message: memory.observation.message };
    }
    try {
      await this.#within(definition, context, async (signal) => definition.remove?.(one.scope, signal, this.#runtime));
      this.#removed.set(uid, removed.add(one.step.name));
      return { done: true };
    } catch (error) {
      const failure = this.#failed(one, context, error, 'remove');
      return { done: false, reason: failure.reason, message: failure.message };
    }
  }

  #isUnchanged(memory: Memory, one: StepEvaluation<R>, { reader }: ExternalContext<R>): boolean {
    if (memory.object !== versionOf(one)) return false;
    try {
      return memory.inputs.areUnchanged(reader, (step) => one.scope.outputOf(step));
    } catch (error) {
      if (error instanceof OutputMissingError) return false;
      throw error;
    }
  }

  async #look<Failure extends Observation | undefined>(
    one: StepEvaluation<R>,
    context: ExternalContext<R>,
    failed: (error: unknown) => Failure,
  ): Promise<Observation | Failure> {
    const definition = definitionOf(one);
    try {
      const value = await this.#within(definition, context, (signal) =>
        definition.observe(one.scope, signal, this.#runtime),
      );
      const observation: Observation = { state: 'Observed', value };
      this.#remember(one, {
        observation,
        failures: 0,
        due: this.#clock.monotonic() + (definition.resync ?? defaultResync),
      });
      return observation;
    } catch (error) {
      return failed(error);
    }
  }

  #failed(
    one: StepEvaluation<R>,
    context: ExternalContext<R>,
    error: unknown,
    object = versionOf(one),
  ): Observation & { state: 'Failed' } {
    const { state, ...explained } = this.#explained(one, context, error);
    const observation = {
      state: 'Failed' as const,
      ...(state === 'Waiting' ? { waits: true as const } : {}),
      ...explained,
    };
    const failures = (this.#memoriesOf(one).get(one.step.name)?.failures ?? 0) + 1;
    const delay = this.#backoff(one, failures);
    this.#remember(one, { observation, failures, due: this.#clock.monotonic() + delay }, object);
    context.log.warn(
      { step: one.step.name, reason: observation.reason, error: observation.message, failures, retryIn: delay },
      'External step failed',
    );
    return observation;
  }

  /** Without secrets. Throws where it is the reconcile that has ended. */
  #explained(one: StepEvaluation<R>, { signal }: ExternalContext<R>, error: unknown): Explanation {
    signal.throwIfAborted();
    const explained: Explanation = definitionOf(one).explain?.(error) ?? {
      reason: EngineReason.Error,
      message: error instanceof Error ? error.message : String(error),
    };
    return { ...explained, message: scrub(explained.message) };
  }

  /** What has failed is not looked at less often than what is well. */
  #backoff(one: StepEvaluation<R>, failures: number): number {
    const { resync = defaultResync } = definitionOf(one);
    return backoff(failures, this.#random, { ...retry, max: Math.min(retry.max, resync) });
  }

  #within<T>(
    definition: ExternalStep<R, unknown, unknown, unknown>,
    { signal }: ExternalContext<R>,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    return withDeadline(this.#clock, definition.timeout ?? defaultTimeout, signal, work);
  }

  #remember(one: StepEvaluation<R>, memory: Omit<Memory, 'inputs' | 'object'>, object = versionOf(one)): void {
    this.#memoriesOf(one).set(one.step.name, { ...memory, inputs: one.scope.inputs ?? new Inputs(), object });
  }

  #memoriesOf(one: StepEvaluation<R>): Map<string, Memory> {
    const uid = one.scope.object.metadata?.uid ?? '';
    let memories = this.#memories.get(uid);
    if (!memories) this.#memories.set(uid, (memories = new Map<string, Memory>()));
    return memories;
  }
}

function definitionOf<R extends Reconciled>({ step }: StepEvaluation<R>): ExternalStep<R, unknown, unknown, unknown> {
  if (!step.external) throw new Error(`Step ${step.name} is not external`);
  return step.definition;
}

/** What the object says of the step, of the generation that it has now; of one that is asked ahead, that it was available. */
function saysDone<R extends Reconciled>({ step, ahead, scope: { object } }: StepEvaluation<R>): boolean {
  const { conditions } = (object.status ?? {}) as ReconciledStatus;
  if (ahead) return isConditionTrue(conditions, 'Available');
  const condition = findCondition(conditions, `${step.name}Ready`);
  return condition?.status === 'True' && condition.observedGeneration === object.metadata?.generation;
}

/** Status does not count: what we write there ourselves must not make us look again. */
function versionOf<R extends Reconciled>({ scope }: StepEvaluation<R>): string {
  const { generation, annotations } = scope.object.metadata ?? {};
  return hashOf([generation, annotations]);
}
