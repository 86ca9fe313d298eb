// A copy whose watch died without a word, and what makes it true again.
import { ConfigMap, type ListOptions, Secret } from '@stackwright/kube';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { apiError, FakeClient, FakeClock, recordingLogger, SeededRandom, settle } from '../testing/index.js';
import { InformerCache } from './informer-cache.js';
import type { RestartReason } from './sink.js';

const valuesOf = (secrets: readonly Readonly<Secret>[]): Record<string, string | undefined> =>
  Object.fromEntries(secrets.map(({ metadata, stringData }) => [metadata?.name ?? '', stringData?.['value']]));
const nameOf = (n: number) => ({ namespace: 'ns', name: `s-${n}` });

describe.each([
  ['whose state is streamed', true],
  ['whose state is listed', false],
])('a cache %s', (_, streams) => {
  let clock: FakeClock;
  let client: FakeClient;
  let stop: AbortController;
  let restarts: RestartReason[];
  const log = recordingLogger();

  beforeEach(() => {
    clock = new FakeClock();
    client = new FakeClient(clock);
    client.streams = streams;
    stop = new AbortController();
    restarts = [];
    log.entries.length = 0;
  });
  afterEach(() => stop.abort());

  function start(namespaces: readonly string[] = []): InformerCache {
    const observer = {
      relisted: () => {},
      restarted: (reason: RestartReason) => void restarts.push(reason),
      received: () => {},
    };
    const observe = () => observer;
    const cache = new InformerCache({ client, clock, random: new SeededRandom(), log, namespaces, observe });
    void cache.run(stop.signal);
    return cache;
  }

  async function holding(count: number): Promise<InformerCache> {
    for (let n = 0; n < count; n++) await change(n);
    const cache = start();
    await cache.informer(Secret).whenSynced();
    await settle();
    return cache;
  }

  let changes = 0;
  async function change(n: number): Promise<unknown> {
    const stringData = { value: `${changes++}` };
    if (!client.peek(Secret, nameOf(n))) return client.seed(Secret, { metadata: nameOf(n), stringData });
    return client.patch(Secret, nameOf(n), { type: 'merge', body: { stringData } });
  }
  const shown = (cache: InformerCache) => valuesOf(cache.list(Secret));
  const lists = () => client.calls.filter(({ verb }) => verb === 'list').map(({ options }) => options as ListOptions);

  /** What the server has, which the cache has to show in the end. */
  const truth = async () => valuesOf((await client.list(Secret)).items);

  /** Whether it resolved, and a way to wait for that. */
  function catchingUp(cache: InformerCache): { done: boolean; ended: Promise<void> } {
    const state = { done: false, ended: cache.catchUp(stop.signal).then(() => void (state.done = true)) };
    return state;
  }

  it('that is up to date is so after one list of metadata, and its watches go on', async () => {
    const cache = await holding(3);
    const before = lists().length;
    await cache.catchUp(stop.signal);
    expect(lists().slice(before)).toMatchObject([{ resourceVersion: '' }]);
    expect(restarts.filter((reason) => reason === 'behind')).toEqual([]);
  });

  it('that is told late waits, and no watch is begun anew', async () => {
    const cache = await holding(3);
    client.watchesPaused = true;
    await change(1);
    const catching = catchingUp(cache);
    await clock.advance(500);
    expect(catching.done).toBe(false);
    client.watchesPaused = false;
    await catching.ended;
    expect(restarts).not.toContain('behind');
    expect(shown(cache)).toEqual(await truth());
  });

  it.each<[string, () => Promise<unknown>]>([
    ['a change', () => change(1)],
    ['a new object', () => change(7)],
    ['a deletion, of the newest of all', () => client.delete(Secret, nameOf(2))],
    ['that one was deleted and made anew', async () => (await client.delete(Secret, nameOf(0)), await change(0))],
  ])('that was not told of %s shows it in the end', async (_what, act) => {
    const cache = await holding(3);
    client.watchesPaused = true;
    await act();
    const catching = catchingUp(cache);
    await clock.advance(900);
    expect(catching.done).toBe(false);
    await clock.advance(200);
    await catching.ended;
    expect(shown(cache)).toEqual(await truth());
    expect(restarts.filter((reason) => reason === 'behind')).toHaveLength(1);
    expect(log.entries.filter(({ message }) => message.includes('begun anew'))).toHaveLength(1);
  });

  it('that gets one dead connection after the other asks at a bounded rate, and goes on until it is told', async () => {
    const cache = await holding(3);
    client.watchesPaused = true;
    await change(1);
    let dead = true;
    client.after = ({ verb }) => {
      if (verb === 'watch' && dead) queueMicrotask(() => (client.watchesPaused = true));
    };
    const catching = catchingUp(cache);
    await clock.advance(21_000);
    if (catching.done) expect(shown(cache)).toEqual(await truth());
    expect(restarts.filter((reason) => reason === 'behind').length).toBeLessThanOrEqual(5);
    dead = false;
    await clock.until(() => catching.done, 10_000);
    expect(shown(cache)).toEqual(await truth());
  });

  it('is not taken for up to date while the server cannot be asked, which is told', async () => {
    const cache = await holding(3);
    client.before = ({ verb }) => {
      if (verb === 'list') throw apiError(503, 'ServiceUnavailable');
    };
    const catching = catchingUp(cache);
    await clock.advance(10_000);
    expect(catching.done).toBe(false);
    expect(log.entries.some(({ level }) => level === 'warn')).toBe(true);
    client.before = undefined;
    await clock.until(() => catching.done, 60_000);
  });

  it('is not waited for where a kind is missing or cannot be read; it is read as new as the server has it later', async () => {
    client.before = ({ resource, verb }) => {
      if (resource === 'secrets') throw apiError(404, 'NotFound');
      if (resource === 'configmaps' && verb !== 'get') throw apiError(403, 'Forbidden');
    };
    const cache = start();
    cache.informer(Secret);
    cache.informer(ConfigMap);
    await cache.catchUp(stop.signal);
    client.before = undefined;
    const early = lists().filter(({ resourceVersion }) => resourceVersion === '0');
    await clock.until(() => cache.hasSynced(), 60_000);
    expect(lists().filter(({ resourceVersion }) => resourceVersion === '0')).toEqual(early);
  });

  it('gives up with the reason of its signal', async () => {
    const cache = await holding(1);
    client.watchesPaused = true;
    await change(0);
    const given = new AbortController();
    const catching = cache.catchUp(given.signal);
    await settle();
    given.abort(new Error('enough'));
    await expect(catching).rejects.toThrow('enough');
  });

  it('shows all that the server had, whatever its watch kept to itself', async () => {
    const step = fc.record({ n: fc.nat(4), gone: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 6 }), fc.array(step, { maxLength: 6 }), async (told, untold) => {
        client = new FakeClient(clock);
        client.streams = streams;
        stop.abort();
        stop = new AbortController();
        const cache = await holding(3);
        const act = async ({ n, gone }: { n: number; gone: boolean }) => {
          if (!gone) await change(n);
          else if (client.peek(Secret, nameOf(n))) await client.delete(Secret, nameOf(n));
        };
        for (const one of told) await act(one);
        await settle();
        client.watchesPaused = true;
        for (const one of untold) await act(one);
        const catching = catchingUp(cache);
        await clock.until(() => catching.done, 30_000);
        expect(shown(cache)).toEqual(await truth());
      }),
      { numRuns: 60 },
    );
  });
});
