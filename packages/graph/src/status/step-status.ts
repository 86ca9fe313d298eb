// How each step stands at the end of a reconcile, and which of those that are not done are the root of the others.
import type { StepEvaluation } from '../evaluate/evaluate.js';
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
}

/** Longer messages than this help nobody; the start of a log says less than its end. */
const longestMessage = 4_096;
/** What is left of a character that was cut in two: the API server would store something else, and it be written again and again. */
const halfCharacter = /^[\udc00-\udfff]/;

export function stepStatusOf<R extends Reconciled>(
  one: StepEvaluation<R>,
  failure: StepFailure | undefined,
): StepStatus {
  const { outcome } = one;
  const step = one.step.name;
  if (failure) return stepStatus(step, 'Failed', failure.reason, failure.message, failure.on);
  switch (outcome.state) {
    case 'Done':
      return outcome.warning
        ? stepStatus(step, 'Done', outcome.warning.reason, outcome.warning.message)
        : { step, state: 'Done', reason: EngineReason.Done, message: '' };
    case 'Waiting':
    case 'Failed':
      return stepStatus(step, outcome.state, outcome.reason, outcome.message, outcome.on);
    case 'Blocked':
      return stepStatus(step, 'Blocked', EngineReason.WaitingForStep, `Waits for ${listOf(outcome.by)}`);
    case 'Unobserved':
      return stepStatus(step, 'Waiting', EngineReason.Pending, outcome.message ?? 'Has not been looked at yet');
    case 'Changing':
      return stepStatus(step, 'Waiting', EngineReason.Pending, `To be changed: ${outcome.descriptions.join(', ')}`);
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
