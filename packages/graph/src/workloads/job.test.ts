import { formatTime, Job, Pod } from '@stackwright/kube';
import { beforeEach, describe, expect, it } from 'vitest';
import { defineGraph } from '../declare/graph.js';
import { evaluate } from '../evaluate/evaluate.js';
import { GraphHarness, readerOf } from '../testing/graph-harness.js';
import { Sample, sample } from '../testing/sample.js';
import { runJob } from './job.js';

const graph = defineGraph<Sample>(Sample, (g) => {
  g.step({
    name: 'DbSync',
    owns: [Job],
    reads: [{ resource: Pod, parts: true }],
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

  it('has a name that fits a label, however long the object is called', () => {
    const object = { ...sample({ color: 'a' }), metadata: { namespace: 'ns', name: 'x'.repeat(253), uid: 'u' } };
    const [step] = evaluate({
      graph: graph.build(object),
      resource: Sample,
      object,
      reader: readerOf(),
      clock: harness.clock,
    }).steps;
    expect(step?.writes.map(({ name }) => name.length)).toEqual([63]);
  });
});
