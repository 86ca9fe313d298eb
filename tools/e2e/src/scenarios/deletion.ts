import { ControlPlane } from '@stackwright/api';
import { Keystone } from '@stackwright/keystone';
import { conditionOf, eventually, treasures } from '@stackwright/integration';
import {
  Namespace,
  PersistentVolumeClaim,
  Pod,
  Secret,
  isNotFound,
  type Client,
  type KubeObject,
} from '@stackwright/kube';
import { expect, it } from 'vitest';
import { namespace, type Cluster } from '../cluster.js';
import { rowCounts } from '../database.js';
import { issueToken, validateToken } from '../identity.js';
import { allReady } from '../observe.js';

const slow = 180_000;
const key = { namespace, name: 'openstack' };

export function deletion(cluster: Cluster): void {
  it('deleting the control plane keeps databases, volumes, passwords and keys: made again, it goes on', async () => {
    const { client } = cluster;
    const before = {
      treasures: await treasures(client, namespace),
      rows: await rowCounts(client),
      token: await issueToken(client),
    };
    const { spec } = await client.get(ControlPlane, key);
    await client.delete(ControlPlane, key);
    await eventually(() => expectNoPods(client), slow);
    const kept = await treasures(client, namespace);
    expect(Object.keys(kept)).toEqual(
      expect.arrayContaining([
        'Volume data-mariadb-0',
        'Secret keystone-fernet-keys',
        'Secret keystone-admin-password',
      ]),
    );
    expect(before.treasures).toMatchObject(kept);

    await client.create<KubeObject>(ControlPlane, {
      apiVersion: 'stackwright.dev/v1alpha1',
      kind: 'ControlPlane',
      metadata: key,
      ...{ spec },
    });
    await eventually(() => allReady(client), slow);
    expect(await treasures(client, namespace)).toEqual(before.treasures);
    expect(await rowCounts(client)).toEqual(before.rows);
    expect(await validateToken(client, before.token)).toBe(200);
  });

  it('with deletion policy Delete nothing is left', async () => {
    const { client } = cluster;
    await client.patch(ControlPlane, key, { type: 'merge', body: { spec: { deletionPolicy: 'Delete' } } });
    await eventually(async () => {
      await allReady(client);
      expect((await client.get(Keystone, { namespace, name: 'keystone' })).spec.deletionPolicy).toBe('Delete');
    }, slow);
    await client.delete(ControlPlane, key);
    await eventually(async () => {
      await expectNoPods(client);
      expect((await client.listAll(PersistentVolumeClaim, { namespace })).items).toEqual([]);
      const { items } = await client.listAll(Secret, { namespace });
      expect(items.filter(({ type }) => type === 'Opaque').map(({ metadata }) => metadata?.name)).toEqual([]);
      const error: unknown = await client.get(ControlPlane, key).catch((caught: unknown) => caught);
      expect(isNotFound(error)).toBe(true);
    }, slow);
  });

  it('the namespace can be deleted with all that is in it, controllers too', async () => {
    const { client } = cluster;
    await client.create<KubeObject>(ControlPlane, {
      apiVersion: 'stackwright.dev/v1alpha1',
      kind: 'ControlPlane',
      metadata: key,
      ...{
        spec: {
          release: '2025.1',
          deletionPolicy: 'Delete',
          infrastructure: { database: { mariadb: {} }, cache: { memcached: {} } },
          services: { keystone: {} },
        },
      },
    });
    await eventually(async () => {
      expect((await conditionOf(client, Keystone, { namespace, name: 'keystone' })).status).toBe('True');
    }, slow);
    await client.delete(Namespace, { name: namespace });
    await eventually(async () => {
      const error: unknown = await client.get(Namespace, { name: namespace }).catch((caught: unknown) => caught);
      expect(isNotFound(error), JSON.stringify(error)).toBe(true);
    }, slow);
  });
}

/** But the controllers'. */
async function expectNoPods(client: Client): Promise<void> {
  const { items } = await client.listAll(Pod, { namespace });
  expect(
    items
      .filter(({ metadata }) => metadata?.labels?.['app.kubernetes.io/component'] !== 'controller')
      .map(({ metadata }) => metadata?.name),
  ).toEqual([]);
}
