// Where an object's API is reached: inside the cluster, and by users.
import type { ServiceSpec } from '@stackwright/api';

interface Place {
  namespace: string;
  object: { readonly spec: Pick<ServiceSpec, 'tls' | 'endpoints' | 'route'> };
}

interface Where {
  /** Of the Service. */
  name: string;
  port: number;
  /** What follows host and port: "/v3". Default: nothing. */
  path?: string;
}

export type Scheme = 'http' | 'https';

/** By which the API's own Pods are asked. */
export function schemeOf({ tls }: Pick<ServiceSpec, 'tls'>): Scheme {
  return tls ? 'https' : 'http';
}

/** For other services. */
export function internalUrl({ namespace, object: { spec } }: Place, { name, port, path = '' }: Where): string {
  const own = `${schemeOf(spec)}://${name}.${namespace}.svc:${port}`;
  return withPath(spec.endpoints?.internal ?? own, path);
}

/** For users. */
export function publicUrl(place: Place, where: Where): string {
  const { endpoints, route } = place.object.spec;
  const external = endpoints?.public ?? (route && `${route.scheme}://${route.hostname}`);
  return external === undefined ? internalUrl(place, where) : withPath(external, where.path ?? '');
}

function withPath(base: string, path: string): string {
  return base.replace(/\/+$/, '') + path;
}
