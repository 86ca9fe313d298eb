import {
  ConfigMap,
  defineResource,
  Deployment,
  PersistentVolumeClaim,
  Secret,
  StatefulSet,
  type KubeObject,
  type Resource,
} from '@stackwright/kube';
import { FakeClient } from '@stackwright/core/testing';
import { describe, expect, it } from 'vitest';
import { defineGraph, type Graph } from '../declare/graph.js';
import { defaultNames, labelsOf, namesOf } from '../declare/names.js';
import { done, waiting, type Reconciled } from '../declare/step.js';
import { watchesOf } from '../declare/watches.js';
import { GraphHarness } from '../testing/graph-harness.js';
import { Sample, sample, sampleGraph } from '../testing/sample.js';

interface Database extends Reconciled {
  spec: { deletionPolicy?: 'Retain' | 'Delete'; parts?: readonly string[] };
}

const databaseOf = (group: string) =>
  defineResource<Database>({ group, version: 'v1', kind: 'Database', plural: 'databases', namespaced: true });
const One = databaseOf('one.example');
const Other = databaseOf('other.example');
const database = (group: string, spec: Database['spec'] = {}) => ({
  apiVersion: `${group}/v1`,
  kind: 'Database',
  spec,
});

/** A retained password `<name>-<ending>`, and a ConfigMap for each part. */
const graphOf = (resource: typeof One, ending = 'password'): Graph<Database> =>
  defineGraph<Database>(resource, (g) => {
    g.step({
      name: 'Password',
      owns: [Secret, ConfigMap],
      run(scope) {
        const name = `${scope.name}-${ending}`;
        const make = () => ({ metadata: { name }, data: { password: 'eA==' } });
        const secret = scope.ownOnce(Secret, name, make, { retain: true });
        for (const part of scope.object.spec.parts ?? [])
          scope.own(ConfigMap, { metadata: { name: part }, data: { part } });
        return secret ? done() : waiting('Pending', 'Waits for the password');
      },
    });
  });

const ns = 'ns';
const owner = defaultNames.annotation.owner;

async function deleted<R extends Reconciled>(harness: GraphHarness<R>, resource: typeof One): Promise<void> {
  await harness.api.delete(resource, harness.key);
  await harness.settle();
  expect(harness.isGone).toBe(true);
}

describe('data that is retained', () => {
  it('of the same kind and name in another group is not deleted', async () => {
    const api = new FakeClient();
    const one = new GraphHarness(graphOf(One, 'one'), { api });
    const other = new GraphHarness(graphOf(Other, 'other'), { api });
    await one.create(database('one.example', { deletionPolicy: 'Delete' }));
    await other.create(database('other.example'));
    await one.settle();
    await other.settle();
    await deleted(one, One);
    expect(api.peek(Secret, { namespace: ns, name: 'sample-one' })).toBeUndefined();
    expect(api.peek(Secret, { namespace: ns, name: 'sample-other' })).toBeDefined();
  });

  it('of an object whose name begins with the same 63 characters is not deleted', async () => {
    const api = new FakeClient();
    const long = (end: string) => `${'x'.repeat(63)}-${end}`;
    const [production, test] = ['prod', 'test'].map((end) => {
      const harness = new GraphHarness(graphOf(One), { api });
      Object.assign(harness.key, { name: long(end) });
      return harness;
    }) as [GraphHarness<Database>, GraphHarness<Database>];
    await production.create(database('one.example'));
    await test.create(database('one.example', { deletionPolicy: 'Delete' }));
    await production.settle();
    await test.settle();
    await deleted(test, One);
    expect(api.peek(Secret, { namespace: ns, name: `${long('prod')}-password` })).toBeDefined();
    expect(api.peek(Secret, { namespace: ns, name: `${long('test')}-password` })).toBeUndefined();
  });

  it('of another manager is neither used nor deleted', async () => {
    const harness = new GraphHarness(graphOf(One));
    const mark = 'somebody/one.example/Database/ns/sample//Secret/ns/sample-password';
    const labels = { ...labelsOf('Database', 'sample'), [defaultNames.label.retained]: 'true' };
    const annotations = { [owner]: mark, [defaultNames.annotation.step]: 'Password' };
    await harness.api.seed(Secret, { metadata: { namespace: ns, name: 'sample-password', labels, annotations } });
    await harness.create(database('one.example', { deletionPolicy: 'Delete' }));
    await harness.settle();
    expect(harness.condition('PasswordReady')).toMatchObject({
      reason: 'Conflict',
      message: 'Secret sample-password exists and belongs to Database sample, managed by somebody',
    });
    await deleted(harness, One);
    expect(harness.api.peek(Secret, { namespace: ns, name: 'sample-password' })).toBeDefined();
  });

  it('is taken up by a successor of the same name, and deleted with it', async () => {
    const harness = new GraphHarness(graphOf(One));
    await harness.create(database('one.example'));
    await harness.settle();
    await deleted(harness, One);
    await harness.create(database('one.example', { deletionPolicy: 'Delete' }));
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    await deleted(harness, One);
    expect(harness.api.peek(Secret, { namespace: ns, name: 'sample-password' })).toBeUndefined();
  });
});

