import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ApiError, CoreEvent, Job, Pod } from '@stackwright/kube';
import { job } from '../../testing/manifests.js';
import { TestCluster } from '../../testing/test-cluster.js';
import { conditionOf } from '../conditions.js';

describe('a Job', () => {
  let cluster: TestCluster;
  beforeEach(async () => {
    cluster = await TestCluster.start();
  });
  afterEach(() => cluster.stop());

  const is =
    (type: string) =>
    (object: Job): boolean =>
      conditionOf(object.status?.conditions, type)?.status === 'True';

  it('is complete when its Pod has succeeded', async () => {
    await cluster.client.create(Job, job('sync'));
    const done = await cluster.untilObject(Job, 'sync', is('Complete'));
    expect(done.status).toMatchObject({ succeeded: 1, ready: 0, terminating: 0, uncountedTerminatedPods: {} });
    expect(done.status?.completionTime).toBeDefined();
    expect(done.status?.active).toBeUndefined();
    expect(done.status?.conditions?.map(({ type, reason }) => [type, reason])).toEqual([
      ['SuccessCriteriaMet', 'CompletionsReached'],
      ['Complete', 'CompletionsReached'],
    ]);
    const [pod] = await cluster.list(Pod, 'job-name=sync');
    expect(pod?.status?.phase).toBe('Succeeded');
    expect(pod?.metadata?.finalizers ?? []).toEqual([]);
    expect((await cluster.list(CoreEvent)).map(({ reason }) => reason)).toContain('Completed');
  });

  it('tries again with growing waits, and then fails with the last lines of its log in the Pod', async () => {
    cluster.runtime.script.when(
      { pod: /^sync-/ },
      { exitCode: 3, logs: ['connecting', 'access denied for user keystone'] },
    );
    await cluster.client.create(
      Job,
      job('sync', { backoffLimit: 2 }, { terminationMessagePolicy: 'FallbackToLogsOnError' }),
    );
    const starts: number[] = [];
    const failed = await cluster.until(
      'the end',
      async () => {
        const count = (await cluster.list(Pod)).length;
        while (starts.length < count) starts.push(cluster.clock.now());
        const object = await cluster.get(Job, 'sync');
        return object && is('Failed')(object) ? object : undefined;
      },
      { step: 500 },
    );
    expect(failed.status?.conditions?.map(({ type, reason }) => [type, reason])).toEqual([
      ['FailureTarget', 'BackoffLimitExceeded'],
      ['Failed', 'BackoffLimitExceeded'],
    ]);
    expect(failed.status?.failed).toBe(3);
    const waits = starts.slice(1).map((time, index) => time - starts[index]!);
    expect(waits[0]).toBeGreaterThanOrEqual(10_000);
    expect(waits[1]).toBeGreaterThanOrEqual(20_000);
    const [pod] = await cluster.list(Pod);
    expect(pod?.status?.containerStatuses?.[0]?.state?.terminated).toMatchObject({
      exitCode: 3,
      reason: 'Error',
      message: 'connecting\naccess denied for user keystone\n',
    });
  });

  it('succeeds after a failure, when the cause is mended', async () => {
    const mend = cluster.runtime.script.when({ pod: /^sync-/ }, { exitCode: 1 });
    await cluster.client.create(Job, job('sync'));
    await cluster.untilObject(Job, 'sync', ({ status }) => status?.failed === 1);
    mend();
    const done = await cluster.untilObject(Job, 'sync', is('Complete'));
    expect(done.status).toMatchObject({ succeeded: 1, failed: 1 });
  });

  it('with OnFailure restarts the container in place, and counts those restarts', async () => {
    cluster.runtime.script.when({ pod: /^sync-/ }, { exitCode: 1 });
    const manifest = job('sync', { backoffLimit: 2 });
    manifest.spec!.template.spec!.restartPolicy = 'OnFailure';
    await cluster.client.create(Job, manifest);
    const failed = await cluster.untilObject(Job, 'sync', is('Failed'), { step: 1000 });
    expect(conditionOf(failed.status?.conditions, 'Failed')?.reason).toBe('BackoffLimitExceeded');
    await cluster.until('no Pod', async () => (await cluster.list(Pod)).length === 0);
  });

  it('runs as many Pods as wanted, not more at a time than allowed', async () => {
    cluster.runtime.script.when({ pod: /^sync-/ }, { exitCode: 0, delay: 1000 });
    await cluster.client.create(Job, job('sync', { completions: 5, parallelism: 2 }));
    let most = 0;
    await cluster.until('the end', async () => {
      const object = await cluster.get(Job, 'sync');
      most = Math.max(most, object?.status?.active ?? 0);
      return object && is('Complete')(object);
    });
    expect(most).toBe(2);
    expect((await cluster.get(Job, 'sync'))?.status?.succeeded).toBe(5);
  });

  it('ends at its deadline', async () => {
    cluster.runtime.script.when({ pod: /^sync-/ }, { exitCode: 0, delay: 3_600_000 });
    await cluster.client.create(Job, job('sync', { activeDeadlineSeconds: 60 }));
    const failed = await cluster.untilObject(Job, 'sync', is('Failed'), { step: 1000 });
    expect(conditionOf(failed.status?.conditions, 'Failed')?.reason).toBe('DeadlineExceeded');
    expect(failed.status?.failed).toBe(1);
    await cluster.until('no Pod', async () => (await cluster.list(Pod)).length === 0);
  });

  it('replaces a Pod that is deleted before it is done, and does not forget it', async () => {
    const release = cluster.runtime.script.when({ pod: /^sync-/ }, { exitCode: 0, delay: 3_600_000 });
    await cluster.client.create(Job, job('sync'));
    const [pod] = await cluster.until('a running Pod', async () => {
      const pods = await cluster.list(Pod);
      return pods[0]?.status?.phase === 'Running' ? pods : undefined;
    });
    release();
    await cluster.client.delete(Pod, { namespace: 'test', name: pod!.metadata!.name! });
    const done = await cluster.untilObject(Job, 'sync', is('Complete'));
    expect(done.status).toMatchObject({ succeeded: 1, failed: 1 });
  });

  it('counts each Pod once though the controller dies between the steps of counting', async () => {
    await cluster.stopControllers();
    await cluster.client.create(Job, job('sync', { completions: 3 }));
    for (let crash = 0; crash < 12; crash += 1) {
      let writes = 0;
      cluster.server.interceptors.push({
        before: ({ verb, user }) => {
          // The controller gets one write further each time.
          if (
            user.name === 'system:kube-controller-manager' &&
            verb !== 'get' &&
            verb !== 'list' &&
            verb !== 'watch' &&
            (writes += 1) > crash
          ) {
            throw new ApiError({ code: 500, reason: 'InternalError', message: 'crashed' });
          }
        },
      });
      await cluster.startControllers();
      await cluster.pass(1000, 100);
      await cluster.stopControllers();
      cluster.server.interceptors.pop();
    }
    await cluster.startControllers();
    const done = await cluster.untilObject(Job, 'sync', is('Complete'));
    expect(done.status?.succeeded).toBe(3);
    expect(done.status?.failed).toBeUndefined();
    expect(await cluster.list(Pod)).toHaveLength(3);
  });

  it('waits while suspended', async () => {
    await cluster.client.create(Job, job('sync', { suspend: true }));
    await cluster.untilObject(Job, 'sync', is('Suspended'));
    await cluster.pass(60_000);
    expect(await cluster.list(Pod)).toEqual([]);
    await cluster.client.patch(
      Job,
      { namespace: 'test', name: 'sync' },
      { type: 'merge', body: { spec: { suspend: false } } },
    );
    await cluster.untilObject(Job, 'sync', is('Complete'));
  });

  it('goes when its time after the end is over', async () => {
    await cluster.client.create(Job, job('sync', { ttlSecondsAfterFinished: 60 }));
    await cluster.untilObject(Job, 'sync', is('Complete'));
    await cluster.pass(50_000);
    expect(await cluster.get(Job, 'sync')).toBeDefined();
    await cluster.until(
      'the deletion',
      async () => {
        const object = await cluster.get(Job, 'sync');
        return object === undefined || object.metadata?.deletionTimestamp !== undefined;
      },
      { within: 20_000 },
    );
  });
});
