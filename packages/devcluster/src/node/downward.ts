// What a Pod may learn about itself: field references and resource references.
import type { Pod } from '@stackwright/kube';
import type { Container, ObjectFieldSelector, ResourceFieldSelector } from 'kubernetes-types/core/v1.d.ts';
import { quantity } from '../shared/quantity.js';
import type { Stored } from '../shared/objects.js';

export interface NodeResources {
  cpus: number;
  memoryBytes: number;
}

/** Addresses come from the sandbox, since the Pod's status may not show them yet. */
export interface PodAddresses {
  podIP: string;
  hostIP: string;
}

/** Undefined for a path that the API does not know. */
export function fieldValue(
  pod: Stored<Pod>,
  { fieldPath }: ObjectFieldSelector,
  addresses: PodAddresses,
): string | undefined {
  const subscript = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(fieldPath);
  if (subscript) return pod.metadata[subscript[1] as 'labels' | 'annotations']?.[subscript[2] ?? ''] ?? '';
  switch (fieldPath) {
    case 'metadata.name':
      return pod.metadata.name;
    case 'metadata.namespace':
      return pod.metadata.namespace;
    case 'metadata.uid':
      return pod.metadata.uid;
    case 'metadata.labels':
      return formatMap(pod.metadata.labels);
    case 'metadata.annotations':
      return formatMap(pod.metadata.annotations);
    case 'spec.nodeName':
      return pod.spec?.nodeName ?? '';
    case 'spec.serviceAccountName':
      return pod.spec?.serviceAccountName ?? 'default';
    case 'status.podIP':
    case 'status.podIPs':
      return addresses.podIP;
    case 'status.hostIP':
    case 'status.hostIPs':
      return addresses.hostIP;
    default:
      return undefined;
  }
}

/** One `key="escaped value"` a line, as the downward API writes it. */
function formatMap(map: Record<string, string> | undefined): string {
  return Object.entries(map ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join('\n');
}

/** In units of the divisor, rounded up. A limit that is not set is the node's whole capacity. */
export function resourceValue(
  container: Container,
  { resource, divisor }: ResourceFieldSelector,
  node: NodeResources,
): string | undefined {
  const [kind, name = ''] = resource.split('.', 2);
  if (kind !== 'limits' && kind !== 'requests') return undefined;
  const given =
    container.resources?.[kind]?.[name] ?? (kind === 'requests' ? container.resources?.limits?.[name] : undefined);
  const whole: Record<string, number> = { cpu: node.cpus, memory: node.memoryBytes };
  const value = given === undefined ? (kind === 'limits' ? whole[name] : 0) : quantity(given);
  if (value === undefined || Number.isNaN(value)) return undefined;
  const unit = quantity(divisor ?? '1') || 1;
  return String(Math.ceil(value / unit - 1e-9));
}
