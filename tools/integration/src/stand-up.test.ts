import { ControlPlane } from '@stackwright/api';
import { Keystone } from '@stackwright/keystone';
import { Deployment, Job, StatefulSet, type Resource } from '@stackwright/kube';
import { MariaDB } from '@stackwright/mariadb';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { eventually, expectReady, treasures } from './support/facts.js';
import { controlPlane, namespace, plane, startWorld, type World } from './support/world.js';

// For slow machines: nothing waits longer than what it waits for.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

describe('a control plane', () => {
  // The tests go on from each other.
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
    await world.client.create(ControlPlane, controlPlane());
    await eventually(() => expectReady(world.client, ControlPlane, plane), 60_000);
  });
  afterAll(() => world.stop());

  it('stands up from one object, with everything in its place', async () => {
    const { client } = world;
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

  it('survives the death of every controller, without a password or key changing', async () => {
    const { client } = world;
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

  it('keeps volumes, passwords and keys when it is deleted, and a new one takes them up', async () => {
    const { client } = world;
    const before = await treasures(client, namespace);
    await client.delete(ControlPlane, plane);
    await eventually(async () => {
      const kinds: readonly Resource[] = [ControlPlane, Keystone, MariaDB, Deployment, StatefulSet];
      for (const kind of kinds) expect((await client.listAll(kind, { namespace })).items, kind.kind).toEqual([]);
    }, 60_000);
    const kept = await treasures(client, namespace);
    expect(Object.keys(kept)).toEqual(
      expect.arrayContaining([
        'Secret keystone-fernet-keys',
        'Secret keystone-credential-keys',
        'Secret keystone-admin-password',
      ]),
    );
    expect(before).toMatchObject(kept);

    await client.create(ControlPlane, controlPlane());
    await eventually(() => expectReady(client, ControlPlane, plane), 60_000);
    expect(await treasures(client, namespace)).toEqual(before);
  });
});
