// What an error of a reconcile means.
import { ApiError, isConflict } from '@stackwright/kube';
import { CacheNotSyncedError } from '../cache/cache.js';
import { TerminalError } from '../reconciler.js';

/** The run took longer than `reconciliationTimeout`. */
export class ReconcileTimeoutError extends Error {
  override readonly name = 'ReconcileTimeoutError';
}

/**
 * - `terminal`: trying again cannot help.
 * - `expected`: somebody wrote first, a cache is still filling, the process stops. The next run knows more.
 * - `panic`: what only a bug throws, the nearest that this language has to a panic.
 */
export type FailureKind = 'terminal' | 'expected' | 'panic' | 'error';

export function kindOfFailure(error: unknown, signal: AbortSignal): FailureKind {
  if (error instanceof TerminalError) return 'terminal';
  // Another field manager owns what was applied: it will tomorrow, too.
  if (isOwnershipConflict(error)) return 'error';
  const stopped = signal.aborted && error === signal.reason && !(error instanceof ReconcileTimeoutError);
  if (stopped || isConflict(error) || error instanceof CacheNotSyncedError) return 'expected';
  // A TypeError with a cause is how fetch() says that the network failed.
  const bug =
    (error instanceof TypeError && error.cause === undefined) ||
    error instanceof RangeError ||
    error instanceof ReferenceError;
  return bug || !(error instanceof Error) ? 'panic' : 'error';
}

function isOwnershipConflict(error: unknown): boolean {
  const causes = error instanceof ApiError ? error.status?.details?.causes : undefined;
  return causes?.some(({ reason }) => reason === 'FieldManagerConflict') ?? false;
}
