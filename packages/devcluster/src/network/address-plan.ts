import { formatAddress, formatCidr, overlaps, parseCidr, sizeOf, type Cidr } from './ipv4.js';

/**
 * The addresses of one cluster, from a single /16 that nothing on the host uses: Pods in its lower half, Services in
 * its upper one. Chosen once and kept with the cluster's state, since Services remember their addresses.
 */
export interface AddressPlan {
  /** "10.201.0.0/17". */
  podCidr: string;
  /** "10.201.128.0/17". */
  serviceCidr: string;
  /** The host on the Pods' network: their default route and the node's InternalIP. */
  nodeIp: string;
  /** ClusterIP of Service `kubernetes` in namespace `default`. */
  apiIp: string;
  /** ClusterIP of the cluster's DNS. */
  dnsIp: string;
}

/** Away from what podman (10.88), Docker (172.17), flannel (10.244) and kubeadm (10.96) take by default. */
const candidates: readonly Cidr[] = [
  ...Array.from({ length: 40 }, (_, index) => `10.${201 + index}.0.0/16`),
  ...Array.from({ length: 8 }, (_, index) => `172.${24 + index}.0.0/16`),
].flatMap((text) => parseCidr(text) ?? []);

/** The plan for a given /16. */
export function planFor(block: Cidr): AddressPlan {
  const half = sizeOf(block) / 2;
  const pods: Cidr = { base: block.base, prefix: block.prefix + 1 };
  const services: Cidr = { base: block.base + half, prefix: block.prefix + 1 };
  return {
    podCidr: formatCidr(pods),
    serviceCidr: formatCidr(services),
    nodeIp: formatAddress(pods.base + 1),
    apiIp: formatAddress(services.base + 1),
    dnsIp: formatAddress(services.base + 10),
  };
}

/** Chooses the first block that touches none of the ranges in use; undefined when all do. */
export function choosePlan(inUse: readonly Cidr[]): AddressPlan | undefined {
  const free = candidates.find((candidate) => !inUse.some((range) => overlaps(candidate, range)));
  return free === undefined ? undefined : planFor(free);
}
