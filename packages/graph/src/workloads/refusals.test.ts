// Pods that are refused, of which only Events tell, and rollouts that somebody holds up.
import { CoreEvent, Deployment, Job, StatefulSet } from '@stackwright/kube';
import { settle, testManager } from '@stackwright/core/testing';
import { describe, expect, it } from 'vitest';
import { controllerForGraph } from '../controller.js';
import { defineGraph } from '../declare/graph.js';
import { GraphHarness } from '../testing/graph-harness.js';
import { Sample, sample } from '../testing/sample.js';
import { why } from '../why/index.js';
import { jobOwns, jobReads, runJob } from './job.js';
import { rolloutOf } from './rollout.js';

const at = { namespace: 'ns', name: 'sample' };
const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'a', image: 'i' }] } };
const spec = { replicas: 1, selector: { matchLabels: { app: 'a' } }, template };

const graph = defineGraph<Sample>(Sample, (g) => {
  g.step({
    name: 'Server',
    owns: [StatefulSet],
    reads: jobReads,
    run: (scope) =>
      rolloutOf(
        scope,
        StatefulSet,
        'sample',
        scope.own(StatefulSet, { metadata: { name: 'sample' }, spec: { ...spec, serviceName: 'sample' } }),
      ),
  });
  g.step({
    name: 'Task',
    owns: jobOwns,
    reads: jobReads,
    run: (scope) => runJob(scope, { purpose: 'task', inputs: 1, pod: { containers: [{ name: 'a', image: 'i' }] } }),
  });
});

const quota = 'create Pod sample-0 failed: pods "sample-0" is forbidden: exceeded quota: compute';

const failedCreate = (
  of: { kind: string; uid: string; name?: string },
  message: string,
  lastTimestamp: string,
): CoreEvent => ({
  metadata: { namespace: 'ns', name: `e-${of.uid}-${message.length}-${lastTimestamp.slice(-3, -1)}` },
  involvedObject: { namespace: 'ns', name: 'sample', ...of },
  reason: 'FailedCreate',
  type: 'Warning',
  message,
  lastTimestamp,
});

async function standing(): Promise<GraphHarness<Sample>> {
  const harness = new GraphHarness(graph);
  await harness.create(sample());
  await harness.settle();
  const generation = harness.api.peek(StatefulSet, at)?.metadata?.generation;
  await harness.edit(StatefulSet, 'sample', { status: { observedGeneration: generation, replicas: 0 } }, 'status');
  await harness.settle();
  return harness;
}

describe('Pods that are refused', () => {
  it('to a StatefulSet: its step says why, as it was said last, of this one alone', async () => {
    const harness = await standing();
    const uid = harness.api.peek(StatefulSet, at)?.metadata?.uid ?? '';
    await harness.api.seed(
      CoreEvent,
      failedCreate({ kind: 'StatefulSet', uid }, quota, '2025-01-01T00:00:02Z'),
      failedCreate({ kind: 'StatefulSet', uid }, 'another', '2025-01-01T00:00:01Z'),
      failedCreate({ kind: 'StatefulSet', uid: 'before' }, 'of one that is gone', '2025-01-01T00:00:03Z'),
    );
    await harness.settle();
    expect(harness.condition('ServerReady')).toMatchObject({ reason: 'Rejected' });
    expect(harness.condition('ServerReady')?.message).toContain('exceeded quota: compute');

    // It stays said for an hour, and is true no more when the Pods are there.
    await harness.edit(StatefulSet, 'sample', { status: { replicas: 1 } }, 'status');
    await harness.settle();
    expect(harness.condition('ServerReady')).toMatchObject({ reason: 'RolloutInProgress' });
  });

  it('to a Job: its step says why', async () => {
    const harness = await standing();
    const [job] = (await harness.listed(Job)) as Job[];
    const { uid = '', name = '' } = job?.metadata ?? {};
    await harness.api.seed(CoreEvent, failedCreate({ kind: 'Job', uid, name }, quota, '2025-01-01T00:00:02Z'));
    await harness.settle();
    expect(harness.condition('TaskReady')).toMatchObject({ status: 'False', reason: 'Rejected' });
    expect(harness.condition('TaskReady')?.message).toContain(`Job ${name} has no Pod: ${quota}`);
  });

  it('are what why ends with', async () => {
    const harness = await standing();
    const set = harness.api.peek(StatefulSet, at);
    const event = failedCreate({ kind: 'StatefulSet', uid: set?.metadata?.uid ?? '' }, quota, '2025-01-01T00:00:02Z');
    const observed = {
      find: () => set,
      list: <T>(kind: string) => (kind === 'Event' ? [event] : []) as readonly unknown[] as readonly T[],
    };
    const chain = why(observed, { apiVersion: 'apps/v1', kind: 'StatefulSet', ...at });
    expect(chain).toMatchObject([{ state: 'Failed', reason: 'FailedCreate', message: quota }]);
  });

  it('wake the object at once, by a watch of these Events alone', async () => {
    const test = testManager();
    controllerForGraph(test.manager, graph);
    await test.start();
    await test.client.seed(Sample, { ...sample(), metadata: at });
    await test.clock.advance(1_000);
    const watches = test.client.calls.filter(({ verb, resource }) => verb === 'watch' && resource === 'events');
    expect(watches.map(({ options }) => options)).toMatchObject([{ fieldSelector: 'reason=FailedCreate' }]);
    const { uid = '', generation } = test.client.peek(StatefulSet, at)?.metadata ?? {};
    const body = { status: { observedGeneration: generation, replicas: 0 } };
    await test.client.patch(StatefulSet, at, { type: 'merge', body }, { subresource: 'status' });
    await test.clock.advance(1_000);
    await test.client.seed(CoreEvent, failedCreate({ kind: 'StatefulSet', uid }, quota, '2025-01-01T00:00:02Z'));
    await test.clock.advance(1_000);
    await settle();
    const { conditions } = test.client.peek(Sample, at)?.status as { conditions: { type: string; reason: string }[] };
    expect(conditions.find(({ type }) => type === 'ServerReady')).toMatchObject({ reason: 'Rejected' });
    await test.stop();
  });
});

it('a rollout that somebody has paused is named, with the remedy, and not one that is over', async () => {
  const paused = defineGraph<Sample>(Sample, (g) => {
    g.step({
      name: 'App',
      owns: [Deployment],
      reads: jobReads,
      run: (scope) => {
        const observed = scope.own(Deployment, { metadata: { name: 'sample' }, spec });
        return rolloutOf(scope, Deployment, 'sample', observed);
      },
    });
  });
  const harness = new GraphHarness(paused);
  await harness.create(sample());
  await harness.settle();
  const status = (updatedReplicas: number) => ({
    status: {
      observedGeneration: harness.api.peek(Deployment, at)?.metadata?.generation,
      ...{ replicas: 1, updatedReplicas, availableReplicas: 1 },
    },
  });
  await harness.edit(Deployment, 'sample', { spec: { paused: true } });
  await harness.edit(Deployment, 'sample', status(0), 'status');
  await harness.settle();
  expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'Paused' });
  expect(harness.condition('Ready')?.message).toContain('kubectl rollout resume deployment/sample');
  await harness.edit(Deployment, 'sample', status(1), 'status');
  await harness.settle();
  expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
});
