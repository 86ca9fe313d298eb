// What becomes of services that a control plane no longer names, or names wrongly, and of one that is renamed.
import { ControlPlane } from '@stackwright/api';
import { Keystone } from '@stackwright/keystone';
import { isNotFound, Pod, type KubeObject } from '@stackwright/kube';
import { MariaDB } from '@stackwright/mariadb';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { conditionOf, eventually, expectReady } from './support/facts.js';
import { controlPlane, namespace, plane, startWorld, type World } from './support/world.js';

// For slow machines: nothing waits longer than what it waits for.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

describe('a control plane', () => {
  let world: World;
  const keystone = { namespace, name: 'keystone' };
  const renamed = { namespace, name: 'cloud' };

  beforeAll(async () => {
    world = await startWorld();
    await world.client.create(ControlPlane, controlPlane());
    await eventually(() => expectReady(world.client, ControlPlane, plane), 60_000);
  });
  afterAll(() => world.stop());

  const change = (spec: object): Promise<unknown> =>
    world.client.patch(ControlPlane, plane, { type: 'merge', body: { spec } });
  const running = async (): Promise<string[]> => {
    const { items } = await world.client.listAll(Pod, { namespace });
    return items
      .filter(({ metadata, status }) => !metadata?.deletionTimestamp && status?.phase === 'Running')
      .map(({ metadata }) => metadata?.uid ?? '')
      .sort();
  };

  it('goes on running what it no longer names, and asks', async () => {
    const pods = await running();
    await change({ services: null });
    await eventually(async () => {
      expect(await conditionOf(world.client, ControlPlane, plane)).toMatchObject({
        status: 'False',
        reason: 'ServiceDropped',
      });
    });
    await expectReady(world.client, Keystone, keystone);
    expect(await running()).toEqual(pods);
    await change({ services: { keystone: {} } });
    await eventually(() => expectReady(world.client, ControlPlane, plane));
  });

  it('names a field and a value that cannot be where the user wrote them, and what runs stays', async () => {
    const pods = await running();
    const said = async (reason: string, message: RegExp) =>
      eventually(async () => {
        const condition = await conditionOf(world.client, ControlPlane, plane, 'KeystoneReady');
        expect(condition.reason).toBe(reason);
        expect(condition.message).toMatch(message);
      });
    await change({ services: { keystone: { replica: 2 } } });
    await said('Rejected', /^spec\.services\.keystone\.replica: no such field; did you mean replicas\?$/);
    await change({ services: { keystone: { replica: null, replicas: 'two' } } });
    await said('Rejected', /spec\.services\.keystone\.replicas/);
    expect(await running()).toEqual(pods);
    await change({ services: { keystone: { replicas: null } } });
    await eventually(() => expectReady(world.client, ControlPlane, plane));
  });

  it('does not speak of another one’s services as of its own, and takes them over where it says so', async () => {
    const pods = await running();
    const second = controlPlane();
    await world.client.create<KubeObject>(ControlPlane, { ...second, metadata: renamed });
    await eventually(async () => {
      expect(await conditionOf(world.client, ControlPlane, renamed)).toMatchObject({ reason: 'Conflict' });
      expect((await world.client.get(ControlPlane, renamed)).status?.readyServices).toBe('0/3');
    });

    const body = { spec: { adoptFrom: plane.name } };
    await world.client.patch(ControlPlane, renamed, { type: 'merge', body });
    await eventually(() => expectReady(world.client, ControlPlane, renamed));
    const { metadata } = await world.client.get(Keystone, keystone);
    expect(metadata?.ownerReferences).toMatchObject([{ kind: 'ControlPlane', name: renamed.name }]);
    await world.client.delete(ControlPlane, plane);
    await eventually(async () => {
      await expect(world.client.get(ControlPlane, plane)).rejects.toSatisfy(isNotFound);
    });
    // The garbage collector has nothing to take.
    await eventually(() => expectReady(world.client, ControlPlane, renamed));
    expect(await running()).toEqual(pods);
    await expectReady(world.client, MariaDB, { namespace, name: 'mariadb' });
  });

  it('removes what it is told to remove', async () => {
    const body = { spec: { services: null, removeServices: ['keystone'] } };
    await world.client.patch(ControlPlane, renamed, { type: 'merge', body });
    await eventually(async () => {
      await expect(world.client.get(Keystone, keystone)).rejects.toSatisfy(isNotFound);
      await expectReady(world.client, ControlPlane, renamed);
    }, 30_000);
  });
});
