import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  configMap,
  CONFIGMAPS,
  CRDS,
  pod,
  PODS,
  SECRETS,
  status,
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

const gone = (path: string): Promise<void> => vi.waitFor(async () => expect((await api.get(path)).code).toBe(404));

describe('finalizers', () => {
  it('hold an object until the last one is removed', async () => {
    await api.create(CONFIGMAPS, configMap('held', {}, { finalizers: ['example.com/a', 'example.com/b'] }));
    const first = await api.delete(`${CONFIGMAPS}/held`);
    expect(first.code).toBe(200);
    expect(first.body.kind).toBe('ConfigMap');
    const { deletionTimestamp } = first.body.metadata as { deletionTimestamp: string };
    expect(deletionTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);

    const again = await api.delete(`${CONFIGMAPS}/held`);
    expect(again.body.metadata.deletionTimestamp).toBe(deletionTimestamp);
    await api.merge(`${CONFIGMAPS}/held`, { metadata: { finalizers: ['example.com/b'] } });
    expect((await api.get(`${CONFIGMAPS}/held`)).code).toBe(200);
    expect((await api.merge(`${CONFIGMAPS}/held`, { metadata: { finalizers: null } })).code).toBe(200);
    expect((await api.get(`${CONFIGMAPS}/held`)).code).toBe(404);
  });

  it('cannot be added to an object that is being deleted', async () => {
    await api.create(CONFIGMAPS, configMap('late', {}, { finalizers: ['example.com/a'] }));
    await api.delete(`${CONFIGMAPS}/late`);
    const answer = await api.merge(`${CONFIGMAPS}/late`, {
      metadata: { finalizers: ['example.com/a', 'example.com/b'] },
    });
    expect(answer.code).toBe(422);
    expect(status(answer).message).toContain('no new finalizers can be added if the object is being deleted');
  });

  it('and their deletionTimestamp cannot be taken back', async () => {
    await api.create(CONFIGMAPS, configMap('undo', {}, { finalizers: ['example.com/a'] }));
    await api.delete(`${CONFIGMAPS}/undo`);
    const answer = await api.merge(`${CONFIGMAPS}/undo`, { metadata: { deletionTimestamp: null } });
    expect(answer.body.metadata.deletionTimestamp).toBeDefined();
  });
});

it('a deletion that is done is answered with what was deleted', async () => {
  const { metadata } = await api.create(CONFIGMAPS, configMap('simple'));
  const answer = await api.delete(`${CONFIGMAPS}/simple`);
  expect(answer.body).toMatchObject({
    kind: 'Status',
    status: 'Success',
    details: { name: 'simple', kind: 'configmaps', uid: metadata.uid },
  });
});

it('a collection is deleted by selector', async () => {
  for (const [name, color] of [
    ['sel-a', 'red'],
    ['sel-b', 'blue'],
    ['sel-c', 'red'],
  ] as const) {
    await api.create(SECRETS, { apiVersion: 'v1', kind: 'Secret', metadata: { name, labels: { color } } });
  }
  expect((await api.delete(`${SECRETS}?labelSelector=color%3Dred`)).code).toBe(200);
  const left = (await api.get(SECRETS)).body.items as { metadata: { name: string } }[];
  expect(left.map(({ metadata }) => metadata.name)).toEqual(['sel-b']);
});

