import {
  ConfigMap,
  Deployment,
  PersistentVolumeClaim,
  Secret,
  StatefulSet,
  type KubeObject,
  type Resource,
} from '@stackwright/kube';
import { apiError } from '@stackwright/core/testing';
import { describe, expect, it } from 'vitest';
import { defineGraph, type GraphOptions } from '../declare/graph.js';
import { done, type ExternalStep } from '../declare/step.js';
import { GraphHarness } from '../testing/graph-harness.js';
import { declareSample, Sample, sample, sampleGraph } from '../testing/sample.js';

const key = { namespace: 'ns', name: 'sample' };
const finalizers = (harness: GraphHarness<Sample>) => harness.object.metadata?.finalizers ?? [];

const external = (more: Partial<ExternalStep<Sample, null, never, null>>): ExternalStep<Sample, null, never, null> => ({
  name: 'Outside',
  observe: async () => null,
  diff: () => [],
  describe: () => '',
  apply: async () => undefined,
  output: () => null,
  ...more,
});

function graphWith(outside: Partial<ExternalStep<Sample, null, never, null>>, options: GraphOptions<Sample> = {}) {
  return defineGraph<Sample>(
    Sample,
    (g) => {
      const { config } = declareSample(g);
      g.external(external({ after: [config], ...outside }));
    },
    options,
  );
}

async function settled(graph = sampleGraph(), spec: Sample['spec'] = {}): Promise<GraphHarness<Sample>> {
  const harness = new GraphHarness(graph, { kinds: [PersistentVolumeClaim] });
  await harness.create(sample(spec));
  await harness.settle();
  return harness;
}

describe('what stands in the way of deletion is told', () => {
  const volumes = async (metadata: KubeObject['metadata'] = {}) => {
    const graph = defineGraph<Sample>(Sample, (g) => {
      g.step({
        name: 'Server',
        owns: [StatefulSet],
        run(scope) {
          const template = { metadata: { labels: scope.labels }, spec: { containers: [] } };
          const volumeClaimTemplates = [{ metadata: { name: 'data' }, spec: {} }];
          const spec = { serviceName: 'x', selector: { matchLabels: scope.labels }, template, volumeClaimTemplates };
          scope.own(StatefulSet, { metadata: { name: scope.name }, spec });
          return done();
        },
      });
    });
    const harness = await settled(graph, { deletionPolicy: 'Delete' });
    const made = harness.api.peek(StatefulSet, key)?.spec?.volumeClaimTemplates?.[0]?.metadata ?? {};
    await harness.api.seed(PersistentVolumeClaim, {
      metadata: {
        ...key,
        name: 'data-sample-0',
        labels: made.labels ?? {},
        annotations: made.annotations ?? {},
        ...metadata,
      },
    });
    await harness.api.delete(Sample, key);
    return harness;
  };
  const quietly = (harness: GraphHarness<Sample>) => harness.reconcile().catch(() => undefined);
  const isOfVolume = ({ resource }: { resource: string }) => resource.startsWith('persistentvolumeclaims');

  it.each(['delete', 'patch'] as const)('where a volume may not be touched: %s', async (verb) => {
    const harness = await volumes(verb === 'patch' ? { annotations: {} } : {});
    harness.api.before = (call) => {
      if (call.verb === verb && isOfVolume(call))
        throw apiError(403, 'Forbidden', 'User "x" cannot delete resource "persistentvolumeclaims"');
    };
    await quietly(harness);
    await quietly(harness);
    expect(harness.condition('ServerReady')).toMatchObject({ status: 'False', reason: 'Forbidden' });
  });

  it('where a kind is not served any more', async () => {
    const harness = await settled(sampleGraph(), { deletionPolicy: 'Delete' });
    await harness.api.delete(Sample, key);
    harness.reader.missing.add('configmaps');
    await quietly(harness);
    await quietly(harness);
    expect(harness.condition('ConfigReady')).toMatchObject({ status: 'False', reason: 'KindMissing' });
  });

  it('and a volume without a mark that has only changed meanwhile is looked at again before its StatefulSet goes', async () => {
    const harness = await volumes({ annotations: {} });
    let conflicts = 0;
    harness.api.before = (call) => {
      if (call.verb === 'patch' && isOfVolume(call) && conflicts++ === 0) throw apiError(409, 'Conflict', 'changed');
    };
    for (let round = 0; round < 5 && !harness.isGone; round++) await quietly(harness);
    expect(harness.isGone).toBe(true);
    expect(await harness.listed(PersistentVolumeClaim)).toEqual([]);
  });
});

