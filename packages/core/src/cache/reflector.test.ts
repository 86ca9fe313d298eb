// How the state is read: over a watch, in pages, and how one gives way to the other.
import { ApiError, ConfigMap, Secret, type ListOptions, type WatchOptions } from '@stackwright/kube';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { apiError, FakeClient, FakeClock, recordingLogger, SeededRandom, settle } from '../testing/index.js';
import { sleep } from '../seams/wait.js';
import { InformerCache } from './informer-cache.js';

let clock: FakeClock;
let client: FakeClient;
let stop: AbortController;

beforeEach(() => {
  clock = new FakeClock();
  client = new FakeClient(clock);
  stop = new AbortController();
});
afterEach(() => stop.abort());

function start(namespaces: readonly string[] = []): InformerCache {
  const log = recordingLogger();
  const cache = new InformerCache({ client, clock, random: new SeededRandom(), log, namespaces });
  void cache.run(stop.signal);
  return cache;
}

const seed = async (count: number) => {
  for (let n = 0; n < count; n++) await client.seed(Secret, { metadata: { namespace: 'ns', name: `s-${n}` } });
};
const calls = (verb: 'list' | 'watch') => client.calls.filter((call) => call.verb === verb);
const streamsOf = () => calls('watch').filter(({ options }) => (options as WatchOptions).sendInitialEvents);

it('asks for the state as the beginning of the watch, and goes on with the same watch', async () => {
  await seed(3);
  const cache = start();
  await cache.informer(Secret).whenSynced();
  await client.seed(Secret, { metadata: { namespace: 'ns', name: 'later' } });
  await settle();
  expect(cache.list(Secret)).toHaveLength(4);
  expect(client.calls).toHaveLength(1);
  expect(client.calls[0]?.options).toMatchObject({
    sendInitialEvents: true,
    resourceVersionMatch: 'NotOlderThan',
    resourceVersion: '',
    allowWatchBookmarks: true,
  });
});

it('shows nothing of a state that is not complete', async () => {
  await seed(3);
  client.after = () => void (client.watchesPaused = true);
  const cache = start();
  const told: string[] = [];
  cache.informer(Secret).addHandler({ added: ({ metadata }) => void told.push(metadata?.name ?? '') });
  await settle();
  expect([told, cache.hasSynced()]).toEqual([[], false]);
  client.after = undefined;
  client.endWatches(new ApiError({ code: 0, reason: 'ConnectionFailed', message: 'read ECONNRESET' }));
  await clock.advance(5_000);
  expect(told).toEqual(['s-0', 's-1', 's-2']);
  expect(calls('list')).toEqual([]);
});

it('lists in pages of 500 where the server refuses, and remembers that for every namespace of the resource', async () => {
  await seed(1201);
  client.streams = false;
  const cache = start(['ns', 'other']);
  await cache.informer(Secret).whenSynced();
  expect(cache.list(Secret)).toHaveLength(1201);
  const pages = calls('list').map(({ options }) => options as ListOptions);
  expect(pages.filter(({ namespace }) => namespace === 'ns')).toHaveLength(3);
  expect(pages[0]).toMatchObject({ resourceVersion: '0' });
  const asked = streamsOf().length;
  client.compact();
  client.endWatches(apiError(410, 'Expired'));
  cache.informer(Secret, { labelSelector: 'app=x' });
  await clock.advance(5_000);
  expect(cache.hasSynced()).toBe(true);
  expect(streamsOf()).toHaveLength(asked);
  // Another resource may come from another server.
  await cache.informer(ConfigMap).whenSynced();
  expect(streamsOf()).toHaveLength(asked + 2);
});

it.each([
  ['has its state in memory', 3, 1],
  ['makes pages of it', 1201, 3],
])(
  'lists anew, where the server %s, what is not older than what was seen, and not exactly that',
  async (_, count, pages) => {
    await seed(count);
    client.streams = false;
    const cache = start();
    await cache.informer(Secret).whenSynced();
    expect(calls('list')).toHaveLength(pages);
    client.before = ({ verb }) => {
      if (verb === 'watch') throw apiError(500, 'InternalError');
    };
    client.endWatches(apiError(500, 'InternalError'));
    await settle();
    await client.seed(Secret, { metadata: { namespace: 'ns', name: 'missed' } });
    await clock.until(() => calls('list').length > pages);
    await settle();
    expect(cache.get(Secret, { namespace: 'ns', name: 'missed' })).toBeDefined();
  },
);

