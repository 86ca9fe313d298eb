// A graph in a manager that runs: informers, queue, workers, and the API between them.
import {
  ConfigMap,
  defineResource,
  Deployment,
  Node,
  PersistentVolumeClaim,
  Pod,
  qualifiedName,
  Secret,
  StatefulSet,
  type Resource,
} from '@stackwright/kube';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { apiError, settle, testManager, type TestManager } from '@stackwright/core/testing';
import { noSpan, type Span } from '@stackwright/core';
import { controllerForGraph } from './controller.js';
import { defineGraph, defineObjectGraph } from './declare/graph.js';
import { clusterRulesOf, rulesOf } from './declare/rules.js';
import { done, waiting } from './declare/step.js';
import { GraphHarness, sayCall } from './testing/graph-harness.js';
import { rolledOut, Sample, sample, sampleGraph } from './testing/sample.js';
import { watchesOf } from './declare/watches.js';

const key = (name: string) => ({ namespace: 'ns', name });

describe('a graph in a manager', () => {
  let test: TestManager;
  beforeEach(() => (test = testManager()));
  afterEach(() => test.stop());

  const writes = () =>
    test.client.writes.map(sayCall).filter((call) => !/leases|events|deployments.apps\/status/.test(call));
  const conditions = (name: string) =>
    (test.client.peek(Sample, key(name))?.status as { conditions?: { type: string; status: string }[] })?.conditions;
  const isReady = (name: string) => conditions(name)?.find(({ type }) => type === 'Ready')?.status === 'True';
  const reconciles = async () =>
    (await test.sample('controller_runtime_reconcile_total', { controller: 'sample', result: 'success' })) ?? 0;

  async function rollOut(name: string): Promise<void> {
    const status = rolledOut(test.client.peek(Deployment, key(name)));
    await test.client.patch(Deployment, key(name), { type: 'merge', body: status }, { subresource: 'status' });
    await test.clock.advance(1_000);
  }

  it('takes an object to Ready with few calls and few reconciles, and then rests', async () => {
    controllerForGraph(test.manager, sampleGraph());
    await test.start();
    await test.client.seed(Sample, { ...sample(), metadata: key('one') });
    await test.clock.advance(1_000);
    expect(writes()).toEqual([
      'create secrets ns/one-password',
      'apply configmaps ns/one-config',
      'apply deployments.apps ns/one',
      'patch samples.test.dev/status ns/one',
    ]);
    await rollOut('one');
    expect(isReady('one')).toBe(true);
    expect(writes()).toHaveLength(5);
    expect(await reconciles()).toBeLessThanOrEqual(3);
    await test.clock.advance(3_600_000);
    expect(writes()).toHaveLength(5);
    expect(await test.sample('controller_runtime_reconcile_errors_total', { controller: 'sample' })).toBe(0);
  });

  it('takes two calls for an edit that concerns one child: the child, and the status', async () => {
    controllerForGraph(test.manager, sampleGraph());
    await test.start();
    await test.client.seed(Sample, { ...sample(), metadata: key('one') });
    await test.clock.advance(1_000);
    await rollOut('one');
    const before = test.client.calls.length;
    await test.client.patch(Sample, key('one'), { type: 'merge', body: { spec: { extras: ['more'] } } });
    await test.clock.advance(1_000);
    const calls = test.client.calls.slice(before + 1).map(sayCall);
    expect(calls).toEqual(['apply configmaps ns/one-more', 'patch samples.test.dev/status ns/one']);
  });

  it('makes a span of each step that does something, with its calls in it, and says which failed', async () => {
    const spans: string[] = [];
    const failures: string[] = [];
    const tracer = (path: string): Span => ({
      ...noSpan,
      recording: true,
      span: (name, _attributes, fn) => {
        spans.push(`${path}${name}`);
        return fn(tracer(`${path}${name} › `));
      },
      fail: (error) => void failures.push(`${path}${String(error)}`),
    });
    await test.start();
    await test.stop();
    test = testManager({ tracer: tracer('') });
    controllerForGraph(test.manager, sampleGraph());
    await test.start();
    test.client.before = ({ verb, resource }) => {
      if (verb === 'apply' && resource === 'configmaps') throw apiError(403, 'Forbidden', 'no');
    };
    await test.client.seed(Sample, { ...sample(), metadata: key('one') });
    await test.clock.advance(1);
    expect([...new Set(spans)].sort()).toEqual([
      'reconcile sample',
      'reconcile sample › patch samples.test.dev',
      'reconcile sample › step Config',
      'reconcile sample › step Config › apply configmaps',
      'reconcile sample › step Password',
      'reconcile sample › step Password › create secrets',
    ]);
    expect(failures[0]).toContain('reconcile sample › step Config › ');
  });

  it('notices what becomes of its children, also of those that have no owner', async () => {
    controllerForGraph(test.manager, sampleGraph());
    await test.start();
    await test.client.seed(Sample, { ...sample(), metadata: key('one') });
    await test.clock.advance(1_000);
    await rollOut('one');

    await test.client.patch(ConfigMap, key('one-config'), { type: 'merge', body: { data: { color: 'theirs' } } });
    await test.clock.advance(1_000);
    expect(test.client.peek(ConfigMap, key('one-config'))?.data).toEqual({ color: 'red' });
    await test.client.delete(Secret, key('one-password'));
    await test.clock.advance(1_000);
    expect(test.client.peek(Secret, key('one-password'))).toBeDefined();
    expect(isReady('one')).toBe(true);
  });

  it('does not take a cache that lags for an object that is missing', async () => {
    controllerForGraph(test.manager, sampleGraph());
    await test.start();
    test.client.watchesPaused = true;
    await test.client.seed(Sample, { ...sample(), metadata: key('one') });
    test.client.watchesPaused = false;
    await settle();
    test.client.watchesPaused = true;
    await test.client.patch(Sample, key('one'), { type: 'merge', body: { spec: { color: 'blue' } } });
    await test.clock.advance(1_000);
    test.client.watchesPaused = false;
    await test.clock.advance(10_000);
    expect(writes().filter((call) => call.startsWith('create'))).toHaveLength(1);
    expect(writes().filter((call) => call === 'apply configmaps ns/one-config').length).toBeLessThanOrEqual(2);
    expect(test.client.peek(ConfigMap, key('one-config'))?.data).toEqual({ color: 'blue' });
  });

  it('tells what happens as events of the object', async () => {
    controllerForGraph(test.manager, sampleGraph());
    await test.start();
    await test.client.seed(Sample, { ...sample(), metadata: key('one') });
    await test.clock.advance(1_000);
    const body = rolledOut(test.client.peek(Deployment, key('one')));
    await test.client.patch(Deployment, key('one'), { type: 'merge', body }, { subresource: 'status' });
    await test.clock.advance(1_000);
    const events = test.client.calls.filter(({ resource, verb }) => resource === 'events' && verb === 'create');
    expect(events.map(({ body }) => (body as { reason: string }).reason)).toEqual(['Ready']);
    expect(events[0]?.body).toMatchObject({
      involvedObject: { kind: 'Sample', name: 'one' },
      reportingComponent: expect.any(String) as string,
    });
  });

  it('watches kinds that only appear with an object', async () => {
    const graph = defineObjectGraph<Sample>(Sample, (g, { spec }) => {
      if (!spec.color) return;
      g.step({
        name: 'Late',
        owns: [Secret],
        run: (scope) =>
          scope.own(Secret, { metadata: { name: 'late' } }) ? done() : waiting('Pending', 'is being created'),
      });
    });
    controllerForGraph(test.manager, graph);
    await test.start();
    await test.client.seed(Sample, { ...sample(), metadata: key('one') });
    await test.clock.advance(1_000);
    expect(isReady('one')).toBe(true);
    await test.client.patch(Sample, key('one'), { type: 'merge', body: { spec: { color: 'x' } } });
    // At once when the first list is there, not when it is time to look again.
    await test.clock.advance(100);
    expect(test.client.peek(Secret, key('late'))).toBeDefined();
    expect(isReady('one')).toBe(true);
    await test.client.delete(Secret, key('late'));
    await test.clock.advance(1_000);
    expect(test.client.peek(Secret, key('late'))).toBeDefined();
  });
});

