// Where an object's API is reached: inside the cluster, and by users. What is told others follows what is served, and not what
// is wanted next: that may never come to be (a certificate that is not there), and takes its time where it does.
import type { ServiceSpec } from '@stackwright/api';
import type { Reconciled, StepScope } from '@stackwright/graph';
import { isRouteServed, servedScheme } from './served.js';

/** Of a step that reads Service. */
interface Place extends Pick<StepScope<Reconciled>, 'get' | 'namespace'> {
  object: { readonly spec: Pick<ServiceSpec, 'tls' | 'endpoints' | 'route'> };
}

interface Where {
  /** Of the Service. */
  name: string;
  port: number;
  /** What follows host and port: "/v3". Default: nothing. */
  path?: string;
}

/** For other services. */
export function internalUrl(place: Place, { name, port, path = '' }: Where): string {
  const { namespace, object } = place;
  const own = `${servedScheme(place, name, object.spec)}://${name}.${namespace}.svc:${port}`;
  return withPath(object.spec.endpoints?.internal ?? own, path);
}

/** For users: by the route once that leads there. The step reads HTTPRoute, too. */
export function publicUrl(place: Place & { name: string }, where: Where): string {
  const { endpoints, route } = place.object.spec;
  const isRouted = route && endpoints?.public === undefined && isRouteServed(place, place.name, { route });
  const external = endpoints?.public ?? (isRouted ? `${route.scheme}://${route.hostname}` : undefined);
  return external === undefined ? internalUrl(place, where) : withPath(external, where.path ?? '');
}

function withPath(base: string, path: string): string {
  return base.replace(/(?<!\/)\/+$/, '') + path;
}
