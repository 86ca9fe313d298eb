import { Reason } from '@stackwright/api';
import { SqlError, type SqlFailure } from './admin.js';

/** An error that already is what shall be read. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly reason: Reason;

  constructor(reason: Reason, message: string) {
    super(message);
    this.reason = reason;
  }
}

const reasons: Readonly<Record<SqlFailure, Reason>> = {
  Unreachable: Reason.ServerUnreachable,
  LoginDenied: Reason.AccessDenied,
  PermissionDenied: Reason.AccessDenied,
  Failed: Reason.DatabaseFailed,
};

/** How what went wrong with a database server reads as a condition. */
export function explain(error: unknown): { reason: string; message: string } {
  if (error instanceof Refused) return { reason: error.reason, message: error.message };
  const message = error instanceof Error ? error.message : String(error);
  return { reason: error instanceof SqlError ? reasons[error.failure] : Reason.Error, message };
}
