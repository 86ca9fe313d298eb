// Whether an object does its work now is another question than whether all that is wanted of it is done.
import { ConfigMap, Deployment, Pod, qualifiedName, Secret, StatefulSet, type Resource } from '@stackwright/kube';
import { apiError } from '@stackwright/core/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { defineGraph, GraphError, type Graph } from '../declare/graph.js';
import { done, failed, waiting, type GraphBuilder, type StepHandle } from '../declare/step.js';
import { GraphHarness } from '../testing/graph-harness.js';
import { Sample, sample } from '../testing/sample.js';
import { rolloutOf } from '../workloads/rollout.js';

/** The other side of Endpoint. */
class Server {
  down = false;
  asked: string[] = [];

  async ask(authority: string): Promise<void> {
    this.asked.push(authority);
    if (this.down) throw new Error('connection refused');
  }
}

let server: Server;
let harness: GraphHarness<Sample>;

const graph = defineGraph<Sample>(Sample, (g) => {
  const tls = g.step({
    name: 'Tls',
    reads: [Secret],
    run(scope) {
      const secret = scope.get(Secret, 'tls');
      return secret ? done(secret.data?.['ca.crt'] ?? '') : waiting('WaitingForObject', 'Secret tls does not exist');
    },
  });
  const config = g.step({
    name: 'Config',
    run({ object: { spec } }) {
      if (spec.color === 'wrong') return failed('InvalidConfig', 'no colour');
      return spec.color === 'slow' ? waiting('JobRunning', 'is being checked', { changing: true }) : done();
    },
  });
  const endpoint = g.external<true, never, string>({
    name: 'Endpoint',
    after: [tls, config],
    resync: 30_000,
    observe: async (scope) => (await server.ask(scope.output(tls)), true),
    diff: () => [],
    describe: () => '',
    apply: () => Promise.resolve(),
    output: () => '',
  });
  g.step({
    name: 'Route',
    after: [endpoint],
    owns: [ConfigMap],
    run: (scope) => (scope.own(ConfigMap, { metadata: { name: 'route' } }), done()),
  });
  g.available(endpoint);
});

const set = async (color: string): Promise<void> => {
  await harness.edit(Sample, 'sample', { spec: { color } });
  await harness.settle();
};
const later = async (time: number): Promise<void> => {
  await harness.clock.advance(time);
  await harness.settle();
};
/** Three looks have to fail. */
const goDown = async (): Promise<void> => {
  server.down = true;
  for (const time of [30_000, 5_000, 5_000, 5_000]) await later(time);
};

beforeEach(async () => {
  server = new Server();
  harness = new GraphHarness(graph);
  await harness.api.seed(Secret, { metadata: { namespace: 'ns', name: 'tls' }, data: { 'ca.crt': 'ca' } });
  await harness.create(sample({ color: 'red' }));
  await harness.settle();
});