it('a policy that is no longer Delete takes the finalizer away, and no call more than that and the status', async () => {
  const harness = await settled(sampleGraph(), { deletionPolicy: 'Delete' });
  await harness.edit(Sample, 'sample', { spec: { deletionPolicy: 'Retain' } });
  await harness.sync();
  const before = harness.api.calls.length;
  await harness.reconcile({ sync: false });
  expect(finalizers(harness)).toEqual([]);
  expect(harness.api.calls.slice(before).map(({ verb }) => verb)).toEqual(['patch', 'patch']);
});

describe('deletion', () => {
  it('needs nothing of us where nothing has to be undone', async () => {
    const harness = await settled();
    expect(finalizers(harness)).toEqual([]);
  });

  it('keeps what is retained', async () => {
    const harness = await settled();
    await harness.api.delete(Sample, key);
    await harness.settle();
    expect(harness.api.peek(Secret, { ...key, name: 'sample-password' })).toBeDefined();
  });

  it('with policy Delete removes what is retained, after what may use it, and lets the object go', async () => {
    const harness = await settled(sampleGraph(), { deletionPolicy: 'Delete' });
    expect(finalizers(harness)).toEqual(['test.dev/cleanup']);
    await harness.api.delete(Sample, key);
    const deletes = await harness.writesOf(() => harness.settle());
    expect(deletes.filter((write) => write.startsWith('delete'))).toEqual([
      'delete deployments.apps ns/sample',
      'delete configmaps ns/sample-config',
      'delete secrets ns/sample-password',
    ]);
    expect(harness.isGone).toBe(true);
  });

  it('with policy Delete leaves what others made', async () => {
    const harness = new GraphHarness(sampleGraph());
    await harness.api.seed(Secret, { metadata: { ...key, name: 'sample-password' }, data: { password: 'bWluZQ==' } });
    await harness.create(sample({ deletionPolicy: 'Delete' }));
    await harness.settle();
    await harness.api.delete(Sample, key);
    await harness.settle();
    expect(harness.isGone).toBe(true);
    expect(harness.api.peek(Secret, { ...key, name: 'sample-password' })).toBeDefined();
  });

  it('waits for children that take their time, and says for which', async () => {
    const harness = await settled(sampleGraph(), { deletionPolicy: 'Delete' });
    await harness.edit(Deployment, 'sample', { metadata: { finalizers: ['theirs'] } });
    await harness.api.delete(Sample, key);
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({
      status: 'False',
      reason: 'Deleting',
      message: 'Waits for Deployment sample to be gone',
    });
    expect(harness.api.peek(ConfigMap, { ...key, name: 'sample-config' })).toBeDefined();
    await harness.edit(Deployment, 'sample', { metadata: { finalizers: [] } });
    await harness.settle();
    expect(harness.isGone).toBe(true);
  });

  it('removes the volumes of a StatefulSet with policy Delete only', async () => {
    const graph = defineGraph<Sample>(Sample, (g) => {
      g.step({
        name: 'Server',
        owns: [StatefulSet],
        run(scope) {
          scope.own(StatefulSet, {
            metadata: { name: scope.name },
            spec: {
              serviceName: scope.name,
              selector: { matchLabels: scope.labels },
              template: { metadata: { labels: scope.labels }, spec: { containers: [] } },
              volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'] } }],
            },
          });
          return done();
        },
      });
    });
    for (const deletionPolicy of ['Retain', 'Delete'] as const) {
      const harness = await settled(graph, { deletionPolicy });
      // What the StatefulSet's controller does: the claim has the labels of its template.
      const template = harness.api.peek(StatefulSet, key)?.spec?.volumeClaimTemplates?.[0];
      await harness.api.seed(PersistentVolumeClaim, {
        metadata: { ...key, name: 'data-sample-0', labels: template?.metadata?.labels ?? {} },
      });
      await harness.api.seed(PersistentVolumeClaim, {
        metadata: {
          ...key,
          name: 'data-other-0',
          labels: { ...template?.metadata?.labels, 'app.kubernetes.io/instance': 'other' },
        },
      });
      await harness.api.delete(Sample, key);
      await harness.settle();
      expect(harness.isGone).toBe(true);
      const left = (await harness.listed(PersistentVolumeClaim)).map(({ metadata }) => metadata?.name).sort();
      expect(left).toEqual(deletionPolicy === 'Retain' ? ['data-other-0', 'data-sample-0'] : ['data-other-0']);
    }
  });

  it('undoes what is outside, before what came before it', async () => {
    const order: string[] = [];
    const harness = await settled(
      graphWith({
        remove: async (scope) => {
          order.push(scope.get(ConfigMap, 'sample-config') ? 'with config' : 'without config');
        },
        reads: [ConfigMap],
      }),
    );
    expect(finalizers(harness)).toEqual(['test.dev/cleanup']);
    await harness.api.delete(Sample, key);
    await harness.settle();
    expect(order).toEqual(['with config']);
    expect(harness.isGone).toBe(true);
    // The policy is to retain what is data.
    expect(harness.api.peek(Secret, { ...key, name: 'sample-password' })).toBeDefined();
  });

  it('undoes what is data outside only with policy Delete', async () => {
    for (const deletionPolicy of ['Retain', 'Delete'] as const) {
      let removed = false;
      const remove = async () => void (removed = true);
      const harness = await settled(graphWith({ removeOn: 'DeletePolicy', remove }), { deletionPolicy });
      expect(finalizers(harness)).toHaveLength(deletionPolicy === 'Delete' ? 1 : 0);
      await harness.api.delete(Sample, key);
      await harness.settle();
      expect(removed).toBe(deletionPolicy === 'Delete');
      expect(harness.isGone).toBe(true);
    }
  });

  it('tries again while undoing fails, with back-off, and ends at once when it is told to give up', async () => {
    let tries = 0;
    const remove = async () => {
      tries++;
      throw new Error('no route to mysql://root:hunter2@db');
    };
    const harness = await settled(graphWith({ remove }));
    await harness.api.delete(Sample, key);
    for (let second = 0; second < 300; second++) {
      await harness.reconcile();
      await harness.clock.advance(1_000);
    }
    expect(tries).toBeGreaterThan(3);
    expect(tries).toBeLessThan(15);
    const message = harness.condition('Ready')?.message ?? '';
    expect(message).toContain('no route to mysql://***@db');
    expect(message).toContain('stackwright.dev/abandon-cleanup=true');

    await harness.edit(Sample, 'sample', { metadata: { annotations: { 'stackwright.dev/abandon-cleanup': 'true' } } });
    await harness.reconcile();
    expect(harness.isGone).toBe(true);
    expect(harness.events.at(-1)).toMatchObject({ type: 'Warning', reason: 'CleanupAbandoned' });
  });

  it.each([
    ['by annotation', (paused: boolean) => ({ metadata: { annotations: { 'stackwright.dev/paused': `${paused}` } } })],
    ['by its spec', (paused: boolean) => ({ spec: { paused } })],
  ])('of what is paused %s waits, says so once, and goes on when it is resumed', async (_how, pause) => {
    const endpoint = 'http://sample';
    const harness = await settled(sampleGraph({ status: () => ({ endpoint }) }), { deletionPolicy: 'Delete' });
    await harness.edit(Sample, 'sample', pause(true));
    await harness.api.delete(Sample, key);
    harness.events.splice(0);
    expect(await harness.writesOf(() => harness.settle())).toEqual(['patch samples.test.dev/status ns/sample']);
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'Paused' });
    expect(harness.condition('Ready')?.message).toContain('stackwright.dev/abandon-cleanup=true');
    expect(harness.object.status).toMatchObject({ endpoint });
    harness.restart();
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
    expect(harness.events.map(({ type, reason }) => [type, reason])).toEqual([['Warning', 'Paused']]);
    expect(harness.api.peek(Deployment, key)).toBeDefined();

    await harness.edit(Sample, 'sample', pause(false));
    await harness.settle();
    expect(harness.isGone).toBe(true);
    expect(harness.api.peek(Secret, { ...key, name: 'sample-password' })).toBeUndefined();
  });

  it.each([true, false])(
    'of what is paused ends when it is told to give up, before or after it waited',
    async (waits) => {
      const harness = await settled(graphWith({ remove: () => Promise.reject(new Error('no route')) }));
      await harness.edit(Sample, 'sample', { spec: { paused: true } });
      await harness.api.delete(Sample, key);
      if (waits) await harness.settle();
      await harness.edit(Sample, 'sample', {
        metadata: { annotations: { 'stackwright.dev/abandon-cleanup': 'true' } },
      });
      await harness.settle();
      expect(harness.isGone).toBe(true);
      expect(harness.events.filter(({ reason }) => reason === 'CleanupAbandoned')).toHaveLength(1);
    },
  );

  it('of what is paused needs nothing of us where nothing has to be undone', async () => {
    const harness = await settled();
    await harness.edit(Sample, 'sample', { spec: { paused: true } });
    await harness.api.delete(Sample, key);
    expect(harness.isGone).toBe(true);
  });

  it('follows a policy that is changed later', async () => {
    const harness = await settled(sampleGraph(), { deletionPolicy: 'Delete' });
    await harness.edit(Sample, 'sample', { spec: { deletionPolicy: 'Retain' } });
    await harness.settle();
    expect(finalizers(harness)).toEqual([]);
    await harness.edit(Sample, 'sample', { spec: { deletionPolicy: 'Delete' } });
    await harness.settle();
    expect(finalizers(harness)).toHaveLength(1);
  });
});

