// New objects: a few at a pace that leaves room, the rest as fast as the server takes them.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from '../bench.js';
import { burst, paced } from '../load.js';
import { quantile } from '../statistics.js';

/** New objects a second, where they come at a pace. */
const rate = 50;
/** Connections of the load generator in a burst. */
const width = 32;

export async function create(bench: Bench): Promise<void> {
  const { load, objects, quick } = bench;
  const few = Math.min(quick ? 100 : 300, Math.floor(objects / 3));
  let latencies: number[] = [];
  const slow = await bench.measure(async () => {
    latencies = await paced(few, rate, () => load.create());
  });
  bench.record({
    'create.pacedCpu': slow.cpu / few,
    'create.p50': quantile(latencies, 0.5),
    'create.p99': quantile(latencies, 0.99),
  });

  const total = { calls: slow.calls.all, events: slow.calls.events, reconciles: slow.reconciles };
  let cpu = 0;
  for (const until of stages(objects)) {
    const count = until - load.names.length;
    if (count <= 0) continue;
    let lasted = 0;
    let serverCpu = 0;
    const phase = await bench.measure(async () => {
      const began = { at: performance.now(), cpu: bench.server.cpu() };
      latencies = await burst(count, width, () => load.create());
      lasted = (performance.now() - began.at) / 1000;
      serverCpu = bench.server.cpu() - began.cpu;
    });
    cpu += phase.cpu;
    total.calls += phase.calls.all;
    total.events += phase.calls.events;
    total.reconciles += phase.reconciles;
    bench.record({
      'create.burstP50': quantile(latencies, 0.5),
      'create.burstP99': quantile(latencies, 0.99),
      'create.throughput': count / lasted,
      'create.serverLoad': (100 * serverCpu) / lasted,
    });
    await sleep(quick ? 500 : 2000);
    const { resident } = bench.controller.memory();
    if (until === 1000) bench.record({ 'create.memory1000': resident });
    if (until === tenThousandChildren) bench.record({ 'create.memory10000': resident });
  }
  const { resident, peak } = bench.controller.memory();
  bench.record({
    'create.cpu': cpu / (objects - few),
    'create.calls': total.calls / objects,
    'create.events': total.events / objects,
    'create.reconciles': total.reconciles / objects,
    'create.memory': resident,
    'create.peak': peak,
  });
}

const tenThousandChildren = Math.ceil(10_000 / 3);

/** Where it stops to look at the memory. */
function stages(objects: number): number[] {
  return [1000, tenThousandChildren].filter((stage) => stage < objects).concat(objects);
}
