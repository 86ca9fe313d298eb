// Runs the steps of a graph against what was observed and says, for each, how it stands and what it wants. Pure: no I/O and
// nothing written, so that reconciling, planning and simulating are the same evaluation.
import type { Resource } from '@stackwright/kube';
import { CacheNotSyncedError, type Clock, KindMissingError, type Reader } from '@stackwright/core';
import type { UpToDateChildren } from './up-to-date.js';
import { isSameResource, type BuiltGraph, type GraphStep } from '../declare/graph.js';
import type { Names } from '../declare/names.js';
import { EngineReason } from '../declare/reasons.js';
import { heldBack, type Ownership } from './ownership.js';
import { referenceTo } from './reference.js';
import { EvaluationScope, type Want } from './scope.js';
import { failed, waiting, type ObjectReference, type Outcome, type Reconciled } from '../declare/step.js';
import { writesFor, type Write } from './writes.js';

/** What is known of the outside world for an external step. */
export type Observation =
  | { state: 'Observed'; value: unknown }
  /** Asked ahead of its turn, for what steps before it have not given (yet). */
  | { state: 'Blocked'; by: readonly string[] }
  /** Nobody could look; `waits` when the reason is that something else has to work first. */
  | { state: 'Failed'; waits?: true; reason: string; message: string; on?: ObjectReference };

export type StepOutcome =
  | Outcome<unknown>
  /** An external step whose other side could not be asked: it looks again by itself, when its observation is due. */
  | { state: 'Waiting'; looksAgain: true; reason: string; message: string; on?: ObjectReference; after?: undefined }
  | { state: 'Failed'; looksAgain: true; reason: string; message: string; on?: ObjectReference; retryAfter?: undefined }
  /** Steps before it are not Done. It was not run: what it would want is not known. */
  | { state: 'Blocked'; by: readonly string[] }
  /** Nobody could look yet: an external step, or (with the reason in words) one that reads a kind that is not listed yet. */
  | { state: 'Unobserved'; message?: string }
  /** An external step that found something to change. */
  | { state: 'Changing'; changes: readonly unknown[]; descriptions: readonly string[] };

export interface StepEvaluation<R extends Reconciled> {
  readonly step: GraphStep<R>;
  /** Never Done as long as there is something to write: steps after it must not build on what is not there yet. */
  readonly outcome: StepOutcome;
  readonly writes: readonly Write[];
  readonly scope: EvaluationScope<R>;
  /**
   * Of a blocked step that says whether the object is available: what it says all the same. Blocked where it needs the output of
   * a step that has given none.
   */
  readonly ahead?: StepOutcome;
  /** What a step threw: a mistake in it, or in what it was given. */
  readonly error?: unknown;
}

export interface Evaluation<R extends Reconciled> {
  /** In topological order. */
  readonly steps: readonly StepEvaluation<R>[];
  outputOf(step: string): unknown;
  isDone(step: string): boolean;
}

export interface EvaluationInput<R extends Reconciled> {
  graph: BuiltGraph<R>;
  resource: Resource<R>;
  object: Readonly<R>;
  reader: Reader;
  clock: Pick<Clock, 'now'>;
  /** What labels and annotations are called. Default: as this project calls them. */
  names?: Names;
  /** Of the object, under these names. Default: made anew for each step. */
  ownership?: Ownership;
  /** What steps gave last, by name: for those that are asked though steps before them are not Done. */
  lastOutputs?: ReadonlyMap<string, unknown>;
  /** By step name. Default: none, so that external steps are Unobserved. */
  observations?: ReadonlyMap<string, Observation>;
  /** Why the Pods of a workload could not be made, by its uid. Default: nobody knows. */
  refusalOf?: (uid: string) => string | undefined;
  /** What need not be compared again. Default: everything is compared. */
  upToDate?: UpToDateChildren;
  /** Writes that shall wait, because they were made a moment ago and did not last. Default: none. */
  postponed?: (write: Write) => boolean;
}

/** A step asks for what another one has not given. */
export class OutputMissingError extends Error {
  override readonly name = 'OutputMissingError';
  readonly step: string;

  constructor(step: string) {
    super(`Step ${step} is not done: it has no output`);
    this.step = step;
  }
}

export function evaluate<R extends Reconciled>(input: EvaluationInput<R>): Evaluation<R> {
  const outputs = new Map<string, unknown>();
  const wanted: Want[] = [];
  const isDone = (step: string): boolean => outputs.has(step);
  const outputOf = (step: string): unknown => {
    if (!outputs.has(step)) throw new OutputMissingError(step);
    return outputs.get(step);
  };
  const lastOutputOf = (step: string): unknown =>
    !outputs.has(step) && input.lastOutputs?.has(step) ? input.lastOutputs.get(step) : outputOf(step);
  const steps = input.graph.steps.map((step): StepEvaluation<R> => {
    const scope = new EvaluationScope(input, step, outputOf);
    const by = step.after.filter(({ name }) => !isDone(name)).map(({ name }) => name);
    if (by.length > 0) {
      const blocked = { step, scope, outcome: { state: 'Blocked', by }, writes: [] } as const;
      if (!input.graph.available.includes(step.name)) return blocked;
      return { ...blocked, ...aheadOf(input, step, lastOutputOf) };
    }
    try {
      const said = run(step, scope, input.observations?.get(step.name));
      claim(scope.wants, wanted);
      const { outcome, writes } = conclude(input, scope, said);
      if (outcome.state === 'Done') outputs.set(step.name, outcome.output);
      return { step, scope, outcome, writes };
    } catch (error) {
      // Half of what a step wants is not what it wants: nothing of it is written.
      if (error instanceof KindMissingError) {
        return {
          step,
          scope,
          outcome: failed(EngineReason.KindMissing, error.message, { retryAfter: 10_000 }),
          writes: [],
        };
      }
      if (error instanceof CacheNotSyncedError) {
        return { step, scope, outcome: { state: 'Unobserved', message: error.message }, writes: [] };
      }
      const message = error instanceof Error ? error.message : String(error);
      return { step, scope, outcome: failed(EngineReason.Error, message), writes: [], error };
    }
  });
  return { steps, isDone, outputOf };
}