describe('the condition Available', () => {
  it('is there from the start, and True when the steps that decide it are done', async () => {
    expect(harness.condition('Available')).toMatchObject({
      status: 'True',
      reason: 'Available',
      observedGeneration: 1,
    });
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
  });

  it('stays True while a change is refused, and tells when it serves no more, and again', async () => {
    await set('wrong');
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'InvalidConfig' });
    expect(harness.condition('Available')).toMatchObject({ status: 'True', observedGeneration: 2 });
    await goDown();
    expect(harness.condition('Available')).toMatchObject({ status: 'False', message: 'connection refused' });
    expect(harness.condition('EndpointReady')).toMatchObject({ status: 'False', reason: 'WaitingForStep' });
    expect(harness.condition('Ready')).toMatchObject({ reason: 'InvalidConfig' });
    server.down = false;
    await later(120_000);
    expect(harness.condition('Available')).toMatchObject({ status: 'True' });
  });

  it('is an event where it serves no more, or again, though a change of it is refused all the while', async () => {
    await set('wrong');
    harness.events.length = 0;
    await goDown();
    await later(120_000);
    expect(harness.events.map(({ type, note }) => [type, note])).toEqual([
      ['Warning', 'No longer available: Endpoint: connection refused'],
    ]);
    server.down = false;
    await later(120_000);
    expect(harness.events.slice(1).map(({ type, reason }) => [type, reason])).toEqual([['Normal', 'Available']]);
  });

  it('is asked with what was given last by a step that is not done any more', async () => {
    await harness.api.delete(Secret, { namespace: 'ns', name: 'tls' });
    await harness.settle();
    await later(60_000);
    expect(server.asked.at(-1)).toBe('ca');
    expect(harness.condition('TlsReady')).toMatchObject({ status: 'False' });
    expect(harness.condition('Available')).toMatchObject({ status: 'True' });
    expect(harness.condition('RouteReady')).toMatchObject({ status: 'True' });
  });

  it('is Unknown where nobody can ask: what is needed was given to another process', async () => {
    await harness.api.delete(Secret, { namespace: 'ns', name: 'tls' });
    await harness.settle();
    harness.restart();
    await harness.settle();
    await later(60_000);
    expect(harness.condition('Available')).toMatchObject({
      status: 'Unknown',
      reason: 'WaitingForStep',
      message: 'Waits for Tls',
    });
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
  });

  it('is False for an object that was never up', async () => {
    server.down = true;
    const first = new GraphHarness(graph);
    await first.create(sample({ color: 'wrong' }));
    await first.settle();
    expect(first.condition('Available')?.status).not.toBe('True');
    expect(first.condition('EndpointReady')).toMatchObject({ status: 'False', reason: 'WaitingForStep' });
  });

  it('keeps nothing from being told of an object that was never up', async () => {
    const both = defineGraph<Sample>(Sample, (g) => {
      const [one, other] = ['one', 'other'].map((name) =>
        g.step({
          name: name === 'one' ? 'One' : 'Other',
          reads: [Secret],
          run: (scope) => (scope.get(Secret, name) ? done(name) : waiting('WaitingForObject', `no Secret ${name}`)),
        }),
      );
      if (!one || !other) throw new Error('There are two');
      const endpoint = g.external<true, never, string>({
        name: 'Endpoint',
        after: [one, other],
        observe: async (scope) => (await server.ask(scope.output(one) + scope.output(other)), true),
        diff: () => [],
        describe: () => '',
        apply: () => Promise.resolve(),
        output: () => '',
      });
      g.available(endpoint);
    });
    const first = new GraphHarness(both);
    await first.create(sample());
    await first.settle();
    await first.api.seed(Secret, { metadata: { namespace: 'ns', name: 'one' } });
    await first.settle();
    expect(first.condition('OneReady')).toMatchObject({ status: 'True' });
    expect(first.condition('Available')).toMatchObject({ status: 'Unknown', message: 'Waits for Other' });
  });

  it('is decided by steps of the graph', () => {
    const declare = () =>
      defineGraph<Sample>(Sample, (g) => {
        g.step({ name: 'A', run: () => done() });
        g.available({ name: 'B' });
      });
    expect(declare).toThrow(GraphError);
  });
});

describe('Ready', () => {
  it('does not blink while a good change is being made, and says of which generation it speaks', async () => {
    const before = harness.condition('Ready');
    await set('slow');
    expect(harness.condition('Ready')).toEqual(before);
    expect(harness.condition('Ready')).toMatchObject({ status: 'True', observedGeneration: 1 });
    expect(harness.object.status).toMatchObject({ observedGeneration: 2 });
    expect(harness.condition('ConfigReady')).toMatchObject({ status: 'False', reason: 'JobRunning' });
    const { values } = (await harness.registry.getSingleMetric('controller_resource_not_ready')?.get()) ?? {};
    expect(values).toEqual([]);
    await set('blue');
    expect(harness.condition('Ready')).toMatchObject({ status: 'True', observedGeneration: 3 });
    expect(harness.events).toEqual([]);
  });

  it('does not blink either where a look fails while much changes', async () => {
    await set('slow');
    server.down = true;
    await harness.edit(Secret, 'tls', { data: { 'ca.crt': 'other' } });
    await harness.reconcile();
    expect(server.asked.at(-1)).toBe('other');
    expect(harness.condition('Available')).toMatchObject({ status: 'True' });
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    server.down = false;
    await later(5_000);
    expect(harness.condition('Available')).toMatchObject({ status: 'True' });
  });

  it('is taken back while a change is being made where what ran serves no more', async () => {
    await set('slow');
    await goDown();
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'JobRunning' });
  });
});

