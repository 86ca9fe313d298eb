import type { Reconciled, StepScope } from '@stackwright/core';
import { EndpointSlice } from '@stackwright/kube';

/** Ready endpoints of a Service. */
export function endpointsOf(
  scope: Pick<StepScope<Reconciled>, 'list'>,
  service: string,
  portName: string,
): readonly { host: string; port: number }[] {
  return scope.list(EndpointSlice, { labels: { 'kubernetes.io/service-name': service } }).flatMap((slice) => {
    const port = slice.ports?.find(({ name }) => name === portName)?.port;
    if (port === undefined) return [];
    return (slice.endpoints ?? [])
      .filter(({ conditions }) => conditions?.ready !== false)
      .flatMap(({ addresses }) => addresses.slice(0, 1).map((host) => ({ host, port })));
  });
}
