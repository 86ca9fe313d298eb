import { describe, expect, it } from 'vitest';
import type { Body } from '../support/body.js';
import { bench } from '../support/bench.js';
import { configMap, deployment, secret } from '../support/objects.js';

const api = bench('revisions', { widgets: true });
const { CONFIGMAPS, SECRETS, DEPLOYMENTS, WIDGETS } = api.paths;

/** Clients must not compare them; etcd's are numbers all the same, and that they grow is what watches stand on. */
const revision = (body: Body): bigint => BigInt(body.metadata.resourceVersion);

describe('resourceVersion', () => {
  it('grows with every write, over all kinds', async () => {
    const first = await api.create(CONFIGMAPS, configMap('rv-a'));
    const second = await api.create(SECRETS, secret('rv-b'));
    const third = (await api.merge(`${CONFIGMAPS}/rv-a`, { data: { x: '1' } })).body;
    expect(revision(second)).toBeGreaterThan(revision(first));
    expect(revision(third)).toBeGreaterThan(revision(second));
  });

  it('of a list is at least that of the last write, of whatever kind', async () => {
    const last = await api.create(SECRETS, secret('rv-c'));
    expect(revision((await api.get(CONFIGMAPS)).body)).toBeGreaterThanOrEqual(revision(last));
  });

  it('stays when a write changes nothing', async () => {
    const before = await api.create(CONFIGMAPS, configMap('rv-same', { x: '1' }));
    const put = await api.put(`${CONFIGMAPS}/rv-same`, before);
    const patch = await api.merge(`${CONFIGMAPS}/rv-same`, { data: { x: '1' } });
    expect(put.body.metadata.resourceVersion).toBe(before.metadata.resourceVersion);
    expect(patch.body.metadata.resourceVersion).toBe(before.metadata.resourceVersion);
  });
});

it('an object is given a uid and a creationTimestamp, and keeps them', async () => {
  const { metadata } = await api.create(CONFIGMAPS, configMap('born'));
  expect(metadata.uid).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  expect(metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  const put = await api.put(`${CONFIGMAPS}/born`, configMap('born', { a: '1' }));
  expect(put.body.metadata).toMatchObject({ uid: metadata.uid, creationTimestamp: metadata.creationTimestamp });
});

describe('generation', () => {
  it.each([
    ['a built-in kind', DEPLOYMENTS, deployment('gen'), { revisionHistoryLimit: 3 }],
    ['a custom resource', WIDGETS, api.widget('gen'), { size: 3 }],
  ])('of %s counts changes of the specification only', async (_kind, path, object, change) => {
    expect((await api.create(path, object)).metadata.generation).toBe(1);
    const labelled = await api.merge(`${path}/gen`, { metadata: { labels: { a: 'b' } } });
    expect(labelled.body.metadata.generation).toBe(1);
    const status = await api.merge(`${path}/gen/status`, { status: { replicas: 1 } });
    expect(status.code).toBe(200);
    expect(status.body.metadata.generation).toBe(1);
    const changed = await api.merge(`${path}/gen`, { spec: change });
    expect(changed.body.metadata.generation).toBe(2);
  });

  it('of a Deployment counts its annotations, which its ReplicaSets have as well, but not those beside a status', async () => {
    const path = `${DEPLOYMENTS}/gen-noted`;
    await api.create(DEPLOYMENTS, deployment('gen-noted', { replicas: 0, paused: true }));
    const beside = await api.merge(`${path}/status`, { metadata: { annotations: { a: 'b' } } });
    expect(beside.body.metadata).toMatchObject({ generation: 1, annotations: { a: 'b' } });
    const noted = await api.merge(path, { metadata: { annotations: { a: 'c' } } });
    expect(noted.body.metadata.generation).toBe(2);
  });

  it('counts the deletion, too', async () => {
    const finalizers = ['conformance.stackwright.dev/hold'];
    await api.create(WIDGETS, api.widget('going', {}, { finalizers }));
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
    const created = await api.create(WIDGETS, { ...api.widget('isolated'), status: { replicas: 5 } });
    expect(created.status).toBeUndefined();
    await api.merge(`${WIDGETS}/isolated/status`, { status: { replicas: 2 } });
    const put = await api.put(`${WIDGETS}/isolated`, {
      ...(await api.get(`${WIDGETS}/isolated`)).body,
      status: { replicas: 9 },
    });
    expect(put.body.status).toEqual({ replicas: 2 });
  });

  it('is all that its subresource writes, besides metadata that belongs to it', async () => {
    const before = await api.create(WIDGETS, api.widget('isolated-too'));
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