describe('Available, decided by a workload', () => {
  const metadata = { name: 'app' };
  const specOf = ({ object }: { object: Readonly<Sample> }) => {
    const labels = { app: 'x' };
    const containers = [{ name: 'app', image: object.spec.color ?? '' }];
    return { replicas: 2, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } };
  };
  const rolling = (declare: (g: GraphBuilder<Sample>, config: StepHandle) => StepHandle) =>
    defineGraph<Sample>(Sample, (g) => {
      const config = g.step({
        name: 'Config',
        run: ({ object: { spec } }) => (spec.color === 'wrong' ? failed('InvalidConfig', 'no colour') : done()),
      });
      g.available(declare(g, config));
    });
  const reads = [{ resource: Pod, parts: true }] as const;
  const deployment = rolling((g, config) =>
    g.step({
      name: 'App',
      after: [config],
      owns: [Deployment],
      reads,
      run: (scope) => rolloutOf(scope, Deployment, 'app', scope.own(Deployment, { metadata, spec: specOf(scope) })),
    }),
  );
  const statefulSet = rolling((g, config) =>
    g.step({
      name: 'App',
      after: [config],
      owns: [StatefulSet],
      reads,
      run: (scope) => {
        const spec = { ...specOf(scope), serviceName: 'app' };
        return rolloutOf(scope, StatefulSet, 'app', scope.own(StatefulSet, { metadata, spec }));
      },
    }),
  );
  const complete = {
    observedGeneration: 9,
    replicas: 2,
    updatedReplicas: 2,
    readyReplicas: 2,
    availableReplicas: 2,
    currentRevision: 'a',
    updateRevision: 'a',
  };

  describe.each<[Resource, Graph<Sample>]>([
    [Deployment, deployment],
    [StatefulSet, statefulSet],
  ])('a $kind', (kind, rollingGraph) => {
    const report = async (status: object): Promise<void> => {
      await harness.edit(kind, 'app', { status }, 'status');
      await harness.settle();
    };
    const standing = () => [harness.condition('Available')?.status, harness.condition('Ready')?.status];

    beforeEach(async () => {
      harness = new GraphHarness(rollingGraph);
      await harness.create(sample({ color: 'red' }));
      await harness.settle();
    });

    it('is False until its first member is, and True through a good rollout', async () => {
      expect(standing()).toEqual(['False', 'False']);
      await report({ ...complete, readyReplicas: 1, availableReplicas: 1 });
      expect(standing()).toEqual(['True', 'False']);
      await report(complete);
      expect(standing()).toEqual(['True', 'True']);
      harness.events.length = 0;
      await set('blue');
      expect(standing()).toEqual(['True', 'True']);
      const during = { ...complete, updateRevision: 'b', updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 };
      await report(during);
      expect(standing()).toEqual(['True', 'True']);
      expect(harness.condition('AppReady')).toMatchObject({ status: 'False', reason: 'RolloutInProgress' });
      expect(harness.events).toEqual([]);
      await report({ ...during, readyReplicas: 0, availableReplicas: 0 });
      expect(standing()).toEqual(['False', 'False']);
    });

    it('is True while the members before serve, whatever is wrong with what is wanted next', async () => {
      await report(complete);
      harness.api.before = ({ verb, resource }) => {
        if (verb === 'apply' && resource === qualifiedName(kind))
          throw apiError(403, 'Forbidden', 'not on this cluster');
      };
      await harness.edit(Sample, 'sample', { spec: { color: 'blue' } });
      await harness.reconcile();
      expect(standing()).toEqual(['True', 'False']);
      expect(harness.condition('AppReady')).toMatchObject({ status: 'False', reason: 'Rejected' });
      harness.api.before = () => undefined;
      await set('wrong');
      expect(standing()).toEqual(['True', 'False']);
      await report({ ...complete, readyReplicas: 0, availableReplicas: 0 });
      expect(standing()).toEqual(['False', 'False']);
    });
  });
});
