import { DaemonSet, Deployment, EndpointSlice, Pod, StatefulSet } from '@stackwright/kube';
import { describe, expect, it } from 'vitest';
import { evaluate } from '../evaluate/evaluate.js';
import { defineGraph } from '../declare/graph.js';
import { done } from '../declare/step.js';
import { readerOf } from '../testing/graph-harness.js';
import { Sample, sample } from '../testing/sample.js';
import { endpointsOf, type Endpoint } from './endpoints.js';
import { rolloutOf } from './rollout.js';

const labels = { app: 'x' };
const workload = (status: object, generation = 1) => ({
  metadata: { namespace: 'ns', name: 'w', generation },
  spec: { replicas: 2, selector: { matchLabels: labels }, template: {} },
  status,
});

function outcomeOf(
  resource: typeof Deployment | typeof StatefulSet | typeof DaemonSet,
  observed: object | undefined,
  ...pods: object[]
) {
  const graph = defineGraph<Sample>(Sample, (g) => {
    g.step({
      name: 'App',
      reads: [Deployment, StatefulSet, DaemonSet, Pod],
      run(scope) {
        if (resource === Deployment) return rolloutOf(scope, Deployment, 'w', scope.get(Deployment, 'w'));
        if (resource === DaemonSet) return rolloutOf(scope, DaemonSet, 'w', scope.get(DaemonSet, 'w'));
        return rolloutOf(scope, StatefulSet, 'w', scope.get(StatefulSet, 'w'));
      },
    });
  });
  const object = { ...sample(), metadata: { namespace: 'ns', name: 'sample' } };
  const reader = readerOf(
    ...(observed ? [[resource, observed] as const] : []),
    ...pods.map(
      (pod, n) => [Pod, { metadata: { namespace: 'ns', name: n === 0 ? 'p' : `p${n}`, labels }, ...pod }] as const,
    ),
  );
  return evaluate({ graph: graph.build(object), resource: Sample, object, reader, clock: { now: () => 0 } }).steps[0]
    ?.outcome;
}

