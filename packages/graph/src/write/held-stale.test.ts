// What was applied last is put back only as long as it is just that: not over what was applied since, not for another object.
import { ConfigMap, ControllerRevision, Deployment, Service, type KubeObject } from '@stackwright/kube';
import { apiError } from '@stackwright/core/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { GraphHarness } from '../testing/graph-harness.js';
import { refusingGraph } from '../testing/refusing-graph.js';
import { Sample, sample } from '../testing/sample.js';

const at = (name: string) => ({ namespace: 'ns', name });
let harness: GraphHarness<Sample>;

const set = (color: string) => harness.edit(Sample, 'sample', { spec: { color } });
const deployment = () => harness.api.peek(Deployment, at('sample'));
const image = () => deployment()?.spec?.template.spec?.containers[0]?.image;
const records = () => harness.listed(ControllerRevision);
const settleAs = async (color: string): Promise<void> => {
  await set(color);
  await harness.settle();
};
const isRemovalOfRecord = ({ verb, resource }: { verb: string; resource: string }) =>
  verb === 'delete' && resource === 'controllerrevisions.apps';

beforeEach(async () => {
  harness = new GraphHarness(refusingGraph);
  await harness.create(sample({ color: 'red' }));
  await harness.settle();
});

describe('what was written down and is not so any more', () => {
  it('is not put back by the next process, where the one before ended as soon as it had applied something else', async () => {
    await settleAs('wrong');
    await set('blue');
    harness.api.before = (call) => {
      if (isRemovalOfRecord(call) || call.verb === 'patch') throw apiError(503, 'ServiceUnavailable', 'gone');
    };
    await harness.reconcile().catch(() => undefined);
    harness.api.before = () => undefined;
    expect([image(), (await records()).length]).toEqual(['blue', 1]);
    harness.restart();
    // What it does not know yet is no reason to.
    harness.reader.unsynced.add('secrets');
    await harness.reconcile();
    expect(image()).toBe('blue');
    harness.reader.unsynced.clear();
    await harness.settle();
    expect(await records()).toEqual([]);
  });

  it('is removed later where that was refused', async () => {
    await settleAs('wrong');
    harness.api.before = (call) => {
      if (isRemovalOfRecord(call)) throw apiError(503, 'ServiceUnavailable', 'no');
    };
    await set('blue');
    await harness.reconcile();
    await harness.clock.advance(60_000);
    const { requeueAfter } = await harness.reconcile();
    expect(requeueAfter).toBeGreaterThanOrEqual(60_000);
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    harness.api.before = () => undefined;
    await harness.reconcile();
    expect(await records()).toEqual([]);
    expect(await harness.reconcile()).toEqual({});
  });

  it('is removed, too, by a process that begins before it could be: the object was not said to be well', async () => {
    await settleAs('wrong');
    harness.api.before = (call) => {
      if (isRemovalOfRecord(call)) throw apiError(503, 'ServiceUnavailable', 'no');
    };
    await set('blue');
    const { requeueAfter } = await harness.reconcile();
    expect([image(), requeueAfter]).toEqual(['blue', 1_000]);
    harness.restart();
    harness.api.before = () => undefined;
    await harness.settle();
    expect(await records()).toEqual([]);
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });

  it('is not left behind where nobody will look for it, as the status does not say that anything is wrong', async () => {
    await set('wrong');
    harness.api.before = ({ verb, resource }) => {
      if (verb === 'patch' && resource === 'samples.test.dev') throw apiError(503, 'ServiceUnavailable', 'no');
    };
    await harness.reconcile().catch(() => undefined);
    harness.restart();
    harness.api.before = () => undefined;
    await settleAs('blue');
    expect(await records()).toEqual([]);
  });

  it('is nothing for an object that has the name of the one that it was written for', async () => {
    await settleAs('wrong');
    await harness.api.delete(Sample, at('sample'));
    await harness.settle();
    for (const kind of [Deployment, Service]) await harness.api.delete(kind, at('sample'));
    await harness.api.delete(ConfigMap, at('app'));
    await harness.create(sample({ color: 'wrong' }));
    await harness.settle();
    harness.restart();
    await harness.settle();
    expect(deployment()).toBeUndefined();
  });
});

