import {
  ApiError,
  ConfigMap,
  HTTPRoute,
  Secret,
  type Secret as SecretObject,
  type WatchOptions,
} from '@stackwright/kube';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { apiError, FakeClient, FakeClock, recordingLogger, SeededRandom, settle } from '../testing/index.js';
import { CacheNotSyncedError, KindMissingError, type InformerHandler } from './cache.js';
import { InformerCache } from './informer-cache.js';
import type { RestartReason } from './sink.js';

const secret = (name: string, value = '', namespace = 'ns'): SecretObject => ({
  metadata: { namespace, name },
  stringData: { value },
});
const failureOf = (call: () => unknown): unknown => {
  try {
    return call();
  } catch (error) {
    return error;
  }
};
const connectionReset = () => new ApiError({ code: 0, reason: 'ConnectionFailed', message: 'read ECONNRESET' });

describe.each([
  ['whose state is streamed', true],
  ['whose state is listed', false],
])('informers %s', (_, streams) => {
  let clock: FakeClock;
  let client: FakeClient;
  let stop: AbortController;
  let restarts: RestartReason[];
  let relists: number;
  const log = recordingLogger();

  beforeEach(() => {
    clock = new FakeClock();
    client = new FakeClient(clock);
    client.streams = streams;
    stop = new AbortController();
    restarts = [];
    relists = 0;
    log.entries.length = 0;
  });
  afterEach(() => stop.abort());

  async function start(namespaces: readonly string[] = []): Promise<InformerCache> {
    const observer = {
      relisted: () => void relists++,
      restarted: (reason: RestartReason) => void restarts.push(reason),
      received: () => {},
    };
    const cache = new InformerCache({
      client,
      clock,
      random: new SeededRandom(),
      log,
      namespaces,
      freeze: true,
      observe: () => observer,
    });
    void cache.run(stop.signal);
    return cache;
  }

  /** What a handler was told, as "added a=1". */
  function record(cache: InformerCache): string[] {
    const told: string[] = [];
    const text = ({ metadata, stringData }: SecretObject) => `${metadata?.name}=${stringData?.['value']}`;
    const handler: InformerHandler<SecretObject> = {
      added: (object, initial) => void told.push(`${initial ? 'initial' : 'added'} ${text(object)}`),
      updated: (object, previous) => void told.push(`updated ${text(previous)}→${text(object)}`),
      deleted: (object) => void told.push(`deleted ${text(object)}`),
    };
    cache.informer(Secret).addHandler(handler);
    return told;
  }

  it('lists, then follows every change', async () => {
    await client.seed(Secret, secret('a', '1'));
    const cache = await start();
    const told = record(cache);
    await settle();
    await client.seed(Secret, secret('b', '1'));
    await client.patch(Secret, { namespace: 'ns', name: 'a' }, { type: 'merge', body: { stringData: { value: '2' } } });
    await client.delete(Secret, { namespace: 'ns', name: 'b' });
    await settle();
    expect(told).toEqual(['initial a=1', 'added b=1', 'updated a=1→a=2', 'deleted b=1']);
    expect(cache.list(Secret).map(({ metadata }) => metadata?.name)).toEqual(['a']);
  });

  it('throws instead of answering before it is synced, and for what nobody watches (pitfall 6)', async () => {
    client.before = () => {
      throw apiError(500, 'InternalError');
    };
    const cache = await start();
    cache.informer(Secret);
    await settle();
    expect(() => cache.get(Secret, { namespace: 'ns', name: 'a' })).toThrow(CacheNotSyncedError);
    expect(() => cache.list(ConfigMap)).toThrow('not watched');
    client.before = undefined;
    await clock.advance(2000);
    expect(cache.get(Secret, { namespace: 'ns', name: 'a' })).toBeUndefined();
  });

  it('makes a handler synced when it has been told everything, also one that comes later', async () => {
    await client.seed(Secret, secret('a', '1'));
    const cache = await start();
    const registration = cache.informer(Secret).addHandler({});
    expect(registration.hasSynced()).toBe(false);
    await cache.informer(Secret).whenSynced();
    expect(registration.hasSynced()).toBe(true);
    expect(record(cache)).toEqual(['initial a=1']);
  });

  it('shares one watch between all who ask for the same', async () => {
    const cache = await start(['ns']);
    cache.informer(Secret);
    cache.informer(Secret, { namespace: 'ns' });
    cache.informer(Secret, { labelSelector: 'app=x' });
    await settle();
    expect(client.openWatches).toBe(2);
  });

  it('watches each namespace of the manager and no other', async () => {
    await client.seed(Secret, secret('a', '1', 'one'), secret('b', '1', 'two'), secret('c', '1', 'three'));
    const cache = await start(['one', 'two']);
    const told = record(cache);
    await settle();
    expect(told).toEqual(['initial a=1', 'initial b=1']);
    expect(client.openWatches).toBe(2);
    expect(() => cache.list(Secret, { namespace: 'three' })).toThrow('not watched');
  });

  it('goes on from where it was when a watch ends or breaks, without a new list (pitfall 1)', async () => {
    const cache = await start();
    const told = record(cache);
    await settle();
    await clock.advance(5000);
    client.endWatches();
    await client.seed(Secret, secret('a', '1'));
    await settle();
    client.endWatches(connectionReset());
    await client.seed(Secret, secret('b', '1'));
    await clock.advance(2000);
    expect(told).toEqual(['added a=1', 'added b=1']);
    expect(relists).toBe(0);
    expect(restarts).toEqual(['ended', 'connection']);
  });

  it('asks for bookmarks, a server time-out in [300, 600] s and an idle deadline', async () => {
    const cache = await start();
    cache.informer(Secret);
    await settle();
    const options = client.calls.find(({ verb }) => verb === 'watch')?.options as Record<string, number>;
    expect(options).toMatchObject({ allowWatchBookmarks: true, idleTimeout: 90_000 });
    expect(options['timeoutSeconds']).toBeGreaterThanOrEqual(300);
    expect(options['timeoutSeconds']).toBeLessThanOrEqual(600);
  });

  it('resumes from the last bookmark', async () => {
    const cache = await start();
    cache.informer(Secret);
    await settle();
    await client.seed(ConfigMap, { metadata: { namespace: 'ns', name: 'other kind' } });
    client.bookmark();
    await clock.advance(60_000);
    client.compact();
    client.endWatches();
    await settle();
    expect(restarts).toEqual(['ended']);
    expect(relists).toBe(0);
  });

  it('lists anew after 410 and tells handlers what was deleted, replaced and changed meanwhile', async () => {
    await client.seed(
      Secret,
      secret('gone', '1'),
      secret('replaced', '1'),
      secret('changed', '1'),
      secret('same', '1'),
    );
    const cache = await start();
    const told = record(cache);
    await settle();
    told.length = 0;
    client.watchesPaused = true;
    await client.delete(Secret, { namespace: 'ns', name: 'gone' });
    await client.delete(Secret, { namespace: 'ns', name: 'replaced' });
    await client.seed(Secret, secret('replaced', '2'));
    await client.patch(
      Secret,
      { namespace: 'ns', name: 'changed' },
      { type: 'merge', body: { stringData: { value: '2' } } },
    );
    client.compact();
    client.endWatches(apiError(410, 'Expired'));
    await clock.advance(5000);
    expect(told.sort()).toEqual([
      'added replaced=2',
      'deleted gone=1',
      'deleted replaced=1',
      'updated changed=1→changed=2',
    ]);
    expect(cache.list(Secret)).toHaveLength(3);
    expect(relists).toBe(1);
  });

  it('takes the very latest when the server knows nothing as new as what was seen', async () => {
    const cache = await start();
    cache.informer(Secret);
    await settle();
    client.before = ({ verb, options }) => {
      const { resourceVersion, sendInitialEvents } = options as WatchOptions;
      if ((verb === 'list' || sendInitialEvents) && resourceVersion !== '')
        throw apiError(504, 'Timeout', 'Too large resource version: 100, current: 7');
    };
    client.endWatches(apiError(410, 'Expired'));
    await clock.advance(5000);
    expect(cache.hasSynced()).toBe(true);
    expect(client.openWatches).toBe(1);
  });

  it('never gives up: every error is tried again with back-off between 0.8 and 60 s', async () => {
    const cache = await start();
    const errors = [
      apiError(429, 'TooManyRequests', 'storage is (re)initializing'),
      apiError(500, 'InternalError'),
      connectionReset(),
      apiError(403, 'Forbidden'),
    ];
    const times: number[] = [];
    client.before = () => {
      if (times.length >= 12) return;
      // A list may follow a stream at once.
      if (times.at(-1) !== clock.monotonic()) times.push(clock.monotonic());
      throw errors[times.length % errors.length] ?? connectionReset();
    };
    const synced = cache.informer(Secret);
    await clock.until(() => synced.hasSynced());
    const waits = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(800);
    expect(Math.max(...waits)).toBeLessThanOrEqual(60_000);
    expect(waits.at(-1)).toBeGreaterThanOrEqual(30_000);
    expect(log.entries.filter(({ level }) => level === 'warn')).toHaveLength(1);
  });

  it('waits as long as the server asks it to', async () => {
    const cache = await start();
    const first = streams ? 'watch' : 'list';
    client.before = ({ verb }) => {
      if (verb === first && calls() === 1) throw apiError(429, 'TooManyRequests', 'later', 20_000);
    };
    const calls = () => client.calls.filter(({ verb }) => verb === first).length;
    const informer = cache.informer(Secret);
    await clock.advance(19_999);
    expect(calls()).toBe(1);
    await clock.advance(1);
    expect(informer.hasSynced()).toBe(true);
  });

  it.each([
    ['nothing', () => undefined],
    ['a bookmark', () => client.bookmark()],
    ['a change', () => client.seed(Secret, secret(`s-${client.calls.length}`))],
  ])('does not spin on watches that end at once and bring %s', async (what, bring) => {
    const cache = await start();
    client.after = ({ verb }) => {
      if (verb !== 'watch') return;
      // When the reader waits for it.
      setImmediate(() => void Promise.resolve(bring()).then(() => client.endWatches()));
    };
    cache.informer(Secret);
    // In small steps: each lets the loops of a spinning reader turn.
    for (let step = 0; step < 300; step++) await clock.advance(200);
    expect(client.calls.length).toBeLessThan(20);
    // A copy that is brought up to date again and again is not left behind for long either.
    if (what === 'a change') expect(client.calls.length).toBeGreaterThan(6);
  });

  it('is not put to sleep for an hour by whoever asks for that', async () => {
    client.before = () => {
      throw apiError(503, 'ServiceUnavailable', 'maintenance', 3_600_000);
    };
    const cache = await start();
    const informer = cache.informer(Secret);
    await settle();
    client.before = undefined;
    await clock.advance(60_000);
    expect(informer.hasSynced()).toBe(true);
  });

  it('lets a server that is busy, or not there, be: it asks for changes again, and never for everything', async () => {
    const cache = await start();
    cache.informer(Secret);
    await settle();
    const refused = new ApiError({
      code: 0,
      reason: 'ConnectionFailed',
      message: 'connect ECONNREFUSED',
      cause: Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }),
    });
    for (const error of [refused, apiError(429, 'TooManyRequests')]) {
      client.before = () => {
        throw error;
      };
      client.endWatches(connectionReset());
      await clock.advance(600_000);
      client.before = undefined;
      await clock.advance(61_000);
      expect(client.openWatches).toBe(1);
    }
    expect(relists).toBe(0);
  });

  it('waits quietly for a kind that is not installed, and reads it soon after it is', async () => {
    client.missing.add('secrets');
    const cache = await start();
    const informer = cache.informer(Secret);
    await clock.advance(600_000);
    expect(informer.isMissing()).toBe(true);
    expect(cache.unsynced()).toBe('secrets (not installed)');
    expect(log.entries.filter(({ level }) => level !== 'debug').map(({ message }) => message)).toEqual([
      'Kind is not installed, waiting for it',
    ]);
    client.missing.delete('secrets');
    await clock.advance(10_000);
    expect([informer.hasSynced(), informer.isMissing()]).toEqual([true, false]);
  });

  it('lets nobody wait for a kind that not every cluster serves, and reads it once it is there', async () => {
    client.missing.add('httproutes.gateway.networking.k8s.io');
    const cache = await start();
    const informer = cache.informer(HTTPRoute);
    let usable = false;
    void informer.whenUsable().then(() => (usable = true));
    expect(cache.hasSynced()).toBe(false);
    await clock.advance(60_000);
    expect([usable, cache.hasSynced(), cache.unsynced()]).toEqual([true, true, undefined]);
    expect(() => cache.list(HTTPRoute)).toThrow(KindMissingError);
    expect(log.entries.filter(({ level }) => level !== 'debug')).toEqual([]);
    client.missing.delete('httproutes.gateway.networking.k8s.io');
    await clock.advance(60_000);
    expect(cache.list(HTTPRoute)).toEqual([]);
  });

  it('keeps what it has when a kind is said to be missing later: an API server that starts says so of everything', async () => {
    await client.seed(Secret, secret('a'));
    const cache = await start();
    await cache.informer(Secret).whenSynced();
    client.missing.add('secrets');
    client.endWatches(connectionReset());
    await clock.advance(60_000);
    expect(cache.list(Secret)).toHaveLength(1);
    // Away, and back: what it says then it has not said all the time.
    client.before = () => {
      throw apiError(503, 'ServiceUnavailable');
    };
    await clock.advance(60_000);
    client.before = undefined;
    await clock.advance(60_000);
    expect(cache.list(Secret)).toHaveLength(1);
  });

  it('knows nothing any more of a kind that is not served any more, and everything once it is again', async () => {
    await client.seed(Secret, secret('a', '1'), secret('b', '1', 'other'));
    const cache = await start(['ns', 'other']);
    const told = record(cache);
    const informer = cache.informer(Secret);
    let read: unknown;
    informer.addHandler({ deleted: () => (read = failureOf(() => cache.list(Secret))) });
    await informer.whenSynced();
    client.missing.add('secrets');
    client.endWatches();
    await clock.advance(3_600_000);
    expect(told.sort()).toEqual(['deleted a=1', 'deleted b=1', 'initial a=1', 'initial b=1']);
    // Not that there are none: who acts on a deletion is told better.
    expect(read).toBeInstanceOf(KindMissingError);
    expect(failureOf(() => cache.list(Secret))).toBeInstanceOf(KindMissingError);
    expect([informer.isMissing(), cache.hasSynced(), cache.unsynced()]).toEqual([
      true,
      false,
      'secrets (not installed)',
    ]);
    const warnings = log.entries.filter(({ level }) => level === 'warn').map(({ message }) => message);
    expect(
      warnings.filter((message) => message === 'Kind is not served any more: nothing is known of it'),
    ).toHaveLength(2);
    client.missing.delete('secrets');
    await clock.advance(10_000);
    expect(told.slice(4).sort()).toEqual(['initial a=1', 'initial b=1']);
    expect([informer.isMissing(), cache.list(Secret).length]).toEqual([false, 2]);
  });

  it('keeps what it has while everything is 404: that is no API server, but a balancer that has lost it', async () => {
    await client.seed(Secret, secret('a', '1'));
    const cache = await start();
    const told = record(cache);
    await cache.informer(Secret).whenSynced();
    const answer = client.raw.bind(client);
    client.raw = () => Promise.reject(apiError(404, 'NotFound', 'default backend'));
    client.missing.add('secrets');
    client.endWatches();
    await clock.advance(3_600_000);
    expect(told).toEqual(['initial a=1']);
    expect(cache.list(Secret)).toHaveLength(1);
    client.raw = answer;
    await clock.advance(60_000);
    expect(told).toEqual(['initial a=1', 'deleted a=1']);
  });

  it('holds nobody up when a kind that not every cluster serves is taken away', async () => {
    await client.seed(HTTPRoute, { metadata: { namespace: 'ns', name: 'a' } });
    const cache = await start();
    await cache.informer(HTTPRoute).whenSynced();
    client.missing.add('httproutes.gateway.networking.k8s.io');
    client.endWatches();
    await clock.advance(3_600_000);
    expect(cache.unsynced()).toBeUndefined();
    expect(failureOf(() => cache.list(HTTPRoute))).toBeInstanceOf(KindMissingError);
  });

  it('stops when it is told to, in the middle of anything', async () => {
    const cache = await start();
    cache.informer(Secret);
    cache.informer(ConfigMap);
    client.missing.add('configmaps');
    await settle();
    stop.abort();
    await settle();
    expect([client.openWatches, clock.pending]).toEqual([0, 0]);
  });

  it('stores objects without managedFields, with kind and apiVersion, immutable (pitfall 14)', async () => {
    await client.seed(Secret, {
      metadata: { namespace: 'ns', name: 'a', labels: { x: 'y' }, managedFields: [{ manager: 'someone' }] },
    });
    const cache = await start();
    await cache.informer(Secret).whenSynced();
    const [object] = cache.list(Secret);
    expect(object).toMatchObject({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a' } });
    expect(object?.metadata).not.toHaveProperty('managedFields');
    expect(() => Object.assign(object?.metadata?.labels ?? {}, { x: 'z' })).toThrow(TypeError);
  });

  it('keeps going when a handler throws', async () => {
    const cache = await start();
    cache.informer(Secret).addHandler({
      added: () => {
        throw new Error('bug');
      },
    });
    const told = record(cache);
    await settle();
    await client.seed(Secret, secret('a', '1'));
    await settle();
    expect(told).toEqual(['added a=1']);
    expect(log.entries.at(-1)).toMatchObject({ level: 'error', message: 'Informer handler threw' });
  });

  it('shows handlers everything again after ten hours, without asking the server', async () => {
    await client.seed(Secret, secret('a', '1'));
    const cache = await start();
    const told = record(cache);
    await settle();
    const calls = client.calls.length;
    await clock.advance(11 * 3_600_000);
    expect(told).toEqual(['initial a=1', 'updated a=1→a=1']);
    expect(client.calls).toHaveLength(calls);
  });

  it('knows whether it has seen a write', async () => {
    const cache = await start();
    const informer = cache.informer(Secret);
    await informer.whenSynced();
    const key = { namespace: 'ns', name: 'a' };
    client.watchesPaused = true;
    const made = await client.create(Secret, secret('a'));
    const version = made.metadata?.resourceVersion ?? '';
    expect(informer.hasSeen(key, version)).toBe(false);
    client.watchesPaused = false;
    await settle();
    expect(informer.hasSeen(key, version)).toBe(true);
    client.watchesPaused = true;
    await client.delete(Secret, key);
    expect(informer.hasSeenDeletion(key, made.metadata?.uid ?? '')).toBe(false);
    expect(informer.hasSeen(key, version)).toBe(true);
    client.watchesPaused = false;
    await settle();
    expect(informer.hasSeenDeletion(key, made.metadata?.uid ?? '')).toBe(true);
  });
});