/** What a step says though it is blocked. What it wants is nobody's business then: nothing of it is written or kept. */
function aheadOf<R extends Reconciled>(
  input: EvaluationInput<R>,
  step: GraphStep<R>,
  outputOf: (step: string) => unknown,
): Pick<StepEvaluation<R>, 'scope' | 'ahead'> {
  const scope = new EvaluationScope(input, step, outputOf);
  const unheard = step.external ? scope : new EvaluationScope(input, step, outputOf);
  try {
    return { scope: unheard, ahead: run(step, scope, input.observations?.get(step.name)) };
  } catch (error) {
    if (error instanceof OutputMissingError) return { scope: unheard, ahead: { state: 'Blocked', by: [error.step] } };
    const message = error instanceof Error ? error.message : String(error);
    const isUnknown = error instanceof CacheNotSyncedError;
    return {
      scope: unheard,
      ahead: isUnknown ? { state: 'Unobserved', message } : failed(EngineReason.Error, message),
    };
  }
}

/** What a step said, and what has to be written for it, together. */
function conclude<R extends Reconciled>(
  input: EvaluationInput<R>,
  scope: EvaluationScope<R>,
  said: StepOutcome,
): { outcome: StepOutcome; writes: Write[] } {
  const held: Outcome<never>[] = [];
  const free = scope.wants.filter((want) => {
    const hold = heldBack(input.resource, scope.ownership, want);
    if (hold) held.push(hold);
    return !hold;
  });
  for (const { resource, observed } of scope.refused) {
    const what = `${resource.kind} ${observed.metadata?.name ?? ''}`;
    const message = `${what} was not made for this object: it is not touched`;
    held.push(failed(EngineReason.Conflict, message, { on: referenceTo(resource, observed) }));
  }
  const { removals, releases } = scope;
  // What is not ours, or not for long, is not changed either.
  const amendments = held.length > 0 ? [] : scope.amendments;
  const asked = writesFor({ wants: free, removals, releases, amendments }, input.upToDate, scope.names);
  const writes = asked.filter((write) => !input.postponed?.(write));
  const serving = 'serves' in said && said.serves ? { serves: said.serves } : {};
  // Says more than what the step makes of an object that is not its own, or not for long.
  const hold = held.find(({ state }) => state === 'Failed') ?? held[0];
  if (hold && !(hold.state === 'Waiting' && said.state === 'Failed'))
    return { outcome: { ...hold, ...serving }, writes };
  if (said.state !== 'Done') return { outcome: said, writes };
  if (writes.length > 0) {
    const what = writes.map(({ verb, resource, name }) => `${verb} ${resource.kind} ${name}`).join(', ');
    return { outcome: waiting(EngineReason.Pending, `To be written: ${what}`, { changing: true, ...serving }), writes };
  }
  return { outcome: said, writes };
}

function run<R extends Reconciled>(
  step: GraphStep<R>,
  scope: EvaluationScope<R>,
  observation: Observation | undefined,
): StepOutcome {
  return step.external ? runExternal(step.definition, scope, observation) : step.definition.run(scope);
}

function runExternal<R extends Reconciled>(
  step: (GraphStep<R> & { external: true })['definition'],
  scope: EvaluationScope<R>,
  observation: Observation | undefined,
): StepOutcome {
  const ready = step.ready?.(scope);
  if (ready && ready.state !== 'Done') return ready;
  if (!observation) return { state: 'Unobserved' };
  if (observation.state === 'Blocked') return observation;
  if (observation.state === 'Failed') {
    const { waits, ...said } = observation;
    return { ...said, state: waits ? 'Waiting' : 'Failed', looksAgain: true };
  }
  const changes = step.diff(scope, observation.value);
  if (changes.length > 0) {
    return { state: 'Changing', changes, descriptions: changes.map((change) => step.describe(change)) };
  }
  return { state: 'Done', output: step.output(scope, observation.value) };
}

const isSameObject = (one: Want) => (other: Want) =>
  one.name === other.name && one.namespace === other.namespace && isSameResource(one.resource, other.resource);

/** Two steps that want the same object would write it in turns for ever. */
function claim(wants: readonly Want[], wanted: Want[]): void {
  for (const want of wants) {
    const other = wanted.find(isSameObject(want));
    if (other) throw new Error(`Steps ${other.step} and ${want.step} both want ${want.resource.kind} ${want.name}`);
    wanted.push(want);
  }
}
