import { annotations, ControlPlane, DatabaseClaim, labels } from '@stackwright/api';
import {
  ConfigMap,
  PersistentVolumeClaim,
  Pod,
  Secret,
  StatefulSet,
  type KubeObject,
  type Resource,
} from '@stackwright/kube';
import { MariaDB } from '@stackwright/mariadb';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { conditionOf, eventually, expectReady } from './support/facts.js';
import { controlPlane, namespace, plane, startWorld, type World } from './support/world.js';

// For slow machines: nothing waits longer than what it waits for.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

const at = (name: string) => ({ namespace, name });
const claim = at('keystone-database');

describe('what a control plane stands on', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
    const infrastructure = { database: { mariadb: {} }, cache: { memcached: {} } };
    await world.client.create(ControlPlane, controlPlane({ infrastructure }));
    await becomesReady();
  });
  afterAll(() => world.stop());

  const becomesReady = () => eventually(() => expectReady(world.client, ControlPlane, plane), 60_000);
  const becomes = (kind: Resource, key: { name: string; namespace: string }, reason: string, text = '') =>
    eventually(async () => {
      const condition = await conditionOf(world.client, kind, key);
      expect(condition.reason, condition.message).toBe(reason);
      expect(condition.message).toContain(text);
    }, 60_000);
  const uidOf = async (kind: Resource, name: string) =>
    (await world.client.get<KubeObject>(kind, at(name))).metadata?.uid;
  const connection = async () => (await world.client.get(Secret, at('keystone-database-connection'))).data;

  it('is not given up for a server that lacks its databases; and what runs is looked after meanwhile', async () => {
    const { client } = world;
    await client.create<KubeObject>(MariaDB, {
      ...{ apiVersion: 'mariadb.stackwright.dev/v1alpha1', kind: 'MariaDB', metadata: at('elsewhere') },
      ...{ spec: {} },
    });
    await becomes(MariaDB, at('elsewhere'), 'Ready');
    const { status } = await client.get(Pod, at('elsewhere-0'));
    const { data = {} } = await client.get(Secret, at('elsewhere-root-password'));
    const base64 = (text: string) => Buffer.from(`${text}\n`).toString('base64');
    await client.create(Secret, {
      ...{ apiVersion: 'v1', kind: 'Secret' },
      metadata: { ...at('elsewhere-login'), labels: { [labels.usableBy]: 'mariadb' } },
      data: {
        ...{ host: base64(status?.podIP ?? ''), port: base64('3306'), username: base64('root') },
        password: data['password'] ?? '',
      },
    });
    const before = [await uidOf(StatefulSet, 'mariadb'), await uidOf(Pod, 'mariadb-0'), await connection()];
    const edit = (external: object | null) =>
      client.patch(MariaDB, at('mariadb'), { type: 'merge', body: { spec: { external } } });
    await edit({ secretRef: { name: 'elsewhere-login' } });
    await becomes(MariaDB, at('mariadb'), 'DataNotMoved', 'database "keystone"');
    expect(await conditionOf(client, DatabaseClaim, claim)).toMatchObject({ status: 'True' });
    expect([await uidOf(StatefulSet, 'mariadb'), await uidOf(Pod, 'mariadb-0'), await connection()]).toEqual(before);
    await edit(null);
    await becomesReady();
    expect([await uidOf(StatefulSet, 'mariadb'), await uidOf(Pod, 'mariadb-0'), await connection()]).toEqual(before);
  });

  it('is missed when its volume is lost, and made anew on request, with all that was done to it once', async () => {
    const { client } = world;
    const before = await connection();
    const record = async () => (await client.get(ConfigMap, at('keystone-db-sync'))).data?.['job'];
    const bootstrap = async () => (await client.get(ConfigMap, at('keystone-bootstrap'))).data?.['job'];
    const done = [await record(), await bootstrap()];
    await client.delete(PersistentVolumeClaim, at('data-mariadb-0'));
    await client.delete(Pod, at('mariadb-0'));
    await becomes(DatabaseClaim, claim, 'DatabaseLost', annotations.acceptNewDatabase);
    // A server that starts again is a cause to wait for claims as well, at first.
    await becomes(ControlPlane, plane, 'WaitingForClaim', 'Database "keystone" was there');
    expect(await connection()).toEqual(before);
    expect([await record(), await bootstrap()]).toEqual(done);

    const { status } = await client.get(DatabaseClaim, claim);
    const accept = { [annotations.acceptNewDatabase]: status?.databaseId ?? '' };
    await client.patch(DatabaseClaim, claim, { type: 'merge', body: { metadata: { annotations: accept } } });
    await eventually(async () => {
      expect(await record()).not.toBe(done[0]);
      expect(await bootstrap()).not.toBe(done[1]);
    }, 60_000);
    await becomesReady();
    expect(await connection()).toEqual(before);
  });
});