describe('watches', () => {
  const all = [key('one'), key('two')];
  const requests = (
    kinds: { owns?: readonly Resource[]; reads?: Parameters<typeof watchesOf>[1]['reads'] },
    resource: Resource,
    object: object,
  ) =>
    watchesOf(Sample, { owns: [], reads: [], ...kinds }, () => all)
      .filter((watch) => qualifiedName(watch.resource) === qualifiedName(resource))
      .flatMap(({ map }) => map(object));
  const labels = {
    'app.kubernetes.io/managed-by': 'stackwright',
    'app.kubernetes.io/name': 'sample',
    'app.kubernetes.io/instance': 'one',
  };

  it('find the whole by the labels of a part, and not that of another kind', () => {
    const reads = [{ resource: Pod, parts: true as const }];
    expect(requests({ reads }, Pod, { metadata: { namespace: 'ns', name: 'p', labels } })).toEqual([key('one')]);
    const other = { ...labels, 'app.kubernetes.io/name': 'keystone' };
    expect(requests({ reads }, Pod, { metadata: { namespace: 'ns', name: 'p', labels: other } })).toEqual([]);
  });

  it('find all for what is only read, and what a map says', () => {
    expect(requests({ reads: [Secret] }, Secret, { metadata: { namespace: 'ns', name: 's' } })).toEqual(all);
    const reads = [{ resource: Secret, map: () => [key('mapped')] }];
    expect(requests({ reads }, Secret, { metadata: { namespace: 'ns', name: 's' } })).toEqual([key('mapped')]);
  });

  it('follow volumes where there are StatefulSets', () => {
    expect(
      requests({ owns: [StatefulSet] }, PersistentVolumeClaim, { metadata: { namespace: 'ns', name: 'v', labels } }),
    ).toEqual([key('one')]);
  });
});

