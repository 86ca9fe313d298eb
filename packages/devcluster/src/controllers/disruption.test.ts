import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ApiError } from '@stackwright/kube';
import { Deployment, Pod, PodDisruptionBudget, pathOf } from '@stackwright/kube';
import type { PodDisruptionBudgetSpec } from 'kubernetes-types/policy/v1.d.ts';
import { deployment, pod, web } from '../testing/manifests.js';
import { TestCluster } from '../testing/test-cluster.js';

describe('a PodDisruptionBudget', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await TestCluster.start();
  });
  afterAll(() => cluster.stop());
  afterEach(async () => {
    const options = { propagationPolicy: 'Foreground' as const };
    for (const { metadata } of await cluster.list(PodDisruptionBudget))
      await cluster.client.delete(PodDisruptionBudget, { namespace: 'test', name: metadata!.name! });
    for (const { metadata } of await cluster.list(Deployment)) {
      await cluster.client.delete(Deployment, { namespace: 'test', name: metadata!.name! }, options);
      await cluster.untilGone(Deployment, metadata!.name!);
    }
  });

  const create = (name: string, spec: Partial<PodDisruptionBudgetSpec>): Promise<PodDisruptionBudget> =>
    cluster.client.create(PodDisruptionBudget, {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name, namespace: 'test' },
      spec: { selector: { matchLabels: { app: name } }, ...spec },
    });

  const allowed = (name: string, disruptionsAllowed: number): Promise<PodDisruptionBudget> =>
    cluster.untilObject(
      PodDisruptionBudget,
      name,
      ({ metadata, status }) =>
        status?.observedGeneration === metadata?.generation && status?.disruptionsAllowed === disruptionsAllowed,
    );

  const names = async (): Promise<string[]> => (await cluster.list(Pod)).map(({ metadata }) => metadata!.name!);

  const evict = async (name: string, deleteOptions: object = {}): Promise<ApiError | undefined> => {
    const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace: 'test' }, deleteOptions };
    const path = pathOf(Pod, { namespace: 'test', name }, 'eviction');
    const options = { body: JSON.stringify(body), contentType: 'application/json' };
    return cluster.client.raw('POST', path, options).then(
      () => undefined,
      (error: unknown) => error as ApiError,
    );
  };

  it('is worked out from what the controllers of its Pods want', async () => {
    await cluster.client.create(Deployment, deployment('web', { replicas: 4 }));
    await create('web', { maxUnavailable: '30%' });
    // 30 % of four, rounded up.
    const { status } = await allowed('web', 2);
    expect(status).toMatchObject({
      expectedPods: 4,
      currentHealthy: 4,
      desiredHealthy: 2,
      conditions: [{ type: 'DisruptionAllowed', status: 'True', reason: 'SufficientPods' }],
    });
    await cluster.client.patch(
      PodDisruptionBudget,
      { namespace: 'test', name: 'web' },
      { type: 'merge', body: { spec: { maxUnavailable: null, minAvailable: 4 } } },
    );
    expect((await allowed('web', 0)).status?.conditions).toMatchObject([
      { type: 'DisruptionAllowed', status: 'False', reason: 'InsufficientPods' },
    ]);
  });

  it('lets as many Pods be evicted as it says, and more only when others have taken their place', async () => {
    await cluster.client.create(Deployment, deployment('web', { replicas: 2 }));
    await create('web', { minAvailable: 1 });
    await allowed('web', 1);
    const [first = '', second = ''] = await names();
    expect(await evict(first, { dryRun: ['All'] })).toBeUndefined();
    expect(await evict(first)).toBeUndefined();
    const evicted = await cluster.get(Pod, first);
    expect(evicted?.metadata?.deletionTimestamp).toBeDefined();
    expect(evicted?.status?.conditions).toContainEqual(
      expect.objectContaining({ type: 'DisruptionTarget', reason: 'EvictionByEvictionAPI' }),
    );
    expect(await evict(second)).toMatchObject({
      code: 429,
      reason: 'TooManyRequests',
      message: "Cannot evict pod as it would violate the pod's disruption budget.",
      status: {
        details: {
          causes: [{ reason: 'DisruptionBudget', message: expect.stringContaining('needs 1 healthy pods') as unknown }],
        },
      },
    });
    await cluster.untilGone(Pod, first);
    await allowed('web', 1);
    expect(await evict(second)).toBeUndefined();
  });

  it('that is new says when to ask again', async () => {
    await cluster.client.create(Deployment, deployment('web'));
    await cluster.untilObject(Deployment, 'web', ({ status }) => status?.availableReplicas === 1);
    const [name = ''] = await names();
    await cluster.stopControllers();
    await create('web', { minAvailable: 0 });
    expect(await evict(name)).toMatchObject({ code: 429, retryAfter: 10_000 });
    await cluster.startControllers();
    await allowed('web', 1);
    expect(await evict(name)).toBeUndefined();
  });

  it('lets Pods that are not ready go when it says so', async () => {
    cluster.runtime.script.when({ pod: /^sick/ }, { neverReady: true });
    const probe = { httpGet: { path: '/', port: 80 } };
    const sick = deployment('sick', { replicas: 1 }, { containers: [web({ readinessProbe: probe })] });
    await cluster.client.create(Deployment, sick);
    await cluster.until('the Pod', async () => (await cluster.list(Pod))[0]?.status?.phase === 'Running');
    const [name = ''] = await names();
    await create('sick', { minAvailable: 1 });
    await allowed('sick', 0);
    expect(await evict(name)).toMatchObject({ code: 429 });
    await cluster.client.patch(
      PodDisruptionBudget,
      { namespace: 'test', name: 'sick' },
      { type: 'merge', body: { spec: { unhealthyPodEvictionPolicy: 'AlwaysAllow' } } },
    );
    expect(await evict(name)).toBeUndefined();
  });

  it('of Pods whose controller has no scale allows nothing', async () => {
    await cluster.client.create(Pod, {
      ...pod('odd', {}, { app: 'odd' }),
      metadata: {
        name: 'odd',
        namespace: 'test',
        labels: { app: 'odd' },
        ownerReferences: [{ apiVersion: 'example.com/v1', kind: 'Odd', name: 'odd', uid: 'odd', controller: true }],
      },
    });
    await create('odd', { maxUnavailable: 1 });
    expect((await allowed('odd', 0)).status?.conditions).toMatchObject([{ reason: 'SyncFailed', status: 'False' }]);
  });

  it('that is one of two for a Pod cannot be asked', async () => {
    await cluster.client.create(Deployment, deployment('two'));
    await create('two', { minAvailable: 0 });
    await create('twice', { minAvailable: 0, selector: {} });
    await allowed('two', 1);
    const name = (await names()).find((each) => each.startsWith('two-')) ?? '';
    expect(await evict(name)).toMatchObject({ code: 500 });
  });
});
