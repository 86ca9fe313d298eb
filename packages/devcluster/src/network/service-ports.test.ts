import type { EndpointSlice, Service } from '@stackwright/kube';
import { describe, expect, it } from 'vitest';
import type { Stored } from '../shared/objects.js';
import { servicePorts } from './service-ports.js';

const service = (namespace: string, name: string): Stored<Service> => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace, name, uid: 'u', resourceVersion: '1' } as Stored<Service>['metadata'],
  spec: { clusterIP: '10.201.128.7', ports: [{ port: 80 }] },
});
const slice = (...addresses: string[]): EndpointSlice => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  addressType: 'IPv4',
  ports: [{ port: 8080 }],
  endpoints: addresses.map((address) => ({ addresses: [address] })),
});
const reached = (of: Stored<Service>, ...addresses: string[]): string[] =>
  servicePorts(of, [slice(...addresses)], new Set(['10.201.128.7', '10.201.128.8'])).flatMap(({ endpoints }) =>
    endpoints.map(({ ip }) => ip),
  );

describe("a Service's endpoints", () => {
  it('are Pods, and whatever is beside the cluster', () => {
    expect(reached(service('a', 's'), '10.201.0.5', '192.0.2.7')).toEqual(['10.201.0.5', '192.0.2.7']);
  });

  it.each(['127.0.0.1', '127.9.9.9', '0.0.0.0', '169.254.169.254'])(
    'are never %s, where only the host gets to: the proxy leads nobody there',
    (address) => {
      expect(reached(service('a', 's'), address, '10.201.0.5')).toEqual(['10.201.0.5']);
      expect(reached(service('a', 'kubernetes'), address)).toEqual([]);
      expect(reached(service('default', 's'), address)).toEqual([]);
    },
  );

  it('are no Services, not even their own: a connection would be made of each without end', () => {
    expect(reached(service('a', 's'), '10.201.128.7', '10.201.128.8', '10.201.0.5')).toEqual(['10.201.0.5']);
  });

  it('are the API server on this host, of its own Service', () => {
    expect(reached(service('default', 'kubernetes'), '127.0.0.1')).toEqual(['127.0.0.1']);
  });
});
