// Services, as far as they depend on where this server is and which addresses it gives away. All else about Services
// and the other built-in kinds is in `packages/conformance`.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { status, TestServer } from '../testing/http.js';
import { SERVICES } from '../testing/objects.js';

let api: TestServer;
beforeAll(async () => {
  api = await TestServer.start();
});
afterAll(() => api.stop());

const service = (name: string, spec: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { ports: [{ port: 80 }], ...spec },
});

it('addresses are of one range, and given once', async () => {
  expect((await api.create(SERVICES, service('given'))).spec.clusterIP).toMatch(/^10\.96\.\d+\.\d+$/);
  expect((await api.create(SERVICES, service('asked', { clusterIP: '10.96.7.7' }))).spec.clusterIP).toBe('10.96.7.7');
  expect(status(await api.post(SERVICES, service('taken', { clusterIP: '10.96.7.7' }))).message).toContain(
    'provided IP is already allocated',
  );
  expect((await api.post(SERVICES, service('outside', { clusterIP: '10.1.0.1' }))).code).toBe(422);
  expect((await api.merge(`${SERVICES}/given`, { spec: { clusterIP: '10.96.9.9' } })).code).toBe(422);
});

it('the one called kubernetes leads to this server', async () => {
  const { body } = await api.get(`${SERVICES}/kubernetes`);
  expect(body.spec.clusterIP).toBe('10.96.0.1');
  const slice = await api.get('/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes');
  expect(slice.body.ports[0].port).toBe(api.server.port);
});
