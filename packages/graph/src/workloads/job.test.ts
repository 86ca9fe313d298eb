import { ConfigMap, formatTime, Job, Pod } from '@stackwright/kube';
import { beforeEach, describe, expect, it } from 'vitest';
import { SeededRandom } from '@stackwright/core/testing';
import { defineGraph } from '../declare/graph.js';
import { defaultNames, labelsOf } from '../declare/names.js';
import { evaluate } from '../evaluate/evaluate.js';
import { hashOf } from '../evaluate/hash.js';
import { plan } from '../plan/plan.js';
import { GraphHarness, readerOf } from '../testing/graph-harness.js';
import { Sample, sample } from '../testing/sample.js';
import { jobOwns, jobReads, runJob } from './job.js';

const graph = defineGraph<Sample>(Sample, (g) => {
  g.step({
    name: 'DbSync',
    owns: jobOwns,
    reads: jobReads,
    run: (scope) =>
      runJob(scope, {
        purpose: 'db-sync',
        inputs: scope.object.spec.color,
        pod: { containers: [{ name: 'db-sync', image: 'i' }] },
        finalExitCode: 3,
      }),
  });
});

let harness: GraphHarness<Sample>;

const jobs = async () => (await harness.listed(Job)) as Job[];
const active = async () => (await jobs()).filter(({ status }) => !status?.conditions?.length);
const nameOf = (job: Job | undefined) => job?.metadata?.name ?? '';
const setColor = (color: string) => harness.edit(Sample, 'sample', { spec: { color } });

/** What the Job's controller and the kubelet say. */
async function end(job: Job | undefined, type: 'Complete' | 'Failed', log = '', exitCode = 1): Promise<void> {
  await podFor(job, { phase: type === 'Failed' ? 'Failed' : 'Succeeded', log, exitCode });
  const condition = { type, status: 'True', lastTransitionTime: formatTime(harness.clock.now()) };
  await harness.edit(Job, nameOf(job), { status: { conditions: [condition] } }, 'status');
}

async function podFor(
  job: Job | undefined,
  { phase, log = '', state, exitCode = 1 }: { phase: string; log?: string; state?: object; exitCode?: number },
): Promise<void> {
  const name = `${nameOf(job)}-pod`;
  const ownerReferences = [
    { apiVersion: 'batch/v1', kind: 'Job', name: nameOf(job), uid: job?.metadata?.uid ?? '', controller: true },
  ];
  const labels = job?.spec?.template.metadata?.labels ?? {};
  await harness.api.delete(Pod, { namespace: 'ns', name }).catch(() => undefined);
  await harness.api.seed(Pod, { metadata: { namespace: 'ns', name, labels, ownerReferences } });
  const terminated = {
    exitCode: phase === 'Failed' ? exitCode : 0,
    message: log,
    finishedAt: formatTime(harness.clock.now()),
  };
  const containerStatuses = [
    { name: 'c', image: 'i', imageID: '', ready: false, restartCount: 0, state: state ?? { terminated } },
  ];
  await harness.edit(Pod, name, { status: { phase, containerStatuses } }, 'status');
}

async function removePod(job: Job | undefined): Promise<void> {
  await harness.api.delete(Pod, { namespace: 'ns', name: `${nameOf(job)}-pod` });
}

beforeEach(async () => {
  harness = new GraphHarness(graph);
  await harness.create(sample({ color: 'a' }));
  await harness.settle();
});

