// A value that a step has read of a Secret, or made for one, is in no condition, event or log line, whoever quotes it where.
import { Secret } from '@stackwright/kube';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { defineGraph } from '../declare/graph.js';
import { done, failed, waiting } from '../declare/step.js';
import { GraphHarness } from '../testing/graph-harness.js';
import { Sample, sample } from '../testing/sample.js';

const value = fc
  .string({ minLength: 12, maxLength: 40, unit: 'grapheme-ascii' })
  .filter((text) => !/^[ *]*$/.test(text));
const where = fc.constantFrom('waiting', 'failed', 'warning', 'thrown', 'observe', 'explain', 'describe', 'apply');
const around = fc.tuple(
  fc.constantFrom('', 'Access denied for ', 'mysql://u:', '{"x":"'),
  fc.constantFrom('', ' @db', '"}'),
);

it('no secret value that is known comes out of a graph', async () => {
  await fc.assert(
    fc.asyncProperty(value, where, around, async (secret, place, [before, after]) => {
      const text = `${before}${secret}${after}`;
      const graph = defineGraph<Sample>(Sample, (g) => {
        const first = g.step({
          name: 'Quotes',
          reads: [Secret],
          run(scope) {
            if (!scope.get(Secret, 's')) return waiting('Pending', '');
            if (place === 'waiting') return waiting('Pending', text);
            if (place === 'failed') return failed('Error', text);
            if (place === 'thrown') throw new Error(text);
            return done(undefined, place === 'warning' ? { warning: { reason: 'Error', message: text } } : {});
          },
        });
        g.external({
          name: 'Outside',
          after: [first],
          observe: () =>
            ['observe', 'explain'].includes(place) ? Promise.reject(new Error(text)) : Promise.resolve(0),
          diff: () => ['change'],
          describe: () => (place === 'describe' ? text : ''),
          apply: () => (place === 'apply' ? Promise.reject(new Error(text)) : Promise.resolve()),
          output: () => 0,
          ...(place === 'explain' ? { explain: () => ({ state: 'Waiting', reason: 'Error', message: text }) } : {}),
        });
      });
      const harness = new GraphHarness(graph);
      const data = { password: Buffer.from(secret, 'utf8').toString('base64') };
      await harness.api.seed(Secret, { metadata: { namespace: 'ns', name: 's' }, data });
      await harness.create(sample());
      for (let round = 0; round < 3; round++) await harness.reconcile().catch(() => undefined);
      const told = [harness.object.status, ...harness.events, ...harness.logs].flatMap(texts);
      expect(told.filter((one) => one.includes(secret))).toEqual([]);
    }),
    { numRuns: 100 },
  );
});

/** Every string in it, as whoever reads it sees it. */
function texts(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(texts) : [];
}
