// What the service proxy listens on, and where it may go to.
import type { EndpointSlice, Service } from '@stackwright/kube';
import type { Stored } from '../shared/objects.js';
import { isIn } from './network-policies.js';
import type { ServicePort } from './service-proxy.js';

/** Only from this host one gets there, and the proxy is on this host: whoever may write an EndpointSlice is not to be led there. */
const OF_THE_HOST = ['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16'];

/**
 * The TCP ports of a Service with its ready endpoints; none of a Service without an address. `proxied`: the addresses of all Services.
 * An endpoint that is one would be led to the proxy again, as somebody else, and without end where it is its own.
 */
export function servicePorts(
  { metadata, spec }: Stored<Service>,
  slices: readonly EndpointSlice[],
  proxied: ReadonlySet<string>,
): ServicePort[] {
  const clusterIP = spec?.clusterIP ?? 'None';
  if (clusterIP === 'None' || clusterIP === '') return [];
  // The API server is a process of the host, and says so itself.
  const isServer = metadata.namespace === 'default' && metadata.name === 'kubernetes';
  const mayBe = (ip: string): boolean =>
    isServer || (!proxied.has(ip) && !OF_THE_HOST.some((range) => isIn(range, ip)));
  return (spec?.ports ?? [])
    .filter(({ protocol }) => (protocol ?? 'TCP') === 'TCP')
    .map(({ port, name = '' }) => ({
      clusterIP,
      port,
      endpoints: slices.flatMap((slice) => {
        const target = slice.ports?.find((candidate) => (candidate.name ?? '') === name)?.port;
        const addresses = readyAddresses(slice).filter(mayBe);
        return target === undefined ? [] : addresses.map((ip) => ({ ip, port: target }));
      }),
    }));
}

const readyAddresses = ({ endpoints }: EndpointSlice): string[] =>
  (endpoints ?? [])
    .filter(({ conditions }) => conditions?.ready !== false)
    .flatMap(({ addresses }) => addresses.slice(0, 1));