describe('Pods', () => {
  it('that run are given time, and go when their node says so', async () => {
    await api.create(PODS, pod('running', { nodeName: 'n1', terminationGracePeriodSeconds: 17 }));
    const answer = await api.delete(`${PODS}/running`);
    expect(answer.body.metadata.deletionGracePeriodSeconds).toBe(17);
    expect((await api.get(`${PODS}/running`)).code).toBe(200);
    const shorter = await api.delete(`${PODS}/running`, { gracePeriodSeconds: 5 });
    expect(shorter.body.metadata.deletionGracePeriodSeconds).toBe(5);
    const longer = await api.delete(`${PODS}/running`, { gracePeriodSeconds: 50 });
    expect(longer.body.metadata.deletionGracePeriodSeconds).toBe(5);
    await api.delete(`${PODS}/running`, { gracePeriodSeconds: 0 });
    expect((await api.get(`${PODS}/running`)).code).toBe(404);
  });

  it('that never ran are gone at once', async () => {
    await api.create(PODS, pod('waiting'));
    await api.delete(`${PODS}/waiting`);
    expect((await api.get(`${PODS}/waiting`)).code).toBe(404);
  });
});

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

  it('takes what names an owner that is not there, or not the one any more', async () => {
    await api.create(CONFIGMAPS, configMap('gc-impostor'));
    const other = { metadata: { name: 'gc-impostor', uid: '22222222-2222-2222-2222-222222222222' } };
    await api.create(CONFIGMAPS, configMap('gc-lost', {}, ownedBy(other)));
    await gone(`${CONFIGMAPS}/gc-lost`);
  });

  it('leaves what has another owner, without the reference to the one that is gone', async () => {
    const [one, two] = [
      await api.create(CONFIGMAPS, configMap('gc-one')),
      await api.create(CONFIGMAPS, configMap('gc-two')),
    ];
    const references = [one, two].flatMap((owner) => (ownedBy(owner) as { ownerReferences: object[] }).ownerReferences);
    await api.create(CONFIGMAPS, configMap('gc-shared', {}, { ownerReferences: references }));
    await api.delete(`${CONFIGMAPS}/gc-one`);
    await vi.waitFor(async () => {
      const { metadata } = (await api.get(`${CONFIGMAPS}/gc-shared`)).body as {
        metadata: { ownerReferences: { name: string }[] };
      };
      expect(metadata.ownerReferences.map(({ name }) => name)).toEqual(['gc-two']);
    });
  });

  it('in the foreground takes the owner last', async () => {
    const owner = await api.create(CONFIGMAPS, configMap('fg-owner'));
    await api.create(
      CONFIGMAPS,
      configMap('fg-child', {}, { ...ownedBy(owner, { blockOwnerDeletion: true }), finalizers: ['example.com/slow'] }),
    );
    const answer = await api.delete(`${CONFIGMAPS}/fg-owner`, { propagationPolicy: 'Foreground' });
    expect(answer.body.metadata.finalizers).toContain('foregroundDeletion');
    await vi.waitFor(async () =>
      expect((await api.get(`${CONFIGMAPS}/fg-child`)).body.metadata.deletionTimestamp).toBeDefined(),
    );
    expect((await api.get(`${CONFIGMAPS}/fg-owner`)).code).toBe(200);
    await api.merge(`${CONFIGMAPS}/fg-child`, { metadata: { finalizers: null } });
    await gone(`${CONFIGMAPS}/fg-owner`);
  });

  it('orphans on demand', async () => {
    const owner = await api.create(CONFIGMAPS, configMap('orphan-owner'));
    await api.create(CONFIGMAPS, configMap('orphan-child', {}, ownedBy(owner)));
    await api.delete(`${CONFIGMAPS}/orphan-owner?propagationPolicy=Orphan`);
    await gone(`${CONFIGMAPS}/orphan-owner`);
    const child = await api.get(`${CONFIGMAPS}/orphan-child`);
    expect(child.code).toBe(200);
    expect(child.body.metadata.ownerReferences).toBeUndefined();
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

describe('namespaces', () => {
  it('empty themselves before they go, and take nothing new meanwhile', async () => {
    await api.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'doomed' } });
    const inside = '/api/v1/namespaces/doomed/configmaps';
    await api.create(inside, configMap('a'));
    await api.create(inside, configMap('b', {}, { finalizers: ['example.com/slow'] }));
    await api.create('/apis/example.com/v1/namespaces/doomed/widgets', widget('w'));
    const answer = await api.delete('/api/v1/namespaces/doomed');
    expect(answer.body.status.phase).toBe('Terminating');
    await gone(`${inside}/a`);
    const refused = await api.post(inside, configMap('c'));
    expect(refused.code).toBe(403);
    expect(status(refused).message).toContain(
      'unable to create new content in namespace doomed because it is being terminated',
    );
    await api.merge(`${inside}/b`, { metadata: { finalizers: null } });
    await gone('/api/v1/namespaces/doomed');
  });

  it('of the cluster itself stay', async () => {
    expect((await api.delete('/api/v1/namespaces/kube-system')).code).toBe(403);
  });

  it('must exist', async () => {
    const answer = await api.post('/api/v1/namespaces/nowhere/configmaps', configMap('x'));
    expect(answer.code).toBe(404);
    expect(status(answer).message).toBe('namespaces "nowhere" not found');
  });
});

it('a CRD goes after its objects, and what it served with it', async () => {
  await api.create(CRDS, {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'gadgets.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Cluster',
      names: { plural: 'gadgets', kind: 'Gadget' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
    },
  });
  const gadgets = '/apis/example.com/v1/gadgets';
  await api.create(gadgets, {
    apiVersion: 'example.com/v1',
    kind: 'Gadget',
    metadata: { name: 'g', finalizers: ['example.com/slow'] },
  });
  await api.delete(`${CRDS}/gadgets.example.com`);
  await vi.waitFor(async () => expect((await api.get(`${gadgets}/g`)).body.metadata.deletionTimestamp).toBeDefined());
  expect(
    (await api.post(gadgets, { apiVersion: 'example.com/v1', kind: 'Gadget', metadata: { name: 'h' } })).code,
  ).toBe(405);
  await api.merge(`${gadgets}/g`, { metadata: { finalizers: null } });
  await gone(`${CRDS}/gadgets.example.com`);
  expect((await api.get(gadgets)).code).toBe(404);
  expect((await api.get(`${WIDGETS}`)).code).toBe(200);
});
