// How the garbage collector is switched off. All else about deletions is in `packages/conformance`.
import { expect, it, vi } from 'vitest';
import { TestServer } from '../testing/http.js';
import { configMap, CONFIGMAPS } from '../testing/objects.js';

it('garbage collection can be switched off', async () => {
  const api = await TestServer.start({ garbageCollection: false });
  const { metadata } = await api.create(CONFIGMAPS, configMap('owner'));
  const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: metadata.name, uid: metadata.uid };
  await api.create(CONFIGMAPS, configMap('kept', {}, { ownerReferences: [owner] }));
  await api.delete(`${CONFIGMAPS}/owner`);
  // Deletions of namespaces go the same way as garbage: when this one is gone, garbage would be as well.
  await api.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'marker' } });
  await api.delete('/api/v1/namespaces/marker');
  await vi.waitFor(async () => expect((await api.get('/api/v1/namespaces/marker')).code).toBe(404));
  expect((await api.get(`${CONFIGMAPS}/kept`)).code).toBe(200);
  await api.stop();
});
