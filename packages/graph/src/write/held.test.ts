// What runs is looked after, whatever is wrong with what is wanted next.
import { ConfigMap, ControllerRevision, Deployment, Service, type Resource } from '@stackwright/kube';
import { apiError } from '@stackwright/core/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { defineGraph } from '../declare/graph.js';
import { done, failed } from '../declare/step.js';
import { GraphHarness } from '../testing/graph-harness.js';
import { refusingGraph } from '../testing/refusing-graph.js';
import { Sample, sample } from '../testing/sample.js';

const at = (name: string) => ({ namespace: 'ns', name });
const children: readonly (readonly [Resource, string])[] = [
  [ConfigMap, 'config'],
  [ConfigMap, 'app'],
  [Service, 'sample'],
  [Deployment, 'sample'],
];

let harness: GraphHarness<Sample>;

const set = (color: string) => harness.edit(Sample, 'sample', { spec: { color } });
const remove = async (): Promise<void> => {
  for (const [kind, name] of children) await harness.api.delete(kind, at(name));
};
const content = (kind: Resource, name: string) => {
  const { metadata, ...rest } = harness.api.peek(kind, at(name)) ?? {};
  return metadata && { ...rest, labels: metadata.labels, annotations: metadata.annotations };
};
const all = () => children.map(([kind, name]) => content(kind, name));
const records = () => harness.listed(ControllerRevision);

beforeEach(async () => {
  harness = new GraphHarness(refusingGraph);
  await harness.create(sample({ color: 'red' }));
  await harness.settle();
});

describe.each(['wrong', 'secret'])('while a step is refused or waits (%s)', (color) => {
  it('what is deleted is made again as it was applied last', async () => {
    const before = all();
    await set(color);
    await harness.settle();
    await remove();
    await harness.settle();
    expect(all()).toEqual(before);
    expect(harness.condition('AppReady')).toMatchObject({ status: 'True', observedGeneration: 1 });
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
  });

  it('what is changed is set right, and what others have added stays', async () => {
    await set(color);
    await harness.settle();
    await harness.edit(Service, 'sample', { spec: { ports: [{ port: 81 }] } });
    await harness.edit(Deployment, 'sample', { spec: { replicas: 5, paused: true } });
    await harness.settle();
    expect(harness.api.peek(Service, at('sample'))?.spec?.ports).toEqual([{ port: 80 }]);
    expect(harness.api.peek(Deployment, at('sample'))?.spec).toMatchObject({ replicas: 5, paused: true });
    expect(harness.events.map(({ reason }) => reason)).toContain('DriftRepaired');
  });

  it('what is deleted in the same moment is made again, too', async () => {
    await set(color);
    await remove();
    await harness.settle();
    expect(harness.api.peek(Service, at('sample'))?.spec?.ports).toEqual([{ port: 80 }]);
    expect(harness.api.peek(Deployment, at('sample'))?.spec?.template.spec?.containers).toEqual([
      { name: 'app', image: 'red' },
    ]);
  });

  it('nothing of it is pruned, and it is written down once and not again', async () => {
    await set(color);
    await harness.settle();
    await harness.clock.advance(60_000);
    await harness.settle();
    expect(await records()).toHaveLength(1);
    await harness.clock.advance(3_600_000);
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
    expect(all().every((child) => child !== undefined)).toBe(true);
  });

  it('a process that begins meanwhile makes again what was deleted while there was none', async () => {
    const before = all();
    await set(color);
    await harness.settle();
    await harness.clock.advance(60_000);
    await harness.settle();
    harness.restart();
    await remove();
    await harness.settle();
    expect(all()).toEqual(before);
  });

  it('goes on with what is wanted once that is good, and forgets what was', async () => {
    await set(color);
    await harness.settle();
    await harness.clock.advance(60_000);
    await harness.settle();
    harness.restart();
    await set('blue');
    await harness.settle();
    expect(await records()).toEqual([]);
    expect(harness.api.peek(ConfigMap, at('app'))?.data).toEqual({ color: 'blue' });
    await set(color);
    await harness.settle();
    await harness.api.delete(ConfigMap, at('app'));
    await harness.settle();
    expect(harness.api.peek(ConfigMap, at('app'))?.data).toEqual({ color: 'blue' });
    expect(harness.condition('AppReady')).toMatchObject({ status: 'True', observedGeneration: 3 });
  });
});

