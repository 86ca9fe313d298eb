import { CoreEvent, type KubeObject } from '@stackwright/kube';
import { Registry } from 'prom-client';
import { beforeEach, describe, expect, it } from 'vitest';
import { apiError, FakeClient, FakeClock, recordingLogger, SeededRandom, settle } from '../testing/index.js';
import { BackgroundEventRecorder } from './background-recorder.js';
import type { EventDetails } from './recorder.js';
import { TokenBuckets } from './token-buckets.js';

const object = (name = 'a'): KubeObject => ({
  apiVersion: 'example.dev/v1',
  kind: 'Widget',
  metadata: { namespace: 'ns', name, uid: `uid-${name}`, resourceVersion: '7' },
});
const failed: EventDetails = { type: 'Warning', reason: 'JobFailed', action: 'CreateJob', note: 'exit code 1' };
const minute = 60_000;

describe('event recorder', () => {
  let clock: FakeClock;
  let client: FakeClient;
  let recorder: BackgroundEventRecorder;
  let metrics: Registry;
  beforeEach(() => {
    clock = new FakeClock();
    client = new FakeClient(clock);
    metrics = new Registry();
    recorder = new BackgroundEventRecorder({
      client,
      clock,
      random: new SeededRandom(),
      log: recordingLogger(),
      metrics,
      controller: 'test-controller',
      instance: 'pod-1',
    });
  });
  const dropped = async (reason: string) =>
    (await metrics.getSingleMetric('controller_events_dropped_total')?.get())?.values.find(
      ({ labels }) => (labels as { reason: string }).reason === reason,
    )?.value;
  const events = async () => (await client.list(CoreEvent)).items;

  it('writes an event with all that the API demands, and by which kubectl puts events in order', async () => {
    recorder.record(object(), failed);
    await settle();
    const [event] = await events();
    const { note: message, ...said } = failed;
    const at = expect.stringMatching(/:\d\dZ$/) as string;
    expect(event).toMatchObject({
      ...said,
      message,
      ...{ count: 1, firstTimestamp: at, lastTimestamp: at },
      involvedObject: { apiVersion: 'example.dev/v1', kind: 'Widget', namespace: 'ns', name: 'a', uid: 'uid-a' },
      source: { component: 'test-controller' },
      reportingComponent: 'test-controller',
      reportingInstance: 'pod-1',
    });
    expect(event?.eventTime).toMatch(/\.\d{6}Z$/);
    expect(event?.metadata).toMatchObject({
      namespace: 'ns',
      name: expect.stringMatching(/^a\.[0-9a-f]{16}$/) as string,
    });
  });

  it('puts events about cluster-scoped objects into the default namespace', async () => {
    recorder.record({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'n', uid: 'n' } }, failed);
    await settle();
    expect((await events())[0]?.metadata?.namespace).toBe('default');
  });

  it('makes a series of what repeats: two writes for a hundred events, and the last count when it ends', async () => {
    for (let n = 0; n < 100; n++) {
      recorder.record(object(), failed);
      await clock.advance(1000);
    }
    expect(client.writes.map(({ verb }) => verb)).toEqual(['create', 'patch']);
    await clock.advance(12 * minute);
    expect(client.writes).toHaveLength(3);
    const [event] = await events();
    expect(event?.count).toBe(100);
    expect(Date.parse(event?.lastTimestamp ?? '') - Date.parse(event?.firstTimestamp ?? '')).toBe(99_000);
    expect([recorder.size, clock.pending]).toEqual([0, 0]);
  });

  it('refreshes a series that goes on for hours every half an hour', async () => {
    for (let n = 0; n < 120; n++) {
      recorder.record(object(), failed);
      await clock.advance(minute);
    }
    expect(client.writes.length).toBeGreaterThanOrEqual(4);
    expect(client.writes.length).toBeLessThanOrEqual(7);
  });

  it('tells a series again whose event the server has removed, as it does after an hour', async () => {
    recorder.record(object(), failed);
    await settle();
    const { namespace = '', name = '' } = (await events())[0]?.metadata ?? {};
    await client.delete(CoreEvent, { namespace, name });
    recorder.record(object(), failed);
    await settle();
    expect(await events()).toMatchObject([{ message: failed.note, count: 2 }]);
    expect(await dropped('refused')).toBe(0);
  });

  it('begins a new event after six quiet minutes, and for another note, object or reason', async () => {
    recorder.record(object(), failed);
    await clock.advance(13 * minute);
    recorder.record(object(), failed);
    recorder.record(object(), { ...failed, note: 'exit code 2' });
    recorder.record(object('b'), failed);
    await settle();
    expect(await events()).toHaveLength(4);
  });

  it('lets one object make 25 events and then one each five minutes; others are not affected', async () => {
    for (let n = 0; n < 40; n++) recorder.record(object(), { ...failed, note: `${n}` });
    recorder.record(object('b'), failed);
    await settle();
    expect(await events()).toHaveLength(26);
    expect(await dropped('rate')).toBe(15);
    await clock.advance(5 * minute);
    recorder.record(object(), { ...failed, note: 'later' });
    recorder.record(object(), { ...failed, note: 'too much' });
    await settle();
    expect(await events()).toHaveLength(27);
  });

  it('has room for warnings when an object has told much else', async () => {
    for (let n = 0; n < 40; n++) recorder.record(object(), { ...failed, type: 'Normal', note: `${n}` });
    recorder.record(object(), failed);
    await settle();
    expect((await events()).map(({ type }) => type).filter((type) => type === 'Warning')).toHaveLength(1);
  });

  it('tries again when the server is not there, drops what it refuses, never throws', async () => {
    let failures = 2;
    client.before = () => {
      if (failures-- > 0) throw apiError(503, 'ServiceUnavailable');
    };
    recorder.record(object(), failed);
    await clock.advance(20_000);
    expect(await events()).toHaveLength(1);
    client.before = ({ verb }) => {
      if (verb === 'create') throw apiError(403, 'Forbidden');
    };
    recorder.record(object('b'), failed);
    await settle();
    expect(client.calls.filter(({ verb }) => verb === 'create')).toHaveLength(4);
    expect(await dropped('refused')).toBe(1);
  });

  it('keeps credentials out of notes and cuts them at 1024 bytes', async () => {
    recorder.record(object(), { ...failed, note: `mysql://root:hunter2@db/x ${'y'.repeat(2000)}` });
    await settle();
    const [event] = await events();
    expect(event?.message).not.toContain('hunter2');
    expect(Buffer.byteLength(event?.message ?? '')).toBe(1024);
  });

  it('forgets the oldest of more than 4096 series (pitfall 15)', async () => {
    for (let n = 0; n < 5000; n++) {
      recorder.record(object(`o-${n}`), failed);
      if (n % 500 === 0) await settle();
    }
    expect(recorder.size).toBe(4096);
    const buckets = new TokenBuckets({ clock, burst: 1, interval: 1, capacity: 10 });
    for (let n = 0; n < 10_000; n++) buckets.take(`${n}`);
    expect(buckets.size).toBe(10);
  });

  it('sends what waits when it is stopped, for at most two seconds', async () => {
    recorder.record(object(), failed);
    await recorder.stop(30_000);
    expect(await events()).toHaveLength(1);
    client.before = () => new Promise(() => undefined);
    const other = new BackgroundEventRecorder({
      client,
      clock,
      random: new SeededRandom(),
      log: recordingLogger(),
      metrics,
      controller: 'c',
      instance: 'i',
    });
    other.record(object(), failed);
    const stopping = other.stop(30_000);
    await clock.advance(2_000);
    await stopping;
  });
});
