import { ControlPlane, DatabaseClaim } from '@stackwright/api';
import { Keystone } from '@stackwright/keystone';
import { Deployment, Event, Secret, type KubeObject } from '@stackwright/kube';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { conditionOf, configOf, eventually, expectReady, treasures, writesOf } from './support/facts.js';
import { controlPlane, namespace, startWorld, type World } from './support/world.js';

// For slow machines: nothing waits longer than what it waits for.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

const plane = { namespace, name: 'openstack' };
const keystone = { namespace, name: 'keystone' };

describe('who owns what', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
    await world.client.create(ControlPlane, controlPlane());
    await eventually(() => expectReady(world.client, ControlPlane, plane), 30_000);
  });
  afterAll(() => world.stop());

  const change = (services: object) =>
    world.client.patch(ControlPlane, plane, { type: 'merge', body: { spec: { services } } });

  it('what somebody changes of ours is set right, and told with the name that they wrote under', async () => {
    const replicas = async () => (await world.client.get(Deployment, keystone)).spec?.replicas;
    const wanted = await replicas();
    const body = { spec: { replicas: 7 } };
    await world.client.patch(Deployment, keystone, { type: 'merge', body }, { fieldManager: 'somebodys-autoscaler' });
    await eventually(async () => {
      expect(await replicas()).toBe(wanted);
      const { items } = await world.client.listAll(Event, { namespace });
      const repairs = items.filter(({ reason }) => reason === 'DriftRepaired').map(({ note }) => note);
      expect(repairs).toContain(
        'Set right what somebodys-autoscaler had changed of Deployment keystone: spec.replicas',
      );
      await expectReady(world.client, Keystone, keystone);
    });
  });

  it('of two claims for one database the later is refused, and the first keeps what it has', async () => {
    const before = await treasures(world.client, namespace);
    await world.client.create<KubeObject>(DatabaseClaim, {
      apiVersion: 'claims.stackwright.dev/v1alpha1',
      kind: 'DatabaseClaim',
      metadata: { namespace, name: 'second' },
      ...{ spec: { database: 'keystone' } },
    });
    await eventually(async () => {
      const { reason, message } = await conditionOf(world.client, DatabaseClaim, { namespace, name: 'second' });
      expect(reason).toBe('DatabaseTaken');
      expect(message).toContain('keystone-database');
    });
    await world.client.delete(DatabaseClaim, { namespace, name: 'second' });
    expect(await treasures(world.client, namespace)).toEqual(before);
    await expectReady(world.client, Keystone, keystone);
  });

  it('what is derived from a password is made again with the same password', async () => {
    const before = await treasures(world.client, namespace);
    const config = await configOf(world.client, keystone);
    for (const name of ['keystone-database-connection', 'keystone-admin', config]) {
      await world.client.delete(Secret, { namespace, name });
    }
    await eventually(async () => {
      expect(await treasures(world.client, namespace)).toEqual(before);
      await expectReady(world.client, ControlPlane, plane);
    }, 30_000);
  });

  it('a service that is handed over is its team’s alone, and outlives the control plane’s interest in it', async () => {
    await change({ keystone: { managed: false } });
    await eventually(async () => {
      const { metadata } = await world.client.get(Keystone, keystone);
      expect(metadata?.ownerReferences ?? []).toEqual([]);
    });
    const from = world.audit.length;
    await world.client.patch(Keystone, keystone, { type: 'merge', body: { spec: { replicas: 2 } } });
    await eventually(async () => {
      expect((await world.client.get(Deployment, keystone)).status?.readyReplicas).toBe(2);
      await expectReady(world.client, ControlPlane, plane);
    }, 30_000);
    expect(writesOf(world.audit.slice(from)).filter((write) => /^coordinator.* keystones/.test(write))).toEqual([]);

    await change({ keystone: null });
    await eventually(async () => {
      expect((await world.client.get(ControlPlane, plane)).status?.readyServices).toBe('2/2');
    });
    await expectReady(world.client, Keystone, keystone);
  });
});
