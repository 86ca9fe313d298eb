import { ControlPlane } from '@stackwright/api';
import { modules } from '@stackwright/cli';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { eventually, expectReady } from './support/facts.js';
import { controlPlane, namespace, startWorld, type World } from './support/world.js';

// For slow machines: nothing waits longer than what it waits for.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

describe('the Roles of the manifests', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
    const { client } = world;
    const plane = { namespace, name: 'openstack' };
    await client.create(ControlPlane, controlPlane({ deletionPolicy: 'Delete' }));
    await eventually(() => expectReady(client, ControlPlane, plane), 60_000);
    await client.delete(ControlPlane, plane);
    await eventually(async () => {
      expect((await client.listAll(ControlPlane, { namespace })).items).toEqual([]);
    }, 60_000);
  });
  afterAll(() => world.stop());

  it.each(modules.map(({ name }) => `${name}-controller`))(
    'allow all that the %s does in the life of a control plane',
    (controller) => {
      const user = `system:serviceaccount:${namespace}:${controller}`;
      const own = world.audit.filter((event) => event.user === user);
      expect(own).not.toEqual([]);
      const refused = own
        .filter(({ code }) => code === 403)
        .map(
          ({ verb, group, resource, subresource }) =>
            `${verb} ${resource}${subresource ? `/${subresource}` : ''}.${group ?? ''}`,
        );
      expect([...new Set(refused)]).toEqual([]);
    },
  );
});
