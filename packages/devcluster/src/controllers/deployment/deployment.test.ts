import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Deployment, Pod, ReplicaSet } from '@stackwright/kube';
import { deployment, web } from '../../testing/manifests.js';
import { TestCluster } from '../../testing/test-cluster.js';
import { isActive, isFinished, isReady } from '../../shared/pods.js';
import { conditionOf } from '../conditions.js';

describe('a Deployment', () => {
  let cluster: TestCluster;
  beforeEach(async () => {
    cluster = await TestCluster.start();
  });
  afterEach(() => cluster.stop());

  const isDone = (object: Deployment): boolean =>
    object.status?.observedGeneration === object.metadata?.generation &&
    object.status?.availableReplicas === object.spec?.replicas &&
    object.status?.updatedReplicas === object.spec?.replicas &&
    object.status?.replicas === object.spec?.replicas;
  const setImage = (image: string): Promise<Deployment> =>
    cluster.client.patch(
      Deployment,
      { namespace: 'test', name: 'web' },
      {
        type: 'json',
        body: [{ op: 'replace', path: '/spec/template/spec/containers/0/image', value: image }],
      },
    );
  const revisions = async (): Promise<Record<string, number>> =>
    Object.fromEntries(
      (await cluster.list(ReplicaSet)).map((set) => [
        `${set.metadata?.annotations?.['deployment.kubernetes.io/revision']} ${set.spec?.template?.spec?.containers[0]?.image}`,
        set.spec?.replicas ?? 0,
      ]),
    );

  it('becomes available, and then nothing is written any more', async () => {
    await cluster.client.create(Deployment, deployment('web', { replicas: 2 }));
    const done = await cluster.untilObject(Deployment, 'web', isDone);
    expect(conditionOf(done.status?.conditions, 'Available')).toMatchObject({
      status: 'True',
      reason: 'MinimumReplicasAvailable',
    });
    expect(conditionOf(done.status?.conditions, 'Progressing')).toMatchObject({
      status: 'True',
      reason: 'NewReplicaSetAvailable',
    });
    expect(await revisions()).toEqual({ '1 web:1': 2 });
    // That its revision is noted on it is no new generation.
    expect(done.metadata?.annotations).toMatchObject({ 'deployment.kubernetes.io/revision': '1' });
    expect(done.metadata?.generation).toBe(1);

    await cluster.quiet();
    const writes: string[] = [];
    cluster.server.onAudit(
      ({ changed, user, verb, resource }) => changed && writes.push(`${user} ${verb} ${resource}`),
    );
    await cluster.pass(120_000);
    expect(new Set(writes)).toEqual(new Set(['system:node:simulated patch leases']));
  });

  it('rolls a new template out without ever having too few or too many Pods', async () => {
    const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } };
    const probed = web({ readinessProbe: { httpGet: { port: 'http' }, periodSeconds: 1 } });
    await cluster.client.create(Deployment, deployment('web', { replicas: 4, strategy }, { containers: [probed] }));
    await cluster.untilObject(Deployment, 'web', isDone);

    let [fewest, most] = [Infinity, 0];
    await setImage('web:2');
    await cluster.until(
      'the rollout',
      async () => {
        const pods = (await cluster.list(Pod)).filter(isActive);
        fewest = Math.min(fewest, pods.filter(isReady).length);
        most = Math.max(most, pods.length);
        return isDone((await cluster.get(Deployment, 'web'))!);
      },
      { step: 50 },
    );
    expect(fewest).toBeGreaterThanOrEqual(3);
    expect(most).toBeLessThanOrEqual(5);
    expect(await revisions()).toEqual({ '1 web:1': 0, '2 web:2': 4 });
    expect((await cluster.get(Deployment, 'web'))?.metadata?.annotations).toMatchObject({
      'deployment.kubernetes.io/revision': '2',
    });
  });

  it('keeps the old Pods when the new ones cannot start, says so after the deadline, and heals', async () => {
    await cluster.client.create(Deployment, deployment('web', { replicas: 2 }));
    await cluster.untilObject(Deployment, 'web', isDone);

    await setImage('web:missing');
    const stuck = await cluster.untilObject(
      Deployment,
      'web',
      ({ status }) => conditionOf(status?.conditions, 'Progressing')?.status === 'False',
      { step: 5000, within: 700_000 },
    );
    expect(conditionOf(stuck.status?.conditions, 'Progressing')).toMatchObject({ reason: 'ProgressDeadlineExceeded' });
    expect(conditionOf(stuck.status?.conditions, 'Available')).toMatchObject({ status: 'True' });
    expect(stuck.status?.availableReplicas).toBe(2);

    await setImage('web:3');
    const healed = await cluster.untilObject(Deployment, 'web', isDone);
    expect(conditionOf(healed.status?.conditions, 'Progressing')).toMatchObject({
      status: 'True',
      reason: 'NewReplicaSetAvailable',
    });
    expect(await revisions()).toEqual({ '1 web:1': 0, '2 web:missing': 0, '3 web:3': 2 });
  });

  it('with strategy Recreate starts no new Pod before the last old one is gone', async () => {
    await cluster.client.create(Deployment, deployment('web', { replicas: 2, strategy: { type: 'Recreate' } }));
    await cluster.untilObject(Deployment, 'web', isDone);
    await setImage('web:2');
    await cluster.until(
      'the rollout',
      async () => {
        const images = new Set(
          (await cluster.list(Pod)).filter((pod) => !isFinished(pod)).map((pod) => pod.spec?.containers[0]?.image),
        );
        expect(images.size).toBeLessThanOrEqual(1);
        return images.has('web:2') && isDone((await cluster.get(Deployment, 'web'))!);
      },
      { step: 50 },
    );
  });

  it('does not roll out while paused, but scales', async () => {
    await cluster.client.create(Deployment, deployment('web'));
    await cluster.untilObject(Deployment, 'web', isDone);
    await cluster.client.patch(
      Deployment,
      { namespace: 'test', name: 'web' },
      { type: 'merge', body: { spec: { paused: true } } },
    );
    await setImage('web:2');
    await cluster.client.patch(
      Deployment,
      { namespace: 'test', name: 'web' },
      { type: 'merge', body: { spec: { replicas: 3 } } },
    );
    const paused = await cluster.untilObject(Deployment, 'web', ({ status }) => status?.availableReplicas === 3);
    expect(conditionOf(paused.status?.conditions, 'Progressing')).toMatchObject({
      status: 'Unknown',
      reason: 'DeploymentPaused',
    });
    expect(await revisions()).toEqual({ '1 web:1': 3 });

    await cluster.client.patch(
      Deployment,
      { namespace: 'test', name: 'web' },
      { type: 'merge', body: { spec: { paused: false } } },
    );
    await cluster.untilObject(Deployment, 'web', isDone);
    expect(await revisions()).toEqual({ '1 web:1': 0, '2 web:2': 3 });
  });

  it('goes back to a former template under a new revision, and forgets what the history limit says', async () => {
    await cluster.client.create(Deployment, deployment('web', { revisionHistoryLimit: 1 }));
    await cluster.untilObject(Deployment, 'web', isDone);
    for (const image of ['web:2', 'web:3', 'web:2']) {
      await setImage(image);
      await cluster.untilObject(Deployment, 'web', isDone);
      await cluster.quiet();
    }
    expect(await revisions()).toEqual({ '3 web:3': 0, '4 web:2': 1 });
  });

  it('shares a scaling out among the sets in the middle of a rollout', async () => {
    const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 2, maxUnavailable: 0 } };
    await cluster.client.create(Deployment, deployment('web', { replicas: 4, strategy }));
    await cluster.untilObject(Deployment, 'web', isDone);
    await setImage('web:missing');
    await cluster.until('the new Pods', async () => (await revisions())['2 web:missing'] === 2);
    await cluster.client.patch(
      Deployment,
      { namespace: 'test', name: 'web' },
      { type: 'merge', body: { spec: { replicas: 8 } } },
    );
    await cluster.until('the shares', async () => {
      const sizes = await revisions();
      return (sizes['1 web:1'] ?? 0) + (sizes['2 web:missing'] ?? 0) === 10;
    });
    const sizes = await revisions();
    expect(sizes['1 web:1']).toBeGreaterThan(sizes['2 web:missing']!);
    expect(sizes['2 web:missing']).toBeGreaterThan(2);
  });
});
