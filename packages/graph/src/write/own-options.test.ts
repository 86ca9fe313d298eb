import {
  ConfigMap,
  defineResource,
  Deployment,
  PersistentVolumeClaim,
  Secret,
  StatefulSet,
  type ApplyOptions,
  type KubeObject,
} from '@stackwright/kube';
import { apiError } from '@stackwright/core/testing';
import { describe, expect, it } from 'vitest';
import { defineGraph } from '../declare/graph.js';
import { clusterRulesOf, rulesOf } from '../declare/rules.js';
import { done, type OwnOptions, type Reconciled, type StepScope } from '../declare/step.js';
import { watchesOf } from '../declare/watches.js';
import { GraphHarness } from '../testing/graph-harness.js';
import { Sample, sample } from '../testing/sample.js';

const key = { namespace: 'ns', name: 'sample' };

const own = (run: (scope: StepScope<Sample>) => unknown) =>
  defineGraph<Sample>(Sample, (g) => {
    g.step({
      name: 'App',
      owns: [Deployment, ConfigMap, Secret, StatefulSet, PersistentVolumeClaim],
      run: (scope) => (run(scope), done()),
    });
  });

async function settled(run: (scope: StepScope<Sample>) => unknown): Promise<GraphHarness<Sample>> {
  const harness = new GraphHarness(own(run));
  await harness.create(sample({ color: 'red' }));
  await harness.settle();
  return harness;
}

const deployment = ({ object }: StepScope<Sample>, more: object = {}) => ({
  metadata: { name: 'sample' },
  spec: {
    replicas: object.spec.replicas ?? 2,
    selector: { matchLabels: { app: object.spec.color ?? '' } },
    template: { metadata: { labels: { app: object.spec.color ?? '' } }, spec: { containers: [] } },
    ...more,
  },
});

describe('fields that are set at creation', () => {
  const start = () => settled((scope) => scope.own(Deployment, deployment(scope), { atCreation: ['spec.replicas'] }));
  const replicas = (harness: GraphHarness<Sample>) => harness.api.peek(Deployment, key)?.spec?.replicas;

  it("are somebody else's then", async () => {
    const harness = await start();
    expect(replicas(harness)).toBe(2);
    await harness.edit(Deployment, 'sample', { spec: { replicas: 7 } });
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
    await harness.edit(Sample, 'sample', { spec: { replicas: 3 } });
    await harness.settle();
    expect(replicas(harness)).toBe(7);
  });

  it('stay as somebody else has set them when other fields are applied anew', async () => {
    const harness = await start();
    for (const [color, set] of [
      ['blue', 7],
      ['green', 9],
    ] as const) {
      await harness.edit(Deployment, 'sample', { spec: { replicas: set } });
      await harness.edit(Sample, 'sample', { spec: { color } });
      await harness.settle();
      expect(harness.api.peek(Deployment, key)?.spec?.selector).toEqual({ matchLabels: { app: color } });
      expect(replicas(harness)).toBe(set);
    }
  });

  it('stay as they are when other fields are applied anew, once and again, after a restart, too', async () => {
    const harness = await start();
    for (const color of ['blue', 'green']) {
      harness.restart();
      await harness.edit(Sample, 'sample', { spec: { color } });
      await harness.settle();
      expect(harness.api.peek(Deployment, key)?.spec?.selector).toEqual({ matchLabels: { app: color } });
      expect(replicas(harness)).toBe(2);
    }
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
  });
});

describe('an apply without force', () => {
  it('leaves what somebody else has set, and says whose it is', async () => {
    const harness = await settled(() => undefined);
    const graph = own((scope) => {
      scope.own(
        ConfigMap,
        { metadata: { name: 'c' }, data: { color: scope.object.spec.color ?? '' } },
        { force: false },
      );
    });
    const yielding = new GraphHarness(graph, { api: harness.api });
    await yielding.settle();
    const object = { metadata: { namespace: 'ns', name: 'c' }, data: { color: 'theirs' } };
    await harness.api.apply(ConfigMap, object, { fieldManager: 'somebody', force: true });
    await yielding.edit(Sample, 'sample', { spec: { color: 'blue' } });
    await yielding.reconcile().catch(() => undefined);
    expect(yielding.condition('AppReady')).toMatchObject({ status: 'False', reason: 'Conflict' });
    expect(yielding.condition('AppReady')?.message).toContain('"somebody"');
    expect(harness.api.peek(ConfigMap, { namespace: 'ns', name: 'c' })?.data).toEqual({ color: 'theirs' });
  });
});

