import { ConfigMap } from '@stackwright/kube';
import { describe, expect, it } from 'vitest';
import { defineGraph } from '../declare/graph.js';
import { done, failed } from '../declare/step.js';
import { GraphHarness } from '../testing/graph-harness.js';
import { Sample, sample } from '../testing/sample.js';

const key = { namespace: 'ns', name: 'thing' };

/** Keeps what is drawn by lot, draws anew when the colour changes, and looks again a minute later. */
const graph = defineGraph<Sample>(Sample, (g) => {
  g.step({
    name: 'Thing',
    owns: [ConfigMap],
    run(scope) {
      const color = scope.object.spec.color ?? '';
      const observed = scope.ownOnce(
        ConfigMap,
        'thing',
        () => ({ metadata: { name: 'thing' }, data: { color, old: '' } }),
        { retain: true },
      );
      if (!observed) return failed('Missing', 'not there yet');
      if (observed.data?.['color'] !== color) {
        scope.amend(ConfigMap, observed, (random) => ({
          patch: { data: { color, old: null, drawn: Buffer.from(random.bytes(4)).toString('hex') } },
          event: { reason: 'Repainted', note: `now ${color}` },
        }));
      }
      return done(undefined, { after: 60_000 });
    },
  });
});

async function started(): Promise<GraphHarness<Sample>> {
  const harness = new GraphHarness(graph);
  await harness.create(sample({ color: 'red' }));
  await harness.settle();
  return harness;
}

const repaint = (harness: GraphHarness<Sample>, color: string) => harness.edit(Sample, 'sample', { spec: { color } });

describe('what was made once', () => {
  it('is amended in one write, and told', async () => {
    const harness = await started();
    await repaint(harness, 'blue');
    const writes = await harness.writesOf(() => harness.settle());
    expect(writes.filter((write) => write.includes('configmaps'))).toEqual(['patch configmaps ns/thing']);
    const { data } = harness.api.peek(ConfigMap, key)!;
    expect(data).toEqual({ color: 'blue', drawn: expect.stringMatching(/^[0-9a-f]{8}$/) as string });
    expect(harness.events.filter(({ reason }) => reason === 'Repainted')).toMatchObject([
      { note: 'now blue', regarding: 'sample', type: 'Normal' },
    ]);
    harness.restart();
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
  });

  it('is amended only as it was observed: what somebody wrote meanwhile is not lost', async () => {
    const harness = await started();
    await repaint(harness, 'blue');
    await harness.sync();
    await harness.edit(ConfigMap, 'thing', { data: { color: 'green', theirs: 'x' } });
    await harness.reconcile({ sync: false });
    expect(harness.api.peek(ConfigMap, key)?.data).toEqual({ color: 'green', old: '', theirs: 'x' });
    expect(harness.condition('Ready')?.reason).toBe('Pending');
    await harness.settle();
    expect(harness.api.peek(ConfigMap, key)?.data).toMatchObject({ color: 'blue', theirs: 'x' });
  });

  it('and a step that is done is asked again when it wants to be', async () => {
    const harness = await started();
    expect(await harness.settle()).toEqual({ requeueAfter: 60_000 });
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });
});
