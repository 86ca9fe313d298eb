import { annotations, IdentityClaim } from '@stackwright/api';
import { CronJob, Deployment, Job, Pod, Secret } from '@stackwright/kube';
import { beforeEach, describe, expect, it } from 'vitest';
import { sample, sampleService, Sample } from '../testing/sample-service.js';
import { ServiceHarness } from '../testing/service-harness.js';

let harness: ServiceHarness<Sample>;
const at = (name: string) => ({ namespace: 'ns', name });

const claim = () => harness.api.peek(IdentityClaim, at('sample-identity'));
const inUse = () => claim()?.metadata?.annotations?.[annotations.inUse];
const template = () => harness.api.peek(Deployment, at('sample'))?.spec?.template;
const users = () => JSON.parse(template()?.metadata?.annotations?.[annotations.credentials] ?? '{}') as unknown;
const withDatabase = (user: string) => ({ 'sample-database': 'sample', 'sample-identity': user });

/** What the provider does for new credentials: they work, and the old ones work on. */
async function hand(username: string): Promise<void> {
  const values = { username, password: `password of ${username}` };
  const data = Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
  );
  await harness.edit(Secret, 'sample-identity-connection', { data });
  await harness.provide();
}

async function rotate(rotation: string, username: string): Promise<void> {
  await harness.edit(Sample, 'sample', { spec: { credentialRotation: rotation } });
  await harness.settle();
  expect(claim()?.spec.rotation).toBe(rotation);
  await hand(username);
}

/** A Pod as the Deployment, or a Job, has it made now; or for another user. */
async function start(name: string, user?: string): Promise<void> {
  const { labels, annotations: all } = template()?.metadata ?? {};
  const other = user === undefined ? {} : { [annotations.credentials]: JSON.stringify({ 'sample-identity': user }) };
  await harness.api.seed(Pod, {
    metadata: { ...at(name), ...(labels ? { labels } : {}), annotations: { ...all, ...other } },
    status: { phase: 'Running' },
  });
}

const stop = (name: string) => harness.api.delete(Pod, at(name));

beforeEach(async () => {
  harness = new ServiceHarness(sampleService, { kinds: [Sample] });
  await harness.standUp(sample());
  await start('sample-1');
  await harness.settle();
});

describe('credentials of a service', () => {
  it('are told to be in use once all runs with them', () => {
    expect(users()).toEqual(withDatabase('sample'));
    expect(inUse()).toBe('sample');
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });

  it('rotate by a rollout; the new ones are in use when the last Pod with the old ones is gone', async () => {
    const before = harness.mounted('sample-config');
    await rotate('2026-11', 'sample-1a');
    expect(harness.file('sample.conf')).toContain('username = sample-1a\n');
    expect(users()).toEqual(withDatabase('sample-1a'));
    expect(harness.mounted('sample-config')).not.toBe(before);
    expect(harness.condition('ApiReady')).toMatchObject({ reason: 'RolloutInProgress' });
    expect(inUse()).toBeUndefined();

    await start('sample-2');
    await harness.settle();
    expect(inUse()).toBeUndefined();
    // The Deployment does not count a Pod that stops; it answers requests, though.
    await harness.rollOut();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(inUse()).toBeUndefined();
    await start('sample-purge-1', 'sample');
    await stop('sample-1');
    await harness.settle();
    expect(inUse()).toBeUndefined();

    await harness.edit(Pod, 'sample-purge-1', { status: { phase: 'Succeeded' } }, 'status');
    expect(await harness.writesOf(() => harness.settle())).toEqual([
      'apply identityclaims.claims.stackwright.dev ns/sample-identity',
    ]);
    expect(inUse()).toBe('sample-1a');
    // What is in use asks nothing of the provider.
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    harness.restart();
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
  });

  it('that are no longer asked for are not in use while anything runs with others', async () => {
    await rotate('2026-11', 'sample-1a');
    await start('sample-2');
    await harness.settle();
    // Back, half-way: dropping those of 2026-11 now would take them from a Pod.
    await harness.edit(Sample, 'sample', { spec: { credentialRotation: null } });
    await harness.settle();
    await hand('sample');
    expect(claim()?.spec.rotation).toBeUndefined();
    expect(users()).toEqual(withDatabase('sample'));
    expect(inUse()).toBeUndefined();
    await stop('sample-2');
    await harness.rollOut();
    expect(inUse()).toBe('sample');
  });

  it('are not in use before the rollout is over, although no Pod with the old ones is seen', async () => {
    await rotate('2026-11', 'sample-1a');
    await stop('sample-1');
    await start('sample-2');
    await harness.settle();
    expect(inUse()).toBeUndefined();
    await harness.rollOut();
    expect(inUse()).toBe('sample-1a');
  });

  it('are not in use while a Job has another attempt to make, or a CronJob would start with others', async () => {
    const older = { metadata: { annotations: { [annotations.credentials]: '{"sample-identity":"sample"}' } } };
    const { labels } = template()?.metadata ?? {};
    const metadata = (name: string) => ({ ...at(name), ...(labels ? { labels } : {}) });
    await harness.api.seed(Job, {
      metadata: metadata('sample-online'),
      spec: { template: older },
      status: { failed: 1 },
    });
    await rotate('2026-11', 'sample-1a');
    await stop('sample-1');
    await start('sample-2');
    await harness.rollOut();
    expect(inUse()).toBeUndefined();
    await harness.api.seed(CronJob, {
      metadata: metadata('sample-nightly'),
      spec: { schedule: '@daily', jobTemplate: { spec: { template: older } } },
    });
    const conditions = [{ type: 'Failed', status: 'True', lastTransitionTime: '2025-01-01T00:00:00Z' }];
    await harness.edit(Job, 'sample-online', { status: { conditions } }, 'status');
    await harness.settle();
    expect(inUse()).toBeUndefined();
    await harness.api.delete(CronJob, at('sample-nightly'));
    await harness.settle();
    expect(inUse()).toBe('sample-1a');
  });

  it('stay in use while Pods are replaced for another reason', async () => {
    await harness.edit(Sample, 'sample', { spec: { replicas: 2, resources: { requests: { cpu: '1' } } } });
    const writes = await harness.writesOf(() => harness.settle());
    expect(harness.condition('ApiReady')).toMatchObject({ reason: 'RolloutInProgress' });
    expect(writes.filter((write) => write.includes('claims'))).toEqual([]);
    expect(inUse()).toBe('sample');
  });

  it('are not said to be in use while any Pod says otherwise; one that says nothing sensible says nothing', async () => {
    await start('sample-strange', 'nobody');
    await harness.edit(Pod, 'sample-1', { metadata: { annotations: { [annotations.credentials]: '{' } } });
    await harness.settle();
    expect(inUse()).toBeUndefined();
    await stop('sample-strange');
    await harness.settle();
    expect(inUse()).toBe('sample');
  });
});