describe('the rules of a Role', () => {
  it('allow what the graph names and nothing else', () => {
    const graph = defineGraph<Sample>(Sample, (g) => {
      g.step({ name: 'A', owns: [Secret], reads: [Pod, Node], run: () => done() });
      g.step({ name: 'B', owns: [StatefulSet], reads: [{ resource: Secret, parts: true }], run: () => done() });
    });
    const change = ['list', 'watch', 'get', 'patch', 'delete'];
    const write = [...change, 'create'];
    expect(rulesOf(graph)).toEqual([
      { apiGroups: ['test.dev'], resources: ['samples'], verbs: ['list', 'watch', 'get', 'patch'] },
      { apiGroups: ['test.dev'], resources: ['samples/status'], verbs: ['patch'] },
      { apiGroups: ['test.dev'], resources: ['samples/finalizers'], verbs: ['update'] },
      { apiGroups: [''], resources: ['secrets'], verbs: write },
      { apiGroups: ['apps'], resources: ['statefulsets'], verbs: write },
      { apiGroups: ['apps'], resources: ['controllerrevisions'], verbs: ['get', 'create', 'delete'] },
      { apiGroups: [''], resources: ['pods'], verbs: ['list', 'watch'] },
      { apiGroups: [''], resources: ['events'], verbs: ['list', 'watch'] },
      { apiGroups: [''], resources: ['persistentvolumeclaims'], verbs: ['list', 'watch', 'patch', 'delete'] },
    ]);
    expect(clusterRulesOf(graph)).toEqual([{ apiGroups: [''], resources: ['nodes'], verbs: ['list', 'watch'] }]);
  });

  it('let nothing be made that steps only amend', async () => {
    const only = defineGraph<Sample>(Sample, (g) => {
      g.step({ name: 'A', owns: [Secret], amends: true, run: () => done() });
      g.step({ name: 'B', owns: [ConfigMap], amends: true, run: () => done() });
      g.step({ name: 'C', owns: [ConfigMap], run: () => done() });
    });
    const verbs = new Map(rulesOf(only).map((rule) => [rule.resources[0], rule.verbs]));
    expect(verbs.get('secrets')).toEqual(['list', 'watch', 'get', 'patch', 'delete']);
    expect(verbs.get('configmaps')).toContain('create');

    const makes = defineGraph<Sample>(Sample, (g) => {
      g.step({
        name: 'A',
        owns: [Secret],
        amends: true,
        run: (scope) => (scope.own(Secret, { metadata: { name: 's' } }), done()),
      });
    });
    const harness = new GraphHarness(makes);
    await harness.create(sample({ color: 'red' }));
    await harness.settle();
    expect(harness.condition('AReady')?.message).toContain('only amends what it owns');
  });

  it('say nothing of volumes where no StatefulSet has any', () => {
    const declare = (volumes?: boolean) =>
      defineGraph<Sample>(
        Sample,
        (g) => g.step({ name: 'A', owns: [StatefulSet], run: () => done() }),
        volumes === undefined ? {} : { volumes },
      );
    const resources = (graph: ReturnType<typeof declare>) => rulesOf(graph).flatMap((rule) => rule.resources);
    expect(resources(declare())).toContain('persistentvolumeclaims');
    expect(resources(declare(false))).not.toContain('persistentvolumeclaims');
    expect(watchesOf(Sample, declare(false), () => []).map(({ resource }) => resource.kind)).toEqual(['StatefulSet']);
  });
});

describe('two graphs of one kind', () => {
  const other = defineGraph<Sample>(Sample, (g) => void g.step({ name: 'Other', run: () => done() }));

  it('in one process are refused when the second is added, with the reason', () => {
    const { manager } = testManager();
    controllerForGraph(manager, sampleGraph());
    expect(() => controllerForGraph(manager, other)).toThrow(
      'Two graphs reconcile samples.test.dev: each would undo what the other does. Make one graph of them',
    );
  });

  it('are not, of which each is of a kind of its own, or of a process of its own', () => {
    const kind = defineResource<Sample>({ ...Sample, group: 'other.dev' });
    const { manager } = testManager();
    controllerForGraph(manager, sampleGraph());
    const otherKind = defineGraph<Sample>(kind, (g) => void g.step({ name: 'Other', run: () => done() }));
    expect(() => controllerForGraph(testManager().manager, other)).not.toThrow();
    expect(() => controllerForGraph(manager, otherKind, { name: 'other' })).not.toThrow();
  });
});
