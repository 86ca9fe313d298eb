import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  configMap,
  CONFIGMAPS,
  CRDS,
  deployment,
  DEPLOYMENTS,
  SECRETS,
  TestServer,
  widget,
  widgetDefinition,
  WIDGETS,
} from '../testing/http.js';

let api: TestServer;
beforeAll(async () => {
  api = await TestServer.start();
  await api.create(CRDS, widgetDefinition());
});
afterAll(() => api.stop());

const revision = (body: { metadata: { resourceVersion: string } }): number => Number(body.metadata.resourceVersion);

describe('resourceVersion', () => {
  it('grows with every write, over all kinds', async () => {
    const first = await api.create(CONFIGMAPS, configMap('rv-a'));
    const second = await api.create(SECRETS, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'rv-b' } });
    const third = (await api.merge(`${CONFIGMAPS}/rv-a`, { data: { x: '1' } })).body;
    expect(revision(second)).toBeGreaterThan(revision(first));
    expect(revision(third)).toBeGreaterThan(revision(second));
  });

  it('of a list is that of the last write, of whatever kind', async () => {
    const last = await api.create(SECRETS, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'rv-c' } });
    expect(revision((await api.get(CONFIGMAPS)).body)).toBe(revision(last));
  });

  it('stays when a write changes nothing', async () => {
    const before = await api.create(CONFIGMAPS, configMap('rv-same', { x: '1' }));
    const put = await api.put(`${CONFIGMAPS}/rv-same`, before);
    const patch = await api.merge(`${CONFIGMAPS}/rv-same`, { data: { x: '1' } });
    expect(put.body.metadata.resourceVersion).toBe(before.metadata.resourceVersion);
    expect(patch.body.metadata.resourceVersion).toBe(before.metadata.resourceVersion);
  });
});

describe('generation', () => {
  it.each([
    ['a built-in kind', DEPLOYMENTS, deployment('gen'), { replicas: 3 }],
    ['a custom resource', WIDGETS, widget('gen'), { size: 3 }],
  ])('of %s counts changes of the specification only', async (_kind, path, object, change) => {
    expect((await api.create(path, object)).metadata.generation).toBe(1);
    const labelled = await api.merge(`${path}/gen`, { metadata: { labels: { a: 'b' } } });
    expect(labelled.body.metadata.generation).toBe(1);
    const status = await api.merge(`${path}/gen/status`, { status: { replicas: 1 } });
    expect(status.body.metadata.generation).toBe(1);
    expect(status.body.status.replicas).toBe(1);
    const changed = await api.merge(`${path}/gen`, { spec: change });
    expect(changed.body.metadata.generation).toBe(2);
  });

  it('counts the deletion, too', async () => {
    await api.create(WIDGETS, widget('going', {}, { finalizers: ['example.com/hold'] }));
    const deleted = await api.delete(`${WIDGETS}/going`);
    expect(deleted.body.metadata.deletionTimestamp).toBeDefined();
    expect(deleted.body.metadata.generation).toBe(2);
  });

  it('is not kept for kinds without a specification', async () => {
    expect((await api.create(CONFIGMAPS, configMap('gen-none'))).metadata.generation).toBeUndefined();
  });
});

describe('status', () => {
  it('is dropped from what the client creates and replaces', async () => {
    const created = await api.create(WIDGETS, { ...widget('isolated'), status: { replicas: 5 } });
    expect(created.status).toBeUndefined();
    await api.merge(`${WIDGETS}/isolated/status`, { status: { replicas: 2 } });
    const put = await api.put(`${WIDGETS}/isolated`, {
      ...(await api.get(`${WIDGETS}/isolated`)).body,
      status: { replicas: 9 },
    });
    expect(put.body.status).toEqual({ replicas: 2 });
  });

  it('is all that its subresource writes', async () => {
    const before = await api.create(WIDGETS, widget('isolated-too'));
    const put = await api.put(`${WIDGETS}/isolated-too/status`, {
      ...before,
      metadata: { ...before.metadata, labels: { stray: 'yes' } },
      spec: { size: 7 },
      status: { replicas: 4 },
    });
    expect(put.code).toBe(200);
    expect(put.body.spec.size).toBe(1);
    expect(put.body.metadata.labels).toBeUndefined();
    expect(put.body.status).toEqual({ replicas: 4 });
    expect(put.body.metadata.generation).toBe(1);
  });
});
