// What was lost is missed, and nothing is made in its place; what would take its place is refused.
import { annotations, DatabaseClaim, labels } from '@stackwright/api';
import { conditionOf, eventually } from '@stackwright/integration';
import {
  Deployment,
  PersistentVolumeClaim,
  Pod,
  Secret,
  StatefulSet,
  type Client,
  type Condition,
  type KubeObject,
} from '@stackwright/kube';
import { MariaDB } from '@stackwright/mariadb';
import { expect, it } from 'vitest';
import { namespace, type Cluster } from '../cluster.js';
import { databasesOf } from '../database.js';
import { endpointOf, issueToken, secretOf } from '../identity.js';
import { allReady } from '../observe.js';
import { resourceClasses } from '../openstack.js';

const slow = 300_000;
const at = (name: string) => ({ namespace, name });

export function losses(cluster: Cluster): void {
  it.each([
    ['keystone', `50% @ho"me'\\ #;$x\n`],
    ['placement', `a/b?c=d&e:f%41`],
  ])('%s works with a password of the database that has to be quoted: %o', async (service, password) => {
    const { client } = cluster;
    const deployment = () => client.get(Deployment, at(service));
    const before = (await deployment()).metadata?.generation;
    await choose(client, await passwordSecretOf(client, `${service}-database`), password);
    // The user is the same and has one password: until all Pods have the new one, each new connection of theirs is refused.
    await eventually(async () => {
      const { password: handedOut } = await secretOf(client, `${service}-database-connection`);
      expect(handedOut).toBe(password.trim());
      const { metadata, status } = await deployment();
      expect(metadata?.generation).not.toBe(before);
      // The service's own word may be that of a moment before.
      expect(status?.observedGeneration).toBe(metadata?.generation);
      expect([status?.replicas, status?.availableReplicas]).toEqual([status?.updatedReplicas, status?.updatedReplicas]);
      await allReady(client);
    }, slow);
    expect(await issueToken(client)).not.toBe('');
    expect(await resourceClasses(client)).not.toEqual([]);
  });

  it.each(['é', 'two\nlines', '', 'a\\$b'])(
    'a password that cannot be used is refused by name: %o',
    async (password) => {
      const { client } = cluster;
      const before = await secretOf(client, 'placement-database-connection');
      const secret = await passwordSecretOf(client, 'placement-database');
      await choose(client, secret, password);
      const { message } = await becomes(client, 'placement-database', 'SecretIncomplete');
      expect(message).toContain(`Secret ${secret}`);
      expect(await secretOf(client, 'placement-database-connection')).toEqual(before);
      expect(await resourceClasses(client)).not.toEqual([]);
      await choose(client, secret, before['password'] ?? '');
      await eventually(() => allReady(client), slow);
    },
  );

  it('another server is refused that does not hold the databases; what runs, runs on', async () => {
    const { client } = cluster;
    await client.create<KubeObject>(MariaDB, {
      ...{ apiVersion: 'mariadb.stackwright.dev/v1alpha1', kind: 'MariaDB', metadata: at('elsewhere') },
      ...{ spec: { storage: { size: '1Gi' }, deletionPolicy: 'Delete' } },
    });
    await eventually(async () => {
      expect((await conditionOf(client, MariaDB, at('elsewhere'))).status).toBe('True');
    }, slow);
    const { host, port } = await endpointOf(client, 'elsewhere');
    const { password = '' } = await secretOf(client, 'elsewhere-root-password');
    await client.create(Secret, {
      ...{ apiVersion: 'v1', kind: 'Secret' },
      metadata: { ...at('elsewhere-login'), labels: { [labels.usableBy]: 'mariadb' } },
      stringData: { host, port: String(port), username: 'root', password },
    });
    const before = await running(client);
    const edit = (external: object | null) =>
      client.patch(MariaDB, at('mariadb'), { type: 'merge', body: { spec: { external } } });
    await edit({ secretRef: { name: 'elsewhere-login' } });
    const { message } = await eventually(async () => {
      const condition = await conditionOf(client, MariaDB, at('mariadb'));
      expect(condition.reason, condition.message).toBe('DataNotMoved');
      return condition;
    }, slow);
    expect(message).toContain('database "keystone"');
    expect(await running(client)).toEqual(before);
    expect(await issueToken(client)).not.toBe('');
    await edit(null);
    await eventually(() => allReady(client), slow);
    expect(await running(client)).toEqual(before);
    await client.delete(MariaDB, at('elsewhere'));
    await client.delete(Secret, at('elsewhere-login'));
  });

  it('a database whose volume is lost is missed, nothing is made in its place, and a new one on request', async () => {
    const { client } = cluster;
    const claims = async () => (await client.listAll(DatabaseClaim, { namespace })).items;
    const connections = async () =>
      Promise.all((await claims()).map(({ status }) => secretOf(client, status?.secretName ?? '')));
    const before = { claims: await claims(), connections: await connections() };
    expect(await databasesOf(client)).toEqual(expect.arrayContaining(['glance', 'keystone', 'placement']));
    await client.delete(PersistentVolumeClaim, at('data-mariadb-0'));
    await client.delete(Pod, at('mariadb-0'));
    for (const { metadata } of before.claims) await becomes(client, metadata?.name ?? '', 'DatabaseLost');
    expect(await databasesOf(client)).toEqual([]);
    expect(await connections()).toEqual(before.connections);

    for (const { metadata, status } of before.claims) {
      const accept = { [annotations.acceptNewDatabase]: status?.databaseId ?? '' };
      const body = { metadata: { annotations: accept } };
      await client.patch(DatabaseClaim, at(metadata?.name ?? ''), { type: 'merge', body });
    }
    await eventually(() => allReady(client), slow);
    // Users are made again, and are others: Pods that keep tokens of those before are replaced.
    const login = (all: Awaited<ReturnType<typeof connections>>) =>
      all.map(({ username, password }) => [username, password]);
    expect(login(await connections())).toEqual(login(before.connections));
    await eventually(async () => {
      expect(await issueToken(client)).not.toBe('');
      expect(await resourceClasses(client)).not.toEqual([]);
    }, slow);
    await eventually(() => allReady(client), slow);
  });
}

