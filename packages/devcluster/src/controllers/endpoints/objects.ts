// Endpoint groups as API objects: EndpointSlices, and the older Endpoints.
import type { EndpointSlice } from '@stackwright/kube';
import { Service, type Endpoints } from '@stackwright/kube';
import type { EndpointAddress, EndpointSubset } from 'kubernetes-types/core/v1.d.ts';
import { controllerReference, sameValue, type Stored } from '../../shared/objects.js';
import type { ComputedEndpoint, EndpointGroup } from './compute.js';

export const SERVICE_LABEL = 'kubernetes.io/service-name';
export const MANAGED_LABEL = 'endpointslice.kubernetes.io/managed-by';
export const MANAGER = 'endpointslice-controller.k8s.io';
const HEADLESS_LABEL = 'service.kubernetes.io/headless';
/** As in Kubernetes: how many endpoints one slice holds. */
const SLICE_SIZE = 100;

type SliceEndpoint = EndpointSlice['endpoints'][number];

export interface SlicePlan {
  create: EndpointSlice[];
  update: Stored<EndpointSlice>[];
  remove: Stored<EndpointSlice>[];
}

/** Keeps slices in place where it can: consumers see an update and not a removal. */
export function planSlices(
  service: Stored<Service>,
  groups: readonly EndpointGroup[],
  existing: readonly Stored<EndpointSlice>[],
): SlicePlan {
  const plan: SlicePlan = { create: [], update: [], remove: [] };
  const unused = new Set(existing);
  const chunks = (groups.length > 0 ? groups : [{ ports: [], endpoints: [] }]).flatMap(({ ports, endpoints }) =>
    Array.from({ length: Math.max(1, Math.ceil(endpoints.length / SLICE_SIZE)) }, (_, index) => ({
      ports,
      endpoints: endpoints.slice(index * SLICE_SIZE, (index + 1) * SLICE_SIZE),
    })),
  );
  for (const { ports, endpoints } of chunks) {
    const wanted = slice(service, ports, endpoints);
    const candidates = [...unused];
    const match = candidates.find((candidate) => sameValue(candidate.ports, wanted.ports)) ?? candidates[0];
    if (!match) {
      plan.create.push(wanted);
      continue;
    }
    unused.delete(match);
    const labels = { ...match.metadata.labels, ...wanted.metadata?.labels };
    if (service.spec?.clusterIP !== 'None') delete labels[HEADLESS_LABEL];
    const next = {
      ...match,
      metadata: { ...match.metadata, labels },
      endpoints: wanted.endpoints,
      ports: wanted.ports ?? [],
    };
    if (!sameValue(next, match)) plan.update.push(next);
  }
  plan.remove.push(...unused);
  return plan;
}

function slice(
  service: Stored<Service>,
  ports: EndpointGroup['ports'],
  endpoints: readonly ComputedEndpoint[],
): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      generateName: `${service.metadata.name}-`,
      namespace: service.metadata.namespace,
      labels: {
        ...service.metadata.labels,
        [SERVICE_LABEL]: service.metadata.name,
        [MANAGED_LABEL]: MANAGER,
        ...(service.spec?.clusterIP === 'None' ? { [HEADLESS_LABEL]: '' } : {}),
      },
      ownerReferences: [controllerReference(Service, service)],
    },
    addressType: 'IPv4',
    endpoints: endpoints.map(sliceEndpoint),
    ports,
  };
}

function sliceEndpoint(endpoint: ComputedEndpoint): SliceEndpoint {
  const { ready, serving, terminating } = endpoint;
  return {
    addresses: [endpoint.ip],
    conditions: { ready, serving, terminating },
    ...(endpoint.hostname ? { hostname: endpoint.hostname } : {}),
    ...(endpoint.nodeName ? { nodeName: endpoint.nodeName } : {}),
    targetRef: { kind: 'Pod', ...endpoint.pod },
  };
}

export function endpointsOf(service: Stored<Service>, groups: readonly EndpointGroup[]): Endpoints {
  const labels = {
    ...service.metadata.labels,
    ...(service.spec?.clusterIP === 'None' ? { [HEADLESS_LABEL]: '' } : {}),
  };
  return {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { name: service.metadata.name, namespace: service.metadata.namespace, labels },
    subsets: groups.flatMap((group) => subset(group) ?? []),
  };
}

/** Here terminating endpoints do not exist, and readiness decides the list. */
function subset({ ports, endpoints }: EndpointGroup): EndpointSubset | undefined {
  const staying = endpoints.filter((endpoint) => endpoint.ready || !endpoint.terminating);
  if (staying.length === 0) return undefined;
  const addresses = staying.filter((endpoint) => endpoint.ready).map(address);
  const notReadyAddresses = staying.filter((endpoint) => !endpoint.ready).map(address);
  return {
    ...(addresses.length > 0 ? { addresses } : {}),
    ...(notReadyAddresses.length > 0 ? { notReadyAddresses } : {}),
    ports: ports.map(({ name, ...port }) => ({ ...(name ? { name } : {}), ...port })),
  };
}

function address(endpoint: ComputedEndpoint): EndpointAddress {
  return {
    ip: endpoint.ip,
    ...(endpoint.hostname ? { hostname: endpoint.hostname } : {}),
    ...(endpoint.nodeName ? { nodeName: endpoint.nodeName } : {}),
    targetRef: { kind: 'Pod', ...endpoint.pod },
  };
}
