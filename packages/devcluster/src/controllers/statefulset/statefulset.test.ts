import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ControllerRevision, PersistentVolumeClaim, Pod, StatefulSet } from '@stackwright/kube';
import { isReady } from '../../shared/pods.js';
import { statefulSet, web } from '../../testing/manifests.js';
import { TestCluster } from '../../testing/test-cluster.js';

describe('a StatefulSet', () => {
  let cluster: TestCluster;
  beforeEach(async () => {
    cluster = await TestCluster.start();
  });
  afterEach(() => cluster.stop());

  const isDone = ({ metadata, spec, status }: StatefulSet): boolean =>
    status?.observedGeneration === metadata?.generation &&
    status?.availableReplicas === spec?.replicas &&
    status?.replicas === spec?.replicas &&
    status?.updateRevision === status?.currentRevision;
  const set = (body: object): Promise<StatefulSet> =>
    cluster.client.patch(StatefulSet, { namespace: 'test', name: 'db' }, { type: 'merge', body });
  const setImage = (image: string): Promise<StatefulSet> =>
    cluster.client.patch(
      StatefulSet,
      { namespace: 'test', name: 'db' },
      {
        type: 'json',
        body: [{ op: 'replace', path: '/spec/template/spec/containers/0/image', value: image }],
      },
    );
  const names = async (): Promise<string[]> => (await cluster.list(Pod)).map(({ metadata }) => metadata!.name!).sort();
  const images = async (): Promise<Record<string, string | undefined>> =>
    Object.fromEntries(
      (await cluster.list(Pod)).map(({ metadata, spec }) => [metadata!.name!, spec!.containers[0]!.image]),
    );

  it('makes its Pods one after the other, each with its name and its claim', async () => {
    await cluster.client.create(StatefulSet, statefulSet('db', { replicas: 3 }));
    const seen: string[] = [];
    await cluster.until(
      'all replicas',
      async () => {
        const pods = await cluster.list(Pod);
        const waiting = pods.filter(
          ({ status }) => !status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True'),
        );
        expect(waiting.length).toBeLessThanOrEqual(1);
        for (const { metadata } of pods) if (!seen.includes(metadata!.name!)) seen.push(metadata!.name!);
        return isDone((await cluster.get(StatefulSet, 'db'))!);
      },
      { step: 20 },
    );
    expect(seen).toEqual(['db-0', 'db-1', 'db-2']);
    const first = await cluster.get(Pod, 'db-0');
    expect(first?.spec).toMatchObject({ hostname: 'db-0', subdomain: 'db' });
    expect(first?.metadata?.labels).toMatchObject({
      'statefulset.kubernetes.io/pod-name': 'db-0',
      'apps.kubernetes.io/pod-index': '0',
    });
    const claims = await cluster.list(PersistentVolumeClaim);
    expect(claims.map(({ metadata }) => metadata?.name)).toEqual(['data-db-0', 'data-db-1', 'data-db-2']);
    for (const { metadata } of claims) expect(metadata?.ownerReferences ?? []).toEqual([]);
  });

  it('makes all at once when told to', async () => {
    cluster.runtime.script.when({ pod: 'db-0' }, { neverReady: true });
    const probed = web({ readinessProbe: { httpGet: { port: 'http' } } });
    await cluster.client.create(
      StatefulSet,
      statefulSet('db', { replicas: 3, podManagementPolicy: 'Parallel' }, { containers: [probed] }),
    );
    await cluster.untilObject(StatefulSet, 'db', ({ status }) => status?.readyReplicas === 2);
    expect(await names()).toEqual(['db-0', 'db-1', 'db-2']);
  });

  it('scales down from the end and keeps the claims', async () => {
    await cluster.client.create(StatefulSet, statefulSet('db', { replicas: 3 }));
    await cluster.untilObject(StatefulSet, 'db', isDone);
    await set({ spec: { replicas: 1 } });
    await cluster.until(
      'fewer Pods',
      async () => {
        expect(await names()).toContain('db-0');
        return isDone((await cluster.get(StatefulSet, 'db'))!);
      },
      { step: 20 },
    );
    expect(await names()).toEqual(['db-0']);
    expect(await cluster.list(PersistentVolumeClaim)).toHaveLength(3);
  });

  it('rolls a change out from the end, one Pod at a time', async () => {
    await cluster.client.create(StatefulSet, statefulSet('db', { replicas: 3 }));
    await cluster.untilObject(StatefulSet, 'db', isDone);
    const order: string[] = [];
    cluster.server.onAudit(({ verb, resource, subresource, name }) => {
      if (verb === 'create' && resource === 'pods' && !subresource) order.push(name ?? '');
    });
    await setImage('web:2');
    await cluster.untilObject(StatefulSet, 'db', isDone);
    expect(order).toEqual(['db-2', 'db-1', 'db-0']);
    expect((await cluster.list(ControllerRevision)).map(({ revision }) => revision).sort()).toEqual([1, 2]);
  });

  it('does so with Parallel as well', async () => {
    const probed = web({ readinessProbe: { httpGet: { port: 'http' }, initialDelaySeconds: 1, periodSeconds: 1 } });
    const spec = { replicas: 3, podManagementPolicy: 'Parallel' };
    await cluster.client.create(StatefulSet, statefulSet('db', spec, { containers: [probed] }));
    await cluster.untilObject(StatefulSet, 'db', isDone);
    await setImage('web:2');
    let fewest = Infinity;
    await cluster.until(
      'the rollout',
      async () => {
        fewest = Math.min(fewest, (await cluster.list(Pod)).filter(isReady).length);
        return isDone((await cluster.get(StatefulSet, 'db'))!);
      },
      { step: 20 },
    );
    expect(fewest).toBe(2);
  });

  it('leaves Pods below the partition alone, and remakes them as they were', async () => {
    await cluster.client.create(StatefulSet, statefulSet('db', { replicas: 3 }));
    await cluster.untilObject(StatefulSet, 'db', isDone);
    await set({ spec: { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } } });
    await setImage('web:2');
    await cluster.untilObject(
      StatefulSet,
      'db',
      ({ status }) => status?.updatedReplicas === 1 && status.readyReplicas === 3,
    );
    await cluster.client.delete(Pod, { namespace: 'test', name: 'db-0' });
    await cluster.until('db-0 to be remade', async () => {
      const pod = await cluster.get(Pod, 'db-0');
      return pod?.metadata?.deletionTimestamp === undefined && pod?.status?.phase === 'Running';
    });
    expect(await images()).toEqual({ 'db-0': 'web:1', 'db-1': 'web:1', 'db-2': 'web:2' });
    await set({ spec: { updateStrategy: { rollingUpdate: { partition: 0 } } } });
    await cluster.untilObject(StatefulSet, 'db', isDone);
    expect(new Set(Object.values(await images()))).toEqual(new Set(['web:2']));
  });

  it('replaces a deleted Pod by one of the same name on the same volume', async () => {
    const writer = web({
      volumeMounts: [{ name: 'data', mountPath: '/data' }],
    });
    cluster.runtime.script.when(
      { pod: 'db-0' },
      {
        program: async (context) => {
          const { appendFile, readFile } = await import('node:fs/promises');
          await appendFile(`${context.path('/data')}/starts`, 'x');
          context.log(await readFile(`${context.path('/data')}/starts`, 'utf8'));
          await new Promise((resolve) => context.terminate.addEventListener('abort', resolve));
          return 0;
        },
      },
    );
    await cluster.client.create(StatefulSet, statefulSet('db', {}, { containers: [writer] }));
    const first = await cluster.untilObject(StatefulSet, 'db', isDone).then(() => cluster.get(Pod, 'db-0'));
    await cluster.client.delete(Pod, { namespace: 'test', name: 'db-0' });
    await cluster.until(
      'another Pod',
      async () => (await cluster.get(Pod, 'db-0'))?.metadata?.uid !== first?.metadata?.uid,
    );
    await cluster.untilObject(StatefulSet, 'db', isDone);
    await cluster.until('what both wrote', async () => {
      let logs = '';
      for await (const piece of await cluster.agent.logs({ namespace: 'test', pod: 'db-0' })) logs += piece;
      return logs === 'xx\n';
    });
  });

  it('with OrderedReady stays at a Pod that cannot start, even after the mistake is mended, as Kubernetes does', async () => {
    await cluster.client.create(StatefulSet, statefulSet('db', {}, { containers: [web({ image: 'web:missing' })] }));
    await cluster.until('a Pod', async () => (await cluster.list(Pod)).length === 1);
    await setImage('web:2');
    await cluster.pass(60_000);
    expect(await images()).toEqual({ 'db-0': 'web:missing' });
    await cluster.client.delete(Pod, { namespace: 'test', name: 'db-0' });
    await cluster.untilObject(StatefulSet, 'db', isDone);
    expect(await images()).toEqual({ 'db-0': 'web:2' });
  });

  it('with Parallel replaces such a Pod by itself', async () => {
    await cluster.client.create(
      StatefulSet,
      statefulSet('db', { podManagementPolicy: 'Parallel' }, { containers: [web({ image: 'web:missing' })] }),
    );
    await cluster.until('a Pod', async () => (await cluster.list(Pod)).length === 1);
    await setImage('web:2');
    await cluster.untilObject(StatefulSet, 'db', isDone);
    expect(await images()).toEqual({ 'db-0': 'web:2' });
  });
});
