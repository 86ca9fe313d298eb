import { ConfigMap } from '@stackwright/kube';
import { describe, expect, it } from 'vitest';
import { defineGraph } from '../declare/graph.js';
import { defaultNames } from '../declare/names.js';
import { done } from '../declare/step.js';
import { GraphHarness } from '../testing/graph-harness.js';
import { Sample, sample } from '../testing/sample.js';

const key = { namespace: 'ns', name: 'thing' };

/** Owns a ConfigMap as long as it has a colour, and then gives it up. */
const graph = defineGraph<Sample>(Sample, (g) => {
  g.step({
    name: 'Thing',
    owns: [ConfigMap],
    run(scope) {
      const { color } = scope.object.spec;
      const observed = scope.get(ConfigMap, 'thing');
      if (color) scope.own(ConfigMap, { metadata: { name: 'thing' }, data: { color } });
      else if (observed) scope.release(ConfigMap, observed);
      return done();
    },
  });
});

async function released(): Promise<GraphHarness<Sample>> {
  const harness = new GraphHarness(graph);
  await harness.create(sample({ color: 'red' }));
  await harness.settle();
  await harness.edit(Sample, 'sample', { spec: { color: null } });
  await harness.settle();
  return harness;
}

describe('an object that is given up', () => {
  it("stays as it is and is nobody's child", async () => {
    const harness = await released();
    expect(harness.api.peek(ConfigMap, key)).toMatchObject({ data: { color: 'red' } });
    expect(harness.api.peek(ConfigMap, key)?.metadata?.ownerReferences ?? []).toEqual([]);
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });

  it('and carries the mark of another keeps it, whoever put our ownerReference beside it', async () => {
    const harness = new GraphHarness(graph);
    await harness.create(sample());
    const { uid = '' } = harness.object.metadata ?? {};
    const annotations = {
      [defaultNames.annotation.owner]: 'stackwright/other.dev/Sample/ns/sample//ConfigMap/ns/thing',
      [defaultNames.annotation.step]: 'Thing',
    };
    const ownerReferences = [{ apiVersion: 'test.dev/v1', kind: 'Sample', name: 'sample', uid }];
    await harness.api.seed(ConfigMap, { metadata: { ...key, annotations, ownerReferences } });
    await harness.settle();
    expect(harness.api.peek(ConfigMap, key)?.metadata).toMatchObject({ annotations, ownerReferences });
  });

  it('is not written again, not even after a restart', async () => {
    const harness = await released();
    harness.restart();
    await harness.edit(ConfigMap, 'thing', { data: { color: 'theirs' } });
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
  });

  it('keeps its other owners, and is looked at again when it has changed meanwhile', async () => {
    const harness = new GraphHarness(graph);
    await harness.create(sample({ color: 'red' }));
    await harness.settle();
    await harness.sync();
    const other = { apiVersion: 'v1', kind: 'Other', name: 'other', uid: 'other' };
    const { ownerReferences = [] } = harness.api.peek(ConfigMap, key)!.metadata!;
    await harness.edit(Sample, 'sample', { spec: { color: null } });
    await harness.sync();
    await harness.edit(ConfigMap, 'thing', { metadata: { ownerReferences: [...ownerReferences, other] } });
    await harness.reconcile({ sync: false }).catch(() => undefined);
    await harness.settle();
    expect(harness.api.peek(ConfigMap, key)?.metadata?.ownerReferences).toEqual([other]);
  });

  it('may be taken up again', async () => {
    const harness = await released();
    await harness.edit(Sample, 'sample', { spec: { color: 'blue' } });
    await harness.settle();
    expect(harness.api.peek(ConfigMap, key)).toMatchObject({ data: { color: 'blue' } });
    expect(harness.api.peek(ConfigMap, key)?.metadata?.ownerReferences).toMatchObject([{ kind: 'Sample' }]);
  });
});

/** Makes a ConfigMap for each colour; `kept` are those that stay when the colour is another one. */
const palette = defineGraph<Sample>(Sample, (g) => {
  g.step({
    name: 'Palette',
    owns: [ConfigMap],
    run(scope) {
      const { color = 'red', extras = [] } = scope.object.spec;
      for (const before of scope.list(ConfigMap)) {
        const name = before.metadata?.name ?? '';
        if (name !== color && extras.includes(name)) scope.keep(ConfigMap, before);
      }
      scope.own(ConfigMap, { metadata: { name: color }, data: { color } });
      return done();
    },
  });
});

describe('an object that is kept', () => {
  it('is neither pruned nor written, until it is not kept any more', async () => {
    const names = async () => (await harness.listed(ConfigMap)).map(({ metadata }) => metadata?.name).sort();
    const harness = new GraphHarness(palette);
    await harness.create(sample({ color: 'red' }));
    await harness.settle();
    await harness.edit(ConfigMap, 'red', { data: { color: 'theirs' } });
    await harness.edit(Sample, 'sample', { spec: { color: 'blue', extras: ['red'] } });
    await harness.settle();
    expect(await names()).toEqual(['blue', 'red']);
    expect(harness.api.peek(ConfigMap, { ...key, name: 'red' })?.data).toEqual({ color: 'theirs' });
    await harness.edit(Sample, 'sample', { spec: { extras: [] } });
    await harness.settle();
    expect(await names()).toEqual(['blue']);
  });
});
