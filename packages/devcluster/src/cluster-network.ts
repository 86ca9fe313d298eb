// Makes Services reachable by their addresses and names on a node with real containers: what kube-proxy and CoreDNS do
// on a real cluster.
import { readFile } from 'node:fs/promises';
import { EndpointSlice, Service, type Client } from '@stackwright/kube';
import { DnsServer, hostResolvers } from './network/dns.js';
import type { DnsService } from './network/dns-records.js';
import { servicePorts } from './network/service-ports.js';
import { ServiceProxy, type ServiceProxyOptions } from './network/service-proxy.js';
import { systemClock } from './shared/clock.js';
import type { Log } from './shared/log.js';
import type { Stored } from './shared/objects.js';
import { Store } from './shared/store.js';

export interface ClusterNetworkOptions {
  client: Client;
  /** The ClusterIP that cluster DNS listens on. */
  dnsAddress: string;
  domain: string;
  /** See `ServiceProxyOptions`. */
  letsIn?: NonNullable<ServiceProxyOptions['letsIn']>;
  log: Log;
}

export class ClusterNetwork {
  readonly #services: Store<Service>;
  readonly #slices: Store<EndpointSlice>;
  readonly #proxy: ServiceProxy;
  readonly #options: ClusterNetworkOptions;
  #dns: DnsServer | undefined;
  #pending = false;

  constructor(options: ClusterNetworkOptions) {
    const { client, letsIn, log } = options;
    this.#options = options;
    this.#services = new Store(client, Service, { clock: systemClock, log });
    this.#slices = new Store(client, EndpointSlice, { clock: systemClock, log });
    this.#proxy = new ServiceProxy({
      ...(letsIn ? { letsIn } : {}),
      onError: (error) => log.warn('service address', { error: error.message }),
    });
  }

  /** Resolves when all Services there are can be reached. The addresses must be the host's by then. */
  async start(): Promise<void> {
    const { dnsAddress, domain } = this.#options;
    this.#dns = new DnsServer({ address: dnsAddress, domain, upstream: hostResolvers(await resolvConf()) });
    await this.#dns.start();
    await Promise.all([this.#services.start(), this.#slices.start()]);
    this.#services.onChange(() => this.#schedule());
    this.#slices.onChange(() => this.#schedule());
    this.#update();
    await this.#proxy.settled();
  }

  async stop(): Promise<void> {
    await Promise.all([this.#services.stop(), this.#slices.stop()]);
    this.#proxy.stop();
    await this.#dns?.stop();
    this.#dns = undefined;
  }

  /** Many changes come together: one look at all of them is enough. */
  #schedule(): void {
    if (this.#pending) return;
    this.#pending = true;
    setImmediate(() => {
      this.#pending = false;
      if (this.#dns) this.#update();
    });
  }

  #update(): void {
    const slices = new Map<string, Stored<EndpointSlice>[]>();
    for (const slice of this.#slices.list()) {
      const key = `${slice.metadata.namespace}/${slice.metadata.labels?.['kubernetes.io/service-name'] ?? ''}`;
      slices.set(key, [...(slices.get(key) ?? []), slice]);
    }
    const services = this.#services.list().map((service) => ({
      service,
      slices: slices.get(`${service.metadata.namespace}/${service.metadata.name}`) ?? [],
    }));
    const proxied = new Set(services.map(({ service }) => service.spec?.clusterIP ?? ''));
    this.#proxy.update(services.flatMap(({ service, slices: own }) => servicePorts(service, own, proxied)));
    this.#dns?.update(services.map(({ service, slices: own }) => recordOf(service, own)));
  }
}

async function resolvConf(): Promise<string> {
  return readFile('/etc/resolv.conf', 'utf8').catch(() => '');
}

function recordOf({ metadata, spec }: Stored<Service>, slices: readonly EndpointSlice[]): DnsService {
  const clusterIP = spec?.clusterIP;
  const all = spec?.publishNotReadyAddresses ?? false;
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    ...(clusterIP === undefined || clusterIP === 'None' || clusterIP === '' ? {} : { clusterIP }),
    ...(spec?.type === 'ExternalName' && spec.externalName !== undefined ? { externalName: spec.externalName } : {}),
    ports: (spec?.ports ?? []).map(({ name, port, protocol }) => ({
      ...(name === undefined ? {} : { name }),
      port,
      protocol: protocol ?? 'TCP',
    })),
    endpoints: slices.flatMap(({ endpoints }) =>
      (endpoints ?? [])
        .filter(({ conditions }) => all || conditions?.ready !== false)
        .flatMap(({ addresses, hostname }) =>
          addresses.map((ip) => ({ ip, ...(hostname === undefined ? {} : { hostname }) })),
        ),
    ),
  };
}
