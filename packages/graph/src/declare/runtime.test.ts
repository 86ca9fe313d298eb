import { expect, it } from 'vitest';
import { GraphHarness } from '../testing/graph-harness.js';
import { Sample, sample } from '../testing/sample.js';
import { defineGraph, defineObjectGraph } from './graph.js';
import { done } from './step.js';

it('what outlasts a reconcile is one in a controller, none of another one, and gone with it', async () => {
  let made = 0;
  const visits = { create: () => ({ id: ++made, count: 0 }) };
  const graph = defineGraph<Sample>(Sample, (g) => {
    const visited = g.external<string, never, string>({
      name: 'Visit',
      resync: 60_000,
      async observe(_scope, _signal, runtime) {
        const mine = runtime.of(visits);
        mine.count += 1;
        return `${mine.id}: ${mine.count}`;
      },
      diff: () => [],
      describe: () => '',
      apply: async () => undefined,
      output: (_scope, seen) => seen,
    });
    g.status((scope) => ({ color: scope.output(visited) }));
  });
  const color = ({ object }: GraphHarness<Sample>) => (object.status as { color?: string }).color;
  const controllers = [new GraphHarness(graph), new GraphHarness(graph)] as const;
  for (const harness of controllers) {
    await harness.create(sample());
    await harness.settle();
  }
  await controllers[0].clock.advance(60_000);
  await controllers[0].settle();
  expect(controllers.map(color)).toEqual(['1: 2', '2: 1']);

  controllers[0].restart();
  await controllers[0].settle();
  expect(controllers.map(color)).toEqual(['3: 1', '2: 1']);
});

it('the status of an object is of its own steps, whatever is declared for another one', () => {
  const graph = defineObjectGraph<Sample>(Sample, (g, { spec }) => {
    const step = g.step({ name: spec.color ?? '', run: () => done(spec.color) });
    g.status((scope) => ({ color: scope.output(step) }));
  });
  const scope = { output: ({ name }: { name: string }) => name } as never;
  const [red, blue] = ['Red', 'Blue'].map((color) => graph.build({ spec: { color } }));
  expect(red?.status(scope)).toEqual({ color: 'Red' });
  expect(blue?.status(scope)).toEqual({ color: 'Blue' });
});
