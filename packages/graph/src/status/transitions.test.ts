// What people are told, and what is logged: what changed, once, and nothing that only follows from something else.
import { ConfigMap } from '@stackwright/kube';
import { apiError } from '@stackwright/core/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { defineGraph } from '../declare/graph.js';
import { done, failed, waiting, type Outcome } from '../declare/step.js';
import { GraphHarness } from '../testing/graph-harness.js';
import { Sample, sample } from '../testing/sample.js';

const words: Readonly<Record<string, Outcome<undefined>>> = {
  wrong: failed('InvalidSpec', 'no colour'),
  image: failed('ImagePullFailed', 'no such image'),
  slow: waiting('WaitingForClaim', 'not fulfilled'),
  rolling: waiting('RolloutInProgress', '1 of 2', { changing: true }),
};

/** Twelve steps after one that says what the colour stands for. */
const graph = defineGraph<Sample>(Sample, (g) => {
  const first = g.step({
    name: 'First',
    owns: [ConfigMap],
    run(scope) {
      const { color = '' } = scope.object.spec;
      if (color === 'thrown') throw new Error('a mistake');
      scope.own(ConfigMap, { metadata: { name: 'first' }, data: { color } });
      return words[color] ?? done();
    },
  });
  for (let n = 0; n < 12; n++) g.step({ name: `After${n}`, after: [first], run: () => done() });
});

let harness: GraphHarness<Sample>;

const set = async (color: string): Promise<void> => {
  await harness.edit(Sample, 'sample', { spec: { color } });
  await harness.reconcile();
  await harness.reconcile();
};
const told = () => harness.events.splice(0).map(({ type, reason, note }) => `${type} ${reason}: ${note}`);
const logged = () =>
  harness.logs
    .splice(0)
    .filter(({ message }) => message.startsWith('Step'))
    .map(({ level, message, fields }) => ({ level, message, ...fields }));

beforeEach(async () => {
  harness = new GraphHarness(graph);
  await harness.create(sample({ color: 'red' }));
  await harness.settle();
  expect(told()).toEqual([]);
  expect(logged()).toEqual([]);
});

describe('events', () => {
  it('tell each trouble, and once that it is over; nothing of steps that wait for another', async () => {
    await set('wrong');
    expect(told()).toEqual(['Warning InvalidSpec: First: no colour']);
    await set('image');
    expect(told()).toEqual(['Warning ImagePullFailed: First: no such image']);
    await set('blue');
    expect(told()).toEqual(['Normal Ready: All steps are done']);
  });

  it('tell that an object is not ready any more, and not that it is being changed', async () => {
    await set('slow');
    expect(told()).toEqual(['Normal WaitingForClaim: No longer ready: First: not fulfilled']);
    await set('blue');
    expect(told()).toEqual(['Normal Ready: All steps are done']);
    await set('rolling');
    expect(told()).toEqual([]);
  });
});

describe('the log', () => {
  it('has a line where a step comes to fail, with the cause, and where it recovers', async () => {
    await set('wrong');
    const line = { level: 'warn', message: 'Step failed', step: 'First', reason: 'InvalidSpec', cause: 'no colour' };
    expect(logged()).toEqual([line]);
    await harness.clock.advance(600_000);
    await harness.settle();
    expect(logged()).toEqual([]);
    await set('blue');
    expect(logged()).toEqual([{ level: 'info', message: 'Step has recovered', step: 'First', reason: 'Done' }]);
  });

  it('says of a process that begins what fails already', async () => {
    await set('wrong');
    logged();
    harness.restart();
    await harness.reconcile();
    expect(logged()).toMatchObject([{ message: 'Step failed', reason: 'InvalidSpec' }]);
  });

  it('has the stack of what a step throws, once', async () => {
    await set('thrown');
    expect(logged()).toMatchObject([
      { cause: 'a mistake', stack: expect.stringContaining('transitions.test') as string },
    ]);
  });
});

describe('what the API server refuses', () => {
  it.each([
    ['by its schema', 422, 'Invalid', 'spec.color: Unsupported value'],
    ['as no request at all', 400, 'BadRequest', 'unknown field "colour"'],
    ['for a field that no schema has', 500, 'InternalError', '.spec.replica: field not declared in schema'],
  ])(
    '%s is no error of the reconcile: it is told, logged once, and tried again ever more seldom',
    async (...refusal) => {
      const [, code, reason, message] = refusal;
      harness.api.before = ({ verb }) => {
        if (verb === 'apply') throw apiError(code, reason, message);
      };
      await harness.edit(Sample, 'sample', { spec: { color: 'blue' } });
      let attempts = 0;
      for (let time = 0; time < 900_000; attempts++) {
        const { requeueAfter = Infinity } = await harness.reconcile();
        time += requeueAfter;
        await harness.clock.advance(requeueAfter);
      }
      expect(attempts).toBeLessThan(20);
      expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'Rejected' });
      expect(harness.condition('Ready')?.message).toContain(message);
      expect(told()).toHaveLength(1);
      expect(logged()).toHaveLength(1);
    },
  );
});
