// What is cached, and what is shared.
import { ConfigMap, defineResource, metadataOf, Secret, type KubeObject } from '@stackwright/kube';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  FakeClient,
  FakeClock,
  recordingLogger,
  SeededRandom,
  settle,
  type RecordingLogger,
} from '../testing/index.js';
import { defineIndex } from './cache.js';
import { InformerCache } from './informer-cache.js';

interface User extends KubeObject {
  spec: { realm: string; groups: string[] };
}
const User = defineResource<User>({
  group: 'test.dev',
  version: 'v1',
  kind: 'User',
  plural: 'users',
  namespaced: true,
});
const user = (name: string, realm: string, namespace = 'ns'): User => ({
  metadata: { namespace, name },
  spec: { realm, groups: [] },
});
const names = (objects: readonly Readonly<KubeObject>[]) => objects.map(({ metadata }) => metadata?.name);

let client: FakeClient;
let stop: AbortController;
let log: RecordingLogger;

beforeEach(() => {
  client = new FakeClient();
  stop = new AbortController();
  log = recordingLogger();
});
afterEach(() => stop.abort());

const make = (namespaces: readonly string[] = []) =>
  new InformerCache({ client, clock: new FakeClock(), random: new SeededRandom(), log, namespaces, freeze: true });

async function run(cache: InformerCache): Promise<void> {
  void cache.run(stop.signal);
  await settle();
}

describe('one watch', () => {
  it('is for all who ask for the same, however they write it', async () => {
    const cache = make(['ns']);
    for (const options of [{}, { namespace: 'ns' }]) cache.informer(Secret, options);
    for (const labelSelector of ['a=b,c', 'c, a==b', 'a in (b),c']) cache.informer(Secret, { labelSelector });
    cache.informer(metadataOf(Secret));
    cache.informer(metadataOf(Secret));
    await run(cache);
    expect(client.openWatches).toBe(3);
  });
});

describe('the cache of a resource', () => {
  it('may hold the metadata alone, of the right kind, beside or in place of the whole', async () => {
    await client.seed(Secret, {
      metadata: { namespace: 'ns', name: 'a', labels: { x: 'y' } },
      data: { key: 'c2VjcmV0' },
    });
    const cache = make();
    cache.informer(metadataOf(Secret));
    await run(cache);
    const object = cache.get(metadataOf(Secret), { namespace: 'ns', name: 'a' });
    expect(object).toMatchObject({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a', labels: { x: 'y' } } });
    expect(object).not.toHaveProperty('data');
    expect(() => cache.get(Secret, { namespace: 'ns', name: 'a' })).toThrow('not watched');
  });

  it('may hold what some selector matches, another in each namespace', async () => {
    const secret = (namespace: string, name: string, app: string) => ({
      metadata: { namespace, name, labels: { app } },
    });
    await client.seed(Secret, secret('one', 'a', 'x'), secret('one', 'b', 'y'));
    await client.seed(Secret, secret('two', 'c', 'x'), secret('two', 'd', 'y'), secret('three', 'e', 'x'));
    const cache = make();
    cache.configure(Secret, { labelSelector: 'app=x', namespaces: { one: {}, two: { labelSelector: 'app=y' } } });
    cache.informer(Secret);
    await run(cache);
    expect(names(cache.list(Secret))).toEqual(['a', 'd']);
    expect(client.openWatches).toBe(2);
    expect(() => cache.list(Secret, { namespace: 'three' })).toThrow('not watched');
  });

  it('may be transformed before it is stored; a transform that throws loses nothing', async () => {
    await client.seed(User, user('a', 'one'), user('b', 'broken'));
    const cache = make();
    cache.configure(User, {
      transform: (object) => {
        if (object.spec.realm === 'broken') throw new Error('bug');
        return { ...object, spec: { realm: object.spec.realm, groups: ['dropped'] } };
      },
    });
    cache.informer(User);
    await run(cache);
    await client.seed(User, user('c', 'three'));
    await settle();
    expect(cache.list(User).map(({ spec }) => spec.groups)).toEqual([['dropped'], [], ['dropped']]);
    expect(Object.isFrozen(cache.list(User)[0]?.spec)).toBe(true);
    expect(log.entries.map(({ message }) => message)).toContain('Transform threw');
  });

  it('is described once, and before anybody watches it', () => {
    const cache = make();
    cache.configure(User, {});
    expect(() => cache.configure(User, {})).toThrow('was said already');
    cache.informer(ConfigMap, { labelSelector: 'a' });
    expect(() => cache.configure(ConfigMap, {})).toThrow('cached already');
    // The metadata is another cache.
    cache.configure(metadataOf(User), {});
  });
});

describe('an index', () => {
  const byRealm = defineIndex(User, 'realm', ({ spec }) => [spec.realm]);

  it('finds by value and namespace, also what comes later', async () => {
    await client.seed(User, user('a', 'one'), user('b', 'two'), user('a', 'one', 'other'));
    const cache = make();
    cache.addIndex(byRealm);
    await run(cache);
    await client.seed(User, user('c', 'one'));
    await settle();
    expect(cache.byIndex(byRealm, 'one').map(({ metadata }) => `${metadata?.namespace}/${metadata?.name}`)).toEqual([
      'ns/a',
      'other/a',
      'ns/c',
    ]);
    expect(names(cache.byIndex(byRealm, 'one', { namespace: 'other' }))).toEqual(['a']);
    expect(cache.byIndex(byRealm, 'none')).toEqual([]);
  });

  it('may be added by all who use it, and by nobody else under its name', () => {
    const cache = make();
    cache.addIndex(byRealm);
    cache.addIndex(byRealm);
    expect(() => cache.addIndex(defineIndex(User, 'realm', () => []))).toThrow('another index "realm"');
    cache.addIndex(defineIndex(ConfigMap, 'realm', () => []));
  });

  it('whose function throws hides an object from itself alone', async () => {
    await client.seed(User, user('a', 'one'));
    const cache = make();
    const broken = defineIndex(User, 'broken', (): string[] => {
      throw new Error('bug');
    });
    cache.addIndex(broken);
    cache.addIndex(byRealm);
    await run(cache);
    expect([cache.byIndex(broken, 'x'), names(cache.byIndex(byRealm, 'one'))]).toEqual([[], ['a']]);
    expect(log.entries.map(({ message }) => message)).toContain('Index function threw');
  });
});

it('a label selector hides what is not labelled: no reader sees it, and no handler hears of it (pitfall 9)', async () => {
  const cache = make();
  const informer = cache.informer(Secret, { labelSelector: 'app=x' });
  const told: string[] = [];
  informer.addHandler({
    added: ({ metadata }) => void told.push(`added ${metadata?.name}`),
    deleted: ({ metadata }) => void told.push(`deleted ${metadata?.name}`),
  });
  await run(cache);
  await client.seed(Secret, { metadata: { namespace: 'ns', name: 'unlabelled' } });
  await client.seed(Secret, { metadata: { namespace: 'ns', name: 'labelled', labels: { app: 'x' } } });
  await settle();
  expect(told).toEqual(['added labelled']);
  expect(names(informer.list())).toEqual(['labelled']);
  // The whole resource is another informer: reads go there or nowhere, so nobody takes a part for the whole.
  expect(() => cache.list(Secret)).toThrow('not watched');
});
