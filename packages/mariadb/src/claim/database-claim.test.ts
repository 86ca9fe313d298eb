import { annotations, DatabaseClaim, databaseConnectionKeys } from '@stackwright/api';
import { GraphHarness } from '@stackwright/core/testing';
import { EndpointSlice, Secret, type KubeObject } from '@stackwright/kube';
import { secretWith, valuesOf } from '@stackwright/openstack';
import { beforeEach, describe, expect, it } from 'vitest';
import { MariaDB } from '../crd.js';
import { SqlError } from '../sql/admin.js';
import { FakeSqlServer } from '../testing/sql-server.js';
import { databaseClaimGraph } from './database-claim.js';

const namespace = 'ns';
const at = (name: string) => ({ namespace, name });

let server: FakeSqlServer;
let harness: GraphHarness<DatabaseClaim>;

beforeEach(() => {
  server = new FakeSqlServer();
  harness = new GraphHarness(databaseClaimGraph(server));
});

const claim = (spec: Partial<DatabaseClaim['spec']> = {}) => ({
  apiVersion: 'claims.stackwright.dev/v1alpha1',
  kind: 'DatabaseClaim',
  spec: { provider: 'mariadb', database: 'keystone', deletionPolicy: 'Retain' as const, ...spec },
});

async function sayReady(ready: boolean): Promise<void> {
  const condition = {
    type: 'Ready',
    status: ready ? 'True' : 'False',
    reason: ready ? 'Ready' : 'RolloutInProgress',
    message: ready ? '' : 'Pod mariadb-0 is starting',
    observedGeneration: 1,
    lastTransitionTime: '2025-01-01T00:00:00Z',
  };
  await harness.edit(MariaDB, 'mariadb', { status: { conditions: [condition] } }, 'status');
}

async function runMariaDB({ ready = true, external = false } = {}): Promise<void> {
  await harness.api.seed(MariaDB, {
    apiVersion: 'mariadb.stackwright.dev/v1alpha1',
    kind: 'MariaDB',
    metadata: at('mariadb'),
    spec: {
      replicas: 1,
      storage: '10Gi',
      deletionPolicy: 'Retain',
      ...(external ? { external: { secretRef: { name: 'server' } } } : {}),
    },
  });
  await sayReady(ready);
  if (external) return;
  await harness.api.seed(Secret, secret('mariadb-root-password', { password: 'rootpw' }));
  await harness.api.seed(EndpointSlice, {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { ...at('mariadb-1'), labels: { 'kubernetes.io/service-name': 'mariadb' } },
    addressType: 'IPv4',
    endpoints: [
      { addresses: ['10.0.0.8'], conditions: { ready: false } },
      { addresses: ['10.0.0.9'], conditions: { ready: true } },
    ],
    ports: [{ name: 'mysql', port: 3306 }],
  });
}

function secret(name: string, values: Record<string, string>, labels: Record<string, string> = {}): Secret {
  const made = secretWith(name, values);
  return { apiVersion: 'v1', kind: 'Secret', ...made, metadata: { ...at(name), labels } };
}

const connection = () => {
  const checked = valuesOf(harness.api.peek(Secret, at('sample-connection'))!, databaseConnectionKeys);
  return 'values' in checked ? checked.values : checked;
};
const uidOf = (object: KubeObject | undefined) => object?.metadata?.uid;

/** The time after which an external step looks again by itself. */
const resync = 300_000;

