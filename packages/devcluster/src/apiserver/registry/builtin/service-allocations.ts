// Which Service has which address and which node ports: kept as Services come and go. Asking all of them for every new
// one made the server slow where there are thousands.
import type { Service } from '@stackwright/kube';
import type { ApiObject } from '../../json.js';
import type { Store } from '../../store/store.js';

const SERVICES = '/services';

const known = new WeakMap<Store, ServiceAllocations>();

export class ServiceAllocations {
  /** By address and by port, the key of the Service that has it. */
  readonly #addresses = new Map<string, string>();
  readonly #nodePorts = new Map<number, string>();

  static of(store: Store): ServiceAllocations {
    let allocations = known.get(store);
    if (!allocations) {
      allocations = new ServiceAllocations(store);
      known.set(store, allocations);
    }
    return allocations;
  }

  private constructor(store: Store) {
    for (const service of store.list(SERVICES)) this.#take(keyOf(service), service);
    store.subscribe((resource, { type, key, object, previous }) => {
      if (resource !== SERVICES) return;
      if (previous) this.#release(key, previous);
      if (type !== 'DELETED') this.#take(key, object);
    });
  }

  /** What others than the Service of that key have. */
  addressesBeside(self: string): Pick<ReadonlySet<string>, 'has'> {
    return { has: (address) => isOfAnother(this.#addresses.get(address), self) };
  }

  nodePortsBeside(self: string): Pick<ReadonlySet<number>, 'has'> {
    return { has: (port) => isOfAnother(this.#nodePorts.get(port), self) };
  }

  #take(key: string, service: ApiObject): void {
    const { clusterIP, ports } = (service as Service).spec ?? {};
    if (clusterIP && clusterIP !== 'None') this.#addresses.set(clusterIP, key);
    for (const { nodePort } of ports ?? []) if (nodePort) this.#nodePorts.set(nodePort, key);
  }

  #release(key: string, service: ApiObject): void {
    const { clusterIP, ports } = (service as Service).spec ?? {};
    if (clusterIP && this.#addresses.get(clusterIP) === key) this.#addresses.delete(clusterIP);
    for (const { nodePort } of ports ?? [])
      if (nodePort && this.#nodePorts.get(nodePort) === key) this.#nodePorts.delete(nodePort);
  }
}

const isOfAnother = (holder: string | undefined, self: string): boolean => holder !== undefined && holder !== self;

const keyOf = ({ metadata }: ApiObject): string => `${metadata.namespace ?? ''}/${metadata.name ?? ''}`;
