import { beforeEach, describe, expect, it } from 'vitest';
import { ConfigMap, CoreEvent } from '@stackwright/kube';
import { startApiServer, type ApiServer } from '../apiserver/index.js';
import { ManualClock } from '../testing/manual-clock.js';
import { EventRecorder } from './events.js';
import { silentLog } from './log.js';
import type { Stored } from './objects.js';

describe('a recorder', () => {
  let server: ApiServer;
  let clock: ManualClock;
  let recorder: EventRecorder;
  let object: Stored;
  beforeEach(async () => {
    server = await startApiServer();
    clock = new ManualClock();
    recorder = new EventRecorder({ client: server.client(), component: 'test', clock, log: silentLog });
    const manifest = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', namespace: 'default' } } as const;
    object = (await server.client().create(ConfigMap, manifest)) as Stored;
    return () => server.stop();
  });

  const say = async (message: string): Promise<void> => {
    recorder.record(ConfigMap, object, 'Warning', 'Refused', message);
    await recorder.flush();
  };
  const events = async (): Promise<CoreEvent[]> => (await server.client().listAll(CoreEvent)).items;

  it('counts what repeats', async () => {
    for (let times = 0; times < 5; times += 1) await say('no');
    expect(await events()).toMatchObject([{ message: 'no', count: 5 }]);
  });

  it('makes one event of many that differ in their message only', async () => {
    for (let pod = 0; pod < 20; pod += 1) await say(`Pod ${pod} is refused`);
    const written = await events();
    expect(written).toHaveLength(10);
    const combined = { message: '(combined from similar events): Pod 19 is refused', count: 11 };
    expect(written).toContainEqual(expect.objectContaining(combined));
  });

  it('hears an object that never rests no more than once in five minutes', async () => {
    let writes = 0;
    server.context.store.subscribe(
      (resource) => (writes += Number(resource.endsWith('/events') || resource === '/events')),
    );
    for (let second = 0; second < 3600; second += 1) {
      await say('no');
      await clock.advance(1000);
    }
    expect(writes).toBe(25 + 3600 / 300 - 1);
  });

  it('cuts a message by bytes, and no character in two', async () => {
    await say('ü'.repeat(1000));
    const [event] = await events();
    expect(Buffer.byteLength(event?.message ?? '')).toBeLessThanOrEqual(1024);
    expect(event?.message).toMatch(/^ü+\.\.\.$/);
  });
});
