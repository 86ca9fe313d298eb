// What is remembered of an object goes with it, whatever became of it: a controller runs for months, and objects come and go.
import { ConfigMap, Secret } from '@stackwright/kube';
import { apiError } from '@stackwright/core/testing';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { defineGraph } from '../declare/graph.js';
import { done, failed, waiting, type Outcome } from '../declare/step.js';
import { GraphHarness } from '../testing/graph-harness.js';
import { Sample, sample } from '../testing/sample.js';

const key = { namespace: 'ns', name: 'sample' };
const command = fc.constantFrom(
  ...['create', 'delete', 'reconcile', 'reconcile', 'time', 'drift', 'pause', 'resume', 'abandon'],
  ...['fail', 'wait', 'heal', 'refuse', 'conflict', 'throw', 'rename', 'unrest', 'down'],
);

it('of objects that came and went nothing is remembered', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 40 }), fc.boolean(), async (commands, deletes) => {
      let mood = 'heal';
      let names = 0;
      const outcomes: Record<string, () => Outcome<undefined>> = {
        fail: () => failed('Error', 'fails'),
        wait: () => waiting('Pending', 'waits', { after: 5_000 }),
        throw: () => {
          throw new Error('thrown');
        },
      };
      const down = async () => {
        if (mood === 'down') throw new Error('down');
      };
      const graph = defineGraph<Sample>(Sample, (g) => {
        g.step({
          name: 'Own',
          owns: [ConfigMap, Secret],
          run(scope) {
            if (mood === 'rename') names++;
            const data = mood === 'unrest' ? { n: `${names++}` } : {};
            scope.own(ConfigMap, { metadata: { name: `c-${mood === 'unrest' ? 0 : names}` }, data });
            scope.ownOnce(Secret, 's', () => ({ metadata: { name: 's' } }), { retain: true });
            return outcomes[mood]?.() ?? done();
          },
        });
        g.external({
          name: 'Outside',
          ready: () => outcomes[mood]?.() ?? done(),
          observe: async () => (await down(), 0),
          diff: () => [],
          describe: () => '',
          apply: down,
          output: () => 0,
          remove: down,
        });
      });
      const harness = new GraphHarness(graph);
      harness.api.before = ({ verb }) => {
        if (['get', 'list', 'watch'].includes(verb)) return;
        if (mood === 'refuse') throw apiError(422, 'Invalid', 'no');
        if (mood === 'conflict') throw apiError(409, 'Conflict', 'changed');
      };
      const quiet = (work: Promise<unknown>) => work.catch(() => undefined);
      const edit = (patch: object) => quiet(harness.edit(Sample, key.name, patch));
      const deeds: Record<string, () => Promise<unknown>> = {
        create: () => quiet(harness.create(sample({ deletionPolicy: deletes ? 'Delete' : 'Retain' }))),
        delete: () => quiet(harness.api.delete(Sample, key)),
        reconcile: () => quiet(harness.reconcile()),
        time: () => harness.clock.advance(100_000),
        drift: () => quiet(harness.edit(ConfigMap, `c-${names}`, { metadata: { annotations: null } })),
        pause: () => edit({ spec: { paused: true } }),
        resume: () => edit({ spec: { paused: false } }),
        abandon: () => edit({ metadata: { annotations: { 'stackwright.dev/abandon-cleanup': 'true' } } }),
      };
      for (const one of ['create', 'reconcile', ...commands]) {
        if (deeds[one]) await deeds[one]();
        else mood = one;
      }
      mood = 'heal';
      await deeds['resume']?.();
      await deeds['delete']?.();
      for (let round = 0; round < 8 && !harness.isGone; round++) {
        await harness.clock.advance(300_000);
        await harness.reconcile();
      }
      expect(harness.isGone).toBe(true);
      await harness.reconcile();
      expect(harness.remembered).toBe(0);
    }),
    { numRuns: 60 },
  );
});

it('of an object that stays as little is remembered as it has children, however many it had', async () => {
  const graph = defineGraph<Sample>(Sample, (g) => {
    g.step({
      name: 'Own',
      owns: [ConfigMap],
      run: (scope) => (scope.own(ConfigMap, { metadata: { name: `c-${scope.object.spec.color ?? ''}` } }), done()),
    });
  });
  const harness = new GraphHarness(graph);
  await harness.create(sample());
  await harness.settle();
  const before = harness.remembered;
  for (let color = 0; color < 50; color++) {
    await harness.edit(Sample, key.name, { spec: { color: `${color}` } });
    await harness.settle();
  }
  expect(harness.remembered).toBe(before);
});
