import { ConfigMap, ControllerRevision, defineResource, Deployment, Pod, Secret, Service } from '@stackwright/kube';
import { describe, expect, it } from 'vitest';
import { FakeClock, SeededRandom } from '@stackwright/core/testing';
import { defineGraph, type Graph } from '../declare/graph.js';
import { hashOf } from '../evaluate/hash.js';
import { done, waiting } from '../declare/step.js';
import { GraphHarness } from '../testing/graph-harness.js';
import { refusingGraph } from '../testing/refusing-graph.js';
import { rolledOut, Sample, sample, sampleGraph } from '../testing/sample.js';
import { plan, type PlanInput } from './plan.js';
import type { ObjectPlan, PlannedChange } from './report.js';

const name = { namespace: 'ns', name: 'sample' };

async function settled(graph: Graph<Sample> = sampleGraph(), spec: Sample['spec'] = {}): Promise<GraphHarness<Sample>> {
  const harness = new GraphHarness(graph);
  await harness.create(sample(spec));
  await harness.settle();
  if (harness.api.peek(Deployment, name)) {
    await harness.edit(Deployment, 'sample', rolledOut(harness.api.peek(Deployment, name)), 'status');
    await harness.settle();
  }
  return harness;
}

async function planFor(harness: GraphHarness<Sample>, graph: Graph<Sample>, more: Partial<PlanInput> = {}) {
  await harness.sync();
  const before = harness.api.calls.length;
  const made = await plan({
    controllers: [{ graph, fieldManager: 'test-controller' }],
    objects: [{ resource: Sample, key: name }],
    reader: harness.reader,
    clock: harness.clock,
    random: new SeededRandom(3),
    signal: new AbortController().signal,
    ...more,
  });
  expect(harness.api.calls.slice(before).filter(({ options }) => !(options as { dryRun?: boolean }).dryRun)).toEqual(
    [],
  );
  return made;
}

const say = (change: PlannedChange): string =>
  change.action === 'external'
    ? `external ${change.text}`
    : `${change.action} ${change.object.kind} ${change.object.name} ${change.why}` +
      change.fields.map(({ path, from, to }) => ` ${path}: ${from ?? '-'} → ${to ?? '-'}`).join(',');

const steps = (one: ObjectPlan | undefined) =>
  Object.fromEntries((one?.steps ?? []).map(({ step, state, changes }) => [step, [state, ...changes.map(say)]]));

