// A manager on an API, a clock and chance that the test owns.
import { createManager, type ManagerOptions, type ManagerProcess } from '../manager/create-manager.js';
import { FakeClient } from './fake-client.js';
import { FakeClock, settle } from './fake-clock.js';
import { recordingLogger, type RecordingLogger } from './logger.js';
import { SeededRandom } from './seeded-random.js';

export interface TestManager {
  manager: ManagerProcess;
  client: FakeClient;
  clock: FakeClock;
  log: RecordingLogger;
  /** Runs it; resolves when everything that can happen at once has happened. */
  start(): Promise<void>;
  /** Stops it and resolves when it has stopped; rejects as `manager.run` does. */
  stop(): Promise<void>;
  /** Settles when the manager has ended. */
  ended(): Promise<void>;
  /** A metric's value as it would be scraped: `sample('workqueue_depth', { name: 'x' })`. */
  sample(name: string, labels?: Record<string, string>): Promise<number | undefined>;
}

export function testManager(
  options: Partial<ManagerOptions> & { client?: FakeClient; clock?: FakeClock } = {},
): TestManager {
  const clock = options.clock ?? new FakeClock();
  const client = options.client ?? new FakeClient(clock);
  const log = recordingLogger();
  const manager = createManager({
    name: 'test',
    log,
    random: new SeededRandom(),
    freeze: true,
    webhooks: false,
    ...options,
    client,
    clock,
  });
  const signal = new AbortController();
  let run: Promise<void> = Promise.resolve();
  return {
    manager,
    client,
    clock,
    log,
    start: async () => {
      run = manager.run(signal.signal);
      run.catch(() => undefined);
      await settle();
    },
    stop: async () => {
      signal.abort(new Error('The test is over'));
      await run;
    },
    ended: () => run,
    sample: async (name, labels = {}) => {
      const metric = await manager.metrics.getSingleMetric(name)?.get();
      const value = metric?.values.find((one) =>
        Object.entries(labels).every(([label, wanted]) => (one.labels as Record<string, unknown>)[label] === wanted),
      );
      return value?.value;
    },
  };
}