describe('a DatabaseClaim', () => {
  it('becomes a database, a user, and a Secret that says how to get there; then nothing is written any more', async () => {
    await runMariaDB();
    await harness.create(claim());
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(harness.object.status).toMatchObject({ secretName: 'sample-connection' });
    const password = server.users.get('keystone')!.password;
    expect(password).toMatch(/^[A-Za-z0-9]{32}$/);
    expect(connection()).toEqual({
      host: 'mariadb.ns.svc',
      port: '3306',
      database: 'keystone',
      username: 'keystone',
      password,
    });
    expect(server.databases.get('keystone')?.comment).toBe('stackwright.dev/claim=ns/sample');
    // The controller asks for no name and talks to nobody who is not ready.
    expect([...server.hosts]).toEqual(['10.0.0.9']);

    const writes = server.writes.length;
    harness.restart();
    await harness.clock.advance(resync);
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
    expect(server.writes).toHaveLength(writes);
  });

  it('says nothing secret in status, events and logs', async () => {
    await runMariaDB();
    await harness.create(claim());
    await harness.settle();
    const { password } = connection() as { password: string };
    expect(JSON.stringify([harness.object.status, harness.events, harness.logs])).not.toContain(password);
    expect(JSON.stringify([harness.object.status, harness.events, harness.logs])).not.toContain('rootpw');
  });

  it('waits for its provider, names it, and goes on by itself', async () => {
    await harness.create(claim());
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({
      reason: 'WaitingForProvider',
      message: 'MariaDB mariadb does not exist',
    });
    expect(harness.object.status).toMatchObject({
      waitingFor: [{ step: 'Provider', kind: 'MariaDB', name: 'mariadb' }],
    });
    await runMariaDB({ ready: false });
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({
      message: 'MariaDB mariadb is not ready: Pod mariadb-0 is starting',
    });
    await sayReady(true);
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });

  it('says that the server cannot be reached, and heals when it can', async () => {
    await runMariaDB();
    server.down = true;
    await harness.create(claim());
    await harness.settle();
    expect(harness.condition('DatabaseReady')).toMatchObject({ status: 'False', reason: 'ServerUnreachable' });
    expect(harness.condition('DatabaseReady')?.message).toContain('10.0.0.9');
    server.down = false;
    await harness.clock.advance(resync);
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });

  it('keeps the Secret while the server is away', async () => {
    await runMariaDB();
    await harness.create(claim());
    await harness.settle();
    const before = uidOf(harness.api.peek(Secret, at('sample-connection')));
    await harness.edit(EndpointSlice, 'mariadb-1', { endpoints: [] });
    await sayReady(false);
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'WaitingForProvider' });
    expect(uidOf(harness.api.peek(Secret, at('sample-connection')))).toBe(before);
    expect(harness.object.status).toMatchObject({ secretName: 'sample-connection' });
  });

  it('is no worse for a provider that is not Ready for reasons of its own, but looks again', async () => {
    await runMariaDB();
    await harness.create(claim());
    await harness.settle();
    // A size that cannot be, say: the server runs as before.
    await sayReady(false);
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    await sayReady(true);
    await harness.settle();

    // It hangs: its endpoint stands, and only who asks finds out.
    server.down = true;
    await sayReady(false);
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({
      message: 'MariaDB mariadb is not ready: Pod mariadb-0 is starting',
    });
    server.down = false;
    await sayReady(true);
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });

  it('sets right what was changed on the server by hand', async () => {
    await runMariaDB();
    await harness.create(claim());
    await harness.settle();
    const { password } = connection() as { password: string };
    server.users.get('keystone')!.password = 'changed';
    await harness.clock.advance(resync);
    await harness.settle();
    expect(server.users.get('keystone')!.password).toBe(password);
    server.users.delete('keystone');
    await harness.clock.advance(resync);
    await harness.settle();
    expect(server.users.get('keystone')).toMatchObject({ password });
    expect(server.databases.has('keystone')).toBe(true);
  });

  it('follows a password that was changed in its Secret', async () => {
    await runMariaDB();
    await harness.create(claim());
    await harness.settle();
    const data = { password: Buffer.from('chosen').toString('base64') };
    await harness.edit(Secret, 'sample-password', { data });
    await harness.settle();
    expect(server.users.get('keystone')).toMatchObject({ password: 'chosen' });
    expect(connection()).toMatchObject({ password: 'chosen' });
  });

  it('repairs its connection Secret, with the password that there is', async () => {
    await runMariaDB();
    await harness.create(claim());
    await harness.settle();
    const before = connection();
    await harness.api.delete(Secret, at('sample-connection'));
    await harness.settle();
    expect(connection()).toEqual(before);
  });

  it("refuses the server's own names, should admission let them through", async () => {
    await runMariaDB();
    await harness.create(claim({ database: 'root' }));
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'InvalidSpec' });
    expect(server.users.get('root')).toMatchObject({ password: 'rootpw' });
  });
});

