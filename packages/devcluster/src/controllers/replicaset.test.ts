import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ApiError, Pod, ReplicaSet } from '@stackwright/kube';
import { byDispensability } from '../shared/pods.js';
import type { Stored } from '../shared/objects.js';
import { pod, web } from '../testing/manifests.js';
import { TestCluster } from '../testing/test-cluster.js';

const labels = { app: 'web' };
const replicaSet = (replicas: number): ReplicaSet => ({
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  metadata: { name: 'web', namespace: 'test' },
  spec: {
    replicas,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [web()], terminationGracePeriodSeconds: 1 } },
  },
});

describe('a ReplicaSet', () => {
  let cluster: TestCluster;
  beforeEach(async () => {
    cluster = await TestCluster.start();
  });
  afterEach(() => cluster.stop());

  const isFull = ({ spec, status }: ReplicaSet): boolean =>
    status?.availableReplicas === spec?.replicas && status?.replicas === spec?.replicas;

  it('replaces a Pod that is deleted', async () => {
    await cluster.client.create(ReplicaSet, replicaSet(2));
    await cluster.untilObject(ReplicaSet, 'web', isFull);
    const [victim] = await cluster.list(Pod);
    await cluster.client.delete(Pod, { namespace: 'test', name: victim!.metadata!.name! });
    await cluster.untilGone(Pod, victim!.metadata!.name!);
    await cluster.untilObject(ReplicaSet, 'web', isFull);
    expect(await cluster.list(Pod)).toHaveLength(2);
  });

  it('takes over an orphan that fits, and lets a Pod go that fits no more', async () => {
    await cluster.client.create(Pod, pod('orphan', {}, labels));
    await cluster.client.create(ReplicaSet, replicaSet(1));
    await cluster.untilObject(ReplicaSet, 'web', isFull);
    expect((await cluster.list(Pod)).map(({ metadata }) => metadata?.name)).toEqual(['orphan']);

    await cluster.client.patch(
      Pod,
      { namespace: 'test', name: 'orphan' },
      { type: 'merge', body: { metadata: { labels: { app: 'other' } } } },
    );
    await cluster.until('a second Pod', async () => (await cluster.list(Pod, 'app=web')).length === 1);
    expect((await cluster.get(Pod, 'orphan'))?.metadata?.ownerReferences ?? []).toEqual([]);
  });

  it('says why it cannot create Pods', async () => {
    cluster.server.interceptors.push({
      before: ({ verb, resource }) => {
        if (verb === 'create' && resource.kind === 'Pod')
          throw new ApiError({ code: 403, reason: 'Forbidden', message: 'exceeded quota' });
      },
    });
    await cluster.client.create(ReplicaSet, replicaSet(1));
    const failed = await cluster.untilObject(ReplicaSet, 'web', ({ status }) => status?.conditions?.length);
    expect(failed.status?.conditions).toMatchObject([
      { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'exceeded quota' },
    ]);
    cluster.server.interceptors.pop();
    await cluster.untilObject(
      ReplicaSet,
      'web',
      ({ status }) => status?.availableReplicas === 1 && !status.conditions?.length,
    );
  });

  it('counts a Pod as available only after minReadySeconds', async () => {
    const set = replicaSet(1);
    await cluster.client.create(ReplicaSet, { ...set, spec: { ...set.spec!, minReadySeconds: 30 } });
    await cluster.untilObject(ReplicaSet, 'web', ({ status }) => status?.readyReplicas === 1);
    await cluster.pass(20_000);
    expect((await cluster.get(ReplicaSet, 'web'))?.status?.availableReplicas ?? 0).toBe(0);
    await cluster.untilObject(ReplicaSet, 'web', isFull, { within: 15_000 });
  });
});

describe('the Pods to give up first', () => {
  const ready = (at: string): Pod['status'] => ({
    phase: 'Running',
    conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: at }],
  });
  const make = (
    name: string,
    { nodeName, status, cost }: { nodeName?: string; status?: Pod['status']; cost?: number },
  ): Stored<Pod> =>
    ({
      metadata: {
        name,
        creationTimestamp: '2025-01-01T00:00:00Z',
        ...(cost === undefined ? {} : { annotations: { 'controller.kubernetes.io/pod-deletion-cost': String(cost) } }),
      },
      spec: { containers: [], ...(nodeName ? { nodeName } : {}) },
      ...(status ? { status } : {}),
    }) as unknown as Stored<Pod>;

  it('are those whose loss costs least', () => {
    const pods = [
      make('old', { nodeName: 'n', status: ready('2025-01-01T00:00:00Z') }),
      make('dear', { nodeName: 'n', status: ready('2025-01-01T00:00:05Z'), cost: 10 }),
      make('young', { nodeName: 'n', status: ready('2025-01-01T00:00:09Z') }),
      make('unready', { nodeName: 'n', status: { phase: 'Running' } }),
      make('pending', { nodeName: 'n', status: { phase: 'Pending' } }),
      make('unscheduled', { status: { phase: 'Pending' } }),
    ];
    expect(pods.sort(byDispensability).map(({ metadata }) => metadata.name)).toEqual([
      'unscheduled',
      'pending',
      'unready',
      'young',
      'old',
      'dear',
    ]);
  });
});
