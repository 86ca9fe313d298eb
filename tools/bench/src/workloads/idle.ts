// What a controller costs before it has anything to do. Leaves it running.
import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Bench } from '../bench.js';
import { median } from '../statistics.js';

const run = promisify(execFile);
/**
 * Seconds after which a process that has nothing to do is at rest: eight after the last that it did V8 begins to clear up what the
 * start has left, in several steps, and that costs more than minutes of rest.
 */
const clearedUp = 20;

export async function idle(bench: Bench, program: string): Promise<void> {
  const imports: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    const environment = { ...process.env, NODE_ENV: 'production', BENCH_IMPORT_ONLY: '1' };
    imports.push(Number((await run(process.execPath, [program], { env: environment })).stdout));
  }
  const rest = await atRest(bench);
  const controller = await bench.startController();
  const ready = await controller.synced();
  await sleep(bench.quick ? 1000 : 3000);
  const memory = controller.memory().resident;
  if (!bench.quick) await sleep(clearedUp * 1000);
  bench.record({
    'idle.bundle': (await stat(program)).size / 1024,
    'idle.import': median(imports),
    'idle.ready': ready,
    'idle.memory': memory,
    ...rest,
  });
}

/** Without a Lease: that costs two requests in four seconds, whatever the process is, and what it costs besides would not be seen. */
async function atRest(bench: Bench): Promise<Record<string, number>> {
  const controller = await bench.startController({ LEADER_ELECTION: 'false' });
  await controller.synced();
  if (!bench.quick) await sleep(clearedUp * 1000);
  const rest = bench.quick ? 5 : 60;
  const [cpu, wakeUps] = [controller.cpu(), controller.wakeUps()];
  await sleep(rest * 1000);
  const figures = {
    'idle.rest': ((controller.cpu() - cpu) / rest) * 100,
    'idle.wakeUps': (controller.wakeUps() - wakeUps) / rest,
  };
  await bench.stopController();
  return figures;
}
