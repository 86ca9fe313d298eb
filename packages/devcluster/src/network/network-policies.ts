// What NetworkPolicies say of who may reach a Pod, as addresses and ports. Pure. Egress is nobody's here.
// https://kubernetes.io/docs/concepts/services-networking/network-policies/
import { matchesSelector, type NetworkPolicy } from '@stackwright/kube';
import type { Stored } from '../shared/objects.js';
import { parseAddress, parseCidr, sizeOf } from './ipv4.js';

type Labels = Readonly<Record<string, string>>;
type Spec = NonNullable<NetworkPolicy['spec']>;
type Rule = NonNullable<Spec['ingress']>[number];
type PolicyPeer = NonNullable<Rule['from']>[number];

/** A Pod, as policies see it. */
export interface NetworkedPod {
  uid: string;
  namespace: string;
  labels: Labels;
  /** Undefined where it has none yet, or its node's: policies are not about those. */
  ip: string | undefined;
  /** Its containers' ports that have a name. */
  ports: readonly { name: string; port: number; protocol: string }[];
}

export interface Namespaces {
  get(name: string): Labels | undefined;
}

export interface Source {
  /** "10.1.0.0/16"; one address where it is a Pod's. */
  cidr: string;
  except: readonly string[];
}

export interface PortRange {
  protocol: string;
  first: number;
  last: number;
}

/** A way in; without sources for everybody, without ports by all of them. */
export interface Way {
  from?: readonly Source[];
  ports?: readonly PortRange[];
}

/** Undefined where no policy is about the Pod: then everybody comes in. */
export function waysInto(
  pod: NetworkedPod,
  policies: readonly Stored<NetworkPolicy>[],
  pods: readonly NetworkedPod[],
  namespaces: Namespaces,
): readonly Way[] | undefined {
  const specs = policies
    .filter(({ metadata }) => metadata.namespace === pod.namespace)
    .flatMap(({ spec }) => (spec ? [spec] : []))
    .filter((spec) => (spec.policyTypes ?? ['Ingress']).includes('Ingress') && matches(spec.podSelector, pod.labels));
  if (specs.length === 0) return undefined;
  return specs.flatMap(({ ingress = [] }) => ingress.flatMap((rule) => wayOf(rule, pod, pods, namespaces)));
}

/** Nothing where a rule is for somebody who is not there, or by a port that the Pod does not have: no list must become empty. */
function wayOf(
  { from = [], ports = [] }: Rule,
  pod: NetworkedPod,
  pods: readonly NetworkedPod[],
  namespaces: Namespaces,
): Way[] {
  const sources = from.flatMap((peer) => sourcesOf(peer, pod, pods, namespaces));
  const ranges = ports.flatMap(({ port, endPort, protocol = 'TCP' }): PortRange[] => {
    if (port === undefined) return [{ protocol, first: 0, last: 65_535 }];
    if (typeof port === 'number') return [{ protocol, first: port, last: endPort ?? port }];
    return pod.ports
      .filter((named) => named.name === port && named.protocol === protocol)
      .map((named) => ({ protocol, first: named.port, last: named.port }));
  });
  if ((from.length > 0 && sources.length === 0) || (ports.length > 0 && ranges.length === 0)) return [];
  return [{ ...(from.length > 0 ? { from: sources } : {}), ...(ports.length > 0 ? { ports: ranges } : {}) }];
}

function sourcesOf(
  { ipBlock, namespaceSelector, podSelector }: PolicyPeer,
  { namespace }: NetworkedPod,
  pods: readonly NetworkedPod[],
  namespaces: Namespaces,
): Source[] {
  if (ipBlock) return [{ cidr: ipBlock.cidr, except: ipBlock.except ?? [] }];
  const isNear = (other: string): boolean =>
    namespaceSelector ? matches(namespaceSelector, namespaces.get(other)) : other === namespace;
  return pods.flatMap(({ ip, ...other }) =>
    ip !== undefined && isNear(other.namespace) && matches(podSelector, other.labels)
      ? [{ cidr: `${ip}/32`, except: [] }]
      : [],
  );
}

/** An empty selector, or none, is everybody's. */
const matches = (selector: Spec['podSelector'] | undefined, labels: Labels | undefined): boolean =>
  labels !== undefined && matchesSelector(selector ?? {}, labels);

/** Whether a connection by TCP from this address comes in. */
export function letsIn(ways: readonly Way[] | undefined, address: string, port: number): boolean {
  if (!ways) return true;
  return ways.some(
    ({ from, ports }) =>
      (!from || from.some(({ cidr, except }) => isIn(cidr, address) && !except.some((one) => isIn(one, address)))) &&
      (!ports || ports.some(({ protocol, first, last }) => protocol === 'TCP' && first <= port && port <= last)),
  );
}

export function isIn(cidr: string, address: string): boolean {
  const range = parseCidr(cidr);
  const number = parseAddress(address);
  if (!range || number === undefined) return false;
  return range.base <= number && number < range.base + sizeOf(range);
}
