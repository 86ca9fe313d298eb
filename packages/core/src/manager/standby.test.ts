// A replica that waits for the lease: how fast it takes over, and what it costs the API server.
import { ConfigMap, Lease } from '@stackwright/kube';
import { expect, it } from 'vitest';
import { newController } from '../controller/builder.js';
import { FakeClient, FakeClock, settle, testManager } from '../testing/index.js';

const leaseKey = { namespace: 'ns', name: 'test-controller' };

it('a standby has its caches full: when it takes over, it works at once and asks for no object again', async () => {
  const clock = new FakeClock();
  const client = new FakeClient(clock);
  await client.create(Lease, { metadata: leaseKey, spec: { holderIdentity: 'other', leaseDurationSeconds: 15 } });
  for (let n = 0; n < 50; n++) await client.seed(ConfigMap, { metadata: { namespace: 'ns', name: `${n}` } });
  const test = testManager({ client, clock, leaderElection: { namespace: 'ns', identity: 'me' } });
  const reconciled = new Set<string>();
  newController(test.manager, 'sample')
    .for(ConfigMap)
    .complete(async ({ name }) => void reconciled.add(name));
  await test.start();
  while (!test.manager.cache.hasSynced()) await settle();
  const reads = () => client.calls.filter(({ verb, resource }) => verb !== 'get' && resource === 'configmaps').length;
  const before = reads();
  expect(test.manager.cache.list(ConfigMap)).toHaveLength(50);
  expect(reconciled.size).toBe(0);
  await clock.until(() => reconciled.size === 50, 60_000);
  // Whether it has all is seen from metadata.
  expect(reads()).toBe(before + 1);
  expect(client.calls.findLast(({ verb }) => verb === 'list')?.metadataOnly).toBe(true);
  await test.stop();
});

it.each([
  ['whose watch died without a word', 2_000],
  ['whose watch is told late', 300],
])('a standby %s writes nothing by what it saw before the lease was its own', async (_, late) => {
  const clock = new FakeClock();
  const client = new FakeClient(clock);
  const other = { holderIdentity: 'other', leaseDurationSeconds: 15 };
  await client.create(Lease, { metadata: leaseKey, spec: other });
  const key = { namespace: 'ns', name: 'sample' };
  await client.seed(ConfigMap, { metadata: key, data: { wanted: 'old' } });
  const test = testManager({ client, clock, leaderElection: { namespace: 'ns', identity: 'me' } });
  const seen: (string | undefined)[] = [];
  newController(test.manager, 'sample')
    .for(ConfigMap)
    .complete(async () => void seen.push(test.manager.cache.get(ConfigMap, key)?.data?.['wanted']));
  await test.start();
  while (!test.manager.cache.hasSynced()) await settle();
  client.watchesPaused = true;
  await client.patch(ConfigMap, key, { type: 'merge', body: { data: { wanted: 'new' } } });
  await clock.until(() => client.peek(Lease, leaseKey)?.spec?.holderIdentity === 'me', 60_000);
  await clock.advance(late);
  client.watchesPaused = false;
  await clock.until(() => seen.length > 0, 60_000);
  expect(seen[0]).toBe('new');
  await test.stop();
});

it('a lease is written by the client that it was given, and by no other', async () => {
  const clock = new FakeClock();
  const lease = new FakeClient(clock);
  const test = testManager({ clock, leaderElection: { namespace: 'ns', identity: 'me', client: lease } });
  await test.start();
  await clock.advance(10_000);
  expect(lease.peek(Lease, leaseKey)?.spec?.holderIdentity).toBe('me');
  expect(test.client.calls.filter(({ resource }) => resource.startsWith('leases'))).toEqual([]);
  await test.stop();
  expect(lease.peek(Lease, leaseKey)?.spec?.holderIdentity).toBe('');
});

it('the process stops when its lease is lost even though the API server answers everything else', async () => {
  const clock = new FakeClock();
  const lease = new FakeClient(clock);
  const test = testManager({ clock, leaderElection: { namespace: 'ns', identity: 'me', client: lease } });
  await test.start();
  await clock.advance(1_000);
  lease.before = () => new Promise(() => undefined);
  await clock.advance(12_000);
  await expect(test.ended()).rejects.toThrow('was not renewed');
});

it('a replica that fails while it waits does not get the lease afterwards', async () => {
  const clock = new FakeClock();
  const client = new FakeClient(clock);
  await client.create(Lease, { metadata: leaseKey, spec: { holderIdentity: 'other', leaseDurationSeconds: 15 } });
  const test = testManager({ client, clock, leaderElection: { namespace: 'ns', identity: 'me' } });
  test.manager.add({ everyReplica: true, start: () => Promise.reject(new Error('broken')) });
  await test.start();
  await expect(test.ended()).rejects.toThrow('broken');
  await clock.advance(60_000);
  expect(client.peek(Lease, leaseKey)?.spec?.holderIdentity).toBe('other');
});
