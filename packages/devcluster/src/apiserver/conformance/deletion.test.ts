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

it('a namespace keeps what is in it for its grace, and takes nothing new meanwhile', async () => {
  const api = await TestServer.start({ namespaceGrace: 2_000 });
  await api.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'slow' } });
  const inside = '/api/v1/namespaces/slow/configmaps';
  await api.create(inside, { ...configMap('kept'), metadata: { name: 'kept' } });
  await api.delete('/api/v1/namespaces/slow');
  // What is in it can still be changed: a finalizer that is taken off, say.
  expect((await api.get(`${inside}/kept`)).body.metadata).not.toHaveProperty('deletionTimestamp');
  expect((await api.post(inside, { ...configMap('new'), metadata: { name: 'new' } })).code).toBe(403);
  await vi.waitFor(async () => expect((await api.get('/api/v1/namespaces/slow')).code).toBe(404), { timeout: 20_000 });
  await api.stop();
});
