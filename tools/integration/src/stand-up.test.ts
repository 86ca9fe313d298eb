import { ControlPlane } from '@stackwright/api';
import { Keystone } from '@stackwright/keystone';
import { Deployment, Job, StatefulSet } from '@stackwright/kube';
import { describe, expect } from 'vitest';
import { eventually, expectReady, treasures } from './support/facts.js';
import { it } from './support/test.js';
import { controlPlane, namespace, plane } from './support/world.js';

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
});