describe('a rollout', () => {
  it.each<[string, typeof Deployment | typeof StatefulSet, object, object]>([
    [
      'done',
      Deployment,
      workload({ observedGeneration: 1, replicas: 2, updatedReplicas: 2, availableReplicas: 2 }),
      { state: 'Done' },
    ],
    [
      'not done before its controller saw the spec',
      Deployment,
      workload({ observedGeneration: 1, replicas: 2, updatedReplicas: 2, availableReplicas: 2 }, 2),
      { state: 'Waiting', reason: 'RolloutInProgress' },
    ],
    [
      'not done while old Pods are left',
      Deployment,
      workload({ observedGeneration: 1, replicas: 3, updatedReplicas: 2, availableReplicas: 3 }),
      { state: 'Waiting', message: 'Deployment w is being rolled out: 3 of 2 Pods are ready' },
    ],
    [
      'not done while Pods are missing',
      Deployment,
      workload({ observedGeneration: 1, replicas: 2, updatedReplicas: 2, availableReplicas: 1 }),
      { state: 'Waiting', message: '1 of 2 Pods of Deployment w are ready' },
    ],
    ['not done with no status at all', Deployment, workload({}), { state: 'Waiting' }],
    [
      'failed when its Pods are refused',
      Deployment,
      workload({
        observedGeneration: 1,
        conditions: [{ type: 'ReplicaFailure', status: 'True', message: 'exceeded quota' }],
      }),
      { state: 'Failed', reason: 'Rejected', message: 'Deployment w makes no progress: exceeded quota' },
    ],
    [
      'done, a StatefulSet',
      StatefulSet,
      workload({ observedGeneration: 1, replicas: 2, readyReplicas: 2, currentRevision: 'a', updateRevision: 'a' }),
      { state: 'Done' },
    ],
    [
      'not done, a StatefulSet with Pods of an older revision',
      StatefulSet,
      workload({
        observedGeneration: 1,
        replicas: 2,
        readyReplicas: 2,
        currentRevision: 'a',
        updateRevision: 'b',
        updatedReplicas: 1,
      }),
      { state: 'Waiting', reason: 'RolloutInProgress' },
    ],
  ])('is %s', (_what, resource, observed, expected) => expect(outcomeOf(resource, observed)).toMatchObject(expected));

  describe('of a DaemonSet', () => {
    const onNodes = (nodes: number, updated: number, available: number) =>
      workload({
        observedGeneration: 1,
        desiredNumberScheduled: nodes,
        currentNumberScheduled: nodes,
        updatedNumberScheduled: updated,
        numberAvailable: available,
      });
    const pod = (ready: string, container: boolean) => ({
      status: {
        phase: 'Running',
        conditions: [{ type: 'Ready', status: ready }],
        containerStatuses: [{ name: 'c', ready: container, restartCount: 0, image: '', imageID: '' }],
      },
    });
    const [well, lost, unready] = [pod('True', true), pod('False', true), pod('False', false)];

    it.each<[string, object, object[], object]>([
      ['is done when each node has it', onNodes(3, 3, 3), [well, well, well], { state: 'Done', serves: true }],
      ['is done where no node is to have it', onNodes(0, 0, 0), [], { state: 'Done' }],
      ['is not done before its controller has looked', workload({}), [], { state: 'Waiting' }],
      [
        'is not done while a node has an older one',
        onNodes(3, 2, 3),
        [well, well, well],
        { state: 'Waiting', reason: 'RolloutInProgress', serves: true },
      ],
      [
        'is not done while one of its Pods does not do what it should',
        onNodes(2, 2, 1),
        [well, unready],
        { state: 'Waiting', message: '1 of 2 Pods of DaemonSet w are ready' },
      ],
      [
        'is done with a warning where a node does not answer: no fault of the service',
        onNodes(3, 3, 2),
        [well, well, lost],
        { state: 'Done', warning: { reason: 'NodeLost' } },
      ],
      [
        '… of which the Pod is an older one, which nobody can replace',
        onNodes(3, 2, 2),
        [well, well, lost],
        { state: 'Done', warning: { reason: 'NodeLost' } },
      ],
      ['… but not where no node has it that answers', onNodes(1, 1, 0), [lost], { state: 'Waiting' }],
      ['… nor where one that answers has none', onNodes(3, 3, 1), [well, unready, lost], { state: 'Waiting' }],
    ])('%s', (_what, observed, pods, expected) =>
      expect(outcomeOf(DaemonSet, observed, ...pods)).toMatchObject(expected),
    );
  });

  it('has not begun before the object exists', () => {
    expect(outcomeOf(Deployment, undefined)).toMatchObject({ state: 'Waiting', reason: 'Pending' });
  });

  it('says what is wrong with its Pods, but not when it is done all the same', () => {
    const pod = { status: { phase: 'Failed', reason: 'Evicted' } };
    expect(outcomeOf(Deployment, workload({ observedGeneration: 1 }), pod)).toMatchObject({
      state: 'Failed',
      message: 'Pod p: Evicted',
      on: { kind: 'Pod', name: 'p' },
    });
    const ready = workload({ observedGeneration: 1, replicas: 2, updatedReplicas: 2, availableReplicas: 2 });
    expect(outcomeOf(Deployment, ready, pod)).toMatchObject({ state: 'Done' });
  });

  it('says of a Pod that runs again how it ended', () => {
    const ended = { terminated: { exitCode: 137, reason: 'OOMKilled' } };
    const pod = (ready: boolean) => ({
      status: { phase: 'Running', containerStatuses: [{ name: 'c', ready, state: { running: {} }, lastState: ended }] },
    });
    const messageOf = (ready: boolean) => outcomeOf(Deployment, workload({ observedGeneration: 1 }), pod(ready));
    expect(messageOf(false)).toMatchObject({
      state: 'Waiting',
      message: expect.stringMatching(
        /; container c of Pod p runs again after it ended with exit code 137 \(OOMKilled\)$/,
      ) as string,
    });
    expect(messageOf(true)).toMatchObject({ message: expect.stringMatching(/Pods are ready$/) as string });
  });
});

describe('endpoints', () => {
  it('are the ready ones of the named port, in a stable order', () => {
    const slice = (name: string, service: string, ...endpoints: object[]) =>
      [
        EndpointSlice,
        {
          metadata: { namespace: 'ns', name, labels: { 'kubernetes.io/service-name': service } },
          addressType: 'IPv4',
          ports: [
            { name: 'other', port: 1 },
            { name: 'api', port: 5000 },
          ],
          endpoints,
        },
      ] as const;
    const reader = readerOf(
      slice(
        'a',
        'api',
        { addresses: ['10.0.0.2'], conditions: { ready: true } },
        { addresses: ['10.0.0.3'], conditions: { ready: false } },
      ),
      slice('b', 'api', { addresses: ['10.0.0.1'], conditions: {} }),
      slice('c', 'other', { addresses: ['10.0.0.9'] }),
    );
    let found: readonly Endpoint[] = [];
    const graph = defineGraph<Sample>(Sample, (g) => {
      g.step({
        name: 'A',
        reads: [EndpointSlice],
        run: (scope) => ((found = endpointsOf(scope, 'api', 'api')), done()),
      });
    });
    const object = { ...sample(), metadata: { namespace: 'ns', name: 'sample' } };
    evaluate({ graph: graph.build(object), resource: Sample, object, reader, clock: { now: () => 0 } });
    expect(found).toEqual([
      { host: '10.0.0.1', port: 5000 },
      { host: '10.0.0.2', port: 5000 },
    ]);
  });
});
