import {
  ApiError,
  ConfigMap,
  defineResource,
  Deployment,
  type KubeObject,
  HTTPRoute,
  isNotFound,
  Job,
  Secret,
  type Status,
} from '@stackwright/kube';
import { describe, expect, it } from 'vitest';
import { apiError } from '@stackwright/core/testing';
import { defineGraph } from '../declare/graph.js';
import { done, failed, waiting, type Outcome } from '../declare/step.js';
import { GraphHarness } from '../testing/graph-harness.js';
import { declareSample, rolledOut, Sample, sample, sampleGraph } from '../testing/sample.js';

interface NetworkPolicy extends KubeObject {
  spec: object;
}
const NetworkPolicy = defineResource<NetworkPolicy>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'NetworkPolicy',
  plural: 'networkpolicies',
  namespaced: true,
});
const name = { namespace: 'ns', name: 'sample' };
const key = (suffix: string) => ({ namespace: 'ns', name: `sample-${suffix}` });

async function settled(spec: Sample['spec'] = {}, graph = sampleGraph()): Promise<GraphHarness<Sample>> {
  const harness = new GraphHarness(graph);
  await harness.create(sample(spec));
  await harness.settle();
  await ready(harness);
  return harness;
}

async function ready(harness: GraphHarness<Sample>): Promise<void> {
  await harness.edit(Deployment, 'sample', rolledOut(harness.api.peek(Deployment, name)), 'status');
  await harness.settle();
}

