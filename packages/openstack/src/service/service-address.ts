// Where a controller connects to for URLs that Pods resolve by name: not every place where it runs can.
import { endpointsOf, type StepScope } from '@stackwright/graph';
import type { Address } from '../seams/http.js';
import type { ServiceObject } from './builder.js';

/**
 * The ready endpoints behind a URL that names a Service of the object's namespace (`http://keystone.openstack.svc:5000/v3`);
 * undefined for any other URL, which DNS has to resolve. The step declares EndpointSlice in `reads`.
 */
export function addressesOf<R extends ServiceObject>(
  scope: Pick<StepScope<R>, 'list' | 'namespace'>,
  url: string,
): readonly Address[] | undefined {
  const { hostname, port: wanted } = new URL(url);
  const [service, namespace, svc] = hostname.split('.');
  if (svc !== 'svc' || namespace !== scope.namespace) return undefined;
  // Mostly the Pods have the Service's port; where they do not, the Service has but one.
  return endpointsOf(scope, service ?? '', (ports) => ports.find(({ port }) => String(port) === wanted) ?? ports[0]);
}
