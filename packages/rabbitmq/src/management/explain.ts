import { Reason } from '@stackwright/api';
import { explainBy } from '@stackwright/openstack';
import { BrokerError, type BrokerFailure } from './client.js';

const reasons: Readonly<Record<BrokerFailure, Reason>> = {
  Unreachable: Reason.ServerUnreachable,
  Denied: Reason.AccessDenied,
  Failed: Reason.BrokerFailed,
};

/** How what went wrong with a broker reads as a condition. */
export const explain = explainBy((error) => (error instanceof BrokerError ? reasons[error.failure] : undefined));
