// Keys and passwords that are replaced while users ask: nobody notices.
import { annotations, ControlPlane, IdentityClaim } from '@stackwright/api';
import { Keystone } from '@stackwright/keystone';
import { eventually } from '@stackwright/integration';
import { Secret, type Client, type KubeObject } from '@stackwright/kube';
import { expect, it } from 'vitest';
import { namespace, type Cluster } from '../cluster.js';
import { issueToken, secretOf, validateToken } from '../identity.js';
import { allReady, containersOf } from '../observe.js';
import { call, endpointsOfType, userNames, usersNamed } from '../openstack.js';
import { whileAsked } from '../request-loop.js';

const slow = 240_000;

export function rotation(cluster: Cluster): void {
  it('keys are rotated twice: an old token stays valid, no Pod is restarted', async () => {
    const { client } = cluster;
    await setService(client, 'keystone', { fernet: { rotation: pace }, credential: { rotation: pace } });
    await eventually(() => allReady(client), slow);
    const token = await issueToken(client);
    const credential = await storeCredential(client);
    const before = {
      containers: await keystoneContainers(client),
      keys: await secretOf(client, 'keystone-fernet-keys'),
    };
    const tallies = await whileAsked(client, async () => {
      for (const rotate of ['first', 'second']) {
        const keys = await primaryKeys(client);
        await setService(client, 'keystone', { fernet: { rotate }, credential: { rotate } });
        await eventually(async () => {
          await allReady(client);
          expect(await primaryKeys(client)).toEqual({ fernet: keys.fernet + 1, credential: keys.credential + 1 });
        }, slow);
        expect(await validateToken(client, token)).toBe(200);
      }
    }, ['keystone']);
    expect([...(tallies['keystone']?.failures ?? [])]).toEqual([]);
    const keys = await secretOf(client, 'keystone-fernet-keys');
    expect(Object.values(keys)).toEqual(expect.arrayContaining(Object.values(before.keys)));
    expect(await readCredential(client, credential)).toBe(blob);
    expect(await keystoneContainers(client)).toEqual(before.containers);
  });

  it("a service's password is rotated without a failed request", async () => {
    const { client } = cluster;
    const before = await secretOf(client, 'placement-identity-connection');
    const tallies = await whileAsked(client, async () => {
      await setService(client, 'placement', { credentialRotation: 'once' });
      await eventually(async () => {
        await allReady(client);
        const { metadata, status } = await client.get(IdentityClaim, { namespace, name: 'placement-identity' });
        const { username } = await secretOf(client, 'placement-identity-connection');
        expect(username).not.toBe(before['username']);
        expect(metadata?.annotations?.[annotations.inUse]).toBe(username);
        expect(status?.superseded ?? []).toEqual([]);
        expect(await userNames(client)).not.toContain(before['username']);
      }, slow);
    }, ['placement']);
    expect([...(tallies['placement']?.failures ?? [])]).toEqual([]);
    expect((await secretOf(client, 'placement-identity-connection'))['password']).not.toBe(before['password']);
  });

  it('an endpoint that is deleted by hand comes back', async () => {
    const { client } = cluster;
    const described = async () =>
      (await endpointsOfType(client, 'placement')).map((endpoint) => `${endpoint.interface} ${endpoint.url}`).sort();
    const before = await described();
    const [endpoint] = await endpointsOfType(client, 'placement');
    await call(client, 'keystone', `/v3/endpoints/${endpoint?.id ?? ''}`, { method: 'DELETE' });
    expect(await described()).not.toEqual(before);
    await eventually(async () => {
      expect(await described()).toEqual(before);
    }, slow);
  });

  it('a claim that is deleted removes its own user and endpoints only', async () => {
    const { client } = cluster;
    const before = await userNames(client);
    const key = { namespace, name: 'extra' };
    await client.create<KubeObject>(IdentityClaim, {
      apiVersion: 'claims.stackwright.dev/v1alpha1',
      kind: 'IdentityClaim',
      metadata: key,
      ...{
        spec: {
          user: { name: 'extra' },
          service: { type: 'extra', name: 'extra', endpoints: { internal: 'http://extra.example:1' } },
        },
      },
    });
    await eventually(async () => {
      expect(await userNames(client)).toEqual([...before, 'extra'].sort());
      expect(await endpointsOfType(client, 'extra')).toHaveLength(1);
    }, slow);
    await client.delete(IdentityClaim, key);
    await eventually(async () => {
      expect(await userNames(client)).toEqual(before);
      expect(await endpointsOfType(client, 'extra')).toEqual([]);
    }, slow);
    expect(await endpointsOfType(client, 'placement')).toHaveLength(2);
    await client.delete(Secret, { namespace, name: 'extra-password' }).catch(() => undefined);
  });
}

/** How long a changed Secret takes at most to reach the Pods: here it is the embedded cluster that brings it. */
const pace = { propagationSeconds: 10 };

async function primaryKeys(client: Client): Promise<{ fernet: number; credential: number }> {
  const { status } = await client.get(Keystone, { namespace, name: 'keystone' });
  return { fernet: status?.fernet?.primary ?? NaN, credential: status?.credential?.primary ?? NaN };
}

const blob = 'what a user stored';

/** Encrypted in the database by the credential keys. Resolves with its id. */
async function storeCredential(client: Client): Promise<string> {
  const [user] = await usersNamed(client, 'admin');
  const stored = await call(client, 'keystone', '/v3/credentials', {
    method: 'POST',
    json: { credential: { type: 'totp', user_id: user?.id, blob } },
  });
  return ((await stored.json()) as { credential: { id: string } }).credential.id;
}

async function readCredential(client: Client, id: string): Promise<string> {
  const read = await call(client, 'keystone', `/v3/credentials/${id}`);
  return ((await read.json()) as { credential: { blob: string } }).credential.blob;
}

const keystoneContainers = async (client: Client): Promise<[string, string][]> =>
  Object.entries(await containersOf(client))
    .filter(([name]) => /^keystone-[^/]*\/api$/.test(name))
    .sort();

const setService = (client: Client, service: string, spec: object) =>
  client.patch(
    ControlPlane,
    { namespace, name: 'openstack' },
    { type: 'merge', body: { spec: { services: { [service]: spec } } } },
  );
