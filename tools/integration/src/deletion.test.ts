import { ControlPlane } from '@stackwright/api';
import { Keystone } from '@stackwright/keystone';
import { Deployment, StatefulSet, type Resource } from '@stackwright/kube';
import { MariaDB } from '@stackwright/mariadb';
import { describe, expect } from 'vitest';
import { eventually, expectReady, treasures } from './support/facts.js';
import { it } from './support/test.js';
import { controlPlane, namespace, plane, type World } from './support/world.js';

describe('deleting a control plane', () => {
  it.concurrent('keeps volumes, passwords and keys, and a new one takes them up', async ({ world }) => {
    const { client } = world;
    await client.create(ControlPlane, controlPlane());
    await eventually(() => expectReady(client, ControlPlane, plane), 60_000);
    const before = await treasures(client, namespace);

    await client.delete(ControlPlane, plane);
    await eventually(() => expectNothingRuns(world), 60_000);
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

async function expectNothingRuns({ client }: World): Promise<void> {
  const kinds: readonly Resource[] = [ControlPlane, Keystone, MariaDB, Deployment, StatefulSet];
  for (const kind of kinds) {
    expect((await client.listAll(kind, { namespace })).items, kind.kind).toEqual([]);
  }
}
