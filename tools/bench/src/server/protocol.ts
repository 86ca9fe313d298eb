// What the bench and its server process (or the proxy in front of a real one) say to each other, over Node's IPC.

/** How a call is named in the counts: verb, resource, and the subresource if there is one. "patch widgets/status". */
export type Calls = Readonly<Record<string, number>>;

export interface ServerReady {
  type: 'ready';
  url: string;
  /** PEM. */
  ca: string;
  /** Secret. */
  token: string;
}

export type ServerMessage = ServerReady | { type: 'calls'; calls: Calls };
export type BenchMessage = { type: 'calls' };

/** The calls of the bench itself carry this and are not counted. */
export const benchUserAgent = 'stackwright-bench';

/** Calls for objects of such names are not counted either: what is made beside the load that is measured. */
export const freshPrefix = 'fresh-';

const writing = new Set(['create', 'update', 'patch', 'apply', 'delete', 'deletecollection']);

export function difference(after: Calls, before: Calls): Calls {
  return Object.fromEntries(
    Object.entries(after)
      .map(([call, count]) => [call, count - (before[call] ?? 0)] as const)
      .filter(([, count]) => count > 0),
  );
}

export interface CallSums {
  /** All but the renewals of a Lease. */
  all: number;
  /** Writes, without Leases. */
  mutating: number;
  /** Of Leases: they are the price of high availability, which only ours pays. */
  lease: number;
  /** Of those in `all`: events for people. */
  events: number;
}

export function sum(calls: Calls): CallSums {
  const sums: CallSums = { all: 0, mutating: 0, lease: 0, events: 0 };
  for (const [call, count] of Object.entries(calls)) {
    const [verb = '', resource = ''] = call.split(' ');
    if (resource === 'leases') {
      sums.lease += count;
      continue;
    }
    sums.all += count;
    if (writing.has(verb)) sums.mutating += count;
    if (resource === 'events') sums.events += count;
  }
  return sums;
}
