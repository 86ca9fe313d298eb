import {
  Deployment,
  isAlreadyExists,
  isConflict,
  isGone,
  isNotFound,
  Secret,
  type KubeObject,
  type WatchEvent,
} from '@stackwright/kube';
import { describe, expect, it } from 'vitest';
import { FakeClient } from './fake-client.js';
import { settle } from './fake-clock.js';

const key = { namespace: 'ns', name: 'a' };
const secret = (data: Record<string, string>) => ({ metadata: key, data });
const apply = { fieldManager: 'test', force: true };

describe('FakeClient', () => {
  it('creates, reads, replaces under the resourceVersion, deletes', async () => {
    const client = new FakeClient();
    const made = await client.create(Secret, secret({ x: '1' }));
    await expect(client.create(Secret, secret({}))).rejects.toSatisfy(isAlreadyExists);
    await client.update(Secret, { ...made, data: { x: '2' } });
    await expect(client.update(Secret, { ...made, data: { x: '3' } })).rejects.toSatisfy(isConflict);
    expect((await client.get(Secret, key)).data).toEqual({ x: '2' });
    await expect(client.delete(Secret, key, { preconditions: { uid: 'other' } })).rejects.toSatisfy(isConflict);
    await client.delete(Secret, key);
    await expect(client.get(Secret, key)).rejects.toSatisfy(isNotFound);
  });

  it('applies: removes what the manager no longer applies, changes nothing when nothing changed', async () => {
    const client = new FakeClient();
    await client.apply(Secret, secret({ x: '1', y: '1' }), apply);
    await client.patch(Secret, key, { type: 'merge', body: { data: { foreign: '1' } } });
    const once = await client.apply(Secret, secret({ x: '1' }), apply);
    const twice = await client.apply(Secret, secret({ x: '1' }), apply);
    expect(once.data).toEqual({ x: '1', foreign: '1' });
    expect(twice.metadata?.resourceVersion).toBe(once.metadata?.resourceVersion);
  });

  it('keeps status and spec apart and bumps the generation with the spec alone', async () => {
    const client = new FakeClient();
    const made = await client.create(Deployment, { metadata: key, spec: { selector: {}, template: {} } });
    const status = await client.patch(
      Deployment,
      key,
      { type: 'merge', body: { status: { replicas: 1 } } },
      { subresource: 'status' },
    );
    const spec = await client.patch(Deployment, key, {
      type: 'json',
      body: [{ op: 'add', path: '/spec/replicas', value: 2 }],
    });
    expect([made, status, spec].map(({ metadata }) => metadata?.generation)).toEqual([1, 1, 2]);
    expect(spec).toMatchObject({ spec: { replicas: 2 }, status: { replicas: 1 } });
  });

  it('holds a deleted object until its last finalizer is gone', async () => {
    const client = new FakeClient();
    await client.create(Secret, { metadata: { ...key, finalizers: ['f'] } });
    await client.delete(Secret, key);
    expect(client.peek(Secret, key)?.metadata?.deletionTimestamp).toBeDefined();
    await client.patch(Secret, key, { type: 'merge', body: { metadata: { finalizers: [] } } });
    expect(client.peek(Secret, key)).toBeUndefined();
  });

  it('watches from a version on, and answers 410 to one that is compacted', async () => {
    const client = new FakeClient();
    const made = await client.create(Secret, secret({}));
    await client.patch(Secret, key, { type: 'merge', body: { data: { x: '1' } } });
    const events: WatchEvent<KubeObject>[] = [];
    const from = { namespace: 'ns', resourceVersion: made.metadata?.resourceVersion ?? '' };
    const watching = (async () => {
      for await (const event of client.watch(Secret, from)) events.push(event);
    })();
    await settle();
    await client.delete(Secret, key);
    client.endWatches();
    await watching;
    expect(events.map(({ type }) => type)).toEqual(['MODIFIED', 'DELETED']);
    client.compact();
    await expect(client.watch(Secret, from)[Symbol.asyncIterator]().next()).rejects.toSatisfy(isGone);
  });

  it('makes names, answers without storing, and changes nothing on a dry run', async () => {
    const client = new FakeClient();
    const made = await Promise.all(
      [1, 2].map(() => client.create(Secret, { metadata: { generateName: 'x-', namespace: 'ns' } })),
    );
    expect(new Set(made.map(({ metadata }) => metadata?.name)).size).toBe(2);
    client.answers.set('deployments.apps', (object) => ({ ...object, kind: 'Answer' }));
    expect((await client.create(Deployment, {})).kind).toBe('Answer');
    const before = client.calls.length;
    await client.create(Secret, secret({}), { dryRun: true });
    await client.apply(Secret, secret({ x: '1' }), { ...apply, dryRun: true });
    expect(client.peek(Secret, key)).toBeUndefined();
    await client.seed(Secret, secret({}));
    await client.delete(Secret, key, { dryRun: true });
    expect(client.peek(Secret, key)).toBeDefined();
    expect(client.calls).toHaveLength(before + 3);
  });

  it('applies to what is meant only, keeps what another has applied too, and takes nothing over without force', async () => {
    const client = new FakeClient();
    const applied = (fieldManager: string, data: Record<string, string>, more: object = {}) =>
      client.apply(Secret, secret(data), { fieldManager, ...more });
    const made = await applied('a', { x: '1', y: '1' }, { only: 'Absent' });
    await expect(applied('b', {}, { only: 'Absent', force: true })).rejects.toMatchObject({ code: 409 });
    await expect(applied('b', {}, { only: { uid: 'another' } })).rejects.toMatchObject({ code: 422 });
    await expect(applied('b', { x: '2' })).rejects.toThrow('conflict with "a": .data.x');
    await applied('b', { x: '1' });
    await applied('a', {}, { only: { uid: made.metadata?.uid ?? '' } });
    expect(client.peek(Secret, key)?.data).toEqual({ x: '1' });
    await client.delete(Secret, key);
    await expect(applied('a', {}, { only: { uid: 'u' } })).rejects.toMatchObject({ code: 409 });
  });

  it('has it that what an update changes is no longer of those who had applied it', async () => {
    const client = new FakeClient();
    const applied = (data: Record<string, string>) => client.apply(Secret, secret(data), apply);
    await applied({ x: '1', y: '1', z: '1' });
    await client.patch(Secret, key, { type: 'merge', body: { data: { x: '2', z: null } } });
    await applied({});
    expect(client.peek(Secret, key)?.data).toEqual({ x: '2' });
  });

  it('selects by every kind of requirement', async () => {
    const client = new FakeClient();
    const labelled = (name: string, labels: Record<string, string>) => ({
      metadata: { namespace: 'ns', name, labels },
    });
    await client.seed(Secret, labelled('a', { tier: 'front' }), labelled('b', { tier: 'back' }), labelled('c', {}));
    const names = async (labelSelector: string) =>
      (await client.list(Secret, { labelSelector })).items.map(({ metadata }) => metadata?.name);
    expect(await names('tier in (front, back)')).toEqual(['a', 'b']);
    expect(await names('tier,tier!=front')).toEqual(['b']);
    expect(await names('!tier')).toEqual(['c']);
  });
});