describe('a plan', () => {
  it('of what is as it should be is empty', async () => {
    const harness = await settled();
    const { objects, summary } = await planFor(harness, sampleGraph());
    expect(summary).toEqual({ create: 0, change: 0, delete: 0, external: 0, unknown: 0, failed: 0 });
    expect(objects[0]?.conditions).toEqual([]);
  });

  it('of a new object says what would be made, and which values nobody can know yet', async () => {
    const graph = defineGraph<Sample>(Sample, (g) => {
      const password = g.step({
        name: 'Password',
        owns: [Secret],
        run(scope) {
          const make = (random: { uuid(): string }) => ({ metadata: { name: 'p' }, data: { password: random.uuid() } });
          const secret = scope.ownOnce(Secret, 'p', make);
          return secret ? done(hashOf(secret.data)) : waiting('Pending', 'not yet');
        },
      });
      g.step({
        name: 'Config',
        after: [password],
        owns: [ConfigMap],
        run(scope) {
          const data = { hash: scope.output(password), color: scope.object.spec.color ?? '' };
          return scope.own(ConfigMap, { metadata: { name: 'c' }, data }) ? done() : waiting('Pending', 'not yet');
        },
      });
    });
    const harness = new GraphHarness(graph);
    await harness.create(sample({ color: 'red' }));
    const first = await planFor(harness, graph);
    expect(steps(first.objects[0])).toEqual({
      Password: ['Done', 'create Secret p Missing'],
      Config: ['Done', 'create ConfigMap c Missing'],
    });
    expect(first.objects[0]?.conditions.map(({ type, to }) => `${type} ${to.status}`)).toContain('Ready True');

    await harness.settle();
    await harness.api.delete(Secret, { namespace: 'ns', name: 'p' });
    await harness.edit(Sample, 'sample', { spec: { color: 'blue' } });
    const then = await planFor(harness, graph);
    expect(steps(then.objects[0])['Config']).toEqual([
      'Done',
      expect.stringMatching(
        /^change ConfigMap c Changed data\.hash: "\w+" → \(generated\), data\.color: "red" → "blue"$/,
      ),
    ]);
  });

  it('of an edit shows the fields, goes as far as it can be known, and says where that ends', async () => {
    const harness = await settled();
    await harness.edit(Sample, 'sample', { spec: { color: 'blue', extras: ['more'] } });
    const { objects, summary } = await planFor(harness, sampleGraph());
    expect(steps(objects[0])).toEqual({
      Password: ['Done'],
      Config: [
        'Done',
        'change ConfigMap sample-config Changed data.color: "red" → "blue"',
        'create ConfigMap sample-more Missing',
      ],
      App: ['Waiting', 'change Deployment sample Changed spec.template.metadata.annotations.color: "red" → "blue"'],
    });
    expect(objects[0]?.conditions).toEqual([
      {
        type: 'Ready',
        from: { status: 'True', reason: 'Ready' },
        to: { status: 'False', reason: 'RolloutInProgress', message: 'Deployment sample has no ready Pod' },
      },
      expect.objectContaining({ type: 'AppReady' }),
    ]);
    expect(summary).toMatchObject({ create: 1, change: 2, delete: 0 });
  });

  it('shows what is pruned and what is repaired, with who owns the fields', async () => {
    const harness = await settled(sampleGraph(), { extras: ['more'] });
    await harness.edit(Sample, 'sample', { spec: { extras: [] } });
    await harness.edit(Deployment, 'sample', { spec: { replicas: 5 } });
    await harness.sync();
    const deployment = harness.reader.get(Deployment, name) as Deployment;
    const managedFields = [
      { manager: 'kubectl-edit', operation: 'Update', fieldsV1: { 'f:spec': { 'f:replicas': {} } } },
    ];
    const live = { ...deployment, metadata: { ...deployment.metadata, managedFields } };
    harness.sync = async () => harness.reader.set(Deployment, [live]);
    const { objects } = await planFor(harness, sampleGraph());
    expect(steps(objects[0])).toMatchObject({
      Config: ['Done', 'delete ConfigMap sample-more Unwanted'],
      App: [expect.anything(), 'change Deployment sample Drifted spec.replicas: 5 → 1'],
    });
    const app = objects[0]?.steps.find(({ step }) => step === 'App')?.changes[0];
    expect(app).toMatchObject({ fields: [{ path: 'spec.replicas', managers: ['kubectl-edit'] }] });
  });

  it('shows what is made again though its step does not say what it wants, since that is written down', async () => {
    const harness = new GraphHarness(refusingGraph, { kinds: [ControllerRevision] });
    await harness.create(sample({ color: 'red' }));
    await harness.settle();
    await harness.edit(Sample, 'sample', { spec: { color: 'wrong' } });
    await harness.settle();
    await harness.api.delete(Service, name);
    const { objects } = await planFor(harness, refusingGraph);
    expect(steps(objects[0])).toEqual({ Config: ['Failed'], App: ['Unknown', 'create Service sample Missing'] });
    harness.restart();
    expect((await harness.writesOf(() => harness.reconcile()))[0]).toBe('apply services ns/sample');
  });

  it('shows no password, wherever it is', async () => {
    const graph = (password: string) =>
      defineGraph<Sample>(Sample, (g) => {
        g.step({
          name: 'All',
          owns: [Secret, ConfigMap, Pod],
          run(scope) {
            scope.own(Secret, { metadata: { name: 's' }, stringData: { anything: password } });
            scope.own(ConfigMap, {
              metadata: { name: 'c' },
              data: { url: `mysql://root:${password}@db`, dbPassword: password },
            });
            const env = [{ name: 'DB_PASSWORD', value: password }];
            const volumes = [{ name: 'v', secret: { secretName: `s-${password.length}` } }];
            scope.own(Pod, {
              metadata: { name: 'p' },
              spec: { containers: [{ name: 'a', image: 'a', env }], volumes },
            });
            return done();
          },
        });
      });
    const harness = await settled(graph('hunter1'));
    const made = await planFor(harness, graph('hunter22'));
    expect(steps(made.objects[0])['All']).toEqual([
      'Done',
      'change Secret s Changed data.anything: (hidden) → (hidden)',
      'change ConfigMap c Changed data.url: "mysql://***@db" → "mysql://***@db", data.dbPassword: (hidden) → (hidden)',
      'change Pod p Changed spec.containers[a].env[DB_PASSWORD].value: (hidden) → (hidden), spec.volumes[v].secret.secretName: "s-7" → "s-8"',
    ]);
    expect(JSON.stringify(made)).not.toMatch(/hunter|aHVudGVy/);
  });

  describe('with an external step', () => {
    const databases = new Set<string>();
    const external = (calls: string[]) =>
      defineGraph<Sample>(Sample, (g) => {
        const database = g.external({
          name: 'Database',
          observe: async () => (calls.push('observe'), new Set(databases)),
          diff: (scope, there: ReadonlySet<string>) => (there.has(scope.name) ? [] : [scope.name]),
          describe: (missing) => `create database ${missing}`,
          apply: async () => void calls.push('apply'),
          output: () => undefined,
          remove: async () => void calls.push('remove'),
        });
        g.step({
          name: 'Config',
          after: [database],
          owns: [ConfigMap],
          run: (scope) => (scope.own(ConfigMap, { metadata: { name: 'c' } }), done()),
        });
      });

    it('does not look outside unless it may, and says what it cannot know', async () => {
      const calls: string[] = [];
      const harness = new GraphHarness(external(calls));
      await harness.create(sample());
      const unseen = await planFor(harness, external(calls));
      expect(calls).toEqual([]);
      expect(steps(unseen.objects[0])).toEqual({
        '': ['Done', expect.stringContaining('change Sample sample Finalizer metadata.finalizers')],
        Database: ['Unknown'],
        Config: ['Unknown'],
      });
      const seen = await planFor(harness, external(calls), { observe: true });
      expect(calls).toEqual(['observe']);
      expect(steps(seen.objects[0])).toMatchObject({
        Database: ['Waiting', 'external create database sample'],
        Config: ['Unknown'],
      });
    });

    it('of a deletion says what would be undone, and undoes nothing', async () => {
      const calls: string[] = [];
      databases.add('sample');
      const harness = await settled(external(calls));
      await harness.api.delete(Sample, name);
      const { objects } = await planFor(harness, external(calls));
      expect(calls).not.toContain('remove');
      expect(objects[0]).toMatchObject({ deleting: true });
      expect(steps(objects[0])).toEqual({
        Database: ['Done', 'external undo what was made outside'],
        Config: ['Done', 'delete ConfigMap c Deleting'],
      });
    });
  });

  it('of a deletion that nobody has asked for yet says what goes, and what stays', async () => {
    const harness = await settled();
    const ask = () => planFor(harness, sampleGraph(), { objects: [{ resource: Sample, key: name, deleted: true }] });
    const { objects, summary } = await ask();
    expect(objects[0]).toMatchObject({ deleting: true, kept: [{ kind: 'Secret', name: 'sample-password' }] });
    expect(steps(objects[0])).toEqual({
      Config: ['Done', 'delete ConfigMap sample-config Deleting'],
      App: ['Done', 'delete Deployment sample Deleting'],
    });
    expect(summary).toMatchObject({ delete: 2 });

    await harness.edit(Sample, 'sample', { spec: { deletionPolicy: 'Delete' } });
    await harness.settle();
    const all = await ask();
    expect(all.objects[0]).not.toHaveProperty('kept');
    expect(steps(all.objects[0])['Password']).toEqual(['Done', 'delete Secret sample-password Deleting']);
  });

  it('follows what is written to the graphs of the objects that it is written to', async () => {
    const Part = defineResource<Sample>({ ...Sample, kind: 'Part', plural: 'parts' });
    const parent = defineGraph<Sample>(Sample, (g) => {
      g.step({
        name: 'Part',
        owns: [Part],
        run: (scope) => (scope.own(Part, { metadata: { name: 'part' }, spec: scope.object.spec }), done()),
      });
    });
    const part = defineGraph<Sample>(Part, (g) => {
      g.step({
        name: 'Pod',
        owns: [Pod],
        run: (scope) => (scope.own(Pod, { metadata: { name: scope.object.spec.color ?? '' } }), done()),
      });
    });
    const harness = new GraphHarness(parent, { kinds: [Pod] });
    await harness.create(sample({ color: 'red' }));
    const controllers = [parent, part].map((graph) => ({ graph, fieldManager: 'test-controller' }));
    const { objects } = await planFor(harness, parent, { controllers });
    expect(objects.map(({ object }) => object.kind)).toEqual(['Sample', 'Part']);
    expect(steps(objects[1])).toEqual({ Pod: ['Done', 'create Pod red Missing'] });
  });

  it('says that nothing will be written for what is paused, and what would be', async () => {
    const harness = await settled();
    await harness.edit(Sample, 'sample', {
      metadata: { annotations: { 'stackwright.dev/paused': 'true' } },
      spec: { color: 'blue' },
    });
    const { objects } = await planFor(harness, sampleGraph());
    expect(objects[0]).toMatchObject({ paused: true });
    expect(steps(objects[0])['Config']).toEqual(['Done', expect.stringContaining('data.color')]);
  });

  it('asks the server what it would make of it, if it may, and shows what it refuses', async () => {
    const harness = await settled();
    await harness.edit(Sample, 'sample', { spec: { color: 'blue' } });
    const server = harness.api;
    server.apply = async (resource, object, options) => {
      expect(options.dryRun).toBe(true);
      if (resource.kind === 'Deployment') throw new Error('exceeds its quota');
      return { ...object, data: { ...(object as ConfigMap).data, mutated: 'by a webhook' } };
    };
    const { objects, summary } = await planFor(harness, sampleGraph(), { server });
    expect(steps(objects[0])).toMatchObject({
      Config: ['Done', expect.stringContaining('data.mutated: - → "by a webhook"')],
      App: ['Failed'],
    });
    expect(objects[0]?.error).toContain('exceeds its quota');
    expect(summary).toMatchObject({ failed: 1 });
  });

  it('shows the fields that are no longer wanted, where it is known who applied them', async () => {
    const graph = (data: Record<string, string>) =>
      defineGraph<Sample>(Sample, (g) => {
        g.step({
          name: 'Config',
          owns: [ConfigMap],
          run: (scope) => (scope.own(ConfigMap, { metadata: { name: 'c' }, data }), done()),
        });
      });
    const harness = await settled(graph({ a: '1', b: '2' }));
    await harness.sync();
    const fieldsV1 = { 'f:data': { 'f:a': {}, 'f:b': {} } };
    const [map] = harness.reader.list(ConfigMap);
    const managedFields = [{ manager: 'test-controller', operation: 'Apply', fieldsV1 }];
    harness.reader.set(ConfigMap, [{ ...map, metadata: { ...map?.metadata, managedFields } }]);
    const made = await plan({
      controllers: [{ graph: graph({ a: '1' }), fieldManager: 'test-controller' }],
      objects: [{ resource: Sample, key: name }],
      reader: harness.reader,
      clock: new FakeClock(),
      random: new SeededRandom(),
      signal: new AbortController().signal,
    });
    expect(steps(made.objects[0])).toEqual({ Config: ['Done', 'change ConfigMap c Changed data.b: "2" → -'] });
  });
});
