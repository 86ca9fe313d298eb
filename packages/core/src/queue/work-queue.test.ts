import { describe, expect, it } from 'vitest';
import { FakeClock, settle } from '../testing/index.js';
import { lowPriority, WorkQueue, type QueueItem, type QueueObserver } from './work-queue.js';

function makeQueue(observer?: QueueObserver) {
  const clock = new FakeClock();
  const queue = new WorkQueue(observer ? { clock, observer } : { clock });
  return { clock, queue };
}

/** Everything that is ready now, in order; each is marked done. */
async function drain(queue: WorkQueue): Promise<string[]> {
  const keys: string[] = [];
  while (queue.depth > 0) {
    const item = await queue.get();
    if (!item) break;
    keys.push(item.key);
    queue.done(item.key);
  }
  return keys;
}

describe('WorkQueue', () => {
  it('hands a key out once however often it was added', async () => {
    const { queue } = makeQueue();
    for (const key of ['a', 'b', 'a', 'a']) queue.add(key);
    expect(await drain(queue)).toEqual(['a', 'b']);
  });

  it('gives exactly one rerun for any number of adds while a key is processed', async () => {
    const { queue } = makeQueue();
    queue.add('a');
    await queue.get();
    for (let n = 0; n < 5; n++) queue.add('a');
    expect(queue.depth).toBe(0);
    queue.done('a');
    expect(await drain(queue)).toEqual(['a']);
    expect(queue.size).toBe(0);
  });

  it('hands a waiting worker what is added later', async () => {
    const { queue } = makeQueue();
    const first = queue.get();
    const second = queue.get();
    queue.add('a');
    queue.add('b');
    expect((await first)?.key).toBe('a');
    expect((await second)?.key).toBe('b');
  });

  it('serves higher priorities first and is fair within one', async () => {
    const { queue } = makeQueue();
    queue.add('old-1', { priority: lowPriority });
    queue.add('old-2', { priority: lowPriority });
    queue.add('new-1');
    queue.add('new-2');
    expect(await drain(queue)).toEqual(['new-1', 'new-2', 'old-1', 'old-2']);
  });

  it('raises the priority of a key that is added again, never lowers it', async () => {
    const { queue } = makeQueue();
    queue.add('a', { priority: lowPriority });
    queue.add('b', { priority: lowPriority });
    queue.add('b');
    queue.add('b', { priority: lowPriority });
    expect(await queue.get()).toEqual({ key: 'b', priority: 0 });
  });

  it('makes delayed keys ready in the order of their times, with a single timer', async () => {
    const { clock, queue } = makeQueue();
    queue.add('late', { after: 300 });
    queue.add('early', { after: 100 });
    queue.add('middle', { after: 200 });
    expect(clock.pending).toBe(1);
    await clock.advance(99);
    expect(queue.depth).toBe(0);
    await clock.advance(1);
    expect(await drain(queue)).toEqual(['early']);
    await clock.advance(200);
    expect(await drain(queue)).toEqual(['middle', 'late']);
    expect(clock.pending).toBe(0);
  });

  it('keeps the earliest of several delays', async () => {
    const { clock, queue } = makeQueue();
    queue.add('a', { after: 100 });
    queue.add('a', { after: 500 });
    await clock.advance(100);
    expect(await drain(queue)).toEqual(['a']);
    queue.add('a', { after: 500 });
    queue.add('a');
    expect(await drain(queue)).toEqual(['a']);
    await clock.advance(1000);
    expect(queue.size).toBe(0);
  });

  it('waits again when a timer fired before its time (pitfall 5: clamped timers)', async () => {
    let fire = () => {};
    let now = 0;
    const queue = new WorkQueue({
      clock: {
        now: () => now,
        monotonic: () => now,
        schedule: (_, callback) => ((fire = callback), { cancel: () => {} }),
      },
    });
    const fiftyDays = 50 * 24 * 3_600_000;
    queue.add('a', { after: fiftyDays });
    now = 2 ** 31 - 1;
    fire();
    expect(queue.depth).toBe(0);
    now = fiftyDays;
    fire();
    expect(await drain(queue)).toEqual(['a']);
  });

  it('backs off per key from 5 ms, doubling to 1000 s, until forgotten', async () => {
    const { clock, queue } = makeQueue();
    const waits: number[] = [];
    for (let n = 0; n < 20; n++) {
      queue.add('a', { rateLimited: true });
      waits.push(clock.nextDue ?? 0);
      await clock.advance(clock.nextDue ?? 0);
      await drain(queue);
    }
    expect(waits.slice(0, 4)).toEqual([5, 10, 20, 40]);
    expect(waits.at(-1)).toBe(1_000_000);
    queue.add('b', { rateLimited: true });
    expect(clock.nextDue).toBe(5);
    queue.forget('a');
    queue.add('a', { rateLimited: true });
    expect(queue.failures('a')).toBe(1);
  });

  it('keeps the priority of a rate-limited requeue', async () => {
    const { clock, queue } = makeQueue();
    queue.add('a', { priority: lowPriority });
    const item = await queue.get();
    queue.done('a');
    queue.add('a', { rateLimited: true, priority: item?.priority ?? 0 });
    await clock.advance(5);
    expect(await queue.get()).toEqual({ key: 'a', priority: lowPriority });
  });

  it('shuts down: refuses adds, drops delays, still hands out what is ready, releases waiting workers', async () => {
    const { clock, queue } = makeQueue();
    queue.add('ready');
    queue.add('delayed', { after: 10 });
    queue.shutDown();
    queue.add('after');
    expect((await queue.get())?.key).toBe('ready');
    expect(await queue.get()).toBeUndefined();
    expect(clock.pending).toBe(0);
    const { queue: other } = makeQueue();
    const waiting = other.get();
    other.shutDown();
    expect(await waiting).toBeUndefined();
  });

  it('drains: resolves when the last key being processed is done', async () => {
    const { queue } = makeQueue();
    queue.add('a');
    await queue.get();
    let drained = false;
    void queue.shutDownWithDrain().then(() => (drained = true));
    await settle();
    expect(drained).toBe(false);
    queue.done('a');
    await settle();
    expect(drained).toBe(true);
  });

  it('remembers nothing of 10 000 keys that came, failed, recovered and went (pitfall 15)', async () => {
    const { clock, queue } = makeQueue();
    for (let n = 0; n < 10_000; n++) queue.add(`key-${n}`);
    await drain(queue);
    for (let n = 0; n < 10_000; n++) queue.add(`key-${n}`, { rateLimited: true });
    expect(queue.failing).toBe(10_000);
    await clock.advance(5);
    for (const key of await drain(queue)) queue.forget(key);
    expect([queue.size, queue.failing, clock.pending]).toEqual([0, 0, 0]);
  });

  it.each([
    { base: 0, max: 1_000 },
    { base: -5, max: 1_000 },
    { base: NaN, max: 1_000 },
    { base: 5, max: NaN },
    { base: 5, max: 1 },
  ])('refuses a back-off that would not wait: $base to $max ms', (backoff) => {
    expect(() => new WorkQueue({ clock: new FakeClock(), backoff })).toThrow(RangeError);
  });

  it('refuses a delay that is no number, which would be none', () => {
    const { queue } = makeQueue();
    expect(() => queue.add('a', { after: NaN })).toThrow(RangeError);
    expect(queue.size).toBe(0);
  });

  it('tells its observer depth, waits and work times', async () => {
    const depth = new Map<number, number>();
    const seen: [string, number][] = [];
    const { clock, queue } = makeQueue({
      depthChanged: (priority, by) => depth.set(priority, (depth.get(priority) ?? 0) + by),
      added: () => seen.push(['added', 1]),
      handedOut: (seconds) => seen.push(['waited', seconds]),
      finished: (seconds) => seen.push(['worked', seconds]),
      retried: () => seen.push(['retried', 1]),
    });
    queue.add('a', { after: 50 });
    expect(seen).toEqual([]);
    await clock.advance(50);
    expect(depth.get(0)).toBe(1);
    await clock.advance(1000);
    const item: QueueItem | undefined = await queue.get();
    expect(item?.key).toBe('a');
    await clock.advance(2000);
    expect([...queue.processingTimes()]).toEqual([2]);
    queue.done('a');
    expect(depth.get(0)).toBe(0);
    expect(seen).toEqual([
      ['added', 1],
      ['waited', 1],
      ['worked', 2],
    ]);
  });
});
