import { ServiceHarness } from '@stackwright/openstack/testing';
import { Deployment, Job, Secret } from '@stackwright/kube';
import { Registry } from 'prom-client';
import { beforeEach, describe, expect, it } from 'vitest';
import { Keystone } from '../crd.js';
import { keystoneGraph } from '../keystone.js';
import { registerMetrics } from '../metrics.js';
import { keystone } from '../testing/sample.js';
import { ledgerAnnotation } from './ledger.js';

const minute = 60_000;
const day = 86_400_000;
let harness: ServiceHarness<Keystone>;

beforeEach(async () => {
  harness = new ServiceHarness<Keystone>(keystoneGraph);
  await harness.standUp(keystone());
});

const named = (name: string) => ({ namespace: 'ns', name: `sample-${name}` });
const keysOf = (name: string): Record<string, string> => harness.api.peek(Secret, named(name))?.data ?? {};
const ledgerOf = (name: string) => harness.api.peek(Secret, named(name))?.metadata?.annotations?.[ledgerAnnotation];
const migrations = async () =>
  ((await harness.listed(Job)) as Job[]).filter(({ metadata }) => metadata?.name?.includes('credential-migrate'));
const template = () => harness.api.peek(Deployment, { namespace: 'ns', name: 'sample' })?.spec?.template;

/** Time passes as the queue would let it: from one look to the next. */
async function pass(time: number): Promise<void> {
  const end = harness.clock.now() + time;
  for (;;) {
    const { requeueAfter = time } = await harness.settle();
    const left = end - harness.clock.now();
    if (left <= 0) return;
    await harness.clock.advance(Math.min(left, Math.max(requeueAfter, time / 20)));
  }
}

const ask = (spec: object) => harness.edit(Keystone, 'sample', { spec });

describe('the keys of tokens', () => {
  it('are rotated when asked, without a restart, without being unready, and told', async () => {
    await pass(10 * minute);
    const before = { keys: keysOf('fernet-keys'), template: template() };
    expect(harness.object.status).toMatchObject({ fernet: { primary: 1, keys: 2 } });
    await ask({ fernet: { rotate: 'first' } });
    await harness.settle();
    expect(keysOf('fernet-keys')).toEqual({ ...before.keys, '2': before.keys['0'] });
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    await pass(3 * minute);
    expect(Object.keys(keysOf('fernet-keys'))).toEqual(['0', '1', '2']);
    expect(keysOf('fernet-keys')['0']).not.toBe(before.keys['0']);
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(template()).toEqual(before.template);
    expect(harness.events.filter(({ reason }) => reason === 'KeysRotated')).toMatchObject([
      { note: expect.stringContaining('Fernet key 2 is primary now') as string },
    ]);
    expect(harness.object.status).toMatchObject({ fernet: { primary: 2, keys: 3 }, credential: { primary: 1 } });
  });

  it('are rotated by schedule, once for all that was missed, and not because the controller was started', async () => {
    harness.restart();
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
    await harness.clock.advance(60 * day);
    harness.restart();
    await harness.settle();
    expect(harness.object.status).toMatchObject({ fernet: { primary: 2 } });
    await pass(10 * minute);
    harness.restart();
    const writes = await harness.writesOf(() => harness.settle());
    expect(writes.filter((write) => write.includes('secrets'))).toEqual([]);
    expect(harness.object.status).toMatchObject({ fernet: { primary: 2, keys: 3 } });
  });

  it('lose nothing to two writers', async () => {
    await pass(10 * minute);
    await ask({ fernet: { rotate: 'first' } });
    await harness.sync();
    const theirs = { ...keysOf('fernet-keys') };
    theirs['5'] = theirs['1'] ?? '';
    await harness.edit(Secret, 'sample-fernet-keys', { data: theirs });
    await harness.reconcile({ sync: false });
    expect(keysOf('fernet-keys')).toEqual(theirs);
    await pass(minute);
    expect(keysOf('fernet-keys')).toEqual(theirs);
    expect(harness.events.filter(({ reason }) => reason === 'KeysReplaced')).toHaveLength(1);
    await pass(3 * minute);
    expect(Object.keys(keysOf('fernet-keys'))).toEqual(['0', '1', '5', '6']);
  });

  it('made by an earlier version are taken over as they are', async () => {
    const before = keysOf('fernet-keys');
    await harness.edit(Secret, 'sample-fernet-keys', { metadata: { annotations: { [ledgerAnnotation]: null } } });
    await harness.clock.advance(60 * day);
    await pass(10 * minute);
    expect(keysOf('fernet-keys')).toEqual(before);
    expect(ledgerOf('fernet-keys')).toBeDefined();
    expect(harness.events.filter(({ note }) => note.startsWith('Fernet'))).toEqual([]);
  });

  it.each([
    [{ schedule: 'now and then' }, 'spec.fernet.rotation.schedule: '],
    [{ timeZone: 'Mars/Olympus' }, 'there is no time zone "Mars/Olympus"'],
  ])('cannot be rotated as %j says, and all else goes on', async (wrong, message) => {
    await ask({ fernet: { rotation: wrong }, replicas: 3 });
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'InvalidSpec' });
    expect(harness.condition('Ready')?.message).toContain(message);
    expect(harness.api.peek(Deployment, { namespace: 'ns', name: 'sample' })?.spec?.replicas).toBe(3);
  });
});

describe('the age of keys', () => {
  it('is a metric', async () => {
    const registry = new Registry();
    registerMetrics(registry, harness.reader, harness.clock);
    await harness.clock.advance(90_000);
    await harness.sync();
    const text = await registry.metrics();
    expect(text).toMatch(/primary_key_age_seconds\{namespace="ns",name="sample",repository="fernet"\} 9\d/);
    expect(text).toContain('stackwright_keystone_keys{namespace="ns",name="sample",repository="credential"} 2');
  });
});

describe('the keys of credentials', () => {
  const rotate = async (request: string) => {
    await ask({ credential: { rotate: request } });
    await pass(10 * minute);
  };

  it('are rotated, then all credentials are encrypted anew, when no Pod uses the key before any more', async () => {
    await pass(10 * minute);
    expect(await migrations()).toEqual([]);
    await ask({ credential: { rotate: 'first' } });
    await pass(minute);
    expect(harness.object.status).toMatchObject({ credential: { primary: 2 } });
    expect(await migrations()).toEqual([]);
    await pass(2 * minute);
    expect(await migrations()).toMatchObject([
      { spec: { template: { spec: { containers: [{ command: ['keystone-manage', 'credential_migrate'] }] } } } },
    ]);
    // Nobody who waits for Keystone has to wait for that.
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    await harness.endJobs();
    expect(JSON.parse(ledgerOf('credential-keys') ?? '')).toMatchObject({ migrated: 2 });
    await pass(day);
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
  });

  it('are not rotated again before that has succeeded', async () => {
    await pass(10 * minute);
    await rotate('first');
    await rotate('second');
    expect(Object.keys(keysOf('credential-keys'))).toEqual(['0', '1', '2']);
    await harness.endJobs('credential-migrate', 'Failed');
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(harness.condition('CredentialMigrateReady')).toMatchObject({ status: 'True', reason: 'HousekeepingFailed' });
    await rotate('third');
    expect(harness.object.status).toMatchObject({ credential: { primary: 2 } });
    await harness.endJobs();
    await pass(10 * minute);
    await harness.endJobs();
    await pass(10 * minute);
    expect(Object.keys(keysOf('credential-keys'))).toEqual(['0', '2', '3']);
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });
});
