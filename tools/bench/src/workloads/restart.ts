// The controller comes back to what is all as it should be, and then as a version that wants something else of every child.
// Meanwhile somebody makes a new object ten times a second, and must not wait behind the backlog.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from '../bench.js';
import type { Sent } from '../load.js';
import type { ControllerProcess } from '../process/controller.js';
import { difference, sum } from '../server/protocol.js';

/** Milliseconds between new objects. */
const freshInterval = 100;
/** The second part rewrites every child: beyond this many objects it would take minutes. */
const upgradeLimit = 3000;

export async function restart(bench: Bench): Promise<void> {
  await bench.stopController();
  const before = await bench.server.calls();
  const same = await restarted(bench, {}, (controller) => controller.drained(bench.objects, pollOf(bench)));
  await bench.quiet();
  await sleep(bench.quick ? 500 : 2000);
  const calls = sum(difference(await bench.server.calls(), before));
  const { resident, peak } = bench.controller.memory();
  bench.record({
    'restart.synced': same.synced,
    'restart.drained': same.finished,
    'restart.fresh': same.fresh,
    'restart.cpu': same.cpu,
    'restart.mutating': calls.mutating,
    'restart.memory': resident,
    'restart.peak': peak,
  });
  if (bench.objects <= upgradeLimit) await upgrade(bench);
}

async function upgrade(bench: Bench): Promise<void> {
  await bench.stopController();
  const before = await bench.server.calls();
  const writes = async (): Promise<number> => sum(difference(await bench.server.calls(), before)).mutating;
  const { finished, fresh } = await restarted(bench, { BENCH_CONTROLLER_VERSION: '2' }, async ({ startedAt }) => {
    while ((await writes()) < bench.objects * 3) await sleep(20);
    return performance.now() - startedAt;
  });
  await bench.quiet();
  const { all } = sum(difference(await bench.server.calls(), before));
  bench.record({
    'restart.upgradeDrained': finished,
    'restart.upgradeFresh': fresh,
    'restart.upgradeCalls': all / bench.objects,
  });
}

interface Restarted {
  /** Milliseconds since the start of the process. */
  synced: number;
  finished: number;
  /** The longest that an object which was made meanwhile waited to be Ready, once the caches were full. */
  fresh: number;
  /** Milliseconds. */
  cpu: number;
}

async function restarted(
  bench: Bench,
  environment: Record<string, string>,
  finish: (controller: ControllerProcess) => Promise<number>,
): Promise<Restarted> {
  const controller = await bench.startController(environment);
  const fresh: Sent[] = [];
  let over = false;
  const making = (async () => {
    while (!over) {
      fresh.push(await bench.load.createFresh());
      await sleep(freshInterval);
    }
  })();
  // Told here if nobody is left to wait for it.
  making.catch(() => undefined);
  let synced: number;
  let finished: number;
  let cpu: number;
  try {
    synced = await controller.synced();
    finished = await finish(controller);
    cpu = controller.cpu() * 1000;
  } finally {
    over = true;
  }
  await making;
  const full = controller.startedAt + synced;
  const waits = await Promise.all(fresh.map(async ({ began, ready }) => (await ready) - Math.max(began, full)));
  return { synced, finished, cpu, fresh: Math.max(0, ...waits) };
}

/** Asking is work for the controller: less often where it takes longer anyway. */
const pollOf = ({ objects }: Bench): number => (objects <= 1000 ? 20 : 100);
