import { ConfigMap, Secret, type ObjectKey } from '@stackwright/kube';
import { beforeEach, describe, expect, it } from 'vitest';
import { InformerCache } from '../cache/informer-cache.js';
import { FakeClient, FakeClock, recordingLogger, SeededRandom, settle } from '../testing/index.js';
import { OwnWrites, type Write } from './own-writes.js';
import { TrackedClient } from './tracked-client.js';

const at = (name: string): ObjectKey => ({ namespace: 'ns', name });

describe('own writes', () => {
  let clock: FakeClock;
  let client: FakeClient;
  let writes: OwnWrites;
  beforeEach(async () => {
    clock = new FakeClock();
    client = new FakeClient(clock);
    const cache = new InformerCache({
      client,
      clock,
      random: new SeededRandom(),
      log: recordingLogger(),
      namespaces: [],
    });
    cache.informer(Secret);
    const stop = new AbortController();
    void cache.run(stop.signal);
    await settle();
    writes = new OwnWrites({ cache, clock, timeout: 5_000 });
    return () => {
      writes.stop();
      stop.abort();
    };
  });

  it('are forgotten when they are seen, one after the other', async () => {
    client.watchesPaused = true;
    for (const name of ['a', 'b']) {
      const made = await client.create(Secret, { metadata: at(name) });
      writes.record('request', {
        resource: Secret,
        key: at(name),
        resourceVersion: made.metadata?.resourceVersion ?? '',
      });
    }
    expect([writes.check('request'), writes.check('another')]).toEqual(['Stale', 'Fresh']);
    client.watchesPaused = false;
    await settle();
    expect(writes.check('request')).toBe('Fresh');
    expect(writes.size).toBe(0);
  });

  it('are waited for as long each, however long ago the first of the run was made', async () => {
    const write = async (name: string) => {
      const made = await client.create(Secret, { metadata: at(name) });
      const resourceVersion = made.metadata?.resourceVersion ?? '';
      writes.record('request', { resource: Secret, key: at(name), resourceVersion });
    };
    client.watchesPaused = true;
    await write('seen at once');
    client.watchesPaused = false;
    await settle();
    client.watchesPaused = true;
    await write('never seen');
    // SQL, Keystone, a slow webhook.
    await clock.advance(6_000);
    await write('a moment ago');
    expect(writes.check('request')).toBe('Stale');
    await clock.advance(4_999);
    expect(writes.check('request')).toBe('Stale');
    await clock.advance(1);
    expect(writes.check('request')).toBe('TimedOut');
    expect(writes.check('request')).toBe('Fresh');
  });

  it('of an object that is written again and again are waited for from the last one', async () => {
    client.watchesPaused = true;
    for (let n = 0; n < 4; n++) {
      writes.record('request', { resource: Secret, key: at('a'), resourceVersion: `99999${n}` });
      await clock.advance(3_000);
    }
    expect(writes.check('request')).toBe('Stale');
    await clock.advance(2_000);
    expect(writes.check('request')).toBe('TimedOut');
  });

  it('are not remembered when the cache knows them already, or will never know them', () => {
    writes.record('request', { resource: Secret, key: at('a'), resourceVersion: '1' });
    writes.record('request', { resource: ConfigMap, key: at('a'), resourceVersion: '999999' });
    writes.record('request', { resource: Secret, key: at('a'), deletedUid: 'gone' });
    expect(writes.size).toBe(0);
  });

  it('compare versions as numbers of any length', () => {
    writes.record('request', { resource: Secret, key: at('a'), resourceVersion: '99' });
    expect(writes.size).toBe(0); // The cache is at 100.
    writes.record('request', { resource: Secret, key: at('a'), resourceVersion: '100000000000000000001' });
    expect(writes.check('request')).toBe('Stale');
  });

  it('of 10 000 requests that never run again are forgotten by and by, without a timer left (pitfall 15)', async () => {
    for (let n = 0; n < 10_000; n++)
      writes.record(`${n}`, { resource: Secret, key: at(`${n}`), resourceVersion: '999999' });
    expect(writes.size).toBe(10_000);
    await clock.advance(20_000);
    expect([writes.size, clock.pending]).toEqual([0, 1]); // The informer's resync.
  });
});

describe('the client of a run', () => {
  it('names the field manager, tells what it wrote, and ends with the run', async () => {
    const client = new FakeClient();
    const run = new AbortController();
    const wrote: Write[] = [];
    const tracked = new TrackedClient(client, {
      fieldManager: 'mine',
      signal: run.signal,
      wrote: (write) => void wrote.push(write),
      uidOf: () => undefined,
    });

    const made = await tracked.create(Secret, { metadata: at('a') });
    await tracked.apply(Secret, { metadata: at('b') }, { fieldManager: 'other', force: true });
    await tracked.patch(Secret, at('a'), { type: 'merge', body: { data: {} } }, { dryRun: true });
    await tracked.delete(Secret, at('a'), { preconditions: { uid: made.metadata?.uid ?? '' } });
    await tracked.delete(Secret, at('b'));
    expect(client.calls.map(({ options }) => (options as { fieldManager?: string }).fieldManager)).toEqual([
      'mine',
      'other',
      'mine',
      undefined,
      undefined,
    ]);
    expect(wrote).toEqual([
      { resource: Secret, key: at('a'), resourceVersion: made.metadata?.resourceVersion },
      { resource: Secret, key: at('b'), resourceVersion: expect.any(String) as string },
      { resource: Secret, key: at('a'), deletedUid: made.metadata?.uid },
    ]);

    run.abort(new Error('the run is over'));
    await expect(tracked.get(Secret, at('a'))).rejects.toThrow('the run is over');
    await expect(tracked.list(Secret, { signal: new AbortController().signal })).rejects.toThrow('the run is over');
  });
});