describe('reconciling a graph', () => {
  it('writes what is wanted in one reconcile, in order, and one status', async () => {
    const harness = new GraphHarness(sampleGraph());
    await harness.create(sample());
    expect(await harness.writesOf(() => harness.reconcile())).toEqual([
      'create secrets ns/sample-password',
      'apply configmaps ns/sample-config',
      'apply deployments.apps ns/sample',
      'patch samples.test.dev/status ns/sample',
    ]);
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'RolloutInProgress' });
    expect(harness.object.status).toMatchObject({
      observedGeneration: 1,
      waitingFor: [
        { step: 'App', reason: 'RolloutInProgress', apiVersion: 'apps/v1', kind: 'Deployment', name: 'sample' },
      ],
    });
  });

  it('becomes Ready, says so once where there was something to wait for, and then writes nothing, also after a restart', async () => {
    const harness = await settled();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True', reason: 'Ready' });
    expect(harness.object.status).not.toHaveProperty('waitingFor');
    expect(harness.events.map(({ type, reason, note }) => [type, reason, note])).toEqual([
      ['Normal', 'Ready', 'All steps are done'],
    ]);
    harness.restart();
    expect(await harness.writesOf(async () => [await harness.reconcile(), await harness.reconcile()])).toEqual([]);
    expect(harness.events).toHaveLength(1);
  });

  it('labels and owns children; what is retained carries no ownerReference', async () => {
    const harness = await settled();
    const labels = {
      'app.kubernetes.io/name': 'sample',
      'app.kubernetes.io/instance': 'sample',
      'app.kubernetes.io/managed-by': 'stackwright',
    };
    const owner = {
      apiVersion: 'test.dev/v1',
      kind: 'Sample',
      name: 'sample',
      uid: harness.object.metadata?.uid,
      controller: true,
    };
    expect(harness.api.peek(Deployment, name)?.metadata).toMatchObject({ labels, ownerReferences: [owner] });
    const secret = harness.api.peek(Secret, key('password'))?.metadata;
    expect(secret?.labels).toEqual({ ...labels, 'stackwright.dev/retained': 'true' });
    expect(secret).not.toHaveProperty('ownerReferences');
  });

  it('applies a change once, and steps after it only when it is written', async () => {
    const harness = await settled();
    await harness.edit(Sample, 'sample', { spec: { color: 'blue' } });
    expect(await harness.writesOf(() => harness.reconcile())).toEqual([
      'apply configmaps ns/sample-config',
      'apply deployments.apps ns/sample',
      'patch samples.test.dev/status ns/sample',
    ]);
    expect(harness.condition('AppReady')).toMatchObject({ status: 'False', reason: 'RolloutInProgress' });
    expect(harness.condition('ConfigReady')).toMatchObject({ status: 'True' });
  });

  it('does not let a step build on what could not be written', async () => {
    const harness = await settled();
    await harness.edit(Sample, 'sample', { spec: { color: 'blue' } });
    harness.api.before = ({ verb, resource }) => {
      if (verb === 'apply' && resource === 'configmaps')
        throw apiError(403, 'Forbidden', 'configmaps is forbidden: User "x" cannot patch resource "configmaps"');
    };
    await expect(harness.reconcile()).rejects.toThrow(
      'Could not apply ConfigMap sample-config: configmaps is forbidden: User "x" cannot patch resource "configmaps"',
    );
    expect(harness.condition('ConfigReady')).toMatchObject({ status: 'False', reason: 'Forbidden' });
    // It does what it was last told.
    expect(harness.condition('AppReady')).toMatchObject({ status: 'True', observedGeneration: 1 });
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'Forbidden' });
    expect(harness.api.peek(Deployment, name)?.spec?.template.metadata?.annotations).toEqual({ color: 'red' });
    expect(harness.events.filter(({ type }) => type === 'Warning')).toHaveLength(1);

    harness.api.before = undefined;
    await harness.settle();
    expect(harness.api.peek(Deployment, name)?.spec?.template.metadata?.annotations).toEqual({ color: 'blue' });
  });

  it('leaves the fields of others alone and repairs its own', async () => {
    const harness = await settled();
    const foreign = {
      metadata: { labels: { theirs: '1' }, annotations: { theirs: '1' } },
      spec: { minReadySeconds: 3 },
    };
    await harness.edit(Deployment, 'sample', foreign);
    await ready(harness);
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);

    await harness.edit(Deployment, 'sample', { spec: { replicas: 7 } });
    expect(await harness.writesOf(() => harness.reconcile())).toContain('apply deployments.apps ns/sample');
    expect(harness.api.peek(Deployment, name)?.spec).toMatchObject({ replicas: 1, minReadySeconds: 3 });
    const repair = harness.events.find(({ reason }) => reason === 'DriftRepaired');
    expect(repair).toMatchObject({ note: 'Set right what somebody had changed of Deployment sample: spec.replicas' });
    expect(await harness.registry.metrics()).toContain(
      'controller_drift_corrections_total{gvk="apps/v1/Deployment",manager=""} 1',
    );
  });

  it('repairs what somebody added to a list that is one value, or put in another order', async () => {
    const graph = defineGraph<Sample>(Sample, (g) => {
      g.step({
        name: 'Access',
        owns: [NetworkPolicy, Deployment],
        run(scope) {
          const ingress = [{ from: [{ podSelector: {} }], ports: [{ port: 80, protocol: 'TCP' }] }];
          scope.own(NetworkPolicy, { metadata: { name: 'n' }, spec: { podSelector: {}, ingress } });
          const initContainers = ['first', 'second'].map((name) => ({ name, image: 'i' }));
          const template = { metadata: { labels: {} }, spec: { initContainers, containers: [] } };
          scope.own(Deployment, { metadata: { name: 'd' }, spec: { selector: {}, template } });
          return done();
        },
      });
    });
    const harness = new GraphHarness(graph);
    await harness.create(sample());
    await harness.settle();
    const at = (child: string) => ({ namespace: 'ns', name: child });
    const [before] = await harness.listed(NetworkPolicy);
    const open = { from: [{ podSelector: {} }], ports: [{ port: 80, protocol: 'TCP' }, { port: 22 }] };
    await harness.edit(NetworkPolicy, 'n', { spec: { ingress: [open] } });
    const { spec } = harness.api.peek(Deployment, at('d'))?.spec?.template ?? {};
    const initContainers = [...(spec?.initContainers ?? [])].reverse();
    await harness.edit(Deployment, 'd', { spec: { template: { spec: { initContainers } } } });
    expect(await harness.writesOf(() => harness.settle())).toEqual([
      'apply networkpolicies.networking.k8s.io ns/n',
      'apply deployments.apps ns/d',
    ]);
    const [after] = await harness.listed(NetworkPolicy);
    expect(after).toMatchObject({ spec: (before as { spec?: object }).spec });
    const names = harness.api.peek(Deployment, at('d'))?.spec?.template.spec?.initContainers?.map(({ name: n }) => n);
    expect(names).toEqual(['first', 'second']);
  });

  it('says who had changed what it repairs, as the live object knows', async () => {
    const harness = await settled();
    const managed = (manager: string, operation: string, fields: object) => ({ manager, operation, fieldsV1: fields });
    const container = (fields: object) => ({
      'f:spec': { 'f:template': { 'f:spec': { 'f:containers': { 'k:{"name":"app"}': fields } } } },
    });
    const get = harness.api.get.bind(harness.api);
    harness.api.get = async (resource, key, options) => {
      const object = await get(resource, key, options);
      const managedFields = [
        managed('test-controller', 'Apply', { 'f:spec': { 'f:replicas': {} } }),
        managed('kubectl-edit', 'Update', container({ 'f:image': {} })),
        managed('autoscaler', 'Update', { 'f:spec': { 'f:replicas': {} } }),
        managed('bystander', 'Update', container({ 'f:imagePullPolicy': {} })),
      ];
      return { ...object, metadata: { ...object.metadata, managedFields } };
    };
    const { spec } = harness.api.peek(Deployment, name)!;
    spec!.template.spec!.containers[0]!.image = 'theirs:1';
    await harness.edit(Deployment, 'sample', { spec: { ...spec, replicas: 7 } });
    await harness.reconcile();
    expect(harness.events.find(({ reason }) => reason === 'DriftRepaired')?.note).toBe(
      'Set right what autoscaler and kubectl-edit had changed of Deployment sample: ' +
        'spec.replicas, spec.template.spec.containers[app].image',
    );
    const repair = harness.logs.find(({ fields }) => JSON.stringify(fields).includes('Drifted'));
    expect(repair?.fields).toMatchObject({ writes: [{ by: ['autoscaler', 'kubectl-edit'], child: 'sample' }] });
    expect(await harness.registry.metrics()).toContain('manager="kubectl-edit"} 1');
  });

  it('notices a field that it no longer wants', async () => {
    let value: Record<string, string> = { a: '1', b: '2' };
    const harness = new GraphHarness(
      defineGraph<Sample>(Sample, (g) => {
        g.step({
          name: 'Config',
          owns: [ConfigMap],
          run: (scope) => (scope.own(ConfigMap, { metadata: { name: 'c' }, data: value }), done()),
        });
      }),
    );
    await harness.create(sample());
    await harness.settle();
    value = { a: '1' };
    harness.restart();
    await harness.settle();
    expect(harness.api.peek(ConfigMap, { namespace: 'ns', name: 'c' })?.data).toEqual({ a: '1' });
  });

  it('does not take for drift what the server says otherwise, not even after a restart', async () => {
    const harness = new GraphHarness(sampleGraph());
    // A webhook that rewrites images, as registries' mirrors do.
    const { api } = harness;
    const apply = api.apply.bind(api);
    api.apply = async (resource, object, options) => {
      const text = JSON.stringify(object).replace('"app:1"', '"mirror.example/app:1"');
      return apply(resource, JSON.parse(text) as typeof object, options);
    };
    await harness.create(sample());
    const writes = await harness.writesOf(() => harness.settle());
    expect(writes.filter((write) => write.startsWith('apply deployments'))).toHaveLength(2);
    await ready(harness);
    harness.restart();
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);

    await harness.edit(Deployment, 'sample', { spec: { replicas: 5 } });
    await harness.settle();
    expect(harness.api.peek(Deployment, name)?.spec?.replicas).toBe(1);
  });

  it.each<[string, (harness: GraphHarness<Sample>) => Promise<unknown>]>([
    ['changes its fields', (harness) => harness.edit(Deployment, 'sample', { spec: { replicas: 7 } })],
    [
      'takes its annotations away',
      (harness) => harness.edit(Deployment, 'sample', { metadata: { annotations: null } }),
    ],
    ['deletes its children', (harness) => harness.api.delete(Deployment, name).catch(() => undefined)],
  ])('does not fight for ever with somebody who %s', async (_what, undo) => {
    const harness = await settled();
    let repairs = 0;
    for (let second = 0; second < 3_600; second += 10) {
      await undo(harness);
      const writes = await harness.writesOf(() => harness.reconcile());
      if (writes.includes('apply deployments.apps ns/sample')) repairs++;
      await harness.clock.advance(10_000);
    }
    expect(repairs).toBeGreaterThan(5);
    expect(repairs).toBeLessThan(20);
  });

  it('reports a step that says something else each time instead of writing for ever', async () => {
    let count = 0;
    const graph = defineGraph<Sample>(Sample, (g) => {
      g.step({
        name: 'Config',
        owns: [ConfigMap],
        run: (scope) => (scope.own(ConfigMap, { metadata: { name: 'c' }, data: { count: `${count++}` } }), done()),
      });
    });
    const harness = new GraphHarness(graph);
    await harness.create(sample());
    await expect(harness.reconcile()).rejects.toThrow(/says something else/);
    expect(harness.written().filter((write) => write.startsWith('apply'))).toHaveLength(3);
  });

  it.each(['applies', 'amends', 'renames'])(
    'writes for a step that %s so less and less often, although its own writes wake it, and says the same of it',
    async (color) => {
      let count = 0;
      const graph = defineGraph<Sample>(Sample, (g) => {
        g.step({
          name: 'Config',
          owns: [Secret],
          run(scope) {
            const data = { count: `${count++}` };
            if (color === 'applies') scope.own(Secret, { metadata: { name: 's' }, data });
            if (color === 'renames') scope.own(Secret, { metadata: { name: `s-${count}` } });
            const once = scope.ownOnce(Secret, 'once', () => ({ metadata: { name: 'once' } }));
            if (once && color === 'amends') scope.amend(Secret, once, () => ({ patch: { data } }));
            return done();
          },
        });
      });
      const harness = new GraphHarness(graph);
      await harness.create(sample());
      for (let second = 0; second < 60; second++) {
        await harness.reconcile().catch(() => undefined);
        await harness.reconcile().catch(() => undefined);
        const message = expect.stringMatching(/says something else of (Secret|what it wants)/) as string;
        expect(harness.condition('ConfigReady')).toMatchObject({ status: 'False', message });
        await harness.clock.advance(1_000);
      }
      const writes = harness.api.writes.filter(({ resource }) => resource === 'secrets').length;
      expect(writes).toBeGreaterThan(10);
      expect(writes).toBeLessThan(color === 'renames' ? 2_000 : 30);
    },
  );

  it.each<[string, Partial<Sample['spec']>]>([
    ['a removal', { color: 'remove' }],
    ['an amendment', { color: 'amend' }],
  ])('tries %s that always finds something else there less and less often', async (_what, spec) => {
    const graph = defineGraph<Sample>(Sample, (g) => {
      g.step({
        name: 'Config',
        owns: [ConfigMap],
        run(scope) {
          const observed = scope.get(ConfigMap, 'c');
          if (observed && scope.object.spec.color === 'remove') scope.remove(ConfigMap, observed);
          if (observed && scope.object.spec.color === 'amend') scope.amend(ConfigMap, observed, () => ({ patch: {} }));
          return done();
        },
      });
    });
    const harness = new GraphHarness(graph);
    await harness.api.seed(ConfigMap, { metadata: { namespace: 'ns', name: 'c' } });
    await harness.create(sample(spec));
    harness.api.before = ({ verb, resource }) => {
      if (verb !== 'list' && resource === 'configmaps') throw apiError(409, 'Conflict', 'the object has been modified');
    };
    const delays: number[] = [];
    for (let attempt = 0; attempt < 12; attempt++) {
      const { requeueAfter = 0 } = await harness.reconcile();
      delays.push(requeueAfter);
      await harness.clock.advance(requeueAfter);
    }
    expect(delays.slice(0, 4)).toEqual([1_000, 1_000, 2_000, 4_000]);
    expect(delays.at(-1)).toBe(300_000);
  });

  it.each<[string, Outcome<undefined>, number | undefined]>([
    ['Done, and to be asked at once', done(undefined, { after: 0 }), 1_000],
    ['Done, and to be asked yesterday', done(undefined, { after: -5 }), 1_000],
    ['waiting, for no number of milliseconds', waiting('Pending', '', { after: NaN }), 300_000],
    ['failed, and to be tried at once', failed('Error', '', { retryAfter: 0 }), 1_000],
    ['failed, for no number of milliseconds', failed('Error', '', { retryAfter: NaN }), 300_000],
    ['failed, for ever', failed('Error', '', { retryAfter: Infinity }), undefined],
  ])('looks again at a step that is %s, and never sooner than in a second', async (_what, outcome, delay) => {
    const harness = new GraphHarness(defineGraph<Sample>(Sample, (g) => g.step({ name: 'Step', run: () => outcome })));
    await harness.create(sample());
    expect((await harness.reconcile()).requeueAfter).toBe(delay);
    expect((await harness.reconcile()).requeueAfter).toBe(delay);
  });

  it('shows what a step threw, and goes on with the others', async () => {
    const graph = defineGraph<Sample>(Sample, (g) => {
      g.step({
        name: 'Broken',
        run: () => {
          throw new Error('cannot connect to mysql://root:hunter2@db/x');
        },
      });
      declareSample(g);
    });
    const harness = new GraphHarness(graph);
    await harness.create(sample());
    const result = await harness.reconcile();
    expect(harness.condition('BrokenReady')).toMatchObject({
      reason: 'Error',
      message: 'cannot connect to mysql://***@db/x',
    });
    expect(harness.condition('Ready')).toMatchObject({ reason: 'Error' });
    expect(harness.condition('ConfigReady')).toMatchObject({ status: 'True' });
    expect(result.requeueAfter).toBe(1_000);
    expect(JSON.stringify([harness.logs, harness.events])).not.toContain('hunter2');
  });

  it('waits longer and longer for what failed', async () => {
    const graph = defineGraph<Sample>(Sample, (g) => {
      g.step({ name: 'Broken', run: () => ({ state: 'Failed', reason: 'Error', message: 'no' }) });
    });
    const harness = new GraphHarness(graph);
    await harness.create(sample());
    const delays: number[] = [];
    for (let attempt = 0; attempt < 12; attempt++) {
      const { requeueAfter = 0 } = await harness.reconcile();
      delays.push(requeueAfter);
      await harness.clock.advance(requeueAfter);
    }
    expect(delays.slice(0, 4)).toEqual([1_000, 1_000, 2_000, 4_000]);
    expect(delays.at(-1)).toBe(300_000);
  });

  it('does not ask steps again at the echo of its own writes, and does when anything that they read has changed', async () => {
    let runs = 0;
    let asksTime = false;
    const graph = defineGraph<Sample>(Sample, (g) => {
      g.step({
        name: 'Config',
        owns: [ConfigMap],
        reads: [Secret],
        run(scope) {
          runs++;
          if (asksTime) scope.clock.now();
          const secrets = scope.list(Secret);
          scope.own(ConfigMap, { metadata: { name: 'c' }, data: { secrets: `${secrets.length}` } });
          return done();
        },
      });
    });
    const harness = new GraphHarness(graph);
    const runsOf = async (what: () => Promise<unknown>): Promise<number> => {
      await what();
      runs = 0;
      await harness.reconcile();
      return runs;
    };
    const nothing = () => Promise.resolve();
    await harness.create(sample());
    expect(await runsOf(nothing)).toBe(2);
    expect(await runsOf(nothing)).toBe(0);
    expect(await runsOf(() => harness.edit(ConfigMap, 'c', { data: { more: 'x' } }))).toBeGreaterThan(0);
    await runsOf(nothing);
    expect(await runsOf(() => harness.api.seed(Secret, { metadata: { namespace: 'ns', name: 's' } }))).toBe(2);
    expect(await runsOf(nothing)).toBe(0);
    expect(await runsOf(() => harness.edit(Sample, 'sample', { status: { conditions: [] } }, 'status'))).toBe(1);
    expect(harness.condition('ConfigReady')).toMatchObject({ status: 'True' });
    expect(await runsOf(nothing)).toBe(0);
    expect(await runsOf(() => harness.clock.advance(60_000))).toBe(1);
    asksTime = true;
    await runsOf(() => harness.clock.advance(60_000));
    expect(await runsOf(nothing)).toBe(1);
  });

  it.each([
    ['by annotation', (paused: boolean) => ({ metadata: { annotations: { 'stackwright.dev/paused': `${paused}` } } })],
    ['by its spec', (paused: boolean) => ({ spec: { paused } })],
  ])('writes nothing for an object that is paused %s', async (_how, pause) => {
    const harness = await settled({ deletionPolicy: 'Delete' });
    await harness.edit(Sample, 'sample', pause(true));
    await harness.api.delete(ConfigMap, key('config'));
    await harness.edit(Deployment, 'sample', { spec: { replicas: 9 }, status: { readyReplicas: 0 } });
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
    await harness.edit(Sample, 'sample', pause(false));
    expect(await harness.writesOf(() => harness.settle())).not.toEqual([]);
  });

  it('names a kind that the cluster lacks where it is wanted, and misses it nowhere else', async () => {
    const harness = new GraphHarness(
      defineGraph<Sample>(Sample, (g) => {
        declareSample(g);
        g.step({
          name: 'Route',
          owns: [HTTPRoute],
          run(scope) {
            if (scope.object.spec.color === 'blue') scope.own(HTTPRoute, { metadata: { name: 'sample' } });
            return done();
          },
        });
      }),
    );
    harness.reader.missing.add('httproutes');
    await harness.create(sample({ deletionPolicy: 'Delete' }));
    await harness.settle();
    await ready(harness);
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    await harness.edit(Sample, 'sample', { spec: { color: 'blue' } });
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'KindMissing' });
    expect(harness.condition('Ready')?.message).toContain('httproutes');
    expect(harness.api.peek(ConfigMap, key('config'))?.data).toEqual({ color: 'blue' });
    await harness.api.delete(Sample, name);
    await harness.settle();
    expect(harness.isGone).toBe(true);
  });

  it('names the objects that are not ready in metrics, and only these', async () => {
    const harness = new GraphHarness(sampleGraph());
    await harness.create(sample());
    await harness.reconcile();
    const series = async () =>
      (await harness.registry.metrics())
        .split('\n')
        .filter((line) => /^controller_resource(s|_not_ready)\{/.test(line));
    expect(await series()).toEqual([
      'controller_resources{kind="Sample",ready="false"} 1',
      expect.stringContaining('controller_resource_not_ready{kind="Sample",namespace="ns",name="sample",reason="'),
    ]);
    await ready(harness);
    expect(await series()).toEqual([
      'controller_resources{kind="Sample",ready="false"} 0',
      'controller_resources{kind="Sample",ready="true"} 1',
    ]);
    await harness.api.delete(Sample, name);
    await harness.reconcile();
    expect(await series()).toEqual([
      'controller_resources{kind="Sample",ready="false"} 0',
      'controller_resources{kind="Sample",ready="true"} 0',
    ]);
  });
});

