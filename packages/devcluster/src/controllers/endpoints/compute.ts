// From a Service and its Pods to endpoints: pure, so that every rule can be read in one place.
import type { Pod, Service } from '@stackwright/kube';
import type { ServicePort } from 'kubernetes-types/core/v1.d.ts';
import { isFinished, isReady, isTerminating } from '../../shared/pods.js';
import type { Stored } from '../../shared/objects.js';

export interface EndpointPort {
  name: string;
  port: number;
  protocol: string;
  appProtocol?: string;
}

export interface ComputedEndpoint {
  ip: string;
  ready: boolean;
  serving: boolean;
  terminating: boolean;
  /** What DNS calls it under the Service's name. */
  hostname?: string;
  nodeName?: string;
  pod: { name: string; namespace: string; uid: string };
}

/** Endpoints that share their ports: a named target port may be another number in another Pod. */
export interface EndpointGroup {
  ports: EndpointPort[];
  endpoints: ComputedEndpoint[];
}

export function computeGroups(service: Stored<Service>, pods: readonly Stored<Pod>[]): EndpointGroup[] {
  const groups = new Map<string, EndpointGroup>();
  for (const pod of pods) {
    const endpoint = endpointOf(service, pod);
    if (!endpoint) continue;
    const ports = (service.spec?.ports ?? []).flatMap((port) => resolvePort(port, pod) ?? []);
    if (ports.length === 0 && (service.spec?.ports ?? []).length > 0) continue;
    const key = JSON.stringify(ports);
    const group = groups.get(key) ?? { ports, endpoints: [] };
    group.endpoints.push(endpoint);
    groups.set(key, group);
  }
  for (const group of groups.values()) group.endpoints.sort((a, b) => (a.pod.name < b.pod.name ? -1 : 1));
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
}

function endpointOf(service: Stored<Service>, pod: Stored<Pod>): ComputedEndpoint | undefined {
  const ip = pod.status?.podIP;
  if (!ip || isFinished(pod)) return undefined;
  const terminating = isTerminating(pod);
  const anyState = service.spec?.publishNotReadyAddresses === true;
  const serving = anyState || isReady(pod);
  const named = pod.spec?.hostname && pod.spec.subdomain === service.metadata.name;
  return {
    ip,
    serving,
    terminating,
    ready: anyState || (serving && !terminating),
    ...(named && pod.spec?.hostname ? { hostname: pod.spec.hostname } : {}),
    ...(pod.spec?.nodeName ? { nodeName: pod.spec.nodeName } : {}),
    pod: { name: pod.metadata.name, namespace: pod.metadata.namespace, uid: pod.metadata.uid },
  };
}

function resolvePort(port: ServicePort, pod: Pod): EndpointPort | undefined {
  const protocol = port.protocol ?? 'TCP';
  const target = port.targetPort ?? port.port;
  const number = typeof target === 'number' ? target : namedPort(pod, target, protocol);
  if (number === undefined) return undefined;
  return {
    name: port.name ?? '',
    port: number,
    protocol,
    ...(port.appProtocol ? { appProtocol: port.appProtocol } : {}),
  };
}

function namedPort(pod: Pod, name: string, protocol: string): number | undefined {
  if (/^\d+$/.test(name)) return Number(name);
  return (pod.spec?.containers ?? [])
    .flatMap((container) => container.ports ?? [])
    .find((port) => port.name === name && (port.protocol ?? 'TCP') === protocol)?.containerPort;
}
