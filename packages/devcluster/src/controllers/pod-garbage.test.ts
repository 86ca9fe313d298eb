import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Namespace, Node, Pod } from '@stackwright/kube';
import { podCondition } from '../shared/pods.js';
import { pod } from '../testing/manifests.js';
import { TestCluster } from '../testing/test-cluster.js';

const FINALIZER = 'test.example/seen';

describe('a Pod whose node is not there', () => {
  let cluster: TestCluster;
  beforeEach(async () => {
    cluster = await TestCluster.start({ node: false });
    await cluster.client.create(Node, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } });
  });
  afterEach(() => cluster.stop());

  const place = (name: string, nodeName: string, finalizers: string[] = []) => {
    const { metadata, ...rest } = pod(name, { nodeName });
    return cluster.client.create(Pod, { ...rest, metadata: { ...metadata, finalizers } });
  };

  it('goes when it is deleted, and its namespace with it', async () => {
    await place('stuck', 'nowhere');
    await place('held', 'n');
    await cluster.client.delete(Pod, { namespace: 'test', name: 'held' });
    await cluster.client.delete(Pod, { namespace: 'test', name: 'stuck' });
    await cluster.untilGone(Pod, 'stuck', { step: 10_000 });
    // That node is there, and its kubelet has its say.
    expect(await cluster.get(Pod, 'held')).toBeDefined();

    await place('last', 'nowhere');
    await cluster.client.delete(Pod, { namespace: 'test', name: 'held' }, { gracePeriodSeconds: 0 });
    await cluster.client.delete(Namespace, { name: 'test' });
    await cluster.untilGone(Namespace, 'test', { step: 10_000 });
  });

  it('has failed and goes when the node stays away, and not when it comes back', async () => {
    await place('orphan', 'n', [FINALIZER]);
    await cluster.client.delete(Node, { name: 'n' });
    await cluster.pass(30_000, 10_000);
    await cluster.client.create(Node, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } });
    await cluster.pass(20_000, 10_000);
    expect((await cluster.get(Pod, 'orphan'))?.metadata?.deletionTimestamp).toBeUndefined();

    await cluster.client.delete(Node, { name: 'n' });
    await cluster.pass(50_000, 10_000);
    const orphan = (await cluster.get(Pod, 'orphan'))!;
    expect(orphan.metadata?.deletionTimestamp).toBeDefined();
    expect(orphan.status?.phase).toBe('Failed');
    expect(podCondition(orphan, 'DisruptionTarget')).toMatchObject({ status: 'True', reason: 'DeletionByPodGC' });
  });
});
