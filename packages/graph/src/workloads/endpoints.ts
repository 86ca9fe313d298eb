import { EndpointSlice } from '@stackwright/kube';
import type { Reconciled, StepScope } from '../declare/step.js';

export interface Endpoint {
  /** An IP address that can be connected to from wherever the controller runs. */
  host: string;
  port: number;
}

type Port = NonNullable<EndpointSlice['ports']>[number];

/**
 * The ready endpoints of a Service's port, by name or as `port` picks it, in a stable order. Controllers connect to these
 * and not to the Service's name, which not every place where they run can resolve. The step declares EndpointSlice in `reads`.
 */
export function endpointsOf(
  scope: Pick<StepScope<Reconciled>, 'list'>,
  service: string,
  port: string | ((ports: readonly Port[]) => Port | undefined),
): readonly Endpoint[] {
  const pick = typeof port === 'string' ? (ports: readonly Port[]) => ports.find(({ name }) => name === port) : port;
  const endpoints = scope
    .list(EndpointSlice, { labels: { 'kubernetes.io/service-name': service } })
    .flatMap((slice) => {
      const number = pick(slice.ports ?? [])?.port;
      if (number === undefined) return [];
      return (
        slice.endpoints
          .filter(({ conditions }) => conditions?.ready !== false)
          // All addresses of one endpoint are the same Pod.
          .flatMap(({ addresses }) => addresses.slice(0, 1).map((host) => ({ host, port: number })))
      );
    });
  return endpoints.sort((one, other) =>
    one.host < other.host ? -1 : one.host > other.host ? 1 : one.port - other.port,
  );
}
