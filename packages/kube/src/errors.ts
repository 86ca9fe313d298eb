// The one error type of the library.
import type { Status } from './meta.js';

/**
 * Milliseconds. A proxy's maintenance page may ask for an hour, and its server be back after a minute: who waits that long has
 * been told nothing meanwhile.
 */
export const longestRetryAfter = 60_000;

/** Reasons that do not come from the server. */
export type LocalReason = 'Timeout' | 'ConnectionFailed' | 'InvalidResponse';

export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** HTTP status; 0 when there was no answer. */
  readonly code: number;
  /** metav1.Status reason ("NotFound", "Conflict", …) or a `LocalReason`. */
  readonly reason: string;
  readonly status: Status | undefined;
  /** Milliseconds that the server asks to be left alone: from 0 to `longestRetryAfter`, whatever it said. */
  readonly retryAfter: number | undefined;

  constructor(init: {
    code: number;
    reason: string;
    message: string;
    status?: Status;
    retryAfter?: number;
    cause?: unknown;
  }) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    this.code = init.code;
    this.reason = init.reason;
    this.status = init.status;
    this.retryAfter = boundedRetryAfter(init.retryAfter);
  }
}

function boundedRetryAfter(milliseconds: number | undefined): number | undefined {
  if (milliseconds === undefined || Number.isNaN(milliseconds) || milliseconds < 0) return undefined;
  return Math.min(milliseconds, longestRetryAfter);
}

const is =
  (code: number, reason?: string) =>
  (error: unknown): error is ApiError =>
    error instanceof ApiError && error.code === code && (reason === undefined || error.reason === reason);

export const isNotFound = is(404);
export const isConflict = is(409, 'Conflict');
export const isAlreadyExists = is(409, 'AlreadyExists');
/** The resourceVersion or continue token is too old: list again. */
export const isGone = (error: unknown): error is ApiError =>
  error instanceof ApiError && (error.code === 410 || error.reason === 'Expired' || error.reason === 'Gone');
export const isInvalid = is(422);
export const isForbidden = is(403);
export const isUnauthorized = is(401);
export const isTooManyRequests = is(429);
export const isTimeout = (error: unknown): error is ApiError =>
  error instanceof ApiError && (error.reason === 'Timeout' || error.code === 504);
/** No answer: the server may or may not have done what was asked. */
export const isConnectionFailed = (error: unknown): error is ApiError => error instanceof ApiError && error.code === 0;
