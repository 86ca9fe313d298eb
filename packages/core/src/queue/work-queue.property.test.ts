// The queue against a model: whatever the order of events, no key runs twice at once, none is lost, none is repeated.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeClock, settle } from '../testing/index.js';
import { WorkQueue } from './work-queue.js';

type Command =
  | { do: 'add'; key: string; after: number; priority: number; rateLimited: boolean }
  | { do: 'get' }
  | { do: 'done'; which: number }
  | { do: 'advance'; by: number };

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('add' as const),
      key: fc.constantFrom('a', 'b', 'c', 'd'),
      after: fc.constantFrom(0, 0, 10, 50, 200),
      priority: fc.constantFrom(-100, 0, 5),
      rateLimited: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('get' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('done' as const), which: fc.nat(10) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('advance' as const), by: fc.constantFrom(5, 50, 500) }) },
);

describe('WorkQueue, any sequence of adds, gets, dones and time', () => {
  it('never processes a key twice at once, loses no add, reruns once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 60 }), async (commands) => {
        const clock = new FakeClock();
        const queue = new WorkQueue({ clock });
        const processing: string[] = [];
        /** Adds that no hand-out has answered yet. */
        const owed = new Set<string>();
        let handedOut = 0;
        let adds = 0;

        const receive = async () => {
          const item = await queue.get();
          if (!item) return;
          expect(processing).not.toContain(item.key);
          expect(owed.has(item.key)).toBe(true);
          owed.delete(item.key);
          processing.push(item.key);
          handedOut++;
        };

        for (const step of commands) {
          if (step.do === 'add') {
            adds++;
            owed.add(step.key);
            queue.add(step.key, step);
          } else if (step.do === 'get') {
            if (queue.depth > 0) await receive();
          } else if (step.do === 'done') {
            const [key] = processing.splice(step.which % Math.max(1, processing.length), 1);
            if (key !== undefined) queue.done(key);
          } else {
            await clock.advance(step.by);
          }
        }

        // Whatever is owed arrives in the end, without another add.
        for (let turn = 0; owed.size > 0; turn++) {
          expect(turn).toBeLessThan(1000);
          for (const key of processing.splice(0)) queue.done(key);
          while (queue.depth > 0) await receive();
          for (const key of processing.splice(0)) queue.done(key);
          if (owed.size > 0) await clock.advance(clock.nextDue ?? 0);
        }
        for (const key of processing.splice(0)) queue.done(key);
        expect(queue.size).toBe(0);
        expect(handedOut).toBeLessThanOrEqual(adds);
      }),
      { numRuns: 200 },
    );
  });

  it('hands out by priority, then by age, whatever was added', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(20), fc.integer({ min: -3, max: 3 })), { maxLength: 50 }),
        async (adds) => {
          const queue = new WorkQueue({ clock: new FakeClock() });
          const model = new Map<string, { priority: number; order: number }>();
          adds.forEach(([n, priority], order) => {
            queue.add(`${n}`, { priority });
            const known = model.get(`${n}`);
            if (known) known.priority = Math.max(known.priority, priority);
            else model.set(`${n}`, { priority, order });
          });
          const expected = [...model]
            .sort(([, a], [, b]) => b.priority - a.priority || a.order - b.order)
            .map(([key]) => key);
          const actual: string[] = [];
          while (queue.depth > 0) actual.push((await queue.get())?.key ?? '');
          expect(actual).toEqual(expected);
        },
      ),
    );
  });

  it('workers that run concurrently finish everything that is added while they run', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 30 }),
        fc.integer({ min: 1, max: 4 }),
        async (keys, workers) => {
          const clock = new FakeClock();
          const queue = new WorkQueue({ clock });
          const running = new Set<string>();
          const seen = new Map<string, number>();
          const version = new Map<string, number>();
          const work = async () => {
            for (let item = await queue.get(); item; item = await queue.get()) {
              expect(running.has(item.key)).toBe(false);
              running.add(item.key);
              seen.set(item.key, version.get(item.key) ?? 0);
              await settle();
              running.delete(item.key);
              queue.done(item.key);
            }
          };
          const all = Array.from({ length: workers }, work);
          for (const key of keys) {
            version.set(key, (version.get(key) ?? 0) + 1);
            queue.add(key);
            if (keys.length % 3 === 0) await Promise.resolve();
          }
          while (queue.size > 0 || running.size > 0) await settle();
          queue.shutDown();
          await Promise.all(all);
          // The last run of each key began after its last add.
          expect(seen).toEqual(version);
        },
      ),
      { numRuns: 50 },
    );
  });
});
