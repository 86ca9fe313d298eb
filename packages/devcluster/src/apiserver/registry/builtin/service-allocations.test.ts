import { expect, it } from 'vitest';
import { Store } from '../../store/store.js';
import { ServiceAllocations } from './service-allocations.js';

const service = (name: string, clusterIP: string, ...nodePorts: number[]) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace: 'ns', name },
  spec: { clusterIP, ports: nodePorts.map((nodePort) => ({ port: 80, nodePort })) },
});

it('follows Services as they come, change and go', () => {
  const store = new Store();
  store.put('/services', 'ns/before', service('before', '10.0.0.1', 30001));
  const allocations = ServiceAllocations.of(store);
  const addresses = allocations.addressesBeside('ns/me');
  const nodePorts = allocations.nodePortsBeside('ns/me');
  expect([addresses.has('10.0.0.1'), nodePorts.has(30001)]).toEqual([true, true]);

  store.put('/services', 'ns/after', service('after', '10.0.0.2', 30002));
  expect([addresses.has('10.0.0.2'), nodePorts.has(30002)]).toEqual([true, true]);
  store.put('/services', 'ns/after', service('after', '10.0.0.2', 30003));
  expect([addresses.has('10.0.0.2'), nodePorts.has(30002), nodePorts.has(30003)]).toEqual([true, false, true]);
  store.delete('/services', 'ns/after');
  expect([addresses.has('10.0.0.2'), nodePorts.has(30003)]).toEqual([false, false]);
});

it('does not take what a Service has itself for taken, nor that it has none', () => {
  const store = new Store();
  store.put('/services', 'ns/me', service('me', '10.0.0.1', 30001));
  store.put('/services', 'ns/headless', service('headless', 'None'));
  const allocations = ServiceAllocations.of(store);
  expect(allocations.addressesBeside('ns/me').has('10.0.0.1')).toBe(false);
  expect(allocations.addressesBeside('ns/me').has('None')).toBe(false);
  expect(allocations.nodePortsBeside('ns/me').has(30001)).toBe(false);
});
