// How many connections to its database a service may open: the pools of its processes, and what that makes in all.
import { servingDefaults, type ServiceSpec } from '@stackwright/api';

/** oslo.db's pool of one process. */
export interface Pool {
  /** Connections that are kept. */
  size: number;
  /** Those that are opened besides, and closed after use. */
  overflow: number;
}

interface Workers {
  processes: number;
  threads: number;
}

/** A request has a thread, and mostly one connection; a second one for a moment where a transaction is begun within another. */
export const poolOf = ({ threads }: Pick<Workers, 'threads'> = servingDefaults): Pool => ({
  size: threads,
  overflow: threads,
});

/** Rounded up to this, so that another Pod mostly changes nothing of the claim. */
const unit = 50;

/** Of all Pods of a service: with one more while they are replaced, and a Job beside them. */
export function connectionsOf({ replicas, api }: Pick<ServiceSpec, 'replicas' | 'api'>): number {
  const { processes, threads } = { ...servingDefaults, ...api };
  const { size, overflow } = poolOf({ threads });
  const most = (size + overflow) * (processes * (replicas + 1) + 1);
  return Math.ceil(most / unit) * unit;
}