describe('a change that is refused', () => {
  /** As the API server: a selector cannot be changed. */
  const immutable = (harness: GraphHarness<Sample>) => {
    harness.api.before = ({ verb, resource, body, options }) => {
      if (verb !== 'apply' || resource !== 'deployments.apps') return;
      // That there is one at all is found before.
      if ((options as ApplyOptions).only === 'Absent') return;
      const before = harness.api.peek(Deployment, key)?.spec?.selector;
      const after = (body as Deployment).spec?.selector;
      if (before && JSON.stringify(before) !== JSON.stringify(after))
        throw apiError(422, 'Invalid', 'field is immutable');
    };
  };
  const start = async (options: OwnOptions) => {
    const harness = await settled((scope) => scope.own(Deployment, deployment(scope), options));
    immutable(harness);
    return harness;
  };

  it('has the object made anew where that is asked for', async () => {
    const harness = await start({ recreate: true });
    const { uid } = harness.api.peek(Deployment, key)!.metadata!;
    await harness.edit(Sample, 'sample', { spec: { color: 'blue' } });
    await harness.settle();
    const after = harness.api.peek(Deployment, key);
    expect(after?.metadata?.uid).not.toBe(uid);
    expect(after?.spec?.selector).toEqual({ matchLabels: { app: 'blue' } });
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
  });

  it('waits for the old one where that takes its time', async () => {
    const harness = await start({ recreate: true });
    await harness.edit(Deployment, 'sample', { metadata: { finalizers: ['theirs'] } });
    await harness.edit(Sample, 'sample', { spec: { color: 'blue' } });
    await harness.settle();
    expect(harness.condition('AppReady')).toMatchObject({ status: 'False', reason: 'Deleting' });
    await harness.edit(Deployment, 'sample', { metadata: { finalizers: [] } });
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });

  it('is an error else, and the object stays', async () => {
    const harness = await start({});
    const before = harness.api.peek(Deployment, key);
    await harness.edit(Sample, 'sample', { spec: { color: 'blue' } });
    await harness.reconcile().catch(() => undefined);
    expect(harness.condition('AppReady')).toMatchObject({ status: 'False', reason: 'Rejected' });
    expect(harness.api.peek(Deployment, key)).toEqual(before);
  });

  it('that a new object would not be allowed either deletes nothing', async () => {
    const harness = await start({ recreate: true });
    const before = harness.api.peek(Deployment, key);
    harness.api.before = ({ verb, resource }) => {
      if (['apply', 'create'].includes(verb) && resource === 'deployments.apps')
        throw apiError(422, 'Invalid', 'no such thing');
    };
    await harness.edit(Sample, 'sample', { spec: { color: 'blue' } });
    await harness.reconcile().catch(() => undefined);
    expect(harness.condition('AppReady')).toMatchObject({ status: 'False', reason: 'Rejected' });
    expect(harness.api.peek(Deployment, key)).toEqual(before);
  });

  it.each<[string, (scope: StepScope<Sample>) => unknown]>([
    ['is retained', (scope) => scope.own(Secret, { metadata: { name: 's' } }, { recreate: true, retain: true })],
    ['is a claim', (scope) => scope.own(PersistentVolumeClaim, { metadata: { name: 'c' } }, { recreate: true })],
    [
      'has claims that go with it',
      (scope) =>
        scope.own(
          StatefulSet,
          {
            metadata: { name: 's' },
            spec: {
              ...{ serviceName: 's', selector: {}, template: { spec: { containers: [] } } },
              persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete' },
            },
          },
          { recreate: true },
        ),
    ],
  ])('does not have anything made anew that %s, unless data may be lost', async (_what, run) => {
    const harness = await settled(run);
    expect(harness.condition('AppReady')).toMatchObject({ status: 'False', reason: 'Error' });
    expect(harness.condition('AppReady')?.message).toContain('it holds data');
  });
});

