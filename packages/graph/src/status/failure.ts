// How an error of the API server reads as a condition.
import {
  ApiError,
  isAlreadyExists,
  isConflict,
  isConnectionFailed,
  isForbidden,
  isInvalid,
  isTooManyRequests,
} from '@stackwright/kube';
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

/** All as one: the first says why. What had only changed meanwhile says nothing where something is wrong. */
export function together(failures: readonly StepFailure[]): StepFailure | undefined {
  const told = failures.filter(({ stale }) => !stale);
  const [first] = told;
  if (!first) return failures[0];
  return { ...first, message: [...new Set(told.map(({ message }) => message))].join('; ') };
}

/** Whether the server is there and takes more. Else the next call only waits as long as this one, or is one too many. */
export function isServerWell(error: unknown): boolean {
  return !isConnectionFailed(error) && !isTooManyRequests(error);
}

/** Not a matter of time: somebody else has set fields that we are not to take. */
function isFieldConflict({ status }: ApiError): boolean {
  return status?.details?.causes?.some(({ reason }) => reason === 'FieldManagerConflict') ?? false;
}

function reasonOf(error: unknown): string {
  if (error instanceof KindMissingError) return EngineReason.KindMissing;
  if (isForbidden(error)) return isAboutRights(error) ? EngineReason.Forbidden : EngineReason.Rejected;
  if (isConflict(error) || isAlreadyExists(error)) return EngineReason.Conflict;
  if (isInvalid(error) || (error instanceof ApiError && (error.code === 400 || isAboutFields(error)))) {
    return EngineReason.Rejected;
  }
  return EngineReason.Error;
}

/**
 * Whether the caller lacks a right. A quota, Pod security, a webhook and a namespace on its way out answer 403 as well, and what
 * they refuse is the object.
 */
export function isAboutRights({ code, message }: ApiError): boolean {
  if (code !== 403) return false;
  return /\bcannot [a-z]+ (resource|path)\b/.test(message) || /attempting to grant RBAC permissions/.test(message);
}

/** Fields that the kind does not have: a server-side apply with them is told 500. */
function isAboutFields({ code, message }: ApiError): boolean {
  return code === 500 && /field not declared in schema|failed to create (manager|typed patch)/.test(message);
}

/** What had only changed under our hands is not worth a condition. */
export function unlessStale(failure: StepFailure | undefined): StepFailure | undefined {
  return failure?.stale ? undefined : failure;
}
