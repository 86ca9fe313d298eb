// What cluster DNS answers, as a pure function of the Services: https://github.com/kubernetes/dns/blob/master/docs/specification.md
import type { Answer, Question, SrvAnswer, StringAnswer } from 'dns-packet';

export interface DnsEndpoint {
  ip: string;
  /** Of Pods with a hostname and this Service as subdomain, such as those of a StatefulSet. */
  hostname?: string;
}

export interface DnsService {
  namespace: string;
  name: string;
  /** Absent: headless, the endpoints answer themselves. */
  clusterIP?: string;
  externalName?: string;
  ports: readonly { name?: string; port: number; protocol: string }[];
  /** Ready ones, or all with `publishNotReadyAddresses`. */
  endpoints: readonly DnsEndpoint[];
}

export type Resolution =
  /** `answers` may be empty: the name exists, without records of that type. */
  | { outcome: 'answer'; answers: Answer[] }
  | { outcome: 'no-such-name' }
  /** Not a name of this cluster. */
  | { outcome: 'foreign' };

/** Seconds that clients may keep an answer. As short as CoreDNS has it: endpoints come and go. */
const TTL = 5;

export class DnsRecords {
  readonly #domain: string;
  readonly #addresses = new Map<string, string[]>();
  readonly #aliases = new Map<string, string>();
  readonly #services = new Map<string, { port: number; target: string }[]>();
  readonly #pointers = new Map<string, string>();
  /** Every name that exists, and every name above one: those have no records, but exist. */
  readonly #names = new Set<string>();

  constructor(domain: string, services: readonly DnsService[]) {
    this.#domain = domain;
    this.#exists(`svc.${domain}`);
    this.#exists(`pod.${domain}`);
    for (const service of services) this.#add(service);
  }

  resolve(question: Pick<Question, 'name' | 'type'>): Resolution {
    const name = question.name.toLowerCase().replace(/\.$/, '');
    if (question.type === 'PTR') {
      const pointer = this.#pointers.get(name);
      return pointer === undefined ? { outcome: 'foreign' } : answer([{ type: 'PTR', name, ttl: TTL, data: pointer }]);
    }
    if (name !== this.#domain && !name.endsWith(`.${this.#domain}`)) return { outcome: 'foreign' };
    const alias = this.#aliases.get(name);
    if (alias !== undefined) return answer([{ type: 'CNAME', name, ttl: TTL, data: alias }]);
    const pod = podAddress(name, this.#domain);
    const addresses = this.#addresses.get(name) ?? (pod === undefined ? undefined : [pod]);
    if (addresses === undefined && !this.#names.has(name)) return { outcome: 'no-such-name' };
    if (question.type === 'A') {
      return answer((addresses ?? []).map((data): StringAnswer => ({ type: 'A', name, ttl: TTL, data })));
    }
    if (question.type === 'SRV') {
      const targets = this.#services.get(name) ?? [];
      return answer(
        targets.map((data): SrvAnswer => ({
          type: 'SRV',
          name,
          ttl: TTL,
          data: { ...data, priority: 0, weight: 100 },
        })),
      );
    }
    return answer([]);
  }

  #add(service: DnsService): void {
    const namespace = `${service.namespace}.svc.${this.#domain}`;
    const name = `${service.name}.${namespace}`;
    const headless = service.clusterIP === undefined && service.externalName === undefined;
    this.#exists(namespace);
    // A headless Service without endpoints has no address and, by the specification, no name either.
    if (headless && service.endpoints.length === 0) return;
    this.#exists(name);
    if (service.externalName !== undefined) {
      this.#aliases.set(name, service.externalName);
      return;
    }
    const targets = headless ? service.endpoints.map((endpoint) => this.#addEndpoint(name, endpoint)) : [name];
    const addresses = headless ? service.endpoints.map(({ ip }) => ip) : [service.clusterIP ?? ''];
    this.#addresses.set(name, addresses);
    if (service.clusterIP !== undefined) this.#pointers.set(reverse(service.clusterIP), name);
    for (const { name: portName, port, protocol } of service.ports) {
      if (portName === undefined) continue;
      const portOwner = `_${portName}._${protocol.toLowerCase()}.${name}`;
      this.#exists(portOwner);
      this.#services.set(
        portOwner,
        targets.map((target) => ({ port, target })),
      );
    }
  }

  #addEndpoint(service: string, endpoint: DnsEndpoint): string {
    const name = `${endpoint.hostname ?? endpoint.ip.replaceAll('.', '-')}.${service}`;
    this.#exists(name);
    this.#addresses.set(name, [...(this.#addresses.get(name) ?? []), endpoint.ip]);
    if (endpoint.hostname !== undefined) this.#pointers.set(reverse(endpoint.ip), name);
    return name;
  }

  #exists(name: string): void {
    for (let current = name; current.endsWith(this.#domain); current = current.slice(current.indexOf('.') + 1)) {
      this.#names.add(current);
      if (current === this.#domain) return;
    }
  }
}

const answer = (answers: Answer[]): Resolution => ({ outcome: 'answer', answers });

const reverse = (ip: string): string => `${ip.split('.').reverse().join('.')}.in-addr.arpa`;

/** `10-1-2-3.<namespace>.pod.<domain>` answers with the address it names. */
function podAddress(name: string, domain: string): string | undefined {
  const match = /^(\d+-\d+-\d+-\d+)\.[^.]+\.pod\./.exec(name);
  if (match?.[1] === undefined || !name.endsWith(`.pod.${domain}`)) return undefined;
  return match[1].replaceAll('-', '.');
}