it.each([
  ['before the first page', 1],
  ['between two pages', 2],
])('goes on with what the server has when it forgets the version %s', async (_, page) => {
  await seed(1201);
  client.streams = false;
  const cache = start();
  await cache.informer(Secret).whenSynced();
  const before = calls('list').length;
  client.before = ({ verb }) => {
    if (verb === 'list' && calls('list').length === before + page) throw apiError(410, 'Expired');
  };
  client.compact();
  client.endWatches(apiError(410, 'Expired'));
  await client.seed(Secret, { metadata: { namespace: 'ns', name: 'missed' } });
  await clock.advance(5_000);
  expect(cache.list(Secret)).toHaveLength(1202);
});

it('lists where the server does not refuse, and does not know either: it watches and says nothing', async () => {
  await seed(2);
  client.after = ({ verb, options }) => {
    if (verb === 'watch' && 'sendInitialEvents' in options) client.watchesPaused = true;
  };
  const cache = start();
  cache.informer(Secret);
  await clock.advance(9_000);
  expect(cache.hasSynced()).toBe(false);
  await clock.advance(2_000);
  expect(cache.list(Secret)).toHaveLength(2);
  expect(calls('list')).toHaveLength(1);
  expect(client.openWatches).toBe(1);
  // Once, it may have been busy. The second time is enough.
  for (const expected of [2, 2]) {
    client.compact();
    client.endWatches(apiError(410, 'Expired'));
    await clock.advance(60_000);
    expect(streamsOf()).toHaveLength(expected);
  }
  expect(calls('list')).toHaveLength(3);
});

it('reads the state anew when watches never say a word: a proxy may keep all of it to itself', async () => {
  client.streams = false;
  await seed(1);
  const cache = start();
  await cache.informer(Secret).whenSynced();
  client.before = async ({ verb }) => {
    if (verb !== 'watch') return;
    await sleep(clock, 90_000);
    throw new ApiError({ code: 0, reason: 'Timeout', message: 'not a byte within 90000 ms' });
  };
  client.endWatches();
  await client.seed(Secret, { metadata: { namespace: 'ns', name: 'later' } });
  await clock.until(() => cache.list(Secret).length === 2);
  expect(calls('list')).toHaveLength(2);
});

it('streams again after an error that says nothing of streams', async () => {
  await seed(1);
  const errors = [
    apiError(429, 'TooManyRequests', 'storage is (re)initializing'),
    apiError(404, 'NotFound'),
    apiError(403, 'Forbidden'),
    apiError(503, 'ServiceUnavailable'),
  ];
  client.before = () => {
    const error = errors.shift();
    if (error) throw error;
  };
  const cache = start();
  const informer = cache.informer(Secret);
  await clock.until(() => informer.hasSynced());
  expect([streamsOf().length, calls('list').length]).toEqual([5, 0]);
  expect(informer.isMissing()).toBe(false);
});

it('lists once when streams break again and again, and streams the next time', async () => {
  await seed(1);
  client.before = ({ options }) => {
    if ((options as WatchOptions).sendInitialEvents && streamsOf().length <= 3)
      throw new ApiError({ code: 0, reason: 'ConnectionFailed', message: 'read ECONNRESET' });
  };
  const cache = start();
  const informer = cache.informer(Secret);
  await clock.until(() => informer.hasSynced());
  expect([streamsOf().length, calls('list').length]).toEqual([3, 1]);
  await settle();
  client.compact();
  client.endWatches(apiError(410, 'Expired'));
  await clock.advance(60_000);
  expect([streamsOf().length, calls('list').length]).toEqual([4, 1]);
});

it('lets the event loop turn while it takes in a large state (pitfall 13)', async () => {
  await seed(2_000);
  const cache = start();
  let added = 0;
  const seen = new Set<number>();
  cache.informer(Secret).addHandler({ added: () => void added++ });
  const look = setInterval(() => seen.add(added), 0);
  await cache.informer(Secret).whenSynced();
  clearInterval(look);
  expect(added).toBe(2_000);
  expect([...seen].some((count) => count > 0 && count < 2_000)).toBe(true);
});
