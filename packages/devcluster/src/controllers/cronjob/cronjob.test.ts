import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CoreEvent, CronJob, Job } from '@stackwright/kube';
import type { CronJobSpec } from 'kubernetes-types/batch/v1.d.ts';
import { task } from '../../testing/manifests.js';
import { TestCluster } from '../../testing/test-cluster.js';

const MINUTE = 60_000;

describe('a CronJob', () => {
  let cluster: TestCluster;
  const undo: (() => void)[] = [];
  beforeAll(async () => {
    cluster = await TestCluster.start();
  });
  afterAll(() => cluster.stop());
  afterEach(async () => {
    for (const each of undo.splice(0)) each();
    for (const { metadata } of await cluster.list(CronJob)) {
      const key = { namespace: 'test', name: metadata!.name! };
      await cluster.client.delete(CronJob, key, { propagationPolicy: 'Foreground' });
      await cluster.untilGone(CronJob, key.name, { step: 1000 });
    }
  });

  const create = (spec: Partial<CronJobSpec> = {}): Promise<CronJob> =>
    cluster.client.create(CronJob, {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name: 'tick', namespace: 'test' },
      spec: {
        schedule: '* * * * *',
        jobTemplate: {
          metadata: { labels: { made: 'by-tick' } },
          spec: { backoffLimit: 0, template: { spec: { restartPolicy: 'Never', containers: [task()] } } },
        },
        ...spec,
      },
    });
  const patch = (spec: object): Promise<CronJob> =>
    cluster.client.patch(CronJob, { namespace: 'test', name: 'tick' }, { type: 'merge', body: { spec } });
  const jobs = async (): Promise<string[]> => (await cluster.list(Job)).map(({ metadata }) => metadata!.name!).sort();
  const get = async (): Promise<CronJob> => (await cluster.get(CronJob, 'tick'))!;
  const reasons = async (): Promise<string[]> =>
    (await cluster.list(CoreEvent))
      .filter(({ involvedObject }) => involvedObject.name === 'tick')
      .map(({ reason }) => reason ?? '');
  /** Tasks that do not end by themselves. */
  const neverEnding = (): void => {
    undo.push(cluster.runtime.script.when({ pod: /^tick-/ }, { exitCode: 0, delay: 24 * 60 * MINUTE }));
  };

  it('starts a Job every time it is due, and keeps as many as it should', async () => {
    await create({ successfulJobsHistoryLimit: 2 });
    expect(await jobs()).toEqual([]);
    await cluster.pass(MINUTE + 1000);
    const [first = ''] = await jobs();
    const job = await cluster.get(Job, first);
    expect(job?.metadata).toMatchObject({
      labels: { made: 'by-tick' },
      annotations: { 'batch.kubernetes.io/cronjob-scheduled-timestamp': expect.stringMatching(/:00Z$/) as unknown },
      ownerReferences: [{ kind: 'CronJob', name: 'tick', controller: true }],
    });
    expect((await get()).status?.lastScheduleTime).toBe(
      job?.metadata?.annotations?.['batch.kubernetes.io/cronjob-scheduled-timestamp'],
    );
    await cluster.pass(3 * MINUTE, 5000);
    await cluster.pass(10_000);
    const kept = await jobs();
    expect(kept).toHaveLength(2);
    expect(kept).not.toContain(first);
    expect((await get()).status?.lastSuccessfulTime).toBeDefined();
    expect((await get()).status?.active).toBeUndefined();
  });

  it('starts nothing while it is suspended', async () => {
    await create({ suspend: true });
    await cluster.pass(2 * MINUTE, 5000);
    expect(await jobs()).toEqual([]);
    await patch({ suspend: false });
    await cluster.pass(1000);
    // What was missed is made up for, once.
    expect(await jobs()).toHaveLength(1);
  });

  it('makes up for nothing that is past the deadline', async () => {
    await create({ suspend: true, startingDeadlineSeconds: 20, schedule: '0 * * * *' });
    const left = 60 * MINUTE - (cluster.clock.now() % (60 * MINUTE));
    await cluster.pass(left + MINUTE, MINUTE);
    await patch({ suspend: false });
    await cluster.pass(1000);
    expect(await jobs()).toEqual([]);
    expect(await reasons()).toContain('MissSchedule');
  });

  it('runs one Job at a time, when it may', async () => {
    neverEnding();
    await create({ concurrencyPolicy: 'Forbid' });
    await cluster.pass(3 * MINUTE, 5000);
    expect(await jobs()).toHaveLength(1);
    expect((await get()).status?.active).toHaveLength(1);
    expect(await reasons()).toContain('JobAlreadyActive');
  });

  it('replaces the one that runs, when it shall', async () => {
    neverEnding();
    await create({ concurrencyPolicy: 'Replace' });
    await cluster.pass(MINUTE + 5000, 5000);
    const [first = ''] = await jobs();
    await cluster.pass(2 * MINUTE, 5000);
    await cluster.untilGone(Job, first, { step: 1000 });
    expect((await get()).status?.active).toHaveLength(1);
  });

  it('runs them side by side by default', async () => {
    neverEnding();
    await create();
    await cluster.pass(2 * MINUTE, 5000);
    expect((await get()).status?.active?.length).toBeGreaterThanOrEqual(2);
  });

  it('works after a restart of the controllers', async () => {
    await create();
    await cluster.pass(MINUTE + 5000, 5000);
    const before = await jobs();
    await cluster.stopControllers();
    await cluster.clock.advance(5 * MINUTE);
    await cluster.startControllers();
    await cluster.pass(1000);
    // One for all that were missed.
    expect(await jobs()).toHaveLength(before.length + 1);
  });

  it.each<[string, Partial<CronJobSpec>, string]>([
    [
      'schedule',
      { schedule: 'now and then' },
      'spec.schedule: Invalid value: "now and then": expected exactly 5 fields',
    ],
    ['time zone', { timeZone: 'Mars/Olympus' }, 'spec.timeZone: Invalid value: "Mars/Olympus": unknown time zone'],
    ['limit', { failedJobsHistoryLimit: -1 }, 'spec.failedJobsHistoryLimit: Invalid value: -1'],
  ])('needs a %s that makes sense', async (_what, spec, message) => {
    await expect(create(spec)).rejects.toThrow(message);
  });
});
