import { describe, expect, it } from 'vitest';
import { ManualClock } from '../testing/manual-clock.js';
import { Backoff } from './backoff.js';

describe('back-off', () => {
  it('lets the first try go at once, and doubles the wait with each further one, up to a limit', async () => {
    const clock = new ManualClock();
    const backoff = new Backoff(clock, { initial: 10_000, max: 35_000 });
    const waits: number[] = [];
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const failed = clock.now();
      waits.push(backoff.remaining('c', failed));
      await clock.advance(backoff.remaining('c', failed));
      backoff.next('c', failed);
    }
    expect(waits).toEqual([0, 10_000, 20_000, 35_000, 35_000]);
  });

  it('begins anew for what ran well for a long time', async () => {
    const clock = new ManualClock();
    const backoff = new Backoff(clock, { initial: 10_000, max: 20_000 });
    for (let attempt = 0; attempt < 4; attempt += 1) backoff.next('c', clock.now());
    await clock.advance(40_001);
    expect(backoff.remaining('c', clock.now())).toBe(0);
    backoff.next('c', clock.now());
    expect(backoff.delay('c')).toBe(10_000);
  });
});
