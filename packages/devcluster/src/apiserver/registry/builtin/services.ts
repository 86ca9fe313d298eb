// Services and their addresses; Endpoints and EndpointSlices.
import type { Endpoints, EndpointSlice, Service } from '@stackwright/kube';
import type { ServicePort } from 'kubernetes-types/core/v1.d.ts';
import { field, invalid, type FieldError } from '../../errors.js';
import { nameProblem, validateLabels } from '../../schema/names.js';
import type { Strategy } from '../resource.js';
import type { AddressRange } from './address-range.js';
import { isPort, PORT } from './pod-validation.js';
import { setStatus } from './pods.js';
import { ServiceAllocations } from './service-allocations.js';

const NODE_PORTS = { first: 30000, last: 32767 };

export function serviceStrategy(range: AddressRange): Strategy<Service> {
  return {
    defaults({ spec }) {
      if (!spec) return;
      spec.type ??= 'ClusterIP';
      spec.sessionAffinity ??= 'None';
      if (spec.type === 'ExternalName') return;
      spec.internalTrafficPolicy ??= 'Cluster';
      spec.ipFamilies ??= ['IPv4'];
      spec.ipFamilyPolicy ??= 'SingleStack';
      if (hasNodePorts(spec.type)) spec.externalTrafficPolicy ??= 'Cluster';
      for (const port of spec.ports ?? []) {
        port.protocol ??= 'TCP';
        port.targetPort ??= port.port;
      }
    },

    prepareForCreate(service) {
      setStatus(service, { loadBalancer: {} });
    },

    prepareForUpdate({ spec }, old) {
      if (!spec || spec.type === 'ExternalName' || old.spec?.type === 'ExternalName') return;
      // Whoever updates a Service without its addresses does not give them back.
      if (!spec.clusterIP && old.spec?.clusterIP) {
        spec.clusterIP = old.spec.clusterIP;
        if (old.spec.clusterIPs) spec.clusterIPs = [...old.spec.clusterIPs];
      }
      if (!hasNodePorts(spec.type)) return;
      for (const port of spec.ports ?? []) {
        const before = old.spec?.ports?.find((other) => other.port === port.port && other.protocol === port.protocol);
        if (before?.nodePort !== undefined) port.nodePort ??= before.nodePort;
      }
    },

    validate({ spec }, old) {
      if (!spec) return [field.required('spec')];
      const errors: FieldError[] = [
        ...validatePorts(spec.ports ?? []),
        ...validateLabels(spec.selector, 'spec.selector'),
      ];
      const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
      if (!types.includes(spec.type ?? '')) errors.push(field.notSupported('spec.type', spec.type, types));
      if (spec.type === 'ExternalName') {
        if (!spec.externalName) errors.push(field.required('spec.externalName'));
        return errors;
      }
      if ((spec.ports ?? []).length === 0 && spec.clusterIP !== 'None') errors.push(field.required('spec.ports'));
      if (spec.clusterIP && spec.clusterIP !== 'None' && !range.has(spec.clusterIP)) {
        errors.push(
          field.invalid(
            'spec.clusterIPs',
            [spec.clusterIP],
            `failed to allocate IP ${spec.clusterIP}: the provided IP is not in the valid range. The range of valid IPs is ${range.cidr}`,
          ),
        );
      }
      if (
        old?.spec?.clusterIP &&
        spec.clusterIP &&
        old.spec.clusterIP !== spec.clusterIP &&
        old.spec.type !== 'ExternalName'
      ) {
        errors.push(field.invalid('spec.clusterIPs[0]', [spec.clusterIP], 'may not change once set'));
      }
      return errors;
    },

    allocate(service, old, { store }) {
      const { spec, metadata = {} } = service;
      if (!spec || spec.type === 'ExternalName') return;
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
      if (hasNodePorts(spec.type)) allocateNodePorts(spec.ports ?? [], allocations.nodePortsBeside(self));
    },

    fields: ({ spec }) => ({ 'spec.clusterIP': spec?.clusterIP ?? '', 'spec.type': spec?.type ?? '' }),
  };
}

const hasNodePorts = (type: string | undefined): boolean => type === 'NodePort' || type === 'LoadBalancer';

function validatePorts(ports: readonly ServicePort[]): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  const numbers = new Set<string>();
  for (const [index, port] of ports.entries()) {
    const path = `spec.ports[${index}]`;
    if (port.name) {
      const problem = nameProblem('label', port.name);
      if (problem) errors.push(field.invalid(`${path}.name`, port.name, problem));
      if (names.has(port.name)) errors.push(field.duplicate(`${path}.name`, port.name));
      names.add(port.name);
    } else if (ports.length > 1) errors.push(field.required(`${path}.name`));
    if (!isPort(port.port)) errors.push(field.invalid(`${path}.port`, port.port, PORT));
    if (typeof port.targetPort === 'number' && !isPort(port.targetPort))
      errors.push(field.invalid(`${path}.targetPort`, port.targetPort, PORT));
    const protocols = ['SCTP', 'TCP', 'UDP'];
    if (!protocols.includes(port.protocol ?? ''))
      errors.push(field.notSupported(`${path}.protocol`, port.protocol, protocols));
    const number = `${port.protocol ?? ''}/${port.port}`;
    if (numbers.has(number)) errors.push(field.duplicate(path, { port: port.port, protocol: port.protocol }));
    numbers.add(number);
  }
  return errors;
}

function allocateNodePorts(ports: readonly ServicePort[], others: Pick<ReadonlySet<number>, 'has'>): void {
  const own = new Set(ports.map(({ nodePort }) => nodePort));
  let next = NODE_PORTS.first;
  for (const port of ports) {
    if (port.nodePort) continue;
    while ((own.has(next) || others.has(next)) && next < NODE_PORTS.last) next += 1;
    port.nodePort = next;
    own.add(next);
  }
}

export const endpointsStrategy: Strategy<Endpoints> = {
  createOnUpdate: true,
  defaults({ subsets }) {
    for (const subset of subsets ?? []) for (const port of subset.ports ?? []) port.protocol ??= 'TCP';
  },
};

export const endpointSliceStrategy: Strategy<EndpointSlice> = {
  // Real servers count generations of EndpointSlices, which have no spec.
  generationFields: ['endpoints', 'ports'],
  defaults(slice) {
    slice.endpoints ??= [];
    for (const port of slice.ports ?? []) {
      port.name ??= '';
      port.protocol ??= 'TCP';
    }
  },
  validate({ addressType }, old) {
    const types = ['FQDN', 'IPv4', 'IPv6'];
    if (!types.includes(addressType)) return [field.notSupported('addressType', addressType, types)];
    return old && old.addressType !== addressType
      ? [field.invalid('addressType', addressType, 'field is immutable')]
      : [];
  },
};
