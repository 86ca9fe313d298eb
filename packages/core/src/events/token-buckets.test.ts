import { expect, it } from 'vitest';
import { FakeClock } from '../testing/index.js';
import { TokenBuckets } from './token-buckets.js';

it('a key has its burst, then one at a time; of 10 000 keys as many are remembered as there is room for (pitfall 15)', async () => {
  const clock = new FakeClock();
  const buckets = new TokenBuckets({ clock, burst: 3, interval: 1_000, capacity: 100 });
  const takes = (count: number) => Array.from({ length: count }, () => buckets.take('a')).filter(Boolean).length;
  expect(takes(5)).toBe(3);
  await clock.advance(2_000);
  expect(takes(5)).toBe(2);
  for (let n = 0; n < 10_000; n++) buckets.take(`${n}`);
  expect(buckets.size).toBe(100);
});