describe('what is created once', () => {
  it('is never written again, whatever becomes of it', async () => {
    const harness = await settled();
    const before = harness.api.peek(Secret, key('password'))?.data;
    await harness.edit(Secret, 'sample-password', { metadata: { labels: null, annotations: null } });
    harness.restart();
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
    expect(harness.api.peek(Secret, key('password'))?.data).toEqual(before);
  });

  it('is not made anew by a reconcile whose cache does not show it yet', async () => {
    const harness = new GraphHarness(sampleGraph());
    await harness.create(sample());
    await harness.sync();
    await harness.reconcile({ sync: false });
    const before = harness.api.peek(Secret, key('password'))?.data;
    harness.restart();
    await harness.reconcile({ sync: false });
    expect(harness.api.peek(Secret, key('password'))?.data).toEqual(before);
    await harness.settle();
    expect(harness.api.peek(Secret, key('password'))?.data).toEqual(before);
  });

  it('may have been put there by a person', async () => {
    const harness = new GraphHarness(sampleGraph());
    await harness.api.seed(Secret, { metadata: key('password'), data: { password: 'bWluZQ==' } });
    await harness.create(sample());
    await harness.settle();
    expect(harness.api.peek(Secret, key('password'))?.data).toEqual({ password: 'bWluZQ==' });
    expect(harness.condition('PasswordReady')).toMatchObject({ status: 'True' });
  });

  it.each([
    ['name', { 'app.kubernetes.io/name': 'sample', 'app.kubernetes.io/instance': 'other' }, 'sample other'],
    ['kind', { 'app.kubernetes.io/name': 'claim', 'app.kubernetes.io/instance': 'sample' }, 'claim sample'],
  ])('is not shared with an object of another %s, whose password it is', async (_what, labels, whose) => {
    const harness = new GraphHarness(sampleGraph());
    await harness.api.seed(Secret, {
      metadata: { ...key('password'), labels: { ...labels, 'app.kubernetes.io/managed-by': 'stackwright' } },
      data: { password: 'dGhlaXJz' },
    });
    await harness.create(sample());
    await harness.settle();
    expect(harness.condition('PasswordReady')).toMatchObject({
      reason: 'Conflict',
      message: `Secret sample-password exists and belongs to ${whose}`,
    });
    expect(harness.condition('AppReady')).toMatchObject({ status: 'False' });
  });
});

