import { expect, it } from 'vitest';
import { ManualClock, settle } from '../../testing/manual-clock.js';
import { Worker } from './worker.js';

it('tries what fails again, later each time, and no oftener than its longest wait', async () => {
  const clock = new ManualClock();
  const times: number[] = [];
  const start = clock.now();
  let fails = true;
  const worker = new Worker(
    async () => {
      times.push(clock.now() - start);
      if (fails) throw new Error('refused');
    },
    { clock, longestRetry: 60_000 },
  );
  worker.add('a');
  await settle();
  await clock.advance(3_600_000);
  expect(times.slice(0, 5)).toEqual([0, 5, 15, 35, 75]);
  expect(times.at(-1)! - times.at(-2)!).toBe(60_000);
  expect(times.length).toBeLessThan(80);

  fails = false;
  await clock.advance(60_000);
  const calm = times.length;
  await clock.advance(3_600_000);
  expect(times).toHaveLength(calm);
  await worker.stop();
});

it('works on others while one fails', async () => {
  const clock = new ManualClock();
  const done: string[] = [];
  const worker = new Worker(
    async (key) => {
      if (key === 'bad') throw new Error('refused');
      done.push(key);
    },
    { clock },
  );
  for (const key of ['bad', 'a', 'b']) worker.add(key);
  await settle();
  expect(done).toEqual(['a', 'b']);
  await worker.stop();
});
