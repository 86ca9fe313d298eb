// What a step has read from a Secret is in no condition, event or answer to "why", whatever the step or its driver quotes.
import { CoreEvent, Secret, type Condition, type KubeObject } from '@stackwright/kube';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { defineGraph } from '../declare/graph.js';
import { done, failed, type Reconciled } from '../declare/step.js';
import { GraphHarness } from '../testing/index.js';
import { Sample } from '../testing/sample.js';
import { why } from '../why/why.js';

const secret = fc
  .string({ unit: fc.constantFrom(...`'"@%\\/:;&$ \néß漢😀abcdefXYZ0189`), minLength: 8, maxLength: 30 })
  .filter((value) => value === value.trim() && /[a-zA-Z0-9]{3}/.test(value) && !/^[a-z]+$/i.test(value));

const quoted = (value: string): string =>
  [
    value,
    JSON.stringify({ value }),
    `mysql+pymysql://u:${encodeURIComponent(value)}@db/x`,
    `IDENTIFIED BY '${value.replaceAll(/['\\]/g, '\\$&')}'`,
  ].join(' | ');

it('random secrets come out of no condition, event or answer to "why"', async () => {
  await fc.assert(
    fc.asyncProperty(secret, async (value) => {
      const graph = defineGraph<Reconciled>(Sample, (g) => {
        const said = g.step({
          name: 'Said',
          reads: [Secret],
          run: (scope) => (scope.get(Secret, 'login') ? failed('Refused', `Refused: ${quoted(value)}`) : done()),
        });
        void said;
        g.external({
          name: 'Thrown',
          reads: [Secret],
          ready: (scope) => (scope.get(Secret, 'login') ? done() : failed('Missing', 'there is no Secret')),
          observe: () => Promise.reject(new Error(`driver: ${quoted(value)}`)),
          diff: () => [],
          describe: () => '',
          apply: async () => undefined,
          output: () => 1,
        });
      });
      const harness = new GraphHarness(graph);
      const data = { password: Buffer.from(value).toString('base64') };
      await harness.api.seed(Secret, { metadata: { namespace: 'ns', name: 'login' }, data });
      await harness.create({ apiVersion: 'test.dev/v1', kind: 'Sample', spec: {} });
      await harness.reconcile().catch(() => undefined);
      const { conditions = [] } = (harness.object as { status?: { conditions?: Condition[] } }).status ?? {};
      const object = harness.object as KubeObject;
      const { apiVersion = '', kind = '' } = object;
      const chain = why(
        { find: () => object, list: () => [] },
        { apiVersion, kind, namespace: 'ns', name: harness.key.name },
      );
      const shown = JSON.stringify([conditions, harness.events, chain, (await harness.api.list(CoreEvent)).items]);
      expect(shown).toContain('***');
      expect(conditions.filter(({ status }) => status === 'False').length).toBeGreaterThan(1);
      for (const form of [value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value)]) {
        expect(shown).not.toContain(form);
        expect(shown).not.toContain(JSON.stringify(form).slice(1, -1));
      }
    }),
    { numRuns: 30 },
  );
});