describe('objects of others', () => {
  it('are not taken over', async () => {
    const harness = new GraphHarness(sampleGraph());
    await harness.api.seed(ConfigMap, { metadata: key('config'), data: { color: 'theirs' } });
    await harness.create(sample());
    await harness.settle();
    expect(harness.api.peek(ConfigMap, key('config'))?.data).toEqual({ color: 'theirs' });
    expect(harness.condition('Ready')).toMatchObject({ reason: 'Conflict' });
    expect(harness.object.status).toMatchObject({ waitingFor: [{ kind: 'ConfigMap', name: 'sample-config' }] });

    await harness.edit(ConfigMap, 'sample-config', {
      metadata: { labels: { 'app.kubernetes.io/managed-by': 'stackwright' } },
    });
    await harness.settle();
    expect(harness.api.peek(ConfigMap, key('config'))?.data).toEqual({ color: 'red' });
  });

  it('are said to be so, whatever a step makes of them', async () => {
    const harness = new GraphHarness(sampleGraph());
    await harness.api.seed(Deployment, { metadata: name, spec: { selector: {}, template: {} } });
    await harness.create(sample());
    await harness.settle();
    // The step itself sees a Deployment that is not ready.
    expect(harness.condition('AppReady')).toMatchObject({ reason: 'Conflict' });
  });

  it('that are controlled by another object stay its', async () => {
    const harness = new GraphHarness(sampleGraph());
    const ownerReferences = [{ apiVersion: 'v1', kind: 'Other', name: 'o', uid: 'x', controller: true }];
    await harness.api.seed(ConfigMap, { metadata: { ...key('config'), ownerReferences } });
    await harness.create(sample());
    await harness.settle();
    expect(harness.condition('ConfigReady')).toMatchObject({
      reason: 'Conflict',
      message: expect.stringContaining('Other o') as string,
    });
  });

  it('of a deleted predecessor are waited for until they are collected', async () => {
    const harness = new GraphHarness(sampleGraph());
    const ownerReferences = [
      { apiVersion: 'test.dev/v1', kind: 'Sample', name: 'sample', uid: 'old', controller: true },
    ];
    await harness.api.seed(ConfigMap, { metadata: { ...key('config'), ownerReferences } });
    await harness.create(sample());
    await harness.settle();
    expect(harness.condition('ConfigReady')).toMatchObject({ status: 'False', reason: 'Deleting' });
    await harness.api.delete(ConfigMap, key('config'));
    await harness.settle();
    expect(harness.condition('ConfigReady')).toMatchObject({ status: 'True' });
  });

  it('and its own that are being deleted are waited for', async () => {
    const harness = await settled();
    await harness.edit(ConfigMap, 'sample-config', { metadata: { finalizers: ['theirs'] } });
    await harness.api.delete(ConfigMap, key('config'));
    await harness.settle();
    expect(harness.condition('ConfigReady')).toMatchObject({ status: 'False', reason: 'Deleting' });
    await harness.edit(ConfigMap, 'sample-config', { metadata: { finalizers: [] } });
    await harness.settle();
    expect(harness.api.peek(ConfigMap, key('config'))?.data).toEqual({ color: 'red' });
  });
});