describe('a copy that kept labels and annotations', () => {
  it.each([
    ['Secret', Secret, 'sample-password'],
    ['ConfigMap', ConfigMap, 'first'],
  ])('of a %s under another name is neither pruned nor deleted, nor overwritten', async (_kind, resource, name) => {
    const harness = new GraphHarness(graphOf(One));
    await harness.create(database('one.example', { deletionPolicy: 'Delete', parts: ['first'] }));
    await harness.settle();
    const { metadata, ...rest } = harness.api.peek<KubeObject>(resource, { namespace: ns, name })!;
    const { labels = {}, annotations = {}, ownerReferences = [] } = metadata ?? {};
    const copied = { ...(labels ? { labels } : {}), annotations, ownerReferences, namespace: ns, name: 'copy' };
    await harness.api.seed<KubeObject>(resource, { ...rest, metadata: copied });
    const copy = harness.api.peek<KubeObject>(resource, { namespace: ns, name: 'copy' });
    await harness.settle();
    await harness.edit(One, 'sample', { spec: { parts: ['first', 'copy'] } });
    await harness.settle();
    if (resource === ConfigMap) expect(harness.condition('PasswordReady')).toMatchObject({ reason: 'Conflict' });
    expect(harness.api.peek<KubeObject>(resource, { namespace: ns, name: 'copy' })).toEqual(copy);
    await deleted(harness, One);
    expect(harness.api.peek<KubeObject>(resource, { namespace: ns, name: 'copy' })).toEqual(copy);
  });
});

describe('what a step finds by labels', () => {
  it('is not removed unless it is its own', async () => {
    const graph = defineGraph<Sample>(Sample, (g) => {
      g.step({
        name: 'Tidy',
        owns: [Secret],
        run(scope) {
          scope.own(Secret, { metadata: { name: 'kept' } });
          for (const one of scope.list(Secret, { labels: scope.labels })) {
            if (one.metadata?.name !== 'kept') scope.remove(Secret, one);
          }
          return done();
        },
      });
    });
    const harness = new GraphHarness(graph);
    await harness.api.seed(Secret, {
      metadata: { namespace: ns, name: 'theirs', labels: labelsOf('Sample', 'sample') },
    });
    await harness.create(sample());
    await harness.settle();
    expect(harness.condition('TidyReady')).toMatchObject({
      reason: 'Conflict',
      message: 'Secret theirs was not made for this object: it is not touched',
    });
    expect(harness.api.peek(Secret, { namespace: ns, name: 'theirs' })).toBeDefined();
  });
});

describe('pruning', () => {
  it('leaves what it has not made, whatever its ownerReference says', async () => {
    const harness = new GraphHarness(sampleGraph());
    await harness.create(sample());
    await harness.settle();
    const { uid = '' } = harness.object.metadata ?? {};
    const ownerReferences = [{ apiVersion: 'test.dev/v1', kind: 'Sample', name: 'sample', uid, controller: true }];
    const ours = labelsOf('Sample', 'sample');
    const theirs = { 'app.kubernetes.io/managed-by': 'backup-tool' };
    await harness.api.seed(
      ConfigMap,
      { metadata: { namespace: ns, name: 'of-a-tool', labels: theirs, ownerReferences } },
      { metadata: { namespace: ns, name: 'of-a-person', labels: ours, ownerReferences } },
    );
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
    expect(await harness.listed(ConfigMap)).toHaveLength(3);
  });
});

