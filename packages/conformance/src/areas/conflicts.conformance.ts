import { describe, expect, it } from 'vitest';
import { bench } from '../support/bench.js';
import { configMap } from '../support/objects.js';

const api = bench('conflicts', { widgets: true });
const { CONFIGMAPS, WIDGETS } = api.paths;

describe('optimistic locking', () => {
  it('refuses a PUT that was made from an older state', async () => {
    const old = await api.create(CONFIGMAPS, configMap('stale', { x: '1' }));
    await api.merge(`${CONFIGMAPS}/stale`, { data: { x: '2' } });
    const answer = await api.put(`${CONFIGMAPS}/stale`, { ...old, data: { x: '3' } });
    expect(answer.code).toBe(409);
    expect(answer.body.reason).toBe('Conflict');
    expect(answer.body.message).toContain(
      'Operation cannot be fulfilled on configmaps "stale": the object has been modified',
    );
    expect((await api.get(`${CONFIGMAPS}/stale`)).body.data).toEqual({ x: '2' });
  });

  it('refuses a patch that names an older revision, and takes one that names none', async () => {
    const old = await api.create(CONFIGMAPS, configMap('stale-patch', { x: '1' }));
    await api.merge(`${CONFIGMAPS}/stale-patch`, { data: { x: '2' } });
    const { resourceVersion } = old.metadata;
    expect(
      (await api.merge(`${CONFIGMAPS}/stale-patch`, { metadata: { resourceVersion }, data: { x: '3' } })).code,
    ).toBe(409);
    expect((await api.merge(`${CONFIGMAPS}/stale-patch`, { data: { x: '3' } })).code).toBe(200);
  });

  it('wants a revision in a PUT of a custom resource', async () => {
    await api.create(WIDGETS, api.widget('unlocked'));
    const answer = await api.put(`${WIDGETS}/unlocked`, api.widget('unlocked', { size: 2 }));
    expect(answer.code).toBe(422);
    expect(answer.body.details?.causes?.[0]?.field).toBe('metadata.resourceVersion');
  });

  it('refuses to write to another object of the same name', async () => {
    await api.create(CONFIGMAPS, configMap('reborn'));
    const uid = '11111111-1111-1111-1111-111111111111';
    const answer = await api.put(`${CONFIGMAPS}/reborn`, configMap('reborn', { a: 'b' }, { uid }));
    expect(answer.code).toBe(409);
    expect(answer.body.message).toContain('UID in precondition');
  });
});

describe('creation', () => {
  it('is refused when there is one already', async () => {
    await api.create(CONFIGMAPS, configMap('twice'));
    const answer = await api.post(CONFIGMAPS, configMap('twice'));
    expect(answer.code).toBe(409);
    expect(answer.body).toMatchObject({
      status: 'Failure',
      reason: 'AlreadyExists',
      message: 'configmaps "twice" already exists',
      details: { name: 'twice', kind: 'configmaps' },
    });
  });

  it('says so when the other one is on its way out', async () => {
    await api.create(CONFIGMAPS, configMap('leaving', {}, { finalizers: ['example.com/hold'] }));
    await api.delete(`${CONFIGMAPS}/leaving`);
    expect((await api.post(CONFIGMAPS, configMap('leaving'))).body.message).toBe(
      'object is being deleted: configmaps "leaving" already exists',
    );
  });
});

describe('preconditions of a deletion', () => {
  it.each([
    ['uid', { uid: '11111111-1111-1111-1111-111111111111' }],
    ['resourceVersion', { resourceVersion: '1' }],
  ])('on the %s hold it back', async (_what, preconditions) => {
    await api.post(CONFIGMAPS, configMap('guarded'));
    const answer = await api.delete(`${CONFIGMAPS}/guarded`, { preconditions });
    expect(answer.code).toBe(409);
    expect(answer.body.reason).toBe('Conflict');
    expect((await api.get(`${CONFIGMAPS}/guarded`)).code).toBe(200);
  });

  it('let it pass when they hold', async () => {
    const { metadata } = await api.create(CONFIGMAPS, configMap('released'));
    const { uid, resourceVersion } = metadata;
    expect((await api.delete(`${CONFIGMAPS}/released`, { preconditions: { uid, resourceVersion } })).code).toBe(200);
    expect((await api.get(`${CONFIGMAPS}/released`)).code).toBe(404);
  });
});