describe('a Job', () => {
  it('runs once for its inputs, whatever happens around it', async () => {
    const [job] = await jobs();
    expect(nameOf(job)).toMatch(/^sample-db-sync-[0-9a-f]{8}$/);
    expect(harness.condition('DbSyncReady')).toMatchObject({ status: 'False', reason: 'JobRunning' });
    await end(job, 'Complete');
    await harness.settle();
    expect(harness.condition('DbSyncReady')).toMatchObject({ status: 'True' });
    harness.restart();
    await harness.clock.advance(86_400_000);
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
  });

  it('runs again with other inputs, and the old one is cleared away when it is done', async () => {
    await end((await jobs())[0], 'Complete');
    await harness.settle();
    await setColor('b');
    await harness.settle();
    expect(await jobs()).toHaveLength(2);
    await end((await active())[0], 'Complete');
    await harness.settle();
    expect(await jobs()).toHaveLength(1);
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });

  it('that runs is never killed, and no other of its purpose is started beside it', async () => {
    const [first] = await jobs();
    await podFor(first, { phase: 'Running', state: { running: {} } });
    await setColor('b');
    await harness.settle();
    expect((await jobs()).map(nameOf)).toEqual([nameOf(first)]);
    expect(harness.condition('DbSyncReady')?.message).toBe(
      `Waits for Job ${nameOf(first)}, which has other inputs, to end`,
    );
    await end(first, 'Complete');
    await harness.settle();
    expect((await active()).map(nameOf)).not.toEqual([nameOf(first)]);
    expect(await active()).toHaveLength(1);
  });

  it('that says that it would fail again is left alone until its inputs change', async () => {
    const [job] = await jobs();
    await end(job, 'Failed', 'not with these', 3);
    await harness.settle();
    const failure = { reason: 'JobFailed', message: `Job ${nameOf(job)} failed: exit code 3: not with these` };
    expect(harness.condition('Ready')).toMatchObject(failure);
    await harness.clock.advance(86_400_000);
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
    expect(harness.condition('Ready')).toMatchObject(failure);
    await setColor('b');
    await harness.settle();
    expect(await active()).toHaveLength(1);
  });

  it('that never got started does not stand in the way of corrected inputs', async () => {
    const [first] = await jobs();
    const waiting = { reason: 'ImagePullBackOff', message: 'manifest unknown' };
    await podFor(first, { phase: 'Pending', state: { waiting } });
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ reason: 'ImagePullFailed' });
    await setColor('b');
    await harness.settle();
    // Its Pod is not gone yet and could still start.
    expect(await jobs()).toEqual([]);
    await removePod(first);
    await harness.settle();
    expect((await active()).map(nameOf)).not.toEqual([nameOf(first)]);
  });

  it('that never got started is removed when its inputs are taken back, so that it cannot start later', async () => {
    const [first] = await jobs();
    await end(first, 'Complete');
    await harness.settle();
    await setColor('b');
    await harness.settle();
    const [stuck] = await active();
    await podFor(stuck, { phase: 'Pending', state: { waiting: { reason: 'ImagePullBackOff' } } });
    await harness.settle();
    await setColor('a');
    await harness.settle();
    await removePod(stuck);
    await harness.settle();
    expect((await jobs()).map(({ metadata }) => metadata?.uid)).toEqual([first?.metadata?.uid]);
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });

  it.each(['Complete', 'Failed'] as const)(
    'runs again when one with other inputs has run since (and is %s)',
    async (fate) => {
      const [first] = await jobs();
      await end(first, 'Complete');
      await harness.settle();
      await setColor('b');
      await harness.settle();
      const [second] = await active();
      await podFor(second, { phase: 'Running', state: { running: {} } });
      await setColor('a');
      await harness.settle();
      // What it did may be half undone by the other: neither done nor to be run beside it.
      expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'JobRunning' });
      await end(second, fate);
      await harness.settle();
      const [again] = await active();
      expect(nameOf(again)).toBe(nameOf(first));
      expect(again?.metadata?.uid).not.toBe(first?.metadata?.uid);
      await end(again, 'Complete');
      await harness.settle();
      expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
      expect(await harness.writesOf(() => harness.settle())).toEqual([]);
    },
  );

  it('that failed shows the end of its log, is tried again by itself with growing delays, and heals', async () => {
    const delays: number[] = [];
    for (let attempt = 0; attempt < 7; attempt++) {
      const [job] = await active();
      await end(job, 'Failed', 'ERROR mysql+pymysql://keystone:hunter2@db/keystone\nno such table');
      await harness.settle();
      expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'JobFailed' });
      expect(harness.condition('Ready')?.message).toContain(
        'exit code 1: ERROR mysql+pymysql://***@db/keystone\nno such table',
      );
      const failedAt = harness.clock.now();
      for (let second = 0; (await active()).length === 0 && second < 600; second++) {
        await harness.clock.advance(1_000);
        await harness.settle();
      }
      delays.push((harness.clock.now() - failedAt) / 1_000);
      // Who looks while it is tried again still sees why.
      expect(harness.condition('Ready')).toMatchObject({ reason: 'JobFailed' });
      await removePod(job);
    }
    expect(delays).toEqual([10, 20, 40, 80, 160, 300, 300]);
    expect(JSON.stringify([await jobs(), harness.object, harness.events])).not.toContain('hunter2');
    expect(harness.events.filter(({ type }) => type === 'Warning')).toHaveLength(1);

    await end((await active())[0], 'Complete');
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });

  it('that failed is not waited for when its inputs are corrected', async () => {
    await end((await jobs())[0], 'Failed', 'bad option');
    await harness.settle();
    await setColor('b');
    await harness.settle();
    expect(await active()).toHaveLength(1);
    expect(harness.condition('Ready')).toMatchObject({ reason: 'JobRunning' });
  });

  it('counts the delay from its failure, also over a restart', async () => {
    await end((await jobs())[0], 'Failed', 'x');
    await harness.settle();
    await harness.clock.advance(9_000);
    harness.restart();
    const { requeueAfter } = await harness.settle();
    expect(requeueAfter).toBe(1_000);
    await harness.clock.advance(1_000);
    await harness.settle();
    expect(await active()).toHaveLength(1);
  });

  it('is not deleted on the strength of an old view of it', async () => {
    const [job] = await jobs();
    await end(job, 'Failed', 'x');
    await harness.clock.advance(10_000);
    await harness.sync();
    await harness.edit(Job, nameOf(job), { metadata: { labels: { looked: 'at' } } });
    await harness.reconcile({ sync: false });
    expect((await jobs())[0]?.metadata?.uid).toBe(job?.metadata?.uid);
    await harness.settle();
    expect((await jobs())[0]?.metadata?.uid).not.toBe(job?.metadata?.uid);
  });

  it.each(['Complete', 'Active'] as const)(
    'under the name that an earlier version gave it is not run again: %s',
    async (state) => {
      const name = 'n'.repeat(50);
      harness = new GraphHarness(graph);
      Object.assign(harness.key, { name });
      await harness.create(sample({ color: 'a' }));
      const ending = `-db-sync-${hashOf('a', 8)}`;
      const earlier = name.slice(0, 63 - ending.length) + ending;
      const { uid = '' } = harness.object.metadata ?? {};
      await harness.api.seed(Job, {
        metadata: {
          namespace: 'ns',
          name: earlier,
          labels: { ...labelsOf('Sample', name), 'app.kubernetes.io/component': 'db-sync' },
          annotations: { [defaultNames.annotation.step]: 'DbSync' },
          ownerReferences: [{ apiVersion: 'test.dev/v1', kind: 'Sample', name, uid, controller: true }],
        },
        ...(state === 'Complete' ? { status: { conditions: [{ type: state, status: 'True' }] } } : {}),
      });
      await harness.settle();
      expect((await jobs()).map(nameOf)).toEqual([earlier]);
      if (state === 'Active') await end((await jobs())[0], 'Complete');
      await harness.settle();
      expect(harness.condition('DbSyncReady')).toMatchObject({ status: 'True' });
      await harness.api.delete(Job, { namespace: 'ns', name: earlier });
      expect(await harness.writesOf(() => harness.settle())).toEqual([]);
      expect(harness.condition('DbSyncReady')).toMatchObject({ status: 'True' });
    },
  );

  it('has a name that fits a label, however long the object is called, and that no other long name has', () => {
    const nameFor = (ending: string) => {
      const object = {
        ...sample({ color: 'a' }),
        metadata: { namespace: 'ns', name: `${'x'.repeat(200)}${ending}`, uid: 'u' },
      };
      const [step] = evaluate({
        graph: graph.build(object),
        resource: Sample,
        object,
        reader: readerOf(),
        clock: harness.clock,
      }).steps;
      return step?.writes.map(({ name }) => name) ?? [];
    };
    const [one = ''] = nameFor('one');
    expect(one).toHaveLength(63);
    expect(nameFor('other')).not.toEqual([one]);
  });
});

