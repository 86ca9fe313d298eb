import { expect, it } from 'vitest';
import type { Client, WatchEvent } from '@stackwright/kube';
import { burst, Load, paced, type Sent } from './load.js';

type Widget = { metadata: { name: string; generation: number }; spec: { message: string }; status?: object };

/** A server on which the test decides when a widget is Ready. */
function fakeServer() {
  const generations = new Map<string, number>();
  const events: WatchEvent<Widget>[] = [];
  let wake = (): void => undefined;
  const ready = (name: string, generation = generations.get(name) ?? 0): void => {
    const status = { observedGeneration: generation, conditions: [{ type: 'Ready', status: 'True' }] };
    events.push({ type: 'MODIFIED', object: { metadata: { name, generation }, spec: { message: '' }, status } });
    wake();
  };
  const written = (name: string): Widget => {
    const generation = (generations.get(name) ?? 0) + 1;
    generations.set(name, generation);
    return { metadata: { name, generation }, spec: { message: '' } };
  };
  const client = {
    listAll: async () => ({ metadata: { resourceVersion: '1' }, items: [] }),
    create: async (_: unknown, { metadata }: Widget) => written(metadata.name),
    patch: async (_: unknown, { name }: { name: string }) => written(name),
    watch: async function* () {
      for (;;) {
        for (const event of events.splice(0)) yield event;
        await new Promise<void>((resolve) => (wake = resolve));
      }
    },
  };
  return { client: client as unknown as Client, ready };
}

it('tells each edit of one object when that one is Ready, not an earlier one', async () => {
  const { client, ready } = fakeServer();
  const load = new Load(client, 'ns');
  await load.start();
  const name = 'widget-00000';
  const created = await load.create();
  ready(name);
  await created.ready;
  const [second, third] = [await load.edit(), await load.edit()];
  let known = false;
  void third.ready.then(() => (known = true));
  ready(name, 2);
  await second.ready;
  expect(known).toBe(false);
  ready(name, 3);
  await third.ready;
  load.stop();
});

it('takes it that a widget is Ready before its write is answered', async () => {
  const { client, ready } = fakeServer();
  const load = new Load(client, 'ns');
  await load.start();
  const create = client.create.bind(client);
  client.create = async (...args) => {
    const object = await create(...args);
    ready('widget-00000');
    await new Promise((resolve) => setImmediate(resolve));
    return object;
  };
  await (
    await load.create()
  ).ready;
  load.stop();
});

const instantly = async (): Promise<Sent> => {
  const began = performance.now();
  return { began, ready: Promise.resolve(began + 5) };
};

it('makes as many as it was told, at a pace or at once', async () => {
  expect(await burst(7, 3, instantly)).toEqual(Array(7).fill(5));
  expect(await paced(4, 1000, instantly)).toHaveLength(4);
});

it('fails when a write fails', async () => {
  await expect(burst(3, 2, () => Promise.reject(new Error('refused')))).rejects.toThrow('refused');
  await expect(paced(2, 1000, () => Promise.reject(new Error('refused')))).rejects.toThrow('refused');
});
