// How an error of the API server reads as a condition.
import { ApiError, isAlreadyExists, isConflict, isForbidden, isInvalid } from '@stackwright/kube';
import { KindMissingError } from '@stackwright/core';
import { EngineReason } from '../declare/reasons.js';
import type { ObjectReference } from '../declare/step.js';

/** Why a step could not be carried out. */
export interface StepFailure {
  reason: string;
  message: string;
  on?: ObjectReference;
  /** The error itself, for the log. */
  error: unknown;
  /** What was judged had changed meanwhile: look again at once, nothing is wrong. */
  stale?: boolean;
}

export function failureOf(error: unknown, doing: string, on?: ObjectReference): StepFailure {
  const message = `${doing}: ${error instanceof Error ? error.message : String(error)}`;
  return {
    reason: reasonOf(error),
    message,
    error,
    ...(on ? { on } : {}),
    ...(isConflict(error) && !isFieldConflict(error) ? { stale: true } : {}),
  };
}

/** Not a matter of time: somebody else has set fields that we are not to take. */
function isFieldConflict({ status }: ApiError): boolean {
  return status?.details?.causes?.some(({ reason }) => reason === 'FieldManagerConflict') ?? false;
}

function reasonOf(error: unknown): string {
  if (error instanceof KindMissingError) return EngineReason.KindMissing;
  if (isForbidden(error)) return EngineReason.Forbidden;
  if (isConflict(error) || isAlreadyExists(error)) return EngineReason.Conflict;
  if (isInvalid(error) || (error instanceof ApiError && error.code === 400)) return EngineReason.Rejected;
  // An apply with a field that the schema does not have: the server takes it for an error of its own (500).
  if (error instanceof ApiError && error.message.includes('field not declared in schema')) return EngineReason.Rejected;
  return EngineReason.Error;
}

/** What had only changed under our hands is not worth a condition. */
export function unlessStale(failure: StepFailure | undefined): StepFailure | undefined {
  return failure?.stale ? undefined : failure;
}