describe('what is no longer wanted', () => {
  it('is deleted, by uid', async () => {
    const harness = await settled({ extras: ['x', 'y'] });
    const uid = harness.api.peek(ConfigMap, key('x'))?.metadata?.uid;
    await harness.edit(Sample, 'sample', { spec: { extras: ['y'] } });
    expect(await harness.writesOf(() => harness.reconcile())).toContain('delete configmaps ns/sample-x');
    expect(harness.api.writes.at(-2)).toMatchObject({ verb: 'delete', options: { preconditions: { uid } } });
    expect(harness.api.peek(ConfigMap, key('y'))).toBeDefined();
  });

  it('stays while a step that might want it waits or is blocked', async () => {
    let block = false;
    const graph = defineGraph<Sample>(Sample, (g) => {
      const first = g.step({ name: 'First', run: () => (block ? waiting('Pending', 'not yet') : done()) });
      g.step({
        name: 'Second',
        after: [first],
        owns: [Secret],
        run: (scope) => (scope.own(Secret, { metadata: { name: 's' } }), done()),
      });
      g.step({
        name: 'Third',
        owns: [ConfigMap],
        run(scope) {
          if (block) return waiting('Pending', 'stopped before it said all');
          scope.own(ConfigMap, { metadata: { name: 'c' } });
          return done();
        },
      });
    });
    const harness = new GraphHarness(graph);
    await harness.create(sample());
    await harness.settle();
    block = true;
    harness.restart();
    await harness.settle();
    expect(harness.api.peek(Secret, { namespace: 'ns', name: 's' })).toBeDefined();
    expect(harness.api.peek(ConfigMap, { namespace: 'ns', name: 'c' })).toBeDefined();
    expect(harness.condition('SecondReady')).toMatchObject({ status: 'True', observedGeneration: 1 });
  });

  it('stays when it is retained, or a Job that runs', async () => {
    let want = true;
    const graph = defineGraph<Sample>(Sample, (g) => {
      g.step({
        name: 'All',
        owns: [Secret, Job],
        run(scope) {
          if (!want) return done();
          scope.own(Secret, { metadata: { name: 'kept' } }, { retain: true });
          for (const job of ['running', 'ended'])
            scope.own(Job, { metadata: { name: job }, spec: { template: { spec: { containers: [] } } } });
          return done();
        },
      });
    });
    const harness = new GraphHarness(graph);
    await harness.create(sample());
    await harness.settle();
    await harness.edit(Job, 'ended', { status: { conditions: [{ type: 'Complete', status: 'True' }] } }, 'status');
    want = false;
    expect(await harness.writesOf(() => harness.settle())).toEqual(['delete jobs.batch ns/ended']);
  });

  it('is not deleted under another uid', async () => {
    const harness = await settled({ extras: ['x'] });
    await harness.edit(Sample, 'sample', { spec: { extras: [] } });
    await harness.sync();
    // Meanwhile somebody made another of the same name; the cache does not know.
    await harness.api.delete(ConfigMap, key('x'));
    await harness.api.seed(ConfigMap, { metadata: key('x'), data: { whose: 'theirs' } });
    const result = await harness.reconcile({ sync: false });
    expect(harness.api.peek(ConfigMap, key('x'))?.data).toEqual({ whose: 'theirs' });
    expect(result.requeueAfter).toBeLessThanOrEqual(1_000);
    expect(await harness.api.get(ConfigMap, key('y')).catch(isNotFound)).toBe(true);
  });
});