describe('children of an object that is in no namespace', () => {
  interface Tenant extends Reconciled {
    spec: { namespaces: readonly string[]; deletionPolicy?: 'Retain' | 'Delete' };
  }
  const Tenant = defineResource<Tenant>({
    group: 't.example',
    version: 'v1',
    kind: 'Tenant',
    plural: 'tenants',
    namespaced: false,
  });
  const tenants = defineGraph<Tenant>(Tenant, (g) => {
    g.step({
      name: 'Spaces',
      owns: [ConfigMap, Secret],
      run(scope) {
        for (const namespace of scope.object.spec.namespaces) {
          scope.own(ConfigMap, { metadata: { name: 'config' }, data: { namespace } }, { namespace });
          scope.ownOnce(Secret, 'password', () => ({ metadata: { name: 'password' } }), { namespace, retain: true });
        }
        return done();
      },
    });
  });
  const start = async (spec: Tenant['spec']) => {
    const harness = new GraphHarness(tenants);
    Object.assign(harness.key, { namespace: undefined, name: 'one' });
    delete (harness.key as { namespace?: string }).namespace;
    await harness.create({ apiVersion: 't.example/v1', kind: 'Tenant', spec });
    await harness.settle();
    return harness;
  };
  const at = (namespace: string) => ({ namespace, name: 'config' });

  it('are where the step says, are pruned there, and go with it', async () => {
    const harness = await start({ namespaces: ['a', 'b'], deletionPolicy: 'Delete' });
    expect(harness.api.peek(ConfigMap, at('a'))?.metadata?.ownerReferences).toMatchObject([
      { kind: 'Tenant', name: 'one' },
    ]);
    expect(harness.api.peek(ConfigMap, at('b'))?.data).toEqual({ namespace: 'b' });
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
    // A copy in another namespace is somebody's own.
    const { metadata, ...rest } = harness.api.peek(Secret, { namespace: 'a', name: 'password' })!;
    const { labels = {}, annotations = {} } = metadata ?? {};
    await harness.api.seed(Secret, { ...rest, metadata: { namespace: 'c', name: 'password', labels, annotations } });
    await harness.edit(Tenant, 'one', { spec: { namespaces: ['b'] } });
    await harness.settle();
    expect(harness.api.peek(ConfigMap, at('a'))).toBeUndefined();
    expect(harness.api.peek(ConfigMap, at('b'))).toBeDefined();
    await harness.api.delete(Tenant, { name: 'one' });
    await harness.settle();
    expect((await harness.listed(Secret)).map((left) => left.metadata?.namespace)).toEqual(['c']);
  });

  it('wake it, wherever they are', async () => {
    const harness = await start({ namespaces: ['a'] });
    const [configs, secrets] = watchesOf(Tenant, tenants, () => []);
    expect(configs?.map(harness.api.peek(ConfigMap, at('a'))!)).toEqual([{ name: 'one' }]);
    expect(secrets?.map(harness.api.peek(Secret, { namespace: 'a', name: 'password' })!)).toEqual([{ name: 'one' }]);
  });

  it('need a ClusterRole', () => {
    expect(rulesOf(tenants)).toEqual([]);
    expect(clusterRulesOf(tenants).flatMap(({ resources }) => resources)).toContain('configmaps');
  });

  it.each<[string, KubeObject]>([
    ['without a namespace where their owner has none', { metadata: {} }],
    ['in another namespace than their owner', { metadata: { namespace: 'other' } }],
  ])('are refused %s', async (_what, { metadata }) => {
    const { namespace } = metadata ?? {};
    const run = (scope: Pick<StepScope, 'own'>) =>
      scope.own(ConfigMap, { metadata: { name: 'c' } }, namespace === undefined ? {} : { namespace });
    if (namespace !== undefined) {
      const harness = await settled(run);
      expect(harness.condition('AppReady')?.message).toContain('in namespace other');
      return;
    }
    const graph = defineGraph<Tenant>(Tenant, (g) =>
      g.step({ name: 'App', owns: [ConfigMap], run: (scope) => (run(scope), done()) }),
    );
    const harness = new GraphHarness(graph);
    delete (harness.key as { namespace?: string }).namespace;
    await harness.create({ apiVersion: 't.example/v1', kind: 'Tenant', spec: { namespaces: [] } });
    await harness.settle();
    expect(harness.condition('AppReady')?.message).toContain('without saying in which namespace');
  });
});
