import { ControlPlane } from '@stackwright/api';
import { Keystone } from '@stackwright/keystone';
import { Deployment, Event, Job, StatefulSet } from '@stackwright/kube';
import { describe, expect } from 'vitest';
import { eventually, expectReady, treasures, writesOf } from './support/facts.js';
import { it } from './support/test.js';
import { controlPlane, namespace, plane, startWorld, type World } from './support/world.js';

describe('a control plane', () => {
  it.concurrent('stands up from one object, with everything in its place', async ({ world: { client } }) => {
    await client.create(ControlPlane, controlPlane());
    await eventually(() => expectReady(client, ControlPlane, plane), 60_000);

    const keystone = await client.get(Keystone, { namespace, name: 'keystone' });
    expect(keystone.status).toMatchObject({ endpoint: 'http://keystone.openstack.svc:5000', release: '2025.1' });
    const { status } = await client.get(ControlPlane, plane);
    expect(status?.readyServices).toBe('3/3');
    expect((await client.listAll(StatefulSet, { namespace })).items.map(({ metadata }) => metadata?.name)).toEqual([
      'mariadb',
      'memcached',
    ]);
    expect((await client.listAll(Deployment, { namespace })).items.map(({ metadata }) => metadata?.name)).toEqual([
      'keystone',
    ]);
    const jobs = (await client.listAll(Job, { namespace })).items.map(({ metadata }) => metadata?.name ?? '');
    expect(jobs).toEqual([expect.stringMatching(/^keystone-bootstrap-/), expect.stringMatching(/^keystone-db-sync-/)]);
  });

  it.concurrent('survives the death of every controller, without a password or key changing', async ({ world }) => {
    const { client } = world;
    await client.create(ControlPlane, controlPlane());
    await eventually(() => expectReady(client, ControlPlane, plane), 60_000);
    const before = await treasures(client, namespace);
    for (const [name, controller] of [...world.controllers]) {
      await controller.kill();
      await world.start(name);
    }
    await client.patch(ControlPlane, plane, {
      type: 'merge',
      body: { spec: { services: { keystone: { replicas: 2 } } } },
    });
    await eventually(async () => {
      expect((await client.get(Deployment, { namespace, name: 'keystone' })).status?.readyReplicas).toBe(2);
      await expectReady(client, ControlPlane, plane);
    }, 60_000);
    expect(await treasures(client, namespace)).toEqual(before);
  });

  it.concurrent('is left alone once it stands: nothing is written, however often all is looked at', async () => {
    const world = await startWorld({ resync: 100 });
    const { client, audit } = world;
    try {
      await client.create(ControlPlane, controlPlane());
      await eventually(() => expectReady(client, ControlPlane, plane), 60_000);
      // What was under way when it became ready may still say so; then it is quiet.
      await eventually(async () => {
        const before = audit.length;
        await looksAtEverything(world, 2);
        expect(writesOf(audit.slice(before))).toEqual([]);
      }, 60_000);
      const from = { request: audit.length, time: new Date().toISOString() };
      await looksAtEverything(world, 10);
      // Events are sent in the background: one may arrive late that tells of before.
      expect(writesOf(audit.slice(from.request)).filter((write) => !write.includes('events'))).toEqual([]);
      const { items } = await client.listAll(Event, { namespace });
      expect(items.filter(({ eventTime }) => (eventTime ?? '') > from.time).map(({ note }) => note)).toEqual([]);
    } finally {
      await world.stop();
    }
  });
});

/** Waits until each controller has reconciled `times` times more. */
async function looksAtEverything({ controllers }: World, times: number): Promise<void> {
  const counts = async () =>
    Promise.all(
      [...controllers.values()].map(async ({ manager }) => {
        const metric = await manager.metrics.getSingleMetric('controller_runtime_reconcile_total')?.get();
        return metric?.values.reduce((sum, { value }) => sum + value, 0) ?? 0;
      }),
    );
  const before = await counts();
  await eventually(async () => {
    for (const [i, count] of (await counts()).entries()) expect(count).toBeGreaterThanOrEqual((before[i] ?? 0) + times);
  }, 60_000);
}