describe('what could not be read at first', () => {
  it('is read later: what was deleted while there was no process is made again then', async () => {
    await settleAs('wrong');
    harness.restart();
    await harness.api.delete(Deployment, at('sample'));
    harness.api.before = ({ verb, resource }) => {
      if (verb === 'get' && resource === 'controllerrevisions.apps') throw apiError(503, 'ServiceUnavailable', 'no');
    };
    const { requeueAfter } = await harness.reconcile();
    expect(requeueAfter).toBeLessThanOrEqual(30_000);
    await harness.reconcile();
    expect(deployment()).toBeUndefined();
    harness.api.before = () => undefined;
    await harness.settle();
    expect(image()).toBe('red');
  });

  it('is no matter where all steps say what they want again', async () => {
    await settleAs('wrong');
    harness.restart();
    harness.api.before = ({ verb, resource }) => {
      if (verb === 'get' && resource === 'controllerrevisions.apps') throw apiError(503, 'ServiceUnavailable', 'no');
    };
    await harness.reconcile();
    await set('blue');
    await harness.reconcile();
    harness.api.before = () => undefined;
    await harness.reconcile();
    expect([image(), await records()]).toEqual(['blue', []]);
    await harness.settle();
    expect(await harness.reconcile()).toEqual({});
  });
});

it.each([null, 'garbled'])('a change is set right though its note has gone with it (%s)', async (note) => {
  await settleAs('wrong');
  const annotations = { 'stackwright.dev/desired-hash': note };
  await harness.edit(ConfigMap, 'app', { metadata: { annotations }, data: { color: 'theirs' } });
  await harness.settle();
  expect(harness.api.peek(ConfigMap, at('app'))?.data).toEqual({ color: 'red' });
  const calls = harness.api.calls.length;
  await harness.reconcile();
  expect(harness.api.calls.slice(calls).filter(({ verb }) => verb !== 'list')).toEqual([]);
});

describe('what is made again', () => {
  it('has what somebody had changed of it before anybody looked', async () => {
    await harness.edit(ConfigMap, 'app', { data: { color: 'theirs' } });
    await settleAs('wrong');
    await harness.api.delete(ConfigMap, at('app'));
    await harness.settle();
    expect(harness.api.peek(ConfigMap, at('app'))?.data).toEqual({ color: 'theirs' });
    await settleAs('red');
    expect(harness.api.peek(ConfigMap, at('app'))?.data).toEqual({ color: 'red' });
  });

  it('has as many replicas as somebody had scaled it to', async () => {
    await harness.edit(Deployment, 'sample', { spec: { replicas: 7 } });
    await settleAs('wrong');
    await harness.api.delete(Deployment, at('sample'));
    await harness.settle();
    expect(deployment()?.spec?.replicas).toBe(7);
    await settleAs('blue');
    expect([image(), deployment()?.spec?.replicas]).toEqual(['blue', 7]);
  });

  it('is nothing that its step has removed, which the cache shows a while longer', async () => {
    await set('none');
    await harness.reconcile();
    await set('wrong');
    harness.reader.set(Sample, await harness.listed(Sample));
    await harness.reconcile({ sync: false });
    await harness.settle();
    expect(harness.api.peek(ConfigMap, at('app'))).toBeUndefined();
    expect(deployment()).toBeDefined();
  });

  it('is nothing that another object has taken over since', async () => {
    await settleAs('wrong');
    const owner = harness.api.peek(Service, at('sample'))?.metadata?.annotations?.['stackwright.dev/owner'] ?? '';
    const annotations = { 'stackwright.dev/owner': owner.replace('ns/sample', 'ns/other') };
    const ownerReferences = [{ apiVersion: 'test.dev/v1', kind: 'Sample', name: 'other', uid: 'o', controller: true }];
    await harness.edit(Service, 'sample', { metadata: { annotations, ownerReferences } });
    await harness.settle();
    await harness.api.delete(Service, at('sample'));
    await harness.settle();
    expect(harness.api.peek(Service, at('sample'))).toBeUndefined();
  });
});

it('what the cache shows no more is looked at, and not sent a write that is refused at every reconcile', async () => {
  await settleAs('wrong');
  const sync = harness.sync.bind(harness);
  harness.sync = async () => {
    await sync();
    const isShown = ({ metadata }: KubeObject) => metadata?.labels?.['app.kubernetes.io/managed-by'] !== undefined;
    harness.reader.set(Service, (await harness.listed(Service)).filter(isShown));
  };
  await harness.edit(Service, 'sample', { metadata: { labels: { 'app.kubernetes.io/managed-by': null } } });
  await harness.settle();
  expect(harness.api.peek(Service, at('sample'))?.metadata?.labels).toHaveProperty(['app.kubernetes.io/managed-by']);
  expect(await harness.writesOf(() => harness.reconcile())).toEqual([]);
});