describe('two claims for one name', () => {
  const older = { ...claim(), metadata: { ...at('older'), creationTimestamp: '2020-01-01T00:00:00Z' } };

  it('on one server: the later one is refused, by name, and shares nothing', async () => {
    await runMariaDB();
    await harness.api.seed(DatabaseClaim, older);
    await harness.create(claim());
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'DatabaseTaken' });
    expect(harness.condition('Ready')?.message).toContain('the DatabaseClaim older has the database "keystone"');
    expect(server.writes).toEqual([]);
    expect(harness.api.peek(Secret, at('sample-password'))).toBeUndefined();
  });

  it('on two servers: both are fulfilled', async () => {
    await runMariaDB();
    await harness.api.seed(DatabaseClaim, { ...older, spec: { ...older.spec, provider: 'other' } });
    await harness.create(claim());
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });

  it('in two namespaces on one external server: the mark on the database tells', async () => {
    await runMariaDB();
    server.databases.set('keystone', { comment: 'stackwright.dev/claim=elsewhere/keystone-database', tables: true });
    await harness.create(claim());
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'DatabaseTaken' });
    expect(server.writes).toEqual([]);
  });
});

describe('new credentials', () => {
  async function fulfilled(): Promise<string> {
    await runMariaDB();
    await harness.create(claim());
    await harness.settle();
    return (connection() as { password: string }).password;
  }
  async function rotate(rotation: string | null): Promise<void> {
    await harness.edit(DatabaseClaim, 'sample', { spec: { rotation } });
    await harness.settle();
  }
  async function use(username: string): Promise<void> {
    await harness.edit(DatabaseClaim, 'sample', { metadata: { annotations: { [annotations.inUse]: username } } });
    await harness.settle();
  }
  const users = () => [...server.users.keys()].filter((name) => name !== 'root').sort();

  it('work beside the old ones, on the same database, until the consumer runs with them', async () => {
    const old = await fulfilled();
    await use('keystone');
    await rotate('2026-11');
    const { username, password } = connection() as { username: string; password: string };
    expect(username).toMatch(/^keystone-[0-9a-f]{8}$/);
    expect(password).not.toBe(old);
    expect(users()).toEqual(['keystone', username]);
    expect(server.users.get('keystone')?.password).toBe(old);
    expect([...server.users.get(username)!.grants]).toEqual(['keystone']);
    expect(harness.object.status).toMatchObject({ username, superseded: ['keystone'] });
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });

    // The old ones are repaired as well: somebody may run with them.
    server.users.delete('keystone');
    await harness.clock.advance(resync);
    await harness.settle();
    expect(server.users.get('keystone')?.password).toBe(old);

    await use(username);
    expect(users()).toEqual([username]);
    expect(harness.api.peek(Secret, at('sample-password'))).toBeUndefined();
    expect(harness.object.status).not.toHaveProperty('superseded');
    expect([...server.databases.keys()]).toEqual(['keystone']);
    harness.restart();
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
  });

  it('are made and dropped once, wherever the controller is stopped', async () => {
    await fulfilled();
    let left = 0;
    server.beforeWrite = () => {
      if (left-- > 0) throw new SqlError('Unreachable', 'stopped');
    };
    const heal = async () => {
      for (let attempt = 0; attempt < 4; attempt++) {
        harness.restart();
        await harness.clock.advance(resync);
        await harness.settle();
      }
    };
    const handed = () => (connection() as { username: string }).username;
    for (const stops of [1, 2, 3]) {
      const before = handed();
      left = stops;
      await rotate(`${stops}`);
      expect(handed()).toBe(before);
      await heal();
      expect(handed()).not.toBe(before);
      expect(users()).toEqual([before, handed()].sort());
      left = stops;
      await use(handed());
      await heal();
      expect(users()).toEqual([handed()]);
      expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    }
  });

  it('and older ones go with the claim, with Delete', async () => {
    await fulfilled();
    await rotate('a');
    await harness.edit(DatabaseClaim, 'sample', { spec: { deletionPolicy: 'Delete' } });
    await harness.settle();
    expect(users()).toHaveLength(2);
    await harness.api.delete(DatabaseClaim, harness.key);
    await harness.settle();
    expect(harness.isGone).toBe(true);
    expect(users()).toEqual([]);
    expect([...server.databases.keys()]).toEqual([]);
    expect(await harness.listed(Secret)).not.toContainEqual(
      expect.objectContaining({ metadata: expect.objectContaining({ name: 'sample-password' }) as unknown }),
    );
  });
});

