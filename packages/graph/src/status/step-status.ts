// How each step stands at the end of a reconcile, and which of those that are not done are the root of the others.
import type { StepEvaluation, StepOutcome } from '../evaluate/evaluate.js';
import type { StepFailure } from './failure.js';
import { EngineReason } from '../declare/reasons.js';
import { scrub } from '@stackwright/core';
import type { ObjectReference, Reconciled } from '../declare/step.js';

export interface StepStatus {
  step: string;
  state: 'Done' | 'Waiting' | 'Failed' | 'Blocked';
  reason: string;
  /** Without credentials. */
  message: string;
  on?: ObjectReference;
  /** It waits for a change of what runs, and that goes on meanwhile. */
  changing?: true;
  /** Of a step that says whether the object is available: how it stands, whether steps before it are done or not. */
  serving?: Serving;
}

/** Unknown: nobody could ask yet. */
export interface Serving {
  status: 'True' | 'False' | 'Unknown';
  reason: string;
  message: string;
}

/** Longer messages than this help nobody; the start of a log says less than its end. */
const longestMessage = 4_096;
/** What is left of a character that was cut in two: the API server would store something else, and it be written again and again. */
const halfCharacter = /^[\udc00-\udfff]/;

export function stepStatusOf<R extends Reconciled>(
  one: StepEvaluation<R>,
  failure: StepFailure | undefined,
  /** Whether it says that the object is available. */
  decides = false,
): StepStatus {
  const { outcome, step, ahead } = one;
  const standing = standingOf(step.name, outcome, failure);
  if (!decides) return standing;
  return {
    ...standing,
    serving: servingOf(ahead ? standingOf(step.name, ahead, failure) : standing, ahead ?? outcome),
  };
}

function servingOf({ state, reason, message }: StepStatus, said: StepOutcome): Serving {
  if (state === 'Done') return { status: 'True', reason: EngineReason.Available, message };
  // What is wrong, or still to come, its own condition says.
  if ('serves' in said && said.serves) return { status: 'True', reason: EngineReason.Available, message: '' };
  return { status: said.state === 'Unobserved' || said.state === 'Blocked' ? 'Unknown' : 'False', reason, message };
}

function standingOf(step: string, outcome: StepOutcome, failure: StepFailure | undefined): StepStatus {
  if (failure) return stepStatus(step, 'Failed', failure.reason, failure.message, failure.on);
  switch (outcome.state) {
    case 'Done':
      return outcome.warning
        ? stepStatus(step, 'Done', outcome.warning.reason, outcome.warning.message)
        : { step, state: 'Done', reason: EngineReason.Done, message: '' };
    case 'Waiting':
      return {
        ...stepStatus(step, outcome.state, outcome.reason, outcome.message, outcome.on),
        ...('changing' in outcome && outcome.changing ? { changing: true } : {}),
      };
    case 'Failed':
      return stepStatus(step, outcome.state, outcome.reason, outcome.message, outcome.on);
    case 'Blocked':
      return stepStatus(step, 'Blocked', EngineReason.WaitingForStep, `Waits for ${listOf(outcome.by)}`);
    case 'Unobserved':
      return stepStatus(step, 'Waiting', EngineReason.Pending, outcome.message ?? 'Has not been looked at yet');
    case 'Changing':
      return {
        ...stepStatus(step, 'Waiting', EngineReason.Pending, `To be changed: ${outcome.descriptions.join(', ')}`),
        changing: true,
      };
  }
}

/** Not done, and not because of another step. What failed comes before what waits, else in the order of the graph. */
export function rootsOf(statuses: readonly StepStatus[]): StepStatus[] {
  const of = (state: StepStatus['state']) => statuses.filter((one) => one.state === state);
  return [...of('Failed'), ...of('Waiting')];
}

/** What is wrong although all that matters is done. */
export function warningsOf(statuses: readonly StepStatus[]): StepStatus[] {
  return statuses.filter(({ state, message }) => state === 'Done' && message !== '');
}

/** Whether the object does its work, as the steps say that decide it; undefined where none does. */
export function availableOf(statuses: readonly StepStatus[]): Serving | undefined {
  const said = statuses.flatMap(({ serving }) => serving ?? []);
  return said.find(({ status }) => status === 'False') ?? said.find(({ status }) => status === 'Unknown') ?? said[0];
}

function stepStatus(
  step: string,
  state: StepStatus['state'],
  reason: string,
  message: string,
  on?: ObjectReference,
): StepStatus {
  const clean = scrub(message);
  const short =
    clean.length <= longestMessage ? clean : `…${clean.slice(1 - longestMessage).replace(halfCharacter, '')}`;
  return { step, state, reason, message: short, ...(on ? { on } : {}) };
}

function listOf(names: readonly string[]): string {
  return names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`;
}