it('data that cannot be deleted keeps none of the others, whatever their kind, and all of it is told', async () => {
  const data: readonly Resource[] = [ConfigMap, Secret, PersistentVolumeClaim];
  const graph = defineGraph<Sample>(Sample, (g) => {
    g.step({
      name: 'Data',
      owns: [...data],
      run(scope) {
        for (const kind of data) scope.own(kind, { metadata: { name: 'data' } }, { retain: true });
        return done();
      },
    });
  });
  const harness = await settled(graph, { deletionPolicy: 'Delete' });
  const there = () => data.filter((kind) => harness.api.peek(kind, { ...key, name: 'data' })).map(({ kind }) => kind);
  harness.api.before = ({ verb, resource }) => {
    if (verb === 'delete' && /configmaps|secrets/.test(resource)) throw apiError(403, 'Forbidden', `no ${resource}`);
  };
  await harness.api.delete(Sample, key);
  await harness.reconcile();
  expect(there()).toEqual(['ConfigMap', 'Secret']);
  expect(harness.condition('DataReady')?.message).toMatch(/ConfigMap data: .*configmaps; .*Secret data: .*secrets/);
  harness.api.before = undefined;
  await harness.settle();
  expect([there(), harness.isGone]).toEqual([[], true]);
});

it('a child that cannot be deleted keeps none of the others, and is told', async () => {
  const extras = ['a', 'b', 'c'];
  const harness = await settled(sampleGraph(), { deletionPolicy: 'Delete', extras });
  const there = () => extras.filter((extra) => harness.api.peek(ConfigMap, { ...key, name: `sample-${extra}` }));
  await harness.api.delete(Deployment, key);
  harness.api.before = ({ verb, key: of }) => {
    if (verb === 'delete' && of === 'ns/sample-a') throw apiError(403, 'Forbidden', 'not this one');
  };
  await harness.api.delete(Sample, key);
  await harness.reconcile();
  expect(there()).toEqual(['a']);
  expect(harness.condition('ConfigReady')?.message).toContain('not this one');
  harness.api.before = undefined;
  await harness.settle();
  expect([there(), harness.isGone]).toEqual([[], true]);
});