it.each(['', 'nonsense'])('a mark that somebody has garbled (%j) is set right', async (garbled) => {
  const harness = new GraphHarness(graphOf(One));
  await harness.create(database('one.example', { parts: ['first'], deletionPolicy: 'Delete' }));
  await harness.settle();
  const edited = [
    [ConfigMap, 'first'],
    [Secret, 'sample-password'],
  ] as const;
  const markOf = (resource: Resource, name: string) =>
    harness.api.peek(resource, { namespace: ns, name })?.metadata?.annotations?.[owner];
  const before = edited.map(([resource, name]) => markOf(resource, name));
  for (const [resource, name] of edited)
    await harness.edit<KubeObject>(resource, name, { metadata: { annotations: { [owner]: garbled } } });
  await harness.settle();
  expect(edited.map(([resource, name]) => markOf(resource, name))).toEqual(before);
  expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
});

describe('what seems to be missing', () => {
  const meanwhile = async (data: Record<string, string>, metadata: KubeObject['metadata'] = {}) => {
    const harness = new GraphHarness(graphOf(One));
    await harness.create(database('one.example', { parts: ['shared'] }));
    await harness.sync();
    await harness.api.seed(ConfigMap, { metadata: { namespace: ns, name: 'shared', ...metadata }, data });
    await harness.reconcile({ sync: false });
    return harness;
  };

  it.each([
    ['the same fields', { part: 'theirs' }],
    ['other fields', { other: 'theirs' }],
    ['nothing', {}],
  ])('and was made by somebody a moment ago, with %s, is not taken over', async (_what, data) => {
    const harness = await meanwhile(data);
    expect(harness.condition('PasswordReady')).toMatchObject({ status: 'False', reason: 'Conflict' });
    const left = harness.api.peek(ConfigMap, { namespace: ns, name: 'shared' });
    expect(left?.data).toEqual(data);
    expect(left?.metadata).not.toHaveProperty('ownerReferences');
  });

  it('and is its own, which the cache does not show yet, is gone on with', async () => {
    const annotations = {
      [owner]: 'stackwright/one.example/Database/ns/sample//ConfigMap/ns/shared',
      [defaultNames.annotation.step]: 'Password',
    };
    const harness = await meanwhile({ part: 'old' }, { annotations });
    expect(harness.condition('PasswordReady')).toMatchObject({ status: 'True' });
    expect(harness.api.peek(ConfigMap, { namespace: ns, name: 'shared' })?.data).toEqual({ part: 'shared' });
  });

  it.each([
    ['its own', {}],
    ["somebody's", { annotations: { [owner]: null }, ownerReferences: null }],
  ] as const)(
    'and is %s, which the cache never shows, is looked at and not written again and again',
    async (_whose, metadata) => {
      const harness = new GraphHarness(graphOf(One));
      await harness.create(database('one.example', { parts: ['first', 'second'] }));
      await harness.settle();
      const managedBy = 'app.kubernetes.io/managed-by';
      const set = harness.reader.set.bind(harness.reader);
      harness.reader.set = (resource, objects) =>
        set(resource, resource === ConfigMap ? objects.filter(({ metadata: of }) => of?.labels?.['show']) : objects);
      await harness.edit(ConfigMap, 'first', { metadata: { labels: { [managedBy]: null }, ...metadata } });
      await harness.edit(ConfigMap, 'second', { metadata: { labels: { show: 'yes' } } });
      harness.restart();
      await harness.settle();
      expect(await harness.writesOf(() => harness.settle())).toEqual([]);
      const isOwn = !('ownerReferences' in metadata);
      expect(harness.condition('Ready')).toMatchObject(isOwn ? { status: 'True' } : { reason: 'Conflict' });
      await harness.api.delete(ConfigMap, { namespace: ns, name: 'first' });
      await harness.settle();
      expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
      await harness.edit(One, 'sample', { spec: { parts: ['second'] } });
      await harness.settle();
      const calls = harness.api.calls.length;
      await harness.reconcile();
      expect(harness.api.calls.slice(calls).filter(({ verb }) => verb === 'get')).toEqual([]);
    },
  );

  it('takes one call each to make', async () => {
    const harness = new GraphHarness(sampleGraph());
    await harness.create(sample());
    await harness.sync();
    const before = harness.api.calls.length;
    await harness.reconcile({ sync: false });
    const calls = harness.api.calls.slice(before).map(({ verb, resource }) => `${verb} ${resource}`);
    expect(calls).toEqual(['create secrets', 'apply configmaps', 'apply deployments.apps', 'patch samples.test.dev']);
  });
});

