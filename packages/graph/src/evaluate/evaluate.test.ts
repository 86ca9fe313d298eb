import { ConfigMap, Secret, type KubeObject, type Resource } from '@stackwright/kube';
import { describe, expect, it } from 'vitest';
import { CacheNotSyncedError } from '@stackwright/core';
import { evaluate, type EvaluationInput } from './evaluate.js';
import { defineGraph } from '../declare/graph.js';
import type { ChildReader } from './overlay.js';
import { done, failed, waiting, type GraphBuilder, type StepHandle } from '../declare/step.js';
import { readerOf } from '../testing/graph-harness.js';
import { Sample, sample } from '../testing/sample.js';

const object = { ...sample(), metadata: { namespace: 'ns', name: 'sample', uid: 'u', generation: 1 } };

function outcomes(declare: (g: GraphBuilder<Sample>) => void, more: Partial<EvaluationInput<Sample>> = {}) {
  const graph = defineGraph<Sample>(Sample, declare).build(object);
  const { steps } = evaluate({ graph, resource: Sample, object, reader: readerOf(), clock: { now: () => 0 }, ...more });
  return Object.fromEntries(steps.map(({ step, outcome }) => [step.name, outcome]));
}

describe('an evaluation', () => {
  it('runs all steps that nothing stops, and names what stops the others', () => {
    const found = outcomes((g) => {
      const broken = g.step({ name: 'Broken', run: () => failed('Error', 'no') });
      const slow = g.step({ name: 'Slow', run: () => waiting('Pending', 'not yet') });
      const fine = g.step({ name: 'Fine', run: () => done('fine') });
      const both = g.step({ name: 'Both', after: [broken, slow, fine], run: () => done() });
      g.step({ name: 'Last', after: [both], run: () => done() });
      g.step({ name: 'Other', after: [fine], run: (scope) => done(`very ${scope.output(fine)}`) });
    });
    expect(found).toEqual({
      Broken: { state: 'Failed', reason: 'Error', message: 'no' },
      Slow: { state: 'Waiting', reason: 'Pending', message: 'not yet' },
      Fine: { state: 'Done', output: 'fine' },
      Both: { state: 'Blocked', by: ['Broken', 'Slow'] },
      Last: { state: 'Blocked', by: ['Both'] },
      Other: { state: 'Done', output: 'very fine' },
    });
  });

  it.each<[string, (g: GraphBuilder<Sample>) => void, RegExp]>([
    [
      'reads a kind that it does not declare',
      // @ts-expect-error The compiler refuses it where it sees it; through a helper it would not.
      (g) => g.step({ name: 'A', run: (scope) => done(scope.get(Secret, 's')) }),
      /Step A uses secrets without declaring it in "reads"/,
    ],
    [
      'wants a kind that it only reads',
      (g) =>
        // @ts-expect-error The same: reading is not owning.
        g.step({ name: 'A', reads: [Secret], run: (scope) => done(scope.own(Secret, { metadata: { name: 's' } })) }),
      /Step A uses secrets without declaring it in "owns"/,
    ],
    [
      'asks for an output that it does not wait for',
      (g) => {
        const first = g.step({ name: 'First', run: () => done(1) });
        g.step({ name: 'A', run: (scope) => done(scope.output(first)) });
      },
      /asks for the output of First, which is not in its "after"/,
    ],
    [
      'wants what another step wants',
      (g) => {
        for (const name of ['First', 'A']) {
          g.step({
            name,
            owns: [ConfigMap],
            run: (scope) => done(scope.own(ConfigMap, { metadata: { name: 'c' } }) && undefined),
          });
        }
      },
      /Steps First and A both want ConfigMap c/,
    ],
  ])('says of a step that %s what is wrong with it, and writes nothing for it', (_what, declare, message) => {
    const graph = defineGraph<Sample>(Sample, declare).build(object);
    const input = { graph, resource: Sample, object, reader: readerOf(), clock: { now: () => 0 } };
    const one = evaluate(input).steps.find(({ step }) => step.name === 'A');
    expect(one?.outcome).toMatchObject({
      state: 'Failed',
      reason: 'Error',
      message: expect.stringMatching(message) as string,
    });
    expect(one?.writes).toEqual([]);
  });

  it('lets a step wait for a cache that is not filled, and goes on with the others', () => {
    const reader: ChildReader = {
      ...readerOf(),
      get: <T extends KubeObject>(resource: Resource<T>) => {
        if (resource.plural === 'secrets') throw new CacheNotSyncedError('secrets is not synced');
        return undefined;
      },
    };
    const reading = (name: string, kind: Resource) => (g: GraphBuilder<Sample>) =>
      g.step({ name, reads: [kind], run: (scope) => done(scope.get(kind, 'x')) });
    const found = outcomes(
      (g) => {
        reading('Secrets', Secret)(g);
        reading('Maps', ConfigMap)(g);
      },
      { reader },
    );
    expect(found).toMatchObject({
      Secrets: { state: 'Unobserved', message: 'secrets is not synced' },
      Maps: { state: 'Done' },
    });
  });

  it('of an external step depends on what was observed, and asks nobody', () => {
    const declare = (g: GraphBuilder<Sample>): StepHandle<string> =>
      g.external<readonly string[], string, string>({
        name: 'Outside',
        observe: () => Promise.reject(new Error('must not be called')),
        diff: (_scope, observed) => ['a', 'b'].filter((one) => !observed.includes(one)),
        describe: (change) => `add ${change}`,
        apply: () => Promise.reject(new Error('must not be called')),
        output: (_scope, observed) => observed.join(),
      });
    const given = (value: readonly string[]) => new Map([['Outside', { state: 'Observed' as const, value }]]);
    expect(outcomes(declare)).toEqual({ Outside: { state: 'Unobserved' } });
    expect(outcomes(declare, { observations: given(['a']) })).toEqual({
      Outside: { state: 'Changing', changes: ['b'], descriptions: ['add b'] },
    });
    expect(outcomes(declare, { observations: given(['a', 'b']) })).toEqual({
      Outside: { state: 'Done', output: 'a,b' },
    });
  });
});
