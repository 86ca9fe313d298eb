import { beforeEach, describe, expect, it } from 'vitest';
import { bench } from '../support/bench.js';
import { eventually } from '../support/eventually.js';
import { configMap, pod, secret } from '../support/objects.js';
import { requires, target } from '../support/target.js';

const api = bench('deletion', { widgets: true });
const { CONFIGMAPS, CRDS, NAMESPACES, PODS, SECRETS, WIDGETS } = api.paths;

describe('finalizers', () => {
  it('hold an object until the last one is removed', async () => {
    await api.create(CONFIGMAPS, configMap('held', {}, { finalizers: ['example.com/a', 'example.com/b'] }));
    const first = await api.delete(`${CONFIGMAPS}/held`);
    expect(first.code).toBe(200);
    expect(first.body.kind).toBe('ConfigMap');
    const { deletionTimestamp } = first.body.metadata;
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
    expect(answer.body.message).toContain('no new finalizers can be added if the object is being deleted');
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
    await api.create(SECRETS, secret(name, { labels: { color } }));
  }
  expect((await api.delete(`${SECRETS}?labelSelector=color%3Dred`)).code).toBe(200);
  const { items } = (await api.get(SECRETS)).body;
  expect(items.map(({ metadata }) => metadata.name)).toEqual(['sel-b']);
});

describe('Pods', () => {
  it('that run are given time, and go when their node says so', async () => {
    await api.create(PODS, pod('running', { nodeName: `${target.run}-node`, terminationGracePeriodSeconds: 17 }));
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
  beforeEach((test) => requires(test, 'controllers'));

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
    await api.gone(`${CONFIGMAPS}/gc-child`);
    await api.gone(`${CONFIGMAPS}/gc-grandchild`);
  });

  it('takes what names an owner that is not there, or not the one any more', async () => {
    await api.create(CONFIGMAPS, configMap('gc-impostor'));
    const other = { metadata: { name: 'gc-impostor', uid: '22222222-2222-2222-2222-222222222222' } };
    await api.create(CONFIGMAPS, configMap('gc-lost', {}, ownedBy(other)));
    await api.gone(`${CONFIGMAPS}/gc-lost`);
  });

  it('leaves what has another owner, without the reference to the one that is gone', async () => {
    const [one, two] = [
      await api.create(CONFIGMAPS, configMap('gc-one')),
      await api.create(CONFIGMAPS, configMap('gc-two')),
    ];
    const references = [one, two].flatMap((owner) => (ownedBy(owner) as { ownerReferences: object[] }).ownerReferences);
    await api.create(CONFIGMAPS, configMap('gc-shared', {}, { ownerReferences: references }));
    await api.delete(`${CONFIGMAPS}/gc-one`);
    await eventually(async () => {
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
    await eventually(async () =>
      expect((await api.get(`${CONFIGMAPS}/fg-child`)).body.metadata.deletionTimestamp).toBeDefined(),
    );
    expect((await api.get(`${CONFIGMAPS}/fg-owner`)).code).toBe(200);
    await api.merge(`${CONFIGMAPS}/fg-child`, { metadata: { finalizers: null } });
    await api.gone(`${CONFIGMAPS}/fg-owner`);
  });

  it('orphans on demand', async () => {
    const owner = await api.create(CONFIGMAPS, configMap('orphan-owner'));
    await api.create(CONFIGMAPS, configMap('orphan-child', {}, ownedBy(owner)));
    await api.delete(`${CONFIGMAPS}/orphan-owner?propagationPolicy=Orphan`);
    await api.gone(`${CONFIGMAPS}/orphan-owner`);
    const child = await api.get(`${CONFIGMAPS}/orphan-child`);
    expect(child.code).toBe(200);
    expect(child.body.metadata.ownerReferences).toBeUndefined();
  });
});

describe('namespaces', () => {
  beforeEach((test) => requires(test, 'controllers'));

  it('empty themselves before they go, and take nothing new meanwhile', async () => {
    const doomed = api.clusterWide('doomed');
    await api.makeNamespace(doomed);
    const inside = `${NAMESPACES}/${doomed}/configmaps`;
    await api.create(inside, configMap('a'));
    await api.create(inside, configMap('b', {}, { finalizers: ['example.com/slow'] }));
    await api.create(`/apis/${api.group}/v1/namespaces/${doomed}/widgets`, api.widget('w'));
    const answer = await api.delete(`${NAMESPACES}/${doomed}`);
    expect(answer.body.status.phase).toBe('Terminating');
    await api.gone(`${inside}/a`);
    const refused = await api.post(inside, configMap('c'));
    expect(refused.code).toBe(403);
    expect(refused.body.message).toContain(
      `unable to create new content in namespace ${doomed} because it is being terminated`,
    );
    const { body } = await api.until(
      `${NAMESPACES}/${doomed}`,
      (answer) => answer.body.status.conditions?.length === 5,
    );
    const conditions = body.status.conditions ?? [];
    const said = Object.fromEntries(conditions.map(({ type, status, reason }) => [type, `${status} ${reason}`]));
    expect(said).toEqual({
      NamespaceDeletionDiscoveryFailure: 'False ResourcesDiscovered',
      NamespaceDeletionGroupVersionParsingFailure: 'False ParsedGroupVersions',
      NamespaceDeletionContentFailure: 'False ContentDeleted',
      NamespaceContentRemaining: 'True SomeResourcesRemain',
      NamespaceFinalizersRemaining: 'True SomeFinalizersRemain',
    });
    const messages = conditions.map(({ message }) => message).join('\n');
    expect(messages).toContain('configmaps. has 1 resource instances');
    expect(messages).toContain('example.com/slow in 1 resource instances');
    await api.merge(`${inside}/b`, { metadata: { finalizers: null } });
    await api.gone(`${NAMESPACES}/${doomed}`);
  });

  it('of the cluster itself stay', async () => {
    // A dry run: a cluster that differs here must not lose it.
    expect((await api.delete(`${NAMESPACES}/kube-system?dryRun=All`)).code).toBe(403);
  });

  it('must exist', async () => {
    const answer = await api.post(`${NAMESPACES}/${target.run}-nowhere/configmaps`, configMap('x'));
    expect(answer.code).toBe(404);
    expect(answer.body.message).toBe(`namespaces "${target.run}-nowhere" not found`);
  });
});

it('a CRD goes after its objects, and what it served with it', async () => {
  await api.define(api.definition('gadgets', 'Gadget', {}, { scope: 'Cluster' }));
  const gadgets = `/apis/${api.group}/v1/gadgets`;
  const gadget = (name: string, metadata: object = {}): object => ({
    apiVersion: `${api.group}/v1`,
    kind: 'Gadget',
    metadata: { name, ...metadata },
  });
  await api.create(gadgets, gadget('g', { finalizers: ['example.com/slow'] }));
  await api.delete(`${CRDS}/gadgets.${api.group}`);
  await eventually(async () => expect((await api.get(`${gadgets}/g`)).body.metadata.deletionTimestamp).toBeDefined());
  // Older servers have 405.
  expect([403, 405]).toContain((await api.post(gadgets, gadget('h'))).code);
  expect((await api.apply(`${gadgets}/h`, gadget('h'), 'me')).code).toBe(403);
  await api.merge(`${gadgets}/g`, { metadata: { finalizers: null } });
  await api.gone(`${CRDS}/gadgets.${api.group}`);
  await api.gone(gadgets);
  expect((await api.get(WIDGETS)).code).toBe(200);
});