it('what the API server refuses is as it was before: what there is of it is kept, and made again', async () => {
  await set('wrong');
  harness.api.before = ({ verb, resource, body }) => {
    const isNew = JSON.stringify(body ?? {}).includes('"image":"blue"');
    if (verb === 'apply' && resource === 'deployments.apps' && isNew) throw apiError(422, 'Invalid', 'no such image');
  };
  await set('blue');
  const { requeueAfter } = await harness.reconcile();
  expect(requeueAfter).toBeGreaterThanOrEqual(1_000);
  expect(harness.condition('AppReady')).toMatchObject({ status: 'False', reason: 'Rejected' });
  await harness.api.delete(Deployment, at('sample'));
  await harness.reconcile();
  expect(harness.api.peek(Deployment, at('sample'))?.spec?.template.spec?.containers[0]?.image).toBe('red');
});

it('what somebody else puts in its place is left alone', async () => {
  await set('wrong');
  await harness.settle();
  await harness.api.delete(Service, at('sample'));
  await harness.api.seed(Service, { metadata: at('sample'), spec: { ports: [{ port: 443 }] } });
  await harness.settle();
  expect(harness.api.peek(Service, at('sample'))?.spec?.ports).toEqual([{ port: 443 }]);
});

it('what follows the object meanwhile does, and is no drift', async () => {
  await set('wrong');
  await harness.settle();
  const scaled = () => harness.api.peek(Deployment, at('sample'))?.spec;
  for (const replicas of [3, 1]) {
    await harness.edit(Sample, 'sample', { spec: { replicas } });
    await harness.clock.advance(10_000);
    await harness.settle();
    expect(scaled()?.replicas).toBe(replicas);
    expect(scaled()?.template.spec?.containers).toEqual([{ name: 'app', image: 'red' }]);
  }
  expect(harness.events.map(({ reason }) => reason)).not.toContain('DriftRepaired');
  await harness.api.delete(Deployment, at('sample'));
  await harness.settle();
  expect(scaled()?.replicas).toBe(1);
});

it('what is deleted once others have let it go is made again then, and not before', async () => {
  await set('wrong');
  await harness.edit(Service, 'sample', { metadata: { finalizers: ['example.dev/others'] } });
  await harness.settle();
  await harness.api.delete(Service, at('sample'));
  expect(await harness.writesOf(() => harness.settle())).toEqual([]);
  await harness.edit(Service, 'sample', { metadata: { finalizers: null } });
  await harness.settle();
  expect(harness.api.peek(Service, at('sample'))?.spec?.ports).toEqual([{ port: 80 }]);
});

it('costs nothing where all steps say what they want', async () => {
  harness.restart();
  const calls = harness.api.calls.length;
  await harness.settle();
  expect(harness.api.calls.slice(calls).filter(({ verb }) => verb !== 'list')).toEqual([]);
});

it('is not held up where it may not be written down', async () => {
  harness.api.before = ({ resource }) => {
    if (resource === 'controllerrevisions.apps') throw apiError(403, 'Forbidden', 'no');
  };
  await set('wrong');
  await harness.settle();
  await remove();
  await harness.settle();
  expect(all().every((child) => child !== undefined)).toBe(true);
  expect(harness.logs.filter(({ message }) => message === 'Could not write down what was applied last')).toHaveLength(
    1,
  );
});

it('holds no Secret, and nothing that is the step has removed itself', async () => {
  await set('wrong');
  await harness.settle();
  expect(JSON.stringify(await records())).not.toContain('"kind":"Secret"');
});

