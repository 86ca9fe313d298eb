import { describe, expect, it, vi } from 'vitest';
import { silentLog } from '../shared/log.js';
import { ManualClock, settle } from '../testing/manual-clock.js';
import { Loop } from './loop.js';

describe('a loop', () => {
  const clock = new ManualClock();
  const make = (reconcile: (name: string) => Promise<number | void>, workers = 4): Loop => {
    const loop = new Loop({ name: 'test', reconcile: ({ name }) => reconcile(name), clock, log: silentLog, workers });
    loop.start();
    return loop;
  };

  it('works on an object once, however often it was added', async () => {
    const seen: string[] = [];
    const loop = make(async (name) => void seen.push(name));
    for (const name of ['a', 'b', 'a', 'a']) loop.add({ name });
    await settle();
    expect(seen).toEqual(['a', 'b']);
  });

  it('works again on what changed meanwhile, and never twice at a time', async () => {
    let [running, most, runs] = [0, 0, 0];
    let finish: () => void = () => undefined;
    const loop = make(async () => {
      running += 1;
      runs += 1;
      most = Math.max(most, running);
      await new Promise<void>((resolve) => (finish = resolve));
      running -= 1;
    });
    loop.add({ name: 'a' });
    await settle();
    loop.add({ name: 'a' });
    loop.add({ name: 'a' });
    await settle();
    expect(runs).toBe(1);
    finish();
    await settle();
    finish();
    await settle();
    expect([runs, most]).toEqual([2, 1]);
  });

  it('works on as many objects at a time as it has workers', async () => {
    let running = 0;
    const loop = make(() => {
      running += 1;
      return new Promise(() => undefined);
    }, 2);
    for (const name of ['a', 'b', 'c']) loop.add({ name });
    await settle();
    expect(running).toBe(2);
  });

  it('tries what failed again, later each time, and forgets failures after a success', async () => {
    const times: number[] = [];
    let fail = true;
    const loop = make(async () => {
      times.push(clock.now());
      if (fail) throw new Error('no');
    });
    loop.add({ name: 'a' });
    await settle();
    await clock.advance(700);
    const waits = times.slice(1).map((time, index) => time - times[index]!);
    expect(waits).toEqual([5, 10, 20, 40, 80, 160, 320]);
    fail = false;
    await clock.advance(60_000);
    const calm = times.length;
    await clock.advance(60_000);
    expect(times).toHaveLength(calm);
  });

  it('lets what keeps failing rest for 1000 s at last', async () => {
    const times: number[] = [];
    const loop = make(async () => {
      times.push(clock.now());
      throw new Error('no');
    });
    loop.add({ name: 'a' });
    await settle();
    await clock.advance(24 * 3_600_000);
    expect(times.at(-1)! - times.at(-2)!).toBe(1_000_000);
    await loop.stop();
  });

  it('wakes what fails on a change within a second, and no more often', async () => {
    const times: number[] = [];
    const loop = make(async (name) => {
      times.push(clock.now());
      // As by the watch of a status that is written in every pass.
      loop.add({ name });
      throw new Error('no');
    });
    const start = clock.now();
    loop.add({ name: 'a' });
    await settle();
    await clock.advance(60_000);
    expect(times.length).toBeLessThan(80);
    expect(times.length).toBeGreaterThan(60);
    expect(times.at(-1)! - start).toBeGreaterThan(58_000);
    await loop.stop();
  });

  it('gives no object passes without end while no time goes by, though each succeeds', async () => {
    let runs = 0;
    const others: string[] = [];
    const loop = make(async (name) => {
      if (name !== 'a') return void others.push(name);
      runs += 1;
      loop.add({ name });
    });
    loop.add({ name: 'a' });
    for (let turn = 0; turn < 100; turn += 1) await settle();
    expect(runs).toBe(100);
    loop.add({ name: 'b' });
    await settle();
    expect(others).toEqual(['b']);
    await clock.advance(60_000);
    expect(runs).toBeLessThanOrEqual(700);
    await loop.stop();
  });

  it('slows what is woken very often, but never leaves it alone for long', async () => {
    const times: number[] = [];
    const loop = make(async (name) => {
      times.push(clock.now());
      loop.add({ name });
    });
    loop.add({ name: 'a' });
    for (let turn = 0; turn < 100; turn += 1) await settle();
    await clock.advance(20_000);
    const waits = times.slice(1).map((time, index) => time - times[index]!);
    expect(Math.max(...waits)).toBeLessThanOrEqual(200);
    await loop.stop();
  });

  it('looks again when asked to, at the earliest time asked for', async () => {
    const times: number[] = [];
    const start = clock.now();
    const loop = make(async () => (times.push(clock.now() - start), times.length < 3 ? 1000 : undefined));
    loop.add({ name: 'a' });
    await settle();
    loop.addAfter({ name: 'a' }, 400);
    loop.addAfter({ name: 'a' }, 5000);
    await clock.advance(10_000);
    expect(times).toEqual([0, 400, 1400]);
  });

  it('starts nothing more once it is stopped', async () => {
    let runs = 0;
    const loop = make(async () => ((runs += 1), 10));
    loop.add({ name: 'a' });
    await settle();
    await loop.stop();
    const schedule = vi.spyOn(clock, 'schedule');
    loop.add({ name: 'a' });
    loop.addAfter({ name: 'a' }, 10);
    await clock.advance(1000);
    expect(runs).toBe(1);
    expect(schedule).not.toHaveBeenCalled();
  });
});
