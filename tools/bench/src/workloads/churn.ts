// Edits of objects that are there: one child and the status follow.
import type { Bench } from '../bench.js';
import { paced } from '../load.js';
import { quantile } from '../statistics.js';

/** Edits a second. */
const rate = 100;

export async function churn(bench: Bench): Promise<void> {
  // Each object once: two edits that one reconcile answers are none to divide by.
  const edits = Math.min(rate * (bench.quick ? 2 : 5), bench.objects);
  let latencies: number[] = [];
  const { calls, reconciles, cpu } = await bench.measure(async () => {
    latencies = await paced(edits, rate, () => bench.load.edit());
  });
  bench.record({
    'churn.calls': calls.all / edits,
    'churn.reconciles': reconciles / edits,
    'churn.cpu': cpu / edits,
    'churn.p50': quantile(latencies, 0.5),
    'churn.p99': quantile(latencies, 0.99),
  });
}
