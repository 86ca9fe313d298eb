import { Reason } from '@stackwright/api';
import { explainBy } from '@stackwright/openstack';
import { SqlError, type SqlFailure } from './admin.js';

const reasons: Readonly<Record<SqlFailure, Reason>> = {
  Unreachable: Reason.ServerUnreachable,
  LoginDenied: Reason.AccessDenied,
  PermissionDenied: Reason.AccessDenied,
  Failed: Reason.DatabaseFailed,
};

/** How what went wrong with a database server reads as a condition. */
export const explain = explainBy((error) => (error instanceof SqlError ? reasons[error.failure] : undefined));