it('an object that was made anew by somebody under the name of a child is not taken over', async () => {
  const harness = new GraphHarness(sampleGraph());
  await harness.create(sample({ color: 'red' }));
  await harness.settle();
  await harness.edit(Sample, 'sample', { spec: { color: 'blue' } });
  await harness.sync();
  const config = { namespace: ns, name: 'sample-config' };
  await harness.api.delete(ConfigMap, config);
  await harness.api.seed(ConfigMap, { metadata: config, data: { color: 'theirs' } });
  await harness.reconcile({ sync: false });
  expect(harness.api.peek(ConfigMap, config)?.data).toEqual({ color: 'theirs' });
  expect(harness.condition('ConfigReady')).toMatchObject({ reason: 'Conflict' });
});

describe('what an earlier version made, without a mark', () => {
  const unmark = async <T extends KubeObject>(
    harness: GraphHarness<Database>,
    resource: Parameters<typeof harness.edit<T>>[0],
    name: string,
  ) => harness.edit(resource, name, { metadata: { annotations: { [owner]: null } } });

  it('is used and marked, once', async () => {
    const harness = new GraphHarness(graphOf(One));
    await harness.create(database('one.example', { deletionPolicy: 'Delete', parts: ['first'] }));
    await harness.settle();
    await unmark(harness, Secret, 'sample-password');
    await unmark(harness, ConfigMap, 'first');
    harness.restart();
    expect(await harness.writesOf(() => harness.settle())).toEqual([
      'patch secrets ns/sample-password',
      'apply configmaps ns/first',
    ]);
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
    await deleted(harness, One);
    expect(harness.api.peek(Secret, { namespace: ns, name: 'sample-password' })).toBeUndefined();
  });

  it('is pruned where no step wants it any more', async () => {
    const harness = new GraphHarness(graphOf(One));
    await harness.create(database('one.example', { parts: ['first', 'second'] }));
    await harness.settle();
    for (const name of ['first', 'second']) await unmark(harness, ConfigMap, name);
    await harness.edit(One, 'sample', { spec: { parts: ['first'] } });
    harness.restart();
    await harness.settle();
    expect((await harness.listed(ConfigMap)).map(({ metadata }) => metadata?.name)).toEqual(['first']);
  });

  it.each(['one', 'two'])(
    'and whose label was cut, is used, marked and deleted, for %s of two of one label',
    async (end) => {
      const names = ['one', 'two'].map((one) => `${'n'.repeat(70)}-${one}`);
      const harness = new GraphHarness(graphOf(One));
      Object.assign(harness.key, { name: names.find((name) => name.endsWith(end)) });
      const labels = {
        ...labelsOf('Database', harness.key.name),
        'app.kubernetes.io/instance': 'n'.repeat(63),
        [defaultNames.label.retained]: 'true',
      };
      const annotations = { [defaultNames.annotation.step]: 'Password' };
      await harness.api.seed(
        Secret,
        ...names.map((name) => ({ metadata: { namespace: ns, name: `${name}-password`, labels, annotations } })),
      );
      await harness.create(database('one.example', { deletionPolicy: 'Delete' }));
      expect(await harness.writesOf(() => harness.settle())).toContain(`patch secrets ns/${harness.key.name}-password`);
      expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
      await deleted(harness, One);
      const left = (await harness.listed(Secret)).map(({ metadata }) => metadata?.name);
      expect(left).toEqual(names.filter((name) => !name.endsWith(end)).map((name) => `${name}-password`));
    },
  );

  it('is not deleted before it is marked', async () => {
    const harness = new GraphHarness(graphOf(One));
    await harness.create(database('one.example', { deletionPolicy: 'Delete' }));
    await harness.settle();
    await unmark(harness, Secret, 'sample-password');
    await deleted(harness, One);
    expect(harness.api.peek(Secret, { namespace: ns, name: 'sample-password' })).toBeDefined();
  });

  it('and belongs to an object of another name, as its labels say, is not used', async () => {
    const harness = new GraphHarness(graphOf(One));
    const labels = { ...labelsOf('Database', 'other'), [defaultNames.label.retained]: 'true' };
    const annotations = { [defaultNames.annotation.step]: 'Password' };
    await harness.api.seed(Secret, { metadata: { namespace: ns, name: 'sample-password', labels, annotations } });
    await harness.create(database('one.example'));
    await harness.settle();
    expect(harness.condition('PasswordReady')).toMatchObject({ reason: 'Conflict' });
  });
});

