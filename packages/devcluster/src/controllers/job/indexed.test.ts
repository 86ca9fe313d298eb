import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Job, Pod } from '@stackwright/kube';
import { job } from '../../testing/manifests.js';
import { TestCluster } from '../../testing/test-cluster.js';
import { conditionOf } from '../conditions.js';
import { formatIndexes, parseIndexes } from './indexes.js';

let cluster: TestCluster;
beforeEach(async () => {
  cluster = await TestCluster.start();
});
afterEach(() => cluster.stop());

const is =
  (type: string) =>
  (object: Job): boolean =>
    conditionOf(object.status?.conditions, type)?.status === 'True';

describe('an Indexed Job', () => {
  it('does every part of the work once', async () => {
    // The second part fails the first time.
    const undo = cluster.runtime.script.when({ pod: /^parts-1-/ }, { exitCode: 1 });
    await cluster.client.create(Job, job('parts', { completionMode: 'Indexed', completions: 4, parallelism: 2 }));
    await cluster.untilObject(Job, 'parts', ({ status }) => status?.failed === 1);
    undo();
    const done = await cluster.untilObject(Job, 'parts', is('Complete'));
    expect(done.status).toMatchObject({
      succeeded: 4,
      failed: 1,
      completedIndexes: '0-3',
      uncountedTerminatedPods: {},
    });
    const pods = await cluster.list(Pod);
    expect(pods).toHaveLength(5);
    const pod = pods.find(({ metadata }) => metadata?.name?.startsWith('parts-3-'));
    expect(pod?.metadata?.annotations).toMatchObject({ 'batch.kubernetes.io/job-completion-index': '3' });
    expect(pod?.spec).toMatchObject({
      hostname: 'parts-3',
      containers: [{ env: [{ name: 'JOB_COMPLETION_INDEX' }] }],
    });
    expect(pods.flatMap(({ metadata }) => metadata?.finalizers ?? [])).toEqual([]);
  });

  it('says how many parts there are', async () => {
    await expect(cluster.client.create(Job, job('bad', { completionMode: 'Indexed', parallelism: 2 }))).rejects.toThrow(
      'spec.completions: Required value: when completion mode is Indexed',
    );
  });

  it.each(['', '0', '1,3-5,7', '0,1', '0-9'])('writes its indexes as %s', (text) => {
    expect(formatIndexes(parseIndexes(text))).toBe(text);
  });
});

describe('a podFailurePolicy', () => {
  const policy = {
    rules: [
      { action: 'FailJob', onExitCodes: { containerName: 'task', operator: 'In', values: [42] }, onPodConditions: [] },
      { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
    ],
  };

  it('ends a Job that cannot succeed', async () => {
    cluster.runtime.script.when({ pod: /^hopeless-/ }, { exitCode: 42 });
    await cluster.client.create(Job, job('hopeless', { podFailurePolicy: policy }));
    const failed = await cluster.untilObject(Job, 'hopeless', is('Failed'));
    expect(conditionOf(failed.status?.conditions, 'Failed')).toMatchObject({
      reason: 'PodFailurePolicy',
      message: expect.stringMatching(
        /^Container task for pod test\/hopeless-\w+ failed with exit code 42 matching FailJob rule at index 0$/,
      ) as unknown,
    });
    expect(failed.status?.failed).toBe(1);
  });

  it('does not count what the Job is not to blame for', async () => {
    const undo = cluster.runtime.script.when({ pod: /^evicted-/ }, { exitCode: 0, delay: 3_600_000 });
    await cluster.client.create(Job, job('evicted', { podFailurePolicy: policy, backoffLimit: 0 }));
    const [pod] = await cluster.until('a Pod that runs', async () => {
      const pods = await cluster.list(Pod);
      return pods[0]?.status?.phase === 'Running' ? pods : undefined;
    });
    const name = pod!.metadata!.name!;
    undo();
    const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace: 'test' } };
    await cluster.client.raw('POST', `/api/v1/namespaces/test/pods/${name}/eviction`, {
      body: JSON.stringify(body),
      contentType: 'application/json',
    });
    const done = await cluster.untilObject(Job, 'evicted', is('Complete'));
    expect(done.status?.failed).toBeUndefined();
  });

  it('needs Pods that are not restarted in place', async () => {
    const made = job('bad', { podFailurePolicy: policy });
    made.spec!.template.spec!.restartPolicy = 'OnFailure';
    await expect(cluster.client.create(Job, made)).rejects.toThrow(
      'only "Never" is supported when podFailurePolicy is specified',
    );
  });
});
