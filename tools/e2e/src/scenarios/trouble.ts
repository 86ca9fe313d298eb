import { ControlPlane, labels } from '@stackwright/api';
import { Keystone } from '@stackwright/keystone';
import { conditionOf, eventually } from '@stackwright/integration';
import { Secret, type Client, type Condition, type KubeObject } from '@stackwright/kube';
import { MariaDB } from '@stackwright/mariadb';
import { expect, it } from 'vitest';
import { namespace, run, type Cluster } from '../cluster.js';
import { endpointOf, issueToken, secretOf, validateToken } from '../identity.js';
import { allReady } from '../observe.js';

const slow = 180_000;
const keystone = { namespace, name: 'keystone' };

export function trouble(cluster: Cluster): void {
  it('a wrong image is named, what runs keeps running, and it heals when the image is right again', async () => {
    const { client } = cluster;
    const token = await issueToken(client);
    await setKeystone(client, { image: 'localhost/stackwright/keystone:nonsense' });
    const condition = await eventually(() => reasonIs(client, 'ImagePullFailed'), slow);
    expect(condition.message).toContain('keystone:nonsense');
    expect(await root(cluster, 'keystone')).toMatchObject({ state: 'Failed', object: { kind: 'Pod' } });
    expect(await validateToken(client, token)).toBe(200);
    await setKeystone(client, { image: null });
    await eventually(() => allReady(client), slow);
  });

  it('a Job that fails is named with its last words, and is done again when its cause is mended', async () => {
    const { client } = cluster;
    // Another image makes the schema Job run again; what it is configured with lets it fail.
    const image = 'localhost/stackwright/keystone:e2e';
    await run('podman', ['tag', 'localhost/stackwright/keystone:2025.1', image]);
    try {
      const config = { 'keystone.conf': { DEFAULT: { log_config_append: '/etc/keystone/absent.ini' } } };
      await setKeystone(client, { image, config });
      const condition = await eventually(() => reasonIs(client, 'JobFailed'), slow);
      expect(condition.message).toContain('absent.ini');
      expect(await root(cluster, 'keystone')).toMatchObject({
        state: 'Failed',
        message: expect.stringContaining('absent.ini') as string,
      });
      await setKeystone(client, { config: null });
      await eventually(() => allReady(client), slow);
    } finally {
      await setKeystone(client, { image: null, config: null });
      await eventually(() => allReady(client), slow);
      const untagged = await run('podman', ['untag', image, image]);
      expect(untagged.code, untagged.stderr).toBe(0);
    }
  });

  it('a Secret that is missing, of no use to us, or wrong is named, step by step until all is well', async () => {
    const { client } = cluster;
    const external = { namespace, name: 'external' };
    await client.create<KubeObject>(MariaDB, {
      apiVersion: 'mariadb.stackwright.dev/v1alpha1',
      kind: 'MariaDB',
      metadata: external,
      ...{ spec: { external: { secretRef: { name: 'external-server' } } } },
    });
    const becomes = (reason: string) =>
      eventually(async () => {
        const condition = await conditionOf(client, MariaDB, external);
        expect(condition.reason, condition.message).toBe(reason);
      }, slow);
    await becomes('WaitingForObject');
    expect(await root(cluster, 'external')).toMatchObject({
      state: 'Missing',
      object: { kind: 'Secret', name: 'external-server' },
    });

    // The administrator's password of our own server, which plays the external one.
    const { host, port } = await endpointOf(client, 'mariadb');
    const { password = '' } = await secretOf(client, 'mariadb-root-password');
    const stringData = { host, port: String(port), username: 'root', password: 'wrong' };
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { namespace, name: 'external-server' },
      stringData,
    } as const;
    await client.create(Secret, secret);
    await becomes('SecretNotOffered');
    await client.patch(
      Secret,
      { namespace, name: 'external-server' },
      { type: 'merge', body: { metadata: { labels: { [labels.usableBy]: 'mariadb' } } } },
    );
    await becomes('AccessDenied');
    await client.patch(
      Secret,
      { namespace, name: 'external-server' },
      { type: 'merge', body: { data: { password: Buffer.from(password).toString('base64') } } },
    );
    await becomes('Ready');

    await client.delete(MariaDB, external);
    await client.delete(Secret, { namespace, name: 'external-server' });
  });

  async function reasonIs(client: Client, ...reasons: string[]): Promise<Condition> {
    const condition = await conditionOf(client, Keystone, keystone);
    expect(reasons, condition.message).toContain(condition.reason);
    return condition;
  }
}

const setKeystone = (client: Client, keystone: object) =>
  client.patch(
    ControlPlane,
    { namespace, name: 'openstack' },
    { type: 'merge', body: { spec: { services: { keystone } } } },
  );

interface Root {
  state: string;
  message: string;
  object: { kind: string; name: string };
}

async function root(cluster: Cluster, service: string): Promise<Root> {
  const { stdout } = await cluster.stackwright('why', service, '-o', 'json');
  return (JSON.parse(stdout) as { root: Root }).root;
}
