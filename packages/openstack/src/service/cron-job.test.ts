import type { ServiceSpec } from '@stackwright/api';
import { CronJob, Job } from '@stackwright/kube';
import { beforeEach, describe, expect, it } from 'vitest';
import { defineCatalog } from '../catalog/catalog.js';
import { sampleKind } from '../testing/sample-service.js';
import { ServiceHarness } from '../testing/service-harness.js';
import type { ServiceObject } from './builder.js';
import { defineService, type ServiceOptions } from './define-service.js';

interface Glance extends ServiceObject {
  spec: ServiceSpec & { purge: { schedule: string; olderThanDays: number; suspend: boolean } };
}

const Glance = sampleKind<Glance>('Glance');

const catalog = defineCatalog({
  service: 'glance',
  user: { uid: 1, gid: 1 },
  releases: { '2025.1': { image: 'glance', tag: '2025.1', commands: {} } },
});

const graph = (options: ServiceOptions<Glance>) =>
  defineService<Glance>(
    Glance,
    catalog,
    (s) => {
      const config = s.config({
        directory: '/etc/glance',
        files: { 'glance-api.conf': () => ({ DEFAULT: { a: 1 } }) },
      });
      s.cronJob({
        name: 'Purge',
        config,
        schedule: ({ object }) => object.spec.purge.schedule,
        suspend: ({ object }) => object.spec.purge.suspend,
        command: ({ object }) => [
          'glance-manage',
          'db',
          'purge',
          '--age_in_days',
          `${object.spec.purge.olderThanDays}`,
        ],
      });
    },
    options,
  );

let harness: ServiceHarness<Glance>;

const cronJob = () => harness.api.peek(CronJob, { namespace: 'ns', name: 'sample-purge' });
const ready = () => harness.condition('Ready');
const purge = (changes: Partial<Glance['spec']['purge']>) =>
  harness.edit(Glance, 'sample', { spec: { purge: changes } });

/** A run, as the controller of CronJobs and the kubelet leave it behind. */
async function ran(number: number, type: 'Complete' | 'Failed', log = ''): Promise<void> {
  const labels = cronJob()?.spec?.jobTemplate.metadata?.labels ?? {};
  const name = `sample-purge-${number}`;
  await harness.api.seed(Job, {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { namespace: 'ns', name, labels, creationTimestamp: `2025-01-0${number}T03:23:00Z` },
    status: { conditions: [{ type, status: 'True', reason: 'BackoffLimitExceeded' }] },
  });
  const job = harness.api.peek(Job, { namespace: 'ns', name });
  if (job && type === 'Failed') await harness.endPod(job, 1, log);
  await harness.settle();
}

beforeEach(async () => {
  harness = new ServiceHarness(graph);
  const spec = {
    release: '2025.1',
    replicas: 1,
    deletionPolicy: 'Retain' as const,
    purge: { schedule: '23 3 * * *', olderThanDays: 30, suspend: false },
  };
  await harness.create({ apiVersion: 'glance.dev/v1', kind: 'Glance', spec });
  await harness.settle();
});

describe('housekeeping on a schedule', () => {
  it('is a CronJob of the service, one run at a time, as the object says', async () => {
    const spec = () => cronJob()?.spec;
    expect(spec()).toMatchObject({ schedule: '23 3 * * *', suspend: false, concurrencyPolicy: 'Forbid' });
    const pod = () => spec()?.jobTemplate.spec?.template.spec;
    expect(pod()).toMatchObject({
      automountServiceAccountToken: false,
      restartPolicy: 'Never',
      containers: [{ command: ['glance-manage', 'db', 'purge', '--age_in_days', '30'] }],
    });
    expect(pod()?.containers[0]?.volumeMounts?.[0]?.mountPath).toBe('/etc/glance/glance-api.conf');
    expect(ready()).toMatchObject({ status: 'True', message: '' });
    await purge({ schedule: '@weekly', olderThanDays: 7, suspend: true });
    await harness.settle();
    expect(spec()).toMatchObject({ schedule: '@weekly', suspend: true });
    expect(pod()?.containers[0]?.command).toContain('7');
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
  });

  it('that fails is told, and the service is Ready all the same; the next run that succeeds ends it', async () => {
    await ran(1, 'Failed', 'database is locked');
    const message =
      'Job sample-purge-1 failed at 2025-01-01T03:23:00Z, no run has succeeded yet: exit code 1: database is locked';
    expect(harness.condition('PurgeReady')).toMatchObject({ status: 'True', reason: 'HousekeepingFailed', message });
    expect(ready()).toMatchObject({ status: 'True', message: `Purge: ${message}` });
    expect(harness.events.filter(({ type }) => type === 'Warning')).toMatchObject([
      { reason: 'HousekeepingFailed', note: `Purge: ${message}` },
    ]);
    await harness.clock.advance(86_400_000);
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
    await ran(2, 'Complete');
    expect(ready()).toMatchObject({ status: 'True', message: '' });
    expect(harness.condition('PurgeReady')).toMatchObject({ reason: 'Done', message: '' });
  });

  it('is not made of a schedule that nobody can read', async () => {
    await purge({ schedule: 'daily' });
    await harness.settle();
    expect(ready()).toMatchObject({
      reason: 'InvalidSpec',
      message: 'Purge: the schedule "daily": expected exactly 5 fields, found 1: [daily]',
    });
    expect(cronJob()?.spec?.schedule).toBe('23 3 * * *');
  });
});
