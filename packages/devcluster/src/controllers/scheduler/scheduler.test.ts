import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CoreEvent, Node, PersistentVolumeClaim, Pod } from '@stackwright/kube';
import type { PodSpec } from 'kubernetes-types/core/v1.d.ts';
import { podCondition } from '../../shared/pods.js';
import type { Stored } from '../../shared/objects.js';
import { pod, web } from '../../testing/manifests.js';
import { TestCluster } from '../../testing/test-cluster.js';
import { misfits } from './filters.js';

describe('the scheduler', () => {
  let cluster: TestCluster;
  beforeEach(async () => {
    cluster = await TestCluster.start();
  });
  afterEach(() => cluster.stop());

  const refused = (name: string): Promise<Pod> =>
    cluster.untilObject(Pod, name, (object) => podCondition(object, 'PodScheduled')?.status === 'False');

  it('says why a Pod does not fit, and places it when there is room', async () => {
    const hungry = (name: string): Pod =>
      pod(name, {
        containers: [web({ resources: { requests: { memory: '60%' } } })],
        terminationGracePeriodSeconds: 0,
      });
    const node = (await cluster.get(Node, 'simulated'))!;
    const most = `${Math.floor(Number(node.status!.allocatable!['memory']!.replace('Ki', '')) * 0.6)}Ki`;
    for (const name of ['first', 'second']) {
      const manifest = hungry(name);
      manifest.spec!.containers[0]!.resources = { requests: { memory: most } };
      await cluster.client.create(Pod, manifest);
      await cluster.quiet();
    }
    const waiting = await refused('second');
    expect(podCondition(waiting, 'PodScheduled')).toMatchObject({
      reason: 'Unschedulable',
      message: '0/1 nodes are available: 1 Insufficient memory.',
    });
    expect((await cluster.list(CoreEvent)).map(({ reason }) => reason)).toContain('FailedScheduling');
    await cluster.client.delete(Pod, { namespace: 'test', name: 'first' });
    await cluster.untilObject(Pod, 'second', ({ status }) => status?.phase === 'Running');
  });

  it('waits for the claims of a Pod', async () => {
    const volumes = [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }];
    await cluster.client.create(Pod, pod('user', { volumes }));
    expect(podCondition(await refused('user'), 'PodScheduled')?.message).toContain(
      'persistentvolumeclaim "data" not found',
    );
    await cluster.client.create(PersistentVolumeClaim, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'data', namespace: 'test' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    });
    await cluster.untilObject(Pod, 'user', ({ status }) => status?.phase === 'Running');
  });
});

describe('a Pod fits a node', () => {
  const node = {
    metadata: { name: 'n1', labels: { zone: 'a', size: '4' } },
    spec: {},
    status: { allocatable: { cpu: '2', memory: '1Gi', pods: '3' } },
  } as unknown as Stored<Node>;
  const tainted = {
    ...node,
    spec: { taints: [{ key: 'dedicated', value: 'db', effect: 'NoSchedule' }] },
  } as Stored<Node>;
  const make = (name: string, spec: Partial<PodSpec> = {}, labels: Record<string, string> = {}): Stored<Pod> =>
    pod(name, spec, labels) as Stored<Pod>;
  const check = (spec: Partial<PodSpec>, on = node, pods: Stored<Pod>[] = []): string[] =>
    misfits(make('new', spec, { app: 'new' }), on, { pods, nodes: [on], claim: () => undefined });
  const placed = (name: string, spec: Partial<PodSpec> = {}, labels: Record<string, string> = {}): Stored<Pod> =>
    make(name, { nodeName: 'n1', ...spec }, labels);
  const away = (app: string): Partial<PodSpec> => ({
    affinity: {
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app } } },
        ],
      },
    },
  });
  const nodeTerm = (operator: string, values: string[]): Partial<PodSpec> => ({
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: 'size', operator, values }] }],
        },
      },
    },
  });
  const spread = (topologyKey: string, options: object = {}): Partial<PodSpec> => ({
    topologySpreadConstraints: [
      {
        ...{ maxSkew: 1, topologyKey, whenUnsatisfiable: 'DoNotSchedule' },
        labelSelector: { matchLabels: { app: 'new' } },
        ...options,
      },
    ],
  });
  const cpu = (value: string): Partial<PodSpec> => ({ containers: [web({ resources: { requests: { cpu: value } } })] });

  it.each<[string, string[], string[]]>([
    ['by default', check({}), []],
    ['with a selector that matches', check({ nodeSelector: { zone: 'a' } }), []],
    ['not with another', check({ nodeSelector: { zone: 'b' } }), ["node(s) didn't match Pod's node affinity/selector"]],
    ['by expression', check(nodeTerm('Gt', ['3'])), []],
    ['not by a false one', check(nodeTerm('Lt', ['3'])), ["node(s) didn't match Pod's node affinity/selector"]],
    ['not with a taint', check({}, tainted), ['node(s) had untolerated taint {dedicated: db}']],
    ['with a taint that it tolerates', check({ tolerations: [{ key: 'dedicated', value: 'db' }] }, tainted), []],
    ['with any taint when it tolerates all', check({ tolerations: [{ operator: 'Exists' }] }, tainted), []],
    ['with the rest of the CPUs', check(cpu('500m'), node, [placed('a', cpu('1500m'))]), []],
    ['not with more', check(cpu('501m'), node, [placed('a', cpu('1500m'))]), ['Insufficient cpu']],
    [
      'not in a full node',
      check(
        {},
        node,
        ['a', 'b', 'c'].map((name) => placed(name)),
      ),
      ['Too many pods'],
    ],
    [
      'not beside what it avoids',
      check(away('db'), node, [placed('a', {}, { app: 'db' })]),
      ["node(s) didn't match pod anti-affinity rules"],
    ],
    [
      'not beside what avoids it',
      check({}, node, [placed('a', away('new'))]),
      ["node(s) didn't satisfy existing pods anti-affinity rules"],
    ],
    ['spread over the one domain there is', check(spread('zone'), node, [placed('a', {}, { app: 'new' })]), []],
    [
      'not spread over labels that the node does not have',
      check(spread('rack')),
      ["node(s) didn't match pod topology spread constraints (missing required label)"],
    ],
    [
      'spread as far as possible, where that is all it wants',
      check(spread('rack', { whenUnsatisfiable: 'ScheduleAnyway' })),
      [],
    ],
    [
      'not the second of one domain where there shall be two',
      check(spread('zone', { minDomains: 2 }), node, [placed('a', {}, { app: 'new' })]),
      ["node(s) didn't match pod topology spread constraints"],
    ],
  ])('%s', (_name, reasons, expected) => {
    expect(reasons).toEqual(expected);
  });
});