describe('claims of a StatefulSet', () => {
  const graph = defineGraph<Database>(One, (g) => {
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
  const key = { namespace: ns, name: 'sample' };
  const claims = async (harness: GraphHarness<Database>) =>
    (await harness.listed(PersistentVolumeClaim)).map(({ metadata }) => metadata?.name).sort();

  it('go with policy Delete, and those of others stay, whatever labels they have', async () => {
    const harness = new GraphHarness(graph, { kinds: [PersistentVolumeClaim] });
    await harness.create(database('one.example', { deletionPolicy: 'Delete' }));
    await harness.settle();
    const { labels = {}, annotations = {} } =
      harness.api.peek(StatefulSet, key)?.spec?.volumeClaimTemplates?.[0]?.metadata ?? {};
    const theirs = { [owner]: annotations[owner]?.replace('one.example', 'other.example') ?? '' };
    await harness.api.seed(
      PersistentVolumeClaim,
      { metadata: { namespace: ns, name: 'data-sample-0', labels, annotations } },
      { metadata: { namespace: ns, name: 'data-sample-10', labels, annotations } },
      { metadata: { namespace: ns, name: 'copy', labels, annotations } },
      { metadata: { namespace: ns, name: 'data-sample-1', labels, annotations: theirs } },
      { metadata: { namespace: ns, name: 'restored', labels } },
    );
    await deleted(harness, One);
    expect(await claims(harness)).toEqual(['copy', 'data-sample-1', 'restored']);
  });

  it('of one that an earlier version applied go as well, and its templates, which cannot change, are left alone', async () => {
    const harness = new GraphHarness(graph, { kinds: [PersistentVolumeClaim] });
    await harness.create(database('one.example', { deletionPolicy: 'Delete' }));
    await harness.settle();
    const template = harness.api.peek(StatefulSet, key)?.spec?.volumeClaimTemplates?.[0];
    const { labels = {} } = template?.metadata ?? {};
    const old = [{ ...template, metadata: { name: 'data', labels } }];
    await harness.edit(StatefulSet, 'sample', { spec: { volumeClaimTemplates: old } });
    await harness.api.seed(PersistentVolumeClaim, { metadata: { namespace: ns, name: 'data-sample-0', labels } });
    harness.restart();
    await harness.settle();
    expect(harness.api.peek(StatefulSet, key)?.spec?.volumeClaimTemplates).toEqual(old);
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
    await deleted(harness, One);
    expect(await claims(harness)).toEqual([]);
  });
});

describe('events', () => {
  const long = 'n'.repeat(80);
  const all = [long, `${long}-other`, 'short'].map((name) => ({ namespace: ns, name }));
  const requestsOf = (object: KubeObject, names = defaultNames) =>
    watchesOf(One, { owns: [Secret], reads: [{ resource: Deployment, parts: true }] }, () => all, names).map(
      ({ map }) => map(object),
    );

  it('of a part find an owner whose name is too long for a label, and no other', () => {
    const part = { metadata: { namespace: ns, name: 'p', labels: labelsOf('Database', long) } };
    expect(requestsOf(part)[1]).toEqual([{ namespace: ns, name: long }]);
    const short = { metadata: { namespace: ns, name: 'p', labels: labelsOf('Database', 'short') } };
    expect(requestsOf(short)[1]).toEqual([{ namespace: ns, name: 'short' }]);
  });

  it('of what is retained find the owner that its mark names, in its own group', async () => {
    const harness = new GraphHarness(graphOf(One));
    Object.assign(harness.key, { name: long });
    await harness.create(database('one.example'));
    await harness.settle();
    const secret = harness.api.peek(Secret, { namespace: ns, name: `${long}-password` })!;
    expect(requestsOf(secret)[0]).toEqual([{ namespace: ns, name: long }]);
    const [watch] = watchesOf(Other, { owns: [Secret], reads: [] }, () => all);
    expect(watch?.map(secret)).toEqual([]);
  });
});

it('labels and annotations have the names of whose controllers these are', async () => {
  const names = namesOf({ domain: 'acme.example', managedBy: 'acme' });
  const harness = new GraphHarness(graphOf(One), { names });
  await harness.create(database('one.example', { parts: ['first'], deletionPolicy: 'Delete' }));
  await harness.settle();
  for (const [resource, name] of [
    [Secret, 'sample-password'],
    [ConfigMap, 'first'],
  ] as const) {
    const text = JSON.stringify(harness.api.peek<KubeObject>(resource, { namespace: ns, name }));
    expect(text).not.toContain('stackwright');
    expect(text).toContain('acme.example/owner');
  }
  await deleted(harness, One);
  expect(harness.api.peek(Secret, { namespace: ns, name: 'sample-password' })).toBeUndefined();
});