/** The Secret that holds the password in use: one that was rotated has another name. */
async function passwordSecretOf(client: Client, claim: string): Promise<string> {
  const { password } = await secretOf(client, `${claim}-connection`);
  const { items } = await client.listAll(Secret, { namespace });
  const held = items.find(
    ({ metadata, data }) =>
      metadata?.name?.startsWith(`${claim}-password`) &&
      Buffer.from(data?.['password'] ?? '', 'base64').toString() === password,
  );
  if (!held?.metadata?.name) throw new Error(`no Secret holds the password of ${claim}`);
  return held.metadata.name;
}

function choose(client: Client, secret: string, password: string): Promise<unknown> {
  const body = { data: { password: Buffer.from(password).toString('base64') } };
  return client.patch(Secret, at(secret), { type: 'merge', body });
}

function becomes(client: Client, claim: string, reason: string): Promise<Condition> {
  return eventually(async () => {
    const condition = await conditionOf(client, DatabaseClaim, at(claim));
    expect(condition.reason, condition.message).toBe(reason);
    return condition;
  }, slow);
}

/** The server that runs here, and what consumers of it were told. */
async function running(client: Client): Promise<unknown> {
  const { metadata, spec } = await client.get(StatefulSet, at('mariadb'));
  const pod = await client.get(Pod, at('mariadb-0'));
  const volume = await client.get(PersistentVolumeClaim, at('data-mariadb-0'));
  const { host } = await secretOf(client, 'keystone-database-connection');
  return [metadata?.uid, spec?.template, pod.metadata?.uid, volume.metadata?.uid, host];
}
