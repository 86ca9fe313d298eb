// What runs is looked after while a change of the service is refused, or what it stands on is lost.
import { DatabaseClaim } from '@stackwright/api';
import {
  ConfigMap,
  ControllerRevision,
  Deployment,
  PodDisruptionBudget,
  Service,
  type Resource,
} from '@stackwright/kube';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Sample } from '../testing/sample-service.js';
import { sample, sampleService } from '../testing/sample-service.js';
import { ServiceHarness } from '../testing/service-harness.js';

const runs: readonly Resource[] = [Service, Deployment, PodDisruptionBudget, ConfigMap];

let harness: ServiceHarness<Sample>;

/** Whatever runs, and is neither a record nor a Secret. */
const running = async () => {
  const all = await Promise.all(runs.map((kind) => harness.listed(kind)));
  return all.flat().filter(({ metadata }) => metadata?.annotations?.['stackwright.dev/step'] === 'Api');
};
const content = async () =>
  (await running()).map((object) => {
    const { status: _status, metadata, ...rest } = object as typeof object & { status?: unknown };
    return { ...rest, name: metadata?.name, labels: metadata?.labels, annotations: metadata?.annotations };
  });
const removeAll = async (): Promise<void> => {
  for (const { kind = '', metadata } of await running()) {
    const resource = runs.find((one) => one.kind === kind);
    if (resource) await harness.api.delete(resource, harness.at(metadata?.name ?? ''));
  }
};

beforeEach(async () => {
  harness = new ServiceHarness<Sample>(sampleService);
  await harness.standUp(sample({ replicas: 2 }));
  expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
});

const troubles: readonly (readonly [string, () => Promise<void>])[] = [
  [
    'a file that it has not is configured',
    () => harness.set({ config: { 'other.conf': { DEFAULT: { debug: true } } } }),
  ],
  [
    'an option that is ours is configured',
    () => harness.set({ config: { 'sample.conf': { database: { connection: 'x' } } } }),
  ],
  ['the certificate is not there', () => harness.set({ tls: { secretRef: { name: 'lost' } } })],
  ['the release is unknown', () => harness.set({ release: '2031.1' })],
  [
    'the database is not ready any more',
    async () => {
      const condition = { type: 'Ready', status: 'False', reason: 'ServerDown', message: 'no', observedGeneration: 1 };
      const conditions = [{ ...condition, lastTransitionTime: '2025-01-01T00:00:00Z' }];
      await harness.edit(DatabaseClaim, 'sample-database', { status: { conditions } }, 'status');
      await harness.settle();
    },
  ],
];

describe.each(troubles)('while %s', (_what, trouble) => {
  it('nothing of what runs is changed, and what is deleted comes back as it was', async () => {
    const before = await content();
    expect(before.map(({ kind }) => kind).sort()).toEqual([
      'ConfigMap',
      'Deployment',
      'PodDisruptionBudget',
      'Service',
    ]);
    await trouble();
    expect(harness.condition('Ready')).toMatchObject({ status: 'False' });
    expect(harness.condition('ApiReady')).toMatchObject({ status: 'True' });
    expect(await content()).toEqual(before);

    await removeAll();
    expect(await running()).toEqual([]);
    await harness.settle();
    expect(await content()).toEqual(before);
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
  });

  it('what is changed by hand is set right', async () => {
    const { spec } = harness.api.peek(Service, harness.key) ?? {};
    await trouble();
    await harness.edit(Service, 'sample', { spec: { selector: { app: 'mine' } } });
    await harness.edit(Deployment, 'sample', { spec: { template: { spec: { serviceAccountName: 'mine' } } } });
    await harness.settle();
    expect(harness.api.peek(Service, harness.key)?.spec?.ports).toEqual(spec?.ports);
    expect(harness.api.peek(Service, harness.key)?.spec?.selector).toMatchObject(spec?.selector ?? {});
  });

  it('what runs is scaled', async () => {
    await trouble();
    await harness.set({ replicas: 3 });
    const { spec } = harness.api.peek(Deployment, harness.key) ?? {};
    expect(spec?.replicas).toBe(3);
    await harness.api.delete(Deployment, harness.key);
    await harness.settle();
    expect(harness.api.peek(Deployment, harness.key)?.spec).toEqual(spec);
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
  });

  it('a controller that begins anew looks after it, too, and nothing secret is written down for that', async () => {
    const before = await content();
    await trouble();
    await harness.clock.advance(60_000);
    await harness.settle();
    harness.restart();
    await removeAll();
    await harness.settle();
    expect(await content()).toEqual(before);
    expect(await harness.said(ControllerRevision)).not.toContain('canary');
  });
});
