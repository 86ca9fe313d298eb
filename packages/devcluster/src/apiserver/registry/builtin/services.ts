// Services and their addresses; Endpoints and EndpointSlices.
import type { Endpoints, EndpointSlice, Service } from '@stackwright/kube';
import type { ServiceSpec } from 'kubernetes-types/core/v1.d.ts';
import { field, invalid } from '../../errors.js';
import { equal } from '../../json.js';
import { checkEndpoints, checkEndpointSlice } from '../../validation/endpoints.js';
import { found, type Findings } from '../../validation/findings.js';
import {
  checkFamilies,
  checkService,
  checkServiceUpdate,
  hasClusterIP,
  hasHealthCheck,
  hasNodePorts,
  isExternallyAccessible,
} from '../../validation/services.js';
import type { Strategy } from '../resource.js';
import type { AddressRange } from './address-range.js';
import { setStatus } from './pods.js';
import { ServiceAllocations } from './service-allocations.js';

const NODE_PORTS = { first: 30000, last: 32767 };
const THREE_HOURS = 10_800;

export function serviceStrategy(range: AddressRange): Strategy<Service> {
  return {
    reportsMissing: true,
    defaults({ spec }) {
      if (spec) defaultService(spec);
    },

    prepareForCreate(service) {
      const { spec } = service;
      if (spec?.clusterIP && !spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP];
      if (spec) chooseFamilies(spec);
      setStatus(service, { loadBalancer: {} });
    },

    prepareForUpdate({ spec }, old) {
      if (!spec || !old.spec) return;
      dropWhatTheTypeLacks(spec, old.spec);
      followClusterIP(spec, old.spec);
      keepAllocated(spec, old.spec);
      chooseFamilies(spec);
    },

    validate(service, old, { subresource }) {
      const { spec = {} } = service;
      if (subresource === 'status') return [];
      const early = found((findings) => checkAllocatable(findings, spec, old?.spec, range));
      if (early.length > 0) return early;
      return found((findings) => {
        if (old?.spec) checkServiceUpdate(findings, spec, old.spec);
        checkService(findings, service);
      });
    },

    allocate(service, old, { store }) {
      const { spec, metadata = {} } = service;
      if (!spec || !hasClusterIP(spec)) return;
      const self = `${metadata.namespace ?? ''}/${metadata.name ?? ''}`;
      const allocations = ServiceAllocations.of(store);
      const addresses = allocations.addressesBeside(self);
      if (spec.clusterIP !== 'None' && spec.clusterIP !== old?.spec?.clusterIP) {
        if (spec.clusterIP && addresses.has(spec.clusterIP)) {
          throw invalid({ group: '', kind: 'Service' }, metadata.name ?? '', [
            field.invalid(
              'spec.clusterIPs',
              [spec.clusterIP],
              `failed to allocate IP ${spec.clusterIP}: provided IP is already allocated`,
            ),
          ]);
        }
      }
      if (!spec.clusterIP) spec.clusterIP = range.allocate(addresses);
      spec.clusterIPs = [spec.clusterIP];
      if (hasNodePorts(spec) || hasHealthCheck(spec)) allocateNodePorts(spec, allocations.nodePortsBeside(self));
    },

    fields: ({ spec }) => ({ 'spec.clusterIP': spec?.clusterIP ?? '', 'spec.type': spec?.type ?? '' }),
  };
}

function defaultService(spec: ServiceSpec): void {
  spec.type ??= 'ClusterIP';
  spec.sessionAffinity ??= 'None';
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig;
  if (spec.sessionAffinity === 'ClientIP' && spec.sessionAffinityConfig?.clientIP?.timeoutSeconds === undefined)
    spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: THREE_HOURS } };
  for (const port of spec.ports ?? []) {
    port.protocol ??= 'TCP';
    if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === '') port.targetPort = port.port;
  }
  if (isExternallyAccessible(spec)) spec.externalTrafficPolicy ??= 'Cluster';
  if (hasClusterIP(spec)) spec.internalTrafficPolicy ??= 'Cluster';
  else if (spec.type === 'ExternalName') delete spec.internalTrafficPolicy;
  if (spec.type === 'LoadBalancer') spec.allocateLoadBalancerNodePorts ??= true;
}

/** There is one family here. Who has neither an address nor a selector may be reached by any. */
function chooseFamilies(spec: ServiceSpec): void {
  if (spec.type === 'ExternalName') return;
  const manual = spec.clusterIP === 'None' && Object.keys(spec.selector ?? {}).length === 0;
  spec.ipFamilyPolicy ??= manual ? 'RequireDualStack' : 'SingleStack';
  if (!spec.ipFamilies?.length && (spec.clusterIPs ?? []).every((address) => !address.includes(':')))
    spec.ipFamilies = ['IPv4'];
  if (manual && spec.ipFamilyPolicy !== 'SingleStack' && spec.ipFamilies?.length === 1)
    spec.ipFamilies.push(spec.ipFamilies[0] === 'IPv4' ? 'IPv6' : 'IPv4');
}

/** Whoever changes one of the two fields means the other as well. */
function followClusterIP(spec: ServiceSpec, old: ServiceSpec): void {
  const same = equal(spec.clusterIPs ?? [], old.clusterIPs ?? []);
  if (spec.clusterIP === old.clusterIP) {
    if (!spec.clusterIPs?.length && old.clusterIPs) spec.clusterIPs = [...old.clusterIPs];
  } else if (!spec.clusterIP) {
    if (same) delete spec.clusterIPs;
  } else if (same || !spec.clusterIPs?.length) {
    spec.clusterIPs = [spec.clusterIP];
  }
}

