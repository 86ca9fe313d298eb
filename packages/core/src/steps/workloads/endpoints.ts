import { EndpointSlice } from '@stackwright/kube';
import type { Reconciled, StepScope } from '../step.js';

export interface Endpoint {
  /** An IP address that can be connected to from wherever the controller runs. */
  host: string;
  port: number;
}

/**
 * The ready endpoints of a Service's named port, in a stable order. Controllers connect to these and not to the Service's
 * name, which not every place where they run can resolve. The step declares EndpointSlice in `reads`.
 */
export function endpointsOf(
  scope: Pick<StepScope<Reconciled>, 'list'>,
  service: string,
  portName: string,
): readonly Endpoint[] {
  const endpoints = scope
    .list(EndpointSlice, { labels: { 'kubernetes.io/service-name': service } })
    .flatMap((slice) => {
      const port = slice.ports?.find(({ name }) => name === portName)?.port;
      if (port === undefined) return [];
      return (
        slice.endpoints
          .filter(({ conditions }) => conditions?.ready !== false)
          // All addresses of one endpoint are the same Pod.
          .flatMap(({ addresses }) => addresses.slice(0, 1).map((host) => ({ host, port })))
      );
    });
  return endpoints.sort((one, other) =>
    one.host < other.host ? -1 : one.host > other.host ? 1 : one.port - other.port,
  );
}