describe('status', () => {
  it('keeps the time of the last transition and never goes through Unknown', async () => {
    const harness = await settled();
    const times = () =>
      (harness.object.status as { conditions: { type: string; lastTransitionTime: string }[] }).conditions;
    const before = times();
    await harness.clock.advance(60_000);
    await harness.edit(Sample, 'sample', { spec: { replicas: 2 } });
    await harness.settle();
    const after = times();
    expect(after.find(({ type }) => type === 'ConfigReady')?.lastTransitionTime).toBe(
      before.find(({ type }) => type === 'ConfigReady')?.lastTransitionTime,
    );
    expect(after.find(({ type }) => type === 'AppReady')?.lastTransitionTime).not.toBe(
      before.find(({ type }) => type === 'AppReady')?.lastTransitionTime,
    );
    const statuses = harness.api.writes
      .filter(({ resource }) => resource === 'samples.test.dev')
      .map(({ body }) => JSON.stringify(body));
    expect(statuses.join()).not.toContain('Unknown');
  });

  it('is Ready with a warning, which is told once and goes with its cause', async () => {
    const graph = defineGraph<Sample>(Sample, (g) => {
      g.step({
        name: 'Backup',
        run({ object }) {
          const message = `The ${object.spec.color ?? 'last'} one failed`;
          return done(undefined, object.spec.color === 'green' ? {} : { warning: { reason: 'BackupFailed', message } });
        },
      });
    });
    const harness = new GraphHarness(graph);
    await harness.create(sample({ color: 'red' }));
    await harness.settle();
    const message = 'The red one failed';
    expect(harness.condition('BackupReady')).toMatchObject({ status: 'True', reason: 'BackupFailed', message });
    expect(harness.condition('Ready')).toMatchObject({ status: 'True', message: `Backup: ${message}` });
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
    await harness.edit(Sample, 'sample', { spec: { color: 'green' } });
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True', message: '' });
    expect(harness.events.filter(({ type }) => type === 'Warning').map(({ note }) => note)).toEqual([
      `Backup: ${message}`,
    ]);
  });

  it('holds what the graph adds, and loses it when it is gone', async () => {
    let endpoint: string | undefined = 'http://x';
    const harness = new GraphHarness(
      sampleGraph({ status: () => ({ endpoint, nested: { a: 1, ...(endpoint ? { b: 2 } : {}) } }) }),
    );
    await harness.create(sample());
    await harness.settle();
    expect(harness.object.status).toMatchObject({ endpoint: 'http://x', nested: { a: 1, b: 2 } });
    endpoint = undefined;
    harness.restart();
    await harness.settle();
    expect(harness.object.status).not.toHaveProperty('endpoint');
    expect(harness.object.status).toHaveProperty('nested', { a: 1 });
  });

  it('that a conflict kept from being written is written by the next reconcile', async () => {
    const harness = new GraphHarness(sampleGraph());
    await harness.create(sample());
    harness.api.before = ({ options }) => {
      if ('subresource' in options) throw apiError(409, 'Conflict', 'the object has been modified');
    };
    await expect(harness.reconcile()).rejects.toMatchObject({ code: 409 });
    expect(harness.object.status).toBeUndefined();
    harness.api.before = undefined;
    await harness.reconcile();
    expect(harness.condition('Ready')).toBeDefined();
  });

  it('of a kind that has none is an error that says so, and one event', async () => {
    const harness = new GraphHarness(sampleGraph());
    await harness.create(sample());
    harness.api.before = ({ options }) => {
      if ('subresource' in options) throw apiError(404, 'NotFound', 'the server could not find the requested resource');
    };
    for (let attempt = 0; attempt < 3; attempt++) {
      await expect(harness.reconcile()).rejects.toThrow(/samples\.test\.dev has no status.*subresources/);
    }
    expect(harness.events.filter(({ note }) => note.includes('has no status'))).toHaveLength(1);
  });

  it.each([404, 409, 422])('of an object that is gone is not missed, where the server answers %d', async (code) => {
    for (const isMadeAgain of [false, true]) {
      const harness = new GraphHarness(sampleGraph());
      await harness.create(sample());
      await harness.sync();
      await harness.api.delete(Sample, name);
      if (isMadeAgain) await harness.create(sample());
      harness.api.before = ({ options }) => {
        if (!('subresource' in options)) return;
        const status: Status = { apiVersion: 'v1', kind: 'Status', details: { causes: [{ field: 'metadata.uid' }] } };
        const reason = code === 409 ? 'Conflict' : 'Whatever';
        throw new ApiError({ code, reason, message: 'no', ...(code === 422 ? { status } : {}) });
      };
      expect(await harness.reconcile({ sync: false })).toEqual({});
    }
  });

  it('is not written to an object that was deleted and made again meanwhile', async () => {
    const harness = new GraphHarness(sampleGraph());
    await harness.create(sample());
    await harness.sync();
    await harness.api.delete(Sample, name);
    await harness.create(sample({ color: 'green' }));
    await harness.reconcile({ sync: false });
    expect(harness.object.status).toBeUndefined();
  });
});

