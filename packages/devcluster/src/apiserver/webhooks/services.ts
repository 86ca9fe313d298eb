// Where a Service is answered, by the endpoints that the cluster has for it.
import type { Endpoints, EndpointSlice, Service } from '@stackwright/kube';
import type { Store } from '../store/store.js';

export interface Endpoint {
  host: string;
  port: number;
}

/** Throws an Error for a Service that is not there, has no such port, or that nobody answers. */
export function serviceEndpoint(
  store: Store,
  { namespace, name, port }: { namespace: string; name: string; port: number },
): Endpoint {
  const service = store.get('/services', `${namespace}/${name}`) as Service | undefined;
  if (!service) throw new Error(`service ${JSON.stringify(name)} not found`);
  if (service.spec?.type === 'ExternalName') return { host: service.spec.externalName ?? '', port };
  const ports = service.spec?.ports ?? [];
  const found = ports.find((candidate) => candidate.port === port);
  if (!found) throw new Error(`no service port ${port} found for service ${JSON.stringify(name)}`);
  for (const object of store.list('discovery.k8s.io/endpointslices', namespace)) {
    const slice = object as unknown as EndpointSlice;
    if (slice.metadata?.labels?.['kubernetes.io/service-name'] !== name) continue;
    const target = slice.ports?.find((candidate) => (candidate.name ?? '') === (found.name ?? ''))?.port;
    const ready = slice.endpoints.find(({ conditions }) => conditions?.ready !== false);
    const host = ready?.addresses[0];
    if (host !== undefined && target !== undefined) return { host, port: target };
  }
  // Made by hand, where no controller makes slices of them.
  const endpoints = store.get('/endpoints', `${namespace}/${name}`) as Endpoints | undefined;
  for (const subset of endpoints?.subsets ?? []) {
    const target = subset.ports?.find((candidate) => (candidate.name ?? '') === (found.name ?? ''))?.port;
    const host = subset.addresses?.[0]?.ip;
    if (host !== undefined && target !== undefined) return { host, port: target };
  }
  throw new Error(`no endpoints available for service ${JSON.stringify(name)}`);
}
