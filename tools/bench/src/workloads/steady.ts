// Nothing changes: what the controller does all the same.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from '../bench.js';
import { measured } from '../measure.js';

export async function steady(bench: Bench): Promise<void> {
  const { calls, cpu, elapsed } = await measured(bench, async () => {
    await sleep(bench.quick ? 4000 : 15_000);
  });
  const perMinute = 60_000 / elapsed;
  bench.record({
    'steady.mutating': calls.mutating,
    'steady.calls': (calls.all - calls.mutating) * perMinute,
    'steady.lease': calls.lease * perMinute,
    'steady.cpu': (100 * cpu) / elapsed,
  });
}
