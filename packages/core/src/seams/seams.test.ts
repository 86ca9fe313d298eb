import { afterEach, describe, expect, it, vi } from 'vitest';
import { FakeClock, settle } from '../testing/index.js';
import { systemClock } from './system-clock.js';
import { settlesWithin, sleep } from './wait.js';

afterEach(() => void vi.restoreAllMocks());

describe('seams', () => {
  it('never ask for a timer that Node would fire at once (pitfall 5)', () => {
    const timer = vi.spyOn(globalThis, 'setTimeout');
    systemClock.schedule(Number.MAX_SAFE_INTEGER, () => undefined).cancel();
    systemClock.schedule(-5, () => undefined).cancel();
    expect(timer.mock.calls.map(([, delay]) => delay)).toEqual([2 ** 31 - 1, 0]);
  });

  it('sleep until the time is up or the signal is aborted, and leave no timer', async () => {
    const clock = new FakeClock();
    const stop = new AbortController();
    const slept = sleep(clock, 100, stop.signal);
    await clock.advance(100);
    await slept;
    const interrupted = sleep(clock, 100, stop.signal);
    stop.abort(new Error('stop'));
    await expect(interrupted).rejects.toThrow('stop');
    await expect(sleep(clock, 100, stop.signal)).rejects.toThrow('stop');
    expect(clock.pending).toBe(0);
  });

  it('say whether something settled in time, and leave no timer', async () => {
    const clock = new FakeClock();
    expect(await settlesWithin(clock, 100, Promise.reject(new Error('settled all the same')))).toBe(true);
    const late = settlesWithin(clock, 100, new Promise(() => undefined));
    await clock.advance(100);
    expect(await late).toBe(false);
    await settle();
    expect(clock.pending).toBe(0);
  });
});
