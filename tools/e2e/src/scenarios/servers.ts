// Servers that services stand on: who reaches them, what transactions see of each other, how their volumes grow.
import { PersistentVolumeClaim, Pod } from '@stackwright/kube';
import { MariaDB } from '@stackwright/mariadb';
import { createConnection, type Connection } from 'mysql2/promise';
import { expect, it, vi } from 'vitest';
import { namespace, type Cluster } from '../cluster.js';
import { endpointOf, secretOf } from '../identity.js';
import { containersOf } from '../observe.js';

export function servers(cluster: Cluster): void {
  const keystone = {
    'app.kubernetes.io/name': 'keystone',
    'app.kubernetes.io/instance': 'keystone',
    'app.kubernetes.io/managed-by': 'stackwright',
  };

  it.each([
    ['memcached', { app: 'stranger' }, 'memcached-0.memcached', 11211, 'refused'],
    ['memcached', keystone, 'memcached-0.memcached', 11211, 'connected'],
    ['MariaDB by its Service', { app: 'stranger' }, 'mariadb', 3306, 'refused'],
    ['MariaDB by its Pod', { app: 'stranger' }, 'mariadb-0.mariadb-headless', 3306, 'refused'],
    ['MariaDB by its Service', keystone, 'mariadb', 3306, 'connected'],
    ['the management of RabbitMQ', keystone, 'rabbitmq', 15672, 'refused'],
    ['metrics of RabbitMQ', { app: 'stranger' }, 'rabbitmq', 15692, 'connected'],
    ['the API of Keystone', { app: 'stranger' }, 'keystone', 5000, 'connected'],
  ] as const)('%s, from a Pod with the labels %o: %s:%i is %s', async (_, labels, host, port, outcome) => {
    expect(await connecting(cluster, labels, `${host}.${namespace}.svc`, port)).toBe(outcome);
  });

  it('a transaction that comes second to a row is not ended with error 1020', async () => {
    const {
      username = '',
      password = '',
      database = '',
    } = await secretOf(cluster.client, 'keystone-database-connection');
    const { host, port } = await endpointOf(cluster.client, 'mariadb');
    const login = { host, port, user: username, password, database };
    const [one, other] = [await createConnection(login), await createConnection(login)];
    try {
      await one.query('CREATE TABLE e2e_rows (id INT PRIMARY KEY, value INT)');
      await one.query('INSERT INTO e2e_rows VALUES (1, 0)');
      const write = async (): Promise<void> => {
        await one.query('START TRANSACTION');
        await one.query('SELECT value FROM e2e_rows');
        await other.query('UPDATE e2e_rows SET value = value + 1 WHERE id = 1');
        await one.query('UPDATE e2e_rows SET value = value + 1 WHERE id = 1');
        await one.query('COMMIT');
      };
      await write();
      expect(await valueOf(other)).toBe(2);
      // What it would be otherwise.
      await one.query('SET SESSION innodb_snapshot_isolation = ON');
      await expect(write()).rejects.toMatchObject({ errno: 1020 });
    } finally {
      await one.query('ROLLBACK');
      await one.query('DROP TABLE IF EXISTS e2e_rows');
      await Promise.all([one.end(), other.end()]);
    }
  });

  it('a volume grows under the server that runs, and what it has nobody takes away', async () => {
    const { client } = cluster;
    const key = { namespace, name: 'mariadb' };
    const before = await containersOf(client);
    const size = (storage: string) => ({ type: 'merge', body: { spec: { storage: { size: storage } } } }) as const;
    await client.patch(MariaDB, key, size('11Gi'));
    await vi.waitFor(
      async () => {
        const claim = await client.get(PersistentVolumeClaim, { namespace, name: 'data-mariadb-0' });
        expect(claim.status?.capacity).toEqual({ storage: '11Gi' });
        expect((await client.get(MariaDB, key)).status).toMatchObject({ storage: '11Gi' });
      },
      { timeout: 60_000, interval: 500 },
    );
    await expect(client.patch(MariaDB, key, size('10Gi'))).rejects.toMatchObject({
      message: expect.stringContaining('a volume cannot shrink below what it has') as string,
    });
    const after = await containersOf(client);
    expect(after['mariadb-0/mariadb']).toBe(before['mariadb-0/mariadb']);
  });
}

async function valueOf(connection: Connection): Promise<unknown> {
  const [rows] = await connection.query('SELECT value FROM e2e_rows');
  return (rows as { value: unknown }[])[0]?.value;
}

let pods = 0;

/** What the kernel answers a Pod with these labels. It asks for some seconds, in which what was said of it has reached everybody. */
async function connecting(
  { client }: Cluster,
  labels: Readonly<Record<string, string>>,
  host: string,
  port: number,
): Promise<'connected' | 'refused'> {
  const name = `e2e-connecting-${(pods += 1)}`;
  // The proxy of a Service takes a connection before it asks who may come in: only an answer says that somebody is there.
  const question = port === 11211 ? 'version\\r\\n' : 'GET / HTTP/1.0\\r\\n\\r\\n';
  const ask = `exec 3<> /dev/tcp/${host}/${port} && printf '${question}' >&3 && read -r -t 2 -N 1 <&3`;
  const attempt = `for turn in 1 2 3 4 5 6 7 8; do if timeout 3 bash -c "${ask}"; then exit 0; fi; sleep 0.5; done; exit 1`;
  await client.create(Pod, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace, name, labels: { ...labels } },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, runAsUser: 65534, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'client',
          image: 'localhost/stackwright/base:trixie',
          command: ['bash', '-c', attempt],
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
    },
  });
  try {
    return await vi.waitFor(
      async () => {
        const { status } = await client.get(Pod, { namespace, name });
        if (status?.phase === 'Succeeded') return 'connected';
        if (status?.phase === 'Failed') return 'refused';
        throw new Error(`Pod ${name} is ${status?.phase ?? 'new'}`);
      },
      { timeout: 60_000, interval: 250 },
    );
  } finally {
    await client.delete(Pod, { namespace, name });
  }
}
