import { ConfigMap, Secret } from '@stackwright/kube';
import { expect, it } from 'vitest';
import { defineGraph } from '../declare/graph.js';
import { done, waiting } from '../declare/step.js';
import { GraphHarness } from '../testing/graph-harness.js';
import { Sample, sample } from '../testing/sample.js';

const graph = defineGraph<Sample>(Sample, (g) => {
  const first = g.step({
    name: 'First',
    reads: [Secret],
    run: (scope) => (scope.get(Secret, 'admin') ? done() : waiting('Pending', 'no Secret')),
  });
  g.step({
    name: 'Second',
    after: [first],
    owns: [ConfigMap],
    run: (scope) => (scope.own(ConfigMap, { metadata: { name: 'map' }, data: {} }), done()),
  });
});

async function standing(): Promise<GraphHarness<Sample>> {
  const harness = new GraphHarness(graph);
  await harness.api.seed(Secret, { metadata: { namespace: 'ns', name: 'admin' } });
  await harness.create(sample());
  await harness.settle();
  expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  return harness;
}

it('a process that has just begun says nothing of what stands while a kind is being listed', async () => {
  const harness = await standing();
  harness.restart();
  harness.reader.unsynced.add('secrets');
  expect(await harness.writesOf(() => harness.reconcile())).toEqual([]);
  const { requeueAfter } = await harness.reconcile();
  expect(requeueAfter).toBe(1_000);
  harness.reader.unsynced.clear();
  expect(await harness.writesOf(() => harness.settle())).toEqual([]);
  expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  expect(harness.events.filter(({ type }) => type === 'Warning')).toEqual([]);
});

it('says so in the end where the kind cannot be listed', async () => {
  const harness = await standing();
  harness.restart();
  harness.reader.unsynced.add('secrets');
  await harness.reconcile();
  await harness.clock.advance(30_000);
  await harness.reconcile();
  expect(harness.condition('Ready')).toMatchObject({ status: 'False', message: 'secrets is not synced' });
});

it('says at once what is not known of an object that nobody has judged, or that was changed', async () => {
  const harness = await standing();
  harness.reader.unsynced.add('secrets');
  await harness.edit(Sample, 'sample', { spec: { size: 2 } });
  await harness.reconcile();
  expect(harness.condition('FirstReady')).toMatchObject({ status: 'False', message: 'secrets is not synced' });
});