describe('a Job that is deleted', () => {
  const records = async () => (await harness.listed(ConfigMap)) as ConfigMap[];
  const ready = () => harness.condition('Ready');
  const remove = async (job: Job | undefined) => {
    await removePod(job).catch(() => undefined);
    await harness.api.delete(Job, { namespace: 'ns', name: nameOf(job) });
  };
  /** Its TTL is over: it is held until its Pods are gone. */
  const begunToDelete = async (job: Job | undefined) => {
    const finalizers = ['foregroundDeletion'];
    await harness.edit(Job, nameOf(job), { metadata: { finalizers } });
    await harness.api.delete(Job, { namespace: 'ns', name: nameOf(job) });
  };
  const released = (job: Job | undefined) => harness.edit(Job, nameOf(job), { metadata: { finalizers: [] } });

  it('after it succeeded has been done all the same: nothing runs, nothing is written, Ready stays', async () => {
    const [job] = await jobs();
    await end(job, 'Complete');
    await harness.settle();
    await remove(job);
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
    harness.restart();
    await harness.clock.advance(86_400_000);
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
    expect(ready()).toMatchObject({ status: 'True' });
    expect(await jobs()).toEqual([]);
  });

  it('before anybody saw more of it than its end has been done', async () => {
    const [job] = await jobs();
    await end(job, 'Complete');
    await begunToDelete(job);
    await harness.settle();
    expect(ready()).toMatchObject({ status: 'True' });
    await released(job);
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
    expect(await jobs()).toEqual([]);
  });

  it('while it runs is made again', async () => {
    const [job] = await jobs();
    await remove(job);
    await harness.settle();
    expect(await active()).toHaveLength(1);
    expect(await records()).toEqual([]);
  });

  it('runs again with other inputs; and with the first ones, since others have run', async () => {
    const [first] = await jobs();
    await end(first, 'Complete');
    await harness.settle();
    await remove(first);
    await setColor('b');
    await harness.settle();
    const [second] = await active();
    expect(nameOf(second)).not.toBe(nameOf(first));
    // What has begun may have changed something, whatever became of it.
    await remove(second);
    await setColor('a');
    await harness.settle();
    expect((await active()).map(nameOf)).toEqual([nameOf(first)]);
    await end((await active())[0], 'Complete');
    await harness.settle();
    expect(ready()).toMatchObject({ status: 'True' });
  });

  it('is remembered in one place, however many there have been', async () => {
    for (const color of ['b', 'c', 'd', 'b']) {
      await end((await active())[0], 'Complete');
      await harness.settle();
      await remove((await jobs())[0]);
      await setColor(color);
      await harness.settle();
    }
    await end((await active())[0], 'Complete');
    await harness.settle();
    const [last] = await jobs();
    expect((await records()).map(({ metadata, data }) => [metadata?.name, data?.['job'], data?.['result']])).toEqual([
      ['sample-db-sync', nameOf(last), 'Complete'],
    ]);
  });

  it('runs again when what is remembered is deleted after it; the record alone is made again from the Job', async () => {
    const [job] = await jobs();
    await end(job, 'Complete');
    await harness.settle();
    const record = { namespace: 'ns', name: 'sample-db-sync' };
    await harness.api.delete(ConfigMap, record);
    await harness.settle();
    expect(harness.api.peek(ConfigMap, record)).toBeDefined();
    await remove(job);
    await harness.api.delete(ConfigMap, record);
    await harness.settle();
    expect((await active()).map(nameOf)).toEqual([nameOf(job)]);
    expect(ready()).toMatchObject({ status: 'False' });
  });

  it('after it failed is tried again no sooner, and says why all the time', async () => {
    await end((await jobs())[0], 'Failed', 'no such table');
    await harness.settle();
    await harness.clock.advance(10_000);
    await harness.settle();
    const [again] = await active();
    await end(again, 'Failed', 'password=hunter2 no such table');
    await harness.settle();
    const failure = ready();
    expect(failure?.message).toMatch(/failed at attempt 2: exit code 1: password=\*\*\* no such table$/);
    await remove(again);
    harness.restart();
    const { requeueAfter } = await harness.settle();
    expect(requeueAfter).toBe(20_000);
    expect(await jobs()).toEqual([]);
    expect(ready()).toEqual(failure);
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
    await harness.clock.advance(20_000);
    await harness.settle();
    expect((await active())[0]?.metadata?.annotations?.['stackwright.dev/attempt']).toBe('2');
    expect(ready()).toMatchObject({ reason: 'JobFailed' });
    expect(JSON.stringify(await records())).not.toContain('hunter2');
  });

  it('and held while it is due is waited for, and not made again and again', async () => {
    const [job] = await jobs();
    await end(job, 'Failed', 'no such table');
    await begunToDelete(job);
    await harness.settle();
    await harness.clock.advance(60_000);
    await harness.settle();
    expect(ready()).toMatchObject({ reason: 'JobFailed', message: expect.stringContaining('no such table') as string });
    await released(job);
    await removePod(job);
    await harness.settle();
    expect(await active()).toHaveLength(1);
  });

  it('after it said that it would fail again is left alone until its inputs change', async () => {
    const [job] = await jobs();
    await end(job, 'Failed', 'not with these', 3);
    await harness.settle();
    const failure = ready();
    await removePod(job);
    await harness.settle();
    await remove(job);
    await harness.clock.advance(86_400_000);
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
    expect(ready()).toEqual(failure);
    await setColor('b');
    await harness.settle();
    expect(await active()).toHaveLength(1);
  });

  it('has been done for this object only, and not for one of the same name that comes after it', async () => {
    const [job] = await jobs();
    await end(job, 'Complete');
    await harness.settle();
    await remove(job);
    const [record] = await records();
    const ownerReferences = (record?.metadata?.ownerReferences ?? []).map((owner) => ({ ...owner, uid: 'another' }));
    await harness.edit(ConfigMap, 'sample-db-sync', { metadata: { ownerReferences } });
    await harness.settle();
    expect(await active()).toHaveLength(1);
  });

  it('appears in no plan', async () => {
    const [job] = await jobs();
    await end(job, 'Complete');
    await harness.settle();
    await remove(job);
    await harness.sync();
    const { summary } = await plan({
      controllers: [{ graph, fieldManager: 'test-controller' }],
      objects: [{ resource: Sample, key: { namespace: 'ns', name: 'sample' } }],
      reader: harness.reader,
      clock: harness.clock,
      random: new SeededRandom(3),
      signal: new AbortController().signal,
    });
    expect(summary).toEqual({ create: 0, change: 0, delete: 0, external: 0, unknown: 0, failed: 0 });
  });
});