describe('deletion', () => {
  async function fulfilled(deletionPolicy: 'Retain' | 'Delete'): Promise<void> {
    await runMariaDB();
    await harness.create(claim({ deletionPolicy }));
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  }
  const remove = () => harness.api.delete(DatabaseClaim, harness.key);

  it('with Retain keeps database, user and password, and the same claim takes them up again', async () => {
    await fulfilled('Retain');
    const { password } = connection() as { password: string };
    // The garbage collector follows ownerReferences.
    expect(harness.api.peek(Secret, at('sample-password'))?.metadata?.ownerReferences).toBeUndefined();
    await remove();
    await harness.reconcile();
    expect(harness.isGone).toBe(true);
    expect(server.databases.has('keystone')).toBe(true);
    expect(harness.api.peek(Secret, at('sample-password'))).toBeDefined();
    const writes = server.writes.length;
    await harness.create(claim());
    await harness.settle();
    expect(connection()).toMatchObject({ password });
    expect(server.writes).toHaveLength(writes);
  });

  it('with Delete drops database, user and password', async () => {
    await fulfilled('Delete');
    await remove();
    await harness.settle();
    expect(harness.isGone).toBe(true);
    expect([...server.databases.keys()]).toEqual([]);
    expect([...server.users.keys()]).toEqual(['root']);
    expect(harness.api.peek(Secret, at('sample-password'))).toBeUndefined();
  });

  it('with Delete drops them, too, when the first password was chosen by somebody', async () => {
    await harness.api.seed(Secret, secret('sample-password', { password: 'chosen' }));
    await fulfilled('Delete');
    expect(server.users.get('keystone')?.password).toBe('chosen');
    await remove();
    await harness.settle();
    expect([...server.databases.keys()]).toEqual([]);
    expect([...server.users.keys()]).toEqual(['root']);
  });

  it('with Delete waits for a server that is away, and says so', async () => {
    await fulfilled('Delete');
    server.down = true;
    await remove();
    await harness.settle();
    expect(harness.isGone).toBe(false);
    expect(harness.condition('Ready')).toMatchObject({ reason: 'ServerUnreachable' });
    server.down = false;
    await harness.clock.advance(resync);
    await harness.settle();
    expect(harness.isGone).toBe(true);
    expect([...server.databases.keys()]).toEqual([]);
  });

  it('with Delete ends when the server is gone for good', async () => {
    await fulfilled('Delete');
    server.down = true;
    await harness.api.delete(MariaDB, at('mariadb'));
    await remove();
    await harness.settle();
    expect(harness.isGone).toBe(true);
  });

  it("with Delete leaves another claim's database, whose name this one was refused", async () => {
    await runMariaDB();
    server.databases.set('keystone', { comment: 'stackwright.dev/claim=elsewhere/keystone-database', tables: true });
    server.users.set('keystone', { password: 'theirs', grants: new Set(['keystone']) });
    await harness.create(claim({ deletionPolicy: 'Delete' }));
    await harness.settle();
    await remove();
    await harness.settle();
    expect(harness.isGone).toBe(true);
    expect(server.databases.has('keystone')).toBe(true);
    expect(server.users.has('keystone')).toBe(true);
  });
});

describe('an external server', () => {
  const values = { host: 'db.example.org', port: '3307', username: 'root', password: 'rootpw' };

  it('is used when its Secret is offered for it', async () => {
    await runMariaDB({ external: true });
    await harness.api.seed(Secret, secret('server', values, { 'stackwright.dev/usable-by': 'mariadb' }));
    await harness.create(claim());
    await harness.settle();
    expect(connection()).toMatchObject({ host: 'db.example.org', port: '3307' });
    expect([...server.hosts]).toEqual(['db.example.org']);
  });

  it.each([
    ['does not exist', undefined, {}, 'WaitingForObject', 'Secret server (spec.external.secretRef) does not exist'],
    ['is not offered', values, {}, 'SecretNotOffered', 'stackwright.dev/usable-by=mariadb'],
    [
      'lacks a key',
      { ...values, password: '' },
      { 'stackwright.dev/usable-by': 'mariadb' },
      'SecretIncomplete',
      'lacks password',
    ],
    [
      'has a wrong port',
      { ...values, port: 'http' },
      { 'stackwright.dev/usable-by': 'mariadb' },
      'SecretIncomplete',
      '"port"',
    ],
  ])('whose Secret %s is not spoken to', async (_, given, labels, reason, message) => {
    await runMariaDB({ external: true });
    if (given) await harness.api.seed(Secret, secret('server', given, labels as Record<string, string>));
    await harness.create(claim());
    await harness.settle();
    expect(harness.condition('ProviderReady')).toMatchObject({ status: 'False', reason });
    expect(harness.condition('ProviderReady')?.message).toContain(message);
    expect([...server.hosts]).toEqual([]);
  });
});