describe('a child that is applied without force', () => {
  const yielding = defineGraph<Sample>(Sample, (g) => {
    const config = g.step({
      name: 'Config',
      run: ({ object: { spec } }) => (spec.color === 'wrong' ? failed('InvalidConfig', 'no colour') : done()),
    });
    g.step({
      name: 'App',
      after: [config],
      owns: [ConfigMap, Service],
      run(scope) {
        scope.own(ConfigMap, { metadata: { name: 'app' }, data: { color: 'red' } }, { force: false });
        scope.own(Service, { metadata: { name: 'sample' }, spec: { ports: [{ port: 80 }] } });
        return done();
      },
    });
  });
  const theirs = { metadata: at('app'), data: { color: 'theirs' } };

  it.each(['this process', 'the next one'])(
    'is not put right by force either, by %s: others keep what they set',
    async (who) => {
      harness = new GraphHarness(yielding);
      await harness.create(sample({ color: 'red' }));
      await harness.settle();
      await set('wrong');
      await harness.settle();
      if (who === 'the next one') harness.restart();
      await harness.api.apply(ConfigMap, theirs, { fieldManager: 'somebody', force: true });
      await harness.edit(Service, 'sample', { spec: { ports: [{ port: 81 }] } });
      await harness.reconcile().catch(() => undefined);
      expect(harness.api.peek(ConfigMap, at('app'))?.data).toEqual({ color: 'theirs' });
      expect(harness.condition('AppReady')).toMatchObject({ status: 'False', reason: 'Conflict' });
      expect(harness.condition('AppReady')?.message).toContain('"somebody"');
      // What nobody else has a claim to is put right all the same.
      expect(harness.api.peek(Service, at('sample'))?.spec?.ports).toEqual([{ port: 80 }]);
    },
  );

  it('is made again where it is gone, and is as others want it after that', async () => {
    harness = new GraphHarness(yielding);
    await harness.create(sample({ color: 'red' }));
    await harness.settle();
    await set('wrong');
    await harness.settle();
    await harness.api.delete(ConfigMap, at('app'));
    await harness.settle();
    expect(harness.api.peek(ConfigMap, at('app'))?.data).toEqual({ color: 'red' });
    await harness.api.apply(ConfigMap, theirs, { fieldManager: 'somebody', force: true });
    await harness.reconcile().catch(() => undefined);
    expect(harness.api.peek(ConfigMap, at('app'))?.data).toEqual({ color: 'theirs' });
  });
});

describe('what a step wants next is refused in part', () => {
  const refuse = (kinds: readonly string[]) => {
    harness.api.before = ({ verb, resource, key, body }) => {
      if (verb !== 'apply' || !kinds.includes(resource)) return;
      const isRefused = resource !== 'configmaps' || (key === 'ns/app' && JSON.stringify(body).includes('blue'));
      if (isRefused) throw apiError(422, 'Invalid', `${resource} are not allowed`);
    };
  };
  beforeEach(async () => {
    await set('blue');
    refuse(['configmaps']);
    await harness.reconcile();
    await harness.api.delete(Service, at('sample'));
    await harness.api.delete(Deployment, at('sample'));
  });

  it('what it would have written after that is looked after, too', async () => {
    await harness.reconcile();
    expect(harness.api.peek(Service, at('sample'))?.spec?.ports).toEqual([{ port: 80 }]);
    expect(harness.api.peek(Deployment, at('sample'))?.spec?.template.spec?.containers[0]?.image).toBe('red');
  });

  it('it is told, also where something cannot be put back, and nothing is written down again and again', async () => {
    refuse(['configmaps', 'services']);
    await harness.reconcile();
    expect(harness.condition('AppReady')?.message).toMatch(/ConfigMap app: configmaps .*; .*Service sample: services /);
    expect(harness.api.peek(Deployment, at('sample'))).toBeDefined();
    const written = await harness.writesOf(() => harness.reconcile());
    expect(written.filter((write) => write.includes('controllerrevisions'))).toEqual([]);
  });
});