/** Whoever updates a Service without its addresses and ports does not give them back. */
function keepAllocated(spec: ServiceSpec, old: ServiceSpec): void {
  if (hasClusterIP(spec) && hasClusterIP(old)) {
    if (!spec.clusterIP && old.clusterIP) spec.clusterIP = old.clusterIP;
    if (!spec.clusterIPs?.length && old.clusterIPs) spec.clusterIPs = [...old.clusterIPs];
    if (spec.ipFamilyPolicy === undefined && old.ipFamilyPolicy) spec.ipFamilyPolicy = old.ipFamilyPolicy;
    if (!spec.ipFamilies?.length && old.ipFamilies) spec.ipFamilies = [...old.ipFamilies];
  }
  if (hasHealthCheck(spec) && hasHealthCheck(old) && old.healthCheckNodePort)
    spec.healthCheckNodePort ??= old.healthCheckNodePort;
  if (!hasNodePorts(spec) || !hasNodePorts(old)) return;
  const given = new Set((spec.ports ?? []).map(({ nodePort }) => nodePort));
  for (const port of spec.ports ?? []) {
    const before = old.ports?.find(({ name }) => name === port.name)?.nodePort;
    if (before !== undefined && !given.has(before)) port.nodePort ??= before;
  }
}

/** What was set for a type, by the server or anybody, goes with it, unless it is set anew. */
function dropWhatTheTypeLacks(spec: ServiceSpec, old: ServiceSpec): void {
  const drop = (...names: (keyof ServiceSpec)[]): void => {
    for (const name of names) if (equal(spec[name], old[name])) delete spec[name];
  };
  if (hasClusterIP(old) && spec.type === 'ExternalName' && equal(spec.clusterIPs, old.clusterIPs)) {
    drop('clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy');
  }
  const nodePorts = ({ ports = [] }: ServiceSpec): unknown => ports.map(({ nodePort }) => nodePort ?? 0);
  if (hasNodePorts(old) && !hasNodePorts(spec) && equal(nodePorts(spec), nodePorts(old)))
    for (const port of spec.ports ?? []) delete port.nodePort;
  if (hasHealthCheck(old) && !hasHealthCheck(spec)) drop('healthCheckNodePort');
  if (old.type === 'LoadBalancer' && spec.type !== 'LoadBalancer')
    drop('allocateLoadBalancerNodePorts', 'loadBalancerClass');
  if (isExternallyAccessible(old) && !isExternallyAccessible(spec)) drop('externalTrafficPolicy');
}

/** What the server hands out, and so must be able to. */
function checkAllocatable(
  findings: Findings,
  spec: ServiceSpec,
  old: ServiceSpec | undefined,
  range: AddressRange,
): void {
  checkFamilies(findings, spec);
  if (findings.any || !hasClusterIP(spec)) return;
  const { clusterIP = '', clusterIPs } = spec;
  if (clusterIP !== '' && clusterIP !== 'None' && clusterIP !== old?.clusterIP && !range.has(clusterIP)) {
    const problem = `the provided IP is not in the valid range. The range of valid IPs is ${range.cidr}`;
    findings.invalid('spec.clusterIPs', clusterIPs, `failed to allocate IP ${clusterIP}: ${problem}`);
  }
  if (findings.any || !hasNodePorts(spec)) return;
  const { first, last } = NODE_PORTS;
  const outside = spec.ports?.findIndex(({ nodePort = 0 }) => nodePort !== 0 && (nodePort < first || nodePort > last));
  if (outside === undefined || outside < 0) return;
  const problem = `provided port is not in the valid range. The range of valid ports is ${first}-${last}`;
  findings.invalid(`spec.ports[${outside}].nodePort`, spec.ports?.[outside]?.nodePort, problem);
}

function allocateNodePorts(spec: ServiceSpec, others: Pick<ReadonlySet<number>, 'has'>): void {
  const { ports = [] } = spec;
  const own = new Set([...ports.map(({ nodePort }) => nodePort), spec.healthCheckNodePort]);
  let next = NODE_PORTS.first;
  const take = (): number => {
    while ((own.has(next) || others.has(next)) && next < NODE_PORTS.last) next += 1;
    own.add(next);
    return next;
  };
  if (hasNodePorts(spec)) for (const port of ports) if (!port.nodePort) port.nodePort = take();
  if (hasHealthCheck(spec) && !spec.healthCheckNodePort) spec.healthCheckNodePort = take();
}

export const endpointsStrategy: Strategy<Endpoints> = {
  reportsMissing: true,
  createOnUpdate: true,
  defaults({ subsets }) {
    for (const subset of subsets ?? []) for (const port of subset.ports ?? []) port.protocol ??= 'TCP';
  },
  validate: (endpoints, _old, { mayBeOnLoopback }) =>
    found((findings) => checkEndpoints(findings, endpoints, mayBeOnLoopback)),
};

export const endpointSliceStrategy: Strategy<EndpointSlice> = {
  reportsMissing: true,
  // Real servers count generations of EndpointSlices, which have no spec.
  generationFields: ['endpoints', 'ports', 'metadata.labels'],
  defaults(slice) {
    slice.endpoints ??= [];
    // Of an earlier version of the API, and not written by this one.
    for (const endpoint of slice.endpoints) delete endpoint.deprecatedTopology;
    if (slice.ports?.length === 0) delete slice.ports;
    for (const port of slice.ports ?? []) {
      port.name ??= '';
      port.protocol ??= 'TCP';
    }
  },
  validate: (slice, old, { mayBeOnLoopback }) =>
    found((findings) => checkEndpointSlice(findings, slice, old, mayBeOnLoopback)),
};
