import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ApiError, ConfigMap, Namespace, type Client } from '@stackwright/kube';
import { startApiServer, type ApiServer } from '../apiserver/index.js';
import { ManualClock, settle } from '../testing/manual-clock.js';
import { Store } from './store.js';

describe('a store', () => {
  let server: ApiServer;
  let client: Client;
  let clock: ManualClock;
  let store: Store<ConfigMap>;
  beforeEach(async () => {
    server = await startApiServer({ historyLimit: 10 });
    client = server.client('tester');
    await client.create(Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'test' } });
    clock = new ManualClock();
    store = new Store(server.client('store'), ConfigMap, { clock });
  });
  afterEach(async () => {
    await store.stop();
    await server.stop();
  });

  const make = (name: string, value = ''): ConfigMap => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'test' },
    data: { value },
  });
  const names = (): string[] => store.list('test').map(({ metadata }) => metadata.name);
  const until = async (holds: () => boolean): Promise<void> => {
    for (let turn = 0; !holds(); turn += 1) {
      if (turn > 1000) throw new Error('not so');
      await clock.advance(100);
    }
  };

  it('has what there is when it has started, and follows it', async () => {
    await client.create(ConfigMap, make('a'));
    await store.start();
    expect(names()).toEqual(['a']);
    await client.create(ConfigMap, make('b'));
    await until(() => names().length === 2);
    await client.delete(ConfigMap, { namespace: 'test', name: 'a' });
    await until(() => names().join() === 'b');
  });

  it('shows its own writes at once, and tells of each once', async () => {
    await store.start();
    const told: string[] = [];
    store.onChange(({ object, deleted }) => told.push(`${object.data?.['value'] ?? ''}${deleted ? ' gone' : ''}`));
    const created = await store.create(make('a', '1'));
    expect(store.get(created.metadata)?.data).toEqual({ value: '1' });
    const updated = await store.update({ ...created, data: { value: '2' } });
    expect(store.get(created.metadata)?.data).toEqual({ value: '2' });
    await store.delete(updated);
    expect(store.get(created.metadata)).toBeUndefined();
    await settle();
    expect(told).toEqual(['1', '2', '2 gone']);
    expect(names()).toEqual([]);
  });

  it('does not bring back what it deleted when the watch is behind', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    server.interceptors.push({
      after: ({ verb, user }, response) => {
        if (verb !== 'watch' || user.name !== 'store' || response.kind !== 'watch') return undefined;
        const { events } = response;
        const late = async function* (): typeof events {
          await held;
          yield* events;
        };
        return { kind: 'watch', events: late() };
      },
    });
    await store.start();
    const told: string[] = [];
    store.onChange(({ object, deleted }) => told.push(`${object.metadata.name}${deleted ? ' gone' : ''}`));
    await store.delete(await store.create(make('a')));
    release();
    await client.create(ConfigMap, make('b'));
    await until(() => names().includes('b'));
    expect(told).toEqual(['a', 'a gone', 'b']);
  });

  it('deletes the object it means and no other of its name', async () => {
    await store.start();
    const former = await store.create(make('a', 'former'));
    await client.delete(ConfigMap, { namespace: 'test', name: 'a' });
    await client.create(ConfigMap, make('a', 'later'));
    await expect(store.delete(former)).rejects.toMatchObject({ code: 409 });
    expect((await client.get(ConfigMap, { namespace: 'test', name: 'a' })).data).toEqual({ value: 'later' });
  });

  it('goes on after the connection was lost, and after it was away for longer than the server remembers', async () => {
    let broken = false;
    server.interceptors.push({
      before: ({ verb, user }) => {
        if (broken && user.name === 'store' && verb !== 'get')
          throw new ApiError({ code: 503, reason: 'ServiceUnavailable', message: 'down' });
      },
      after: ({ verb, user }, response) => {
        if (verb !== 'watch' || user.name !== 'store' || response.kind !== 'watch') return undefined;
        const { events } = response;
        const untilBroken = async function* (): typeof events {
          for await (const event of events) {
            if (broken) return;
            yield event;
          }
        };
        return { kind: 'watch', events: untilBroken() };
      },
    });
    await store.start();
    await client.create(ConfigMap, make('kept'));
    await client.create(ConfigMap, make('gone'));
    await until(() => names().length === 2);
    broken = true;
    for (let change = 0; change < 30; change += 1) {
      await client.patch(
        ConfigMap,
        { namespace: 'test', name: 'kept' },
        { type: 'merge', body: { data: { value: String(change) } } },
      );
    }
    await client.delete(ConfigMap, { namespace: 'test', name: 'gone' });
    await clock.advance(5000);
    expect(names()).toEqual(['kept', 'gone']);
    broken = false;
    await until(
      () => names().join() === 'kept' && store.get({ namespace: 'test', name: 'kept' })?.data?.['value'] === '29',
    );
  });

  it('finds what an owner controls', async () => {
    await store.start();
    const owner = await store.create(make('owner'));
    const ownerReferences = [
      { apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: owner.metadata.uid, controller: true },
    ];
    const child = make('child');
    const created = await store.create({ ...child, metadata: { ...child.metadata, ownerReferences } });
    expect(store.controlledBy(owner).map(({ metadata }) => metadata.name)).toEqual(['child']);
    await store.patch(created.metadata, { metadata: { ownerReferences: null } });
    expect(store.controlledBy(owner)).toEqual([]);
  });
});
