// A taste of the garbage collector, and how it is switched off. All else about deletions is in `packages/conformance`.
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { TestServer } from '../testing/http.js';
import { configMap, CONFIGMAPS } from '../testing/objects.js';

let api: TestServer;
beforeAll(async () => {
  api = await TestServer.start();
});
afterAll(() => api.stop());

const gone = (path: string): Promise<void> => vi.waitFor(async () => expect((await api.get(path)).code).toBe(404));

describe('garbage collection', () => {
  const ownedBy = (owner: { metadata: { name: string; uid: string } }, extra: object = {}): object => ({
    ownerReferences: [
      { apiVersion: 'v1', kind: 'ConfigMap', name: owner.metadata.name, uid: owner.metadata.uid, ...extra },
    ],
  });

  it('takes what is owned after its owner, through generations', async () => {
    const owner = await api.create(CONFIGMAPS, configMap('gc-owner'));
    const child = await api.create(CONFIGMAPS, configMap('gc-child', {}, ownedBy(owner)));
    await api.create(CONFIGMAPS, configMap('gc-grandchild', {}, ownedBy(child)));
    await api.delete(`${CONFIGMAPS}/gc-owner`);
    await gone(`${CONFIGMAPS}/gc-child`);
    await gone(`${CONFIGMAPS}/gc-grandchild`);
  });

  it('can be switched off', async () => {
    const envtest = await TestServer.start({ garbageCollection: false });
    const owner = await envtest.create(CONFIGMAPS, configMap('kept-owner'));
    await envtest.create(CONFIGMAPS, configMap('kept', {}, ownedBy(owner)));
    await envtest.delete(`${CONFIGMAPS}/kept-owner`);
    // Deletions of namespaces go the same way as garbage: when this one is gone, garbage would be as well.
    await envtest.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'marker' } });
    await envtest.delete('/api/v1/namespaces/marker');
    await vi.waitFor(async () => expect((await envtest.get('/api/v1/namespaces/marker')).code).toBe(404));
    expect((await envtest.get(`${CONFIGMAPS}/kept`)).code).toBe(200);
    await envtest.stop();
  });
});