it('a kind that is served no more is told at once, also of what was judged a moment ago', async () => {
  const harness = new GraphHarness(sampleGraph());
  await harness.create(sample());
  await harness.settle();
  await ready(harness);
  expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  harness.reader.missing.add('configmaps');
  await harness.reconcile();
  expect(harness.condition('ConfigReady')).toMatchObject({ status: 'False', reason: 'KindMissing' });
});

describe('children that no step wants any more', () => {
  const extras = ['a', 'b', 'c'];
  const there = (harness: GraphHarness<Sample>) =>
    extras.filter((extra) => harness.api.peek(ConfigMap, { namespace: 'ns', name: `sample-${extra}` }));
  const withoutExtras = async () => {
    const harness = new GraphHarness(sampleGraph());
    await harness.create(sample({ extras }));
    await harness.settle();
    await harness.edit(Sample, 'sample', { spec: { extras: null } });
    return harness;
  };

  it('go, also where others of them cannot be deleted, which are all told', async () => {
    const harness = await withoutExtras();
    harness.api.before = ({ verb, key }) => {
      if (verb === 'delete' && key !== 'ns/sample-b') throw apiError(403, 'Forbidden', `not ${key}`);
    };
    await harness.reconcile();
    expect(there(harness)).toEqual(['a', 'c']);
    expect(harness.condition('ConfigReady')?.message).toMatch(/sample-a: .*; .*sample-c: /);
    harness.api.before = () => undefined;
    await harness.settle();
    expect(there(harness)).toEqual([]);
  });

  it('are not all waited for where the server does not answer', async () => {
    const harness = await withoutExtras();
    harness.api.before = ({ verb }) => {
      if (verb === 'delete') throw new ApiError({ code: 0, reason: 'Timeout', message: 'no answer within 30 s' });
    };
    const written = await harness.writesOf(() => harness.reconcile().catch(() => undefined));
    expect(written.filter((write) => write.startsWith('delete'))).toHaveLength(1);
  });
});
