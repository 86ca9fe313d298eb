// Why a watch ended, and what follows from it.
import {
  ApiError,
  isConnectionFailed,
  isForbidden,
  isGone,
  isNotFound,
  isTimeout,
  isTooManyRequests,
  isUnauthorized,
} from '@stackwright/kube';
import type { RestartReason } from './sink.js';

export interface WatchEnd {
  reason: RestartReason;
  /** Undefined: the server ended it. */
  error: unknown;
  /** How many it had brought. */
  events: number;
  /** Milliseconds. */
  lasted: number;
}

/** A watch that ends sooner, in milliseconds, is no watch: servers are asked for minutes. */
const shortWatch = 1_000;

export function watchEnd(error: unknown, events: number, lasted: number): WatchEnd {
  return { reason: reasonOf(error, lasted), error, events, lasted };
}

function reasonOf(error: unknown, lasted: number): RestartReason {
  if (error === undefined) return lasted < shortWatch ? 'short' : 'ended';
  if (isGone(error) || isVersionTooLarge(error)) return 'expired';
  if (!(error instanceof ApiError)) return 'error';
  if (error.code === 0 && isTimeout(error)) return lasted < shortWatch ? 'connection' : 'idle';
  if (error.code === 0) return 'connection';
  return error.code === 429 ? 'throttled' : 'error';
}

/** How a watch ends that was ended by ourselves, since it tells less than there is. */
export function watchEndOfRenewal(events: number, lasted: number): WatchEnd {
  return { reason: 'behind', error: undefined, events, lasted };
}

/** It brought something, or lasted: the next one will, too. */
export function isOrderly({ reason, events }: WatchEnd): boolean {
  return reason === 'ended' || reason === 'idle' || (reason === 'short' && events > 0);
}

/** Not a byte of it came: nobody may be there, or nothing gets through. */
export function isSilent({ reason, events }: WatchEnd): boolean {
  return reason === 'idle' && events === 0;
}

/** Nothing that a list would mend: the server is busy, or not there. */
export function asksForPatience({ reason, error }: WatchEnd): boolean {
  return reason === 'throttled' || isRefused(error);
}

/** Nobody listens where the server should be. */
function isRefused(error: unknown): boolean {
  if (!isConnectionFailed(error)) return false;
  const causes = error.cause instanceof AggregateError ? (error.cause.errors as unknown[]) : [error.cause];
  return causes.some((cause) => (cause as NodeJS.ErrnoException | undefined)?.code === 'ECONNREFUSED');
}

/** The same would befall a list: wait and stream again. */
export function saysNothingOfStreams(error: unknown): boolean {
  return (
    isConnectionFailed(error) ||
    isNotFound(error) ||
    isTooManyRequests(error) ||
    isUnauthorized(error) ||
    isForbidden(error) ||
    (error instanceof ApiError && (error.code === 503 || error.code === 504))
  );
}

/** The server knows nothing as new as what we saw: it was restored from a backup, say. */
export function isVersionTooLarge(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  return (
    error.status?.details?.causes?.some(({ reason }) => reason === 'ResourceVersionTooLarge') === true ||
    error.message.includes('Too large resource version')
  );
}
