import { DatabaseClaim, type DatabaseConnection } from '@stackwright/api';
import { EndpointSlice, Secret, type KubeObject } from '@stackwright/kube';
import { ClaimHarness } from '@stackwright/openstack/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { MariaDB } from '../crd.js';
import { SqlError } from '../sql/admin.js';
import { FakeSqlServer } from '../testing/sql-server.js';
import { databaseClaimGraph } from './database-claim.js';

let server: FakeSqlServer;
let harness: ClaimHarness<DatabaseClaim, DatabaseConnection>;

beforeEach(() => {
  server = new FakeSqlServer();
  harness = new ClaimHarness(databaseClaimGraph(server), MariaDB);
});

const claim = (spec: Partial<DatabaseClaim['spec']> = {}) => ({
  apiVersion: 'claims.stackwright.dev/v1alpha1',
  kind: 'DatabaseClaim',
  spec: { provider: 'mariadb', database: 'keystone', deletionPolicy: 'Retain' as const, ...spec },
});

async function runMariaDB({ ready = true, external = false } = {}): Promise<void> {
  const elsewhere = external ? { external: { secretRef: { name: 'server' } } } : {};
  await harness.runProvider(
    { replicas: 1, storage: { size: '10Gi' }, deletionPolicy: 'Retain', ...elsewhere },
    { ready },
  );
  if (external) return;
  await harness.seedSecret('mariadb-root-password', { password: 'rootpw' });
  await harness.endpoint('mariadb', [{ name: 'mysql', port: 3306 }]);
}

const uidOf = (object: KubeObject | undefined) => object?.metadata?.uid;

/** What somebody has to put on a Secret of their own, and how. */
const offered = { 'stackwright.dev/usable-by': 'mariadb' };
const offering = 'kubectl -n ns label secret sample-password stackwright.dev/usable-by=mariadb';

describe('a DatabaseClaim', () => {
  it('becomes a database, a user, and a Secret that says how to get there; then nothing is written any more', async () => {
    await runMariaDB();
    await harness.begin(claim());
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(harness.object.status).toMatchObject({ secretName: 'sample-connection' });
    const password = server.users.get('keystone')!.password;
    expect(password).toMatch(/^[A-Za-z0-9]{32}$/);
    expect(harness.connection).toEqual({
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
    expect(await harness.writesOfRestart()).toEqual([]);
    expect(server.writes).toHaveLength(writes);
  });

  it('says nothing secret in status, events and logs', async () => {
    await runMariaDB();
    await harness.begin(claim());
    const { password } = harness.connection;
    expect(await harness.said()).not.toContain(password);
    expect(await harness.said()).not.toContain('rootpw');
  });

  it('waits for its provider, names it, and goes on by itself', async () => {
    await harness.begin(claim());
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
    await harness.sayProviderReady(true);
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });

  it('is fulfilled by a server that serves, although something is wanted of it that cannot be', async () => {
    await runMariaDB({ ready: false });
    await harness.begin(claim());
    expect(harness.condition('Ready')).toMatchObject({ reason: 'WaitingForProvider' });
    const conditions = [
      harness.conditionOf('Ready', 'False', { reason: 'InvalidSpec', message: 'spec.storage cannot be 900Ti' }),
      harness.conditionOf('Available', 'True'),
    ];
    await harness.edit(MariaDB, 'mariadb', { status: { conditions } }, 'status');
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });

  it('says that the server cannot be reached, and heals when it can', async () => {
    await runMariaDB();
    server.down = true;
    await harness.begin(claim());
    expect(harness.condition('DatabaseReady')).toMatchObject({ status: 'False', reason: 'ServerUnreachable' });
    expect(harness.condition('DatabaseReady')?.message).toContain('10.0.0.9');
    server.down = false;
    await harness.lookAgain();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });

  it('keeps the Secret while the server is away', async () => {
    await runMariaDB();
    await harness.begin(claim());
    const before = uidOf(harness.api.peek(Secret, harness.at('sample-connection')));
    await harness.edit(EndpointSlice, 'mariadb-1', { endpoints: [] });
    await harness.sayProviderReady(false);
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'WaitingForProvider' });
    expect(uidOf(harness.api.peek(Secret, harness.at('sample-connection')))).toBe(before);
    expect(harness.object.status).toMatchObject({ secretName: 'sample-connection' });
  });

  it('is no worse for a provider that is not Ready for reasons of its own, but looks again', async () => {
    await runMariaDB();
    await harness.begin(claim());
    // A size that cannot be, say: the server runs as before.
    await harness.sayProviderReady(false);
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    await harness.sayProviderReady(true);

    // It hangs: its endpoint stands, and only who asks finds out.
    server.down = true;
    await harness.sayProviderReady(false);
    expect(harness.condition('Ready')).toMatchObject({
      message: 'MariaDB mariadb is not ready: Pod mariadb-0 is starting',
    });
    server.down = false;
    await harness.sayProviderReady(true);
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });

  it('sets right what was changed on the server by hand', async () => {
    await runMariaDB();
    await harness.begin(claim());
    const { password } = harness.connection;
    server.users.get('keystone')!.password = 'changed';
    await harness.lookAgain();
    expect(server.users.get('keystone')!.password).toBe(password);
    server.users.delete('keystone');
    await harness.lookAgain();
    expect(server.users.get('keystone')).toMatchObject({ password });
    expect(server.databases.has('keystone')).toBe(true);
  });

  it('follows a password that was changed in its Secret', async () => {
    await runMariaDB();
    await harness.begin(claim());
    const data = { password: Buffer.from('chosen').toString('base64') };
    await harness.edit(Secret, 'sample-password', { data });
    await harness.settle();
    expect(server.users.get('keystone')).toMatchObject({ password: 'chosen' });
    expect(harness.connection).toMatchObject({ password: 'chosen' });
  });

  it('repairs its connection Secret, with the password that there is', async () => {
    await runMariaDB();
    await harness.begin(claim());
    const before = harness.connection;
    await harness.api.delete(Secret, harness.at('sample-connection'));
    await harness.settle();
    expect(harness.connection).toEqual(before);
  });

  it("refuses the server's own names, should admission let them through", async () => {
    await runMariaDB();
    await harness.begin(claim({ database: 'root' }));
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'InvalidSpec' });
    expect(server.users.get('root')).toMatchObject({ password: 'rootpw' });
  });
});

describe('a database that a claim once had', () => {
  const idOf = () => (harness.object.status as { databaseId?: string }).databaseId;
  const accept = (id: string | undefined) => harness.annotate({ 'stackwright.dev/accept-new-database': id ?? '' });

  async function fulfilled(): Promise<void> {
    await runMariaDB();
    await harness.fulfilled(claim());
    server.databases.get('keystone')!.tables = true;
    server.writes.length = 0;
  }

  /** The volume is gone, or the server is another one. */
  async function lose(): Promise<void> {
    server.databases.clear();
    server.users.delete('keystone');
    await harness.later(600_000);
  }

  it('has an id, there and in status', async () => {
    await fulfilled();
    expect(idOf()).toMatch(/^[0-9a-f]{32}$/);
    expect(server.databases.get('keystone')?.id).toBe(idOf());
  });

  it('and that is gone is missed: nothing is made in its place, and what was handed out stays', async () => {
    await fulfilled();
    const before = harness.connection;
    const id = idOf();
    await lose();
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'DatabaseLost' });
    expect(harness.condition('Ready')?.message).toContain('Database "keystone" was there, and is not on 10.0.0.9:3306');
    expect(harness.condition('Ready')?.message).toContain(
      `kubectl annotate databaseclaim -n ns sample stackwright.dev/accept-new-database=${id}`,
    );
    expect(server.writes).toEqual([]);
    expect(harness.connection).toEqual(before);
    await harness.startAgain();
    expect(server.writes).toEqual([]);
    expect(harness.condition('Ready')).toMatchObject({ reason: 'DatabaseLost' });
  });

  it('is not missed while the server is away', async () => {
    await fulfilled();
    server.down = true;
    await harness.later(600_000);
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'ServerUnreachable' });
  });

  it.each([
    ['an empty one in its place', { comment: '', tables: false }],
    ['one with our mark in its place', { comment: 'stackwright.dev/claim=ns/sample', tables: true }],
    ['one of another id in its place', { comment: 'stackwright.dev/claim=ns/sample', tables: true, id: 'another' }],
  ])('is missed with %s, too', async (_, other) => {
    await fulfilled();
    const before = idOf();
    server.databases.set('keystone', other);
    await harness.later(600_000);
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'DatabaseLost' });
    expect(server.writes).toEqual([]);
    expect(idOf()).toBe(before);

    await accept(before);
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(idOf()).toBe(server.databases.get('keystone')?.id);
    expect(idOf()).not.toBe(before);
  });

  it('is given up on request, once', async () => {
    await fulfilled();
    const first = idOf();
    await lose();
    await accept('another');
    expect(harness.condition('Ready')).toMatchObject({ reason: 'DatabaseLost' });
    await accept(first);
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(server.users.get('keystone')).toMatchObject({ password: harness.connection.password });
    expect(idOf()).toBe(server.databases.get('keystone')?.id);
    expect(idOf()).not.toBe(first);

    await lose();
    expect(harness.condition('Ready')).toMatchObject({ reason: 'DatabaseLost' });
  });

  it.each([1, 2, 3, 4])('is given up once, too, when the controller is stopped before write %i', async (n) => {
    await fulfilled();
    const first = idOf();
    await lose();
    let writes = 0;
    server.beforeWrite = () => {
      if (++writes === n) throw new SqlError('Unreachable', 'stopped');
    };
    await accept(first);
    await harness.startAgain();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(idOf()).not.toBe(first);
    await lose();
    expect(harness.condition('Ready')).toMatchObject({ reason: 'DatabaseLost' });
  });

  it('and is restored carries its id, and is taken up again: with accounts for it, and without its mark', async () => {
    await fulfilled();
    const { id } = server.databases.get('keystone')!;
    const { password } = harness.connection;
    await lose();
    server.databases.set('keystone', { comment: '', tables: true, id: id ?? '' });
    await harness.lookAgain();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(idOf()).toBe(id);
    expect(server.users.get('keystone')).toMatchObject({ password });
    expect(server.databases.get('keystone')).toMatchObject({
      comment: 'stackwright.dev/claim=ns/sample',
      tables: true,
    });
  });

  it('is known to a claim of the same name that is made later, or restored without its status', async () => {
    await fulfilled();
    const id = idOf();
    await harness.delete();
    await harness.api.delete(Secret, harness.at('sample-connection'));
    server.databases.clear();
    server.users.delete('keystone');
    await harness.begin(claim());
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'DatabaseLost' });
    expect(server.writes).toEqual([]);
    await accept(id);
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });

  it('is not missed by a claim that never had one, though the Secret of one before is there yet', async () => {
    await runMariaDB({ ready: false });
    await harness.seedSecret('sample-connection', { username: 'keystone', password: 'another claim' });
    const { apiVersion, kind } = claim();
    const ownerReferences = [{ apiVersion, kind, name: 'sample', uid: 'gone', controller: true }];
    await harness.edit(Secret, 'sample-connection', { metadata: { ownerReferences } });
    await harness.begin(claim());
    expect(harness.object.status).not.toHaveProperty('secretName');
    // The garbage collector comes later.
    await harness.api.delete(Secret, harness.at('sample-connection'));
    await harness.sayProviderReady(true);
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });

  it('of a version without ids gets one; and is missed as well where it is gone', async () => {
    await fulfilled();
    delete server.databases.get('keystone')!.id;
    await harness.edit(DatabaseClaim, 'sample', { status: { databaseId: null } }, 'status');
    await harness.edit(Secret, 'sample-password', {
      metadata: { annotations: { 'stackwright.dev/database-id': null } },
    });
    await harness.startAgain();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(idOf()).toBe(server.databases.get('keystone')?.id);

    await harness.edit(DatabaseClaim, 'sample', { status: { databaseId: null } }, 'status');
    await harness.edit(Secret, 'sample-password', {
      metadata: { annotations: { 'stackwright.dev/database-id': null } },
    });
    harness.restart();
    server.writes.length = 0;
    await lose();
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'DatabaseLost' });
    expect(server.writes).toEqual([]);
    await accept('unknown');
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });

  it('is not dropped with a claim that another one belongs to, of another cluster perhaps', async () => {
    await fulfilled();
    await harness.set({ deletionPolicy: 'Delete' });
    server.databases.set('keystone', { comment: 'stackwright.dev/claim=ns/sample', tables: true, id: 'another' });
    server.users.set('keystone', { password: 'theirs', grants: new Set(['keystone']) });
    await harness.delete();
    expect(harness.isGone).toBe(true);
    expect(server.databases.has('keystone')).toBe(true);
    expect(server.users.has('keystone')).toBe(true);
  });
});

describe('a password Secret of a fulfilled claim', () => {
  const kept = () => (harness.object.status as { kept?: { name: string; id: string }[] }).kept ?? [];

  async function lost(): Promise<string> {
    await runMariaDB();
    await harness.begin(claim());
    const password = harness.connection.password;
    await harness.api.delete(Secret, harness.at('sample-password'));
    server.writes.length = 0;
    await harness.settle();
    return password;
  }

  it('that is deleted is missed, and named: the old password works on, and no new one is made', async () => {
    const password = await lost();
    await harness.startAgain();
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'PasswordLost' });
    expect(harness.condition('Ready')?.message).toContain('Secret sample-password was deleted');
    expect(harness.condition('Ready')?.message).toContain('Secret sample-connection has it');
    expect(harness.object.status).toMatchObject({ waitingFor: [{ kind: 'Secret', name: 'sample-password' }] });
    expect(server.writes).toEqual([]);
    expect(harness.connection).toMatchObject({ password });
    expect(harness.api.peek(Secret, harness.at('sample-password'))).toBeUndefined();
  });

  it('and put back by hand, is as good as before once it is offered, as the message says', async () => {
    const password = await lost();
    expect(harness.condition('Ready')?.message).toContain(offering);
    await harness.seedSecret('sample-password', { password });
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'SecretNotOffered' });
    expect(harness.condition('Ready')?.message).toContain(offering);
    expect(harness.connection).toMatchObject({ password });
    await harness.edit(Secret, 'sample-password', { metadata: { labels: offered } });
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(server.writes).toEqual([]);
  });

  it('is made anew on request, once', async () => {
    const password = await lost();
    await harness.annotate({ 'stackwright.dev/make-anew': 'another' });
    expect(harness.condition('Ready')).toMatchObject({ reason: 'PasswordLost' });
    await harness.annotate({ 'stackwright.dev/make-anew': kept()[0]!.id });
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(harness.connection.password).not.toBe(password);
    expect(server.users.get('keystone')?.password).toBe(harness.connection.password);
    await harness.api.delete(Secret, harness.at('sample-password'));
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ reason: 'PasswordLost' });
  });

  it('need not come back where new credentials are asked for', async () => {
    const password = await lost();
    await harness.rotate('2026-12');
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(harness.connection.username).not.toBe('keystone');
    expect(server.users.get('keystone')?.password).toBe(password);
  });

  it('need not come back for its user to go, when nobody uses that any more', async () => {
    await lost();
    await harness.rotate('a');
    const [first] = [harness.connection.username];
    expect(harness.object.status).toMatchObject({ username: first, superseded: ['keystone'] });
    // However often others take its place before, and whatever is lost besides.
    await harness.loseSecret(`sample-password.${first.slice('keystone/'.length)}`);
    await harness.rotate('b');
    const last = harness.connection.username;
    expect(server.users.has('keystone')).toBe(true);
    expect(server.users.has(first)).toBe(true);
    await harness.use(last);
    expect([...server.users.keys()]).toEqual(['root', last]);
    expect(harness.object.status).toMatchObject({ username: last });
    expect(harness.object.status).not.toHaveProperty('superseded');
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(await harness.writesOfRestart()).toEqual([]);
  });

  it.each([
    ['sample-connection', true],
    ['sample-connection', false],
    [undefined, false],
  ])('is missed with %s deleted as well (noted %s)', async (another, isNoted) => {
    await runMariaDB();
    await harness.begin(claim());
    if (another !== undefined) await harness.api.delete(Secret, harness.at(another));
    await harness.loseSecret('sample-password', { isNoted });
    await harness.lookAgain();
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'PasswordLost' });
  });
});

describe('a password that somebody chose', () => {
  const choose = (password: string | Uint8Array) =>
    harness.edit(Secret, 'sample-password', { data: { password: Buffer.from(password).toString('base64') } });

  it.each([
    '50% @ "home"',
    "it's:/?#[]",
    '\\back\\',
    '$HOME $$',
    ' ends with blanks ',
    '"',
    "''",
    '%41',
    'a+b&c=d;e,f',
  ])('is handed out as it is: %o', async (password) => {
    await runMariaDB();
    await harness.begin(claim());
    await choose(`${password}\n`);
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(server.users.get('keystone')?.password).toBe(password);
    expect(harness.connection.password).toBe(password);
  });

  it.each([
    ['', 'is empty'],
    ['\n', 'is empty'],
    ['two\nlines', 'has more than one line'],
    ['a\0b', 'has control characters'],
    ['tab\there', 'has control characters'],
    ['caf\u00e9', 'not ASCII'],
    [new Uint8Array([0xff, 0xfe, 0x41]), 'is not text'],
    ['a\\$b', 'backslash before a dollar sign'],
  ])('%o is refused by name, before the one that works is replaced', async (password, problem) => {
    await runMariaDB();
    await harness.begin(claim());
    const before = harness.connection;
    server.writes.length = 0;
    await choose(password);
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'SecretIncomplete' });
    expect(harness.condition('Ready')?.message).toContain('Secret sample-password cannot be used: its key "password"');
    expect(harness.condition('Ready')?.message).toContain(problem);
    expect(server.writes).toEqual([]);
    expect(harness.connection).toEqual(before);
  });
});

describe('two claims for one name', () => {
  const older = { ...claim(), metadata: { namespace: 'ns', name: 'older', creationTimestamp: '2020-01-01T00:00:00Z' } };

  it('on one server: the later one is refused, by name, and shares nothing', async () => {
    await runMariaDB();
    await harness.api.seed(DatabaseClaim, older);
    await harness.begin(claim());
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'DatabaseTaken' });
    expect(harness.condition('Ready')?.message).toContain('the DatabaseClaim older has the database "keystone"');
    expect(server.writes).toEqual([]);
    expect(harness.api.peek(Secret, harness.at('sample-password'))).toBeUndefined();
  });

  it('on two servers: both are fulfilled', async () => {
    await runMariaDB();
    await harness.api.seed(DatabaseClaim, { ...older, spec: { ...older.spec, provider: 'other' } });
    await harness.begin(claim());
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });

  describe('in two clusters, where namespace and name are the same, on one server', () => {
    beforeEach(async () => {
      await runMariaDB();
      server.databases.set('keystone', { comment: 'stackwright.dev/claim=ns/sample', tables: true, id: 'theirs' });
      server.users.set('keystone', { password: 'theirs', grants: new Set(['keystone']) });
    });

    it.each([{}, { rotation: 'two' }])('with %o: the later one is refused, and changes nothing', async (spec) => {
      await harness.begin(claim(spec));
      expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'DatabaseTaken' });
      expect(harness.condition('Ready')?.message).toContain(
        "It may be another cluster's. Choose another name; or, where it is this one's: " +
          'kubectl annotate databaseclaim -n ns sample stackwright.dev/accept-new-database=theirs',
      );
      expect(server.writes).toEqual([]);
      expect(server.users.get('keystone')?.password).toBe('theirs');
    });

    it('with Delete, the later one takes nothing along', async () => {
      await harness.begin(claim({ deletionPolicy: 'Delete' }));
      await harness.remove();
      expect(server.writes).toEqual([]);
      expect([server.databases.has('keystone'), server.users.has('keystone')]).toEqual([true, true]);
    });

    it('it is taken up where somebody says that it is this one', async () => {
      await harness.begin(claim());
      await harness.annotate({ 'stackwright.dev/accept-new-database': 'theirs' });
      expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
      expect(server.users.get('keystone')).toMatchObject({ password: harness.connection.password });
      expect(harness.object.status).toMatchObject({ databaseId: 'theirs' });
    });
  });

  it('in two namespaces on one external server: the mark on the database tells', async () => {
    await runMariaDB();
    server.databases.set('keystone', { comment: 'stackwright.dev/claim=elsewhere/keystone-database', tables: true });
    await harness.begin(claim());
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'DatabaseTaken' });
    expect(server.writes).toEqual([]);
  });
});

describe('new credentials', () => {
  async function fulfilled(): Promise<string> {
    await runMariaDB();
    await harness.begin(claim());
    return harness.connection.password;
  }
  const users = () => [...server.users.keys()].filter((name) => name !== 'root').sort();

  it('work beside the old ones, on the same database, until the consumer runs with them', async () => {
    const old = await fulfilled();
    await harness.use('keystone');
    await harness.rotate('2026-11');
    const { username, password } = harness.connection;
    expect(username).toMatch(/^keystone\/[0-9a-f]{8}$/);
    expect(password).not.toBe(old);
    expect(users()).toEqual(['keystone', username]);
    expect(server.users.get('keystone')?.password).toBe(old);
    expect([...server.users.get(username)!.grants]).toEqual(['keystone']);
    expect(harness.object.status).toMatchObject({ username, superseded: ['keystone'] });
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });

    // The old ones are repaired as well: somebody may run with them.
    server.users.delete('keystone');
    await harness.lookAgain();
    expect(server.users.get('keystone')?.password).toBe(old);

    await harness.use(username);
    expect(users()).toEqual([username]);
    expect(harness.api.peek(Secret, harness.at('sample-password'))).toBeUndefined();
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
        await harness.startAgain();
      }
    };
    const handed = () => harness.connection.username;
    for (const stops of [1, 2, 3]) {
      const before = handed();
      left = stops;
      await harness.rotate(`${stops}`);
      expect(handed()).toBe(before);
      await heal();
      expect(handed()).not.toBe(before);
      expect(users()).toEqual([before, handed()].sort());
      left = stops;
      await harness.use(handed());
      await heal();
      expect(users()).toEqual([handed()]);
      expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    }
  });

  it('and older ones go with the claim, with Delete', async () => {
    await fulfilled();
    await harness.rotate('a');
    await harness.set({ deletionPolicy: 'Delete' });
    expect(users()).toHaveLength(2);
    await harness.delete();
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
    await harness.begin(claim({ deletionPolicy }));
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  }

  it('with Retain keeps database, user and password, and the same claim takes them up again', async () => {
    await fulfilled('Retain');
    const { password } = harness.connection;
    // The garbage collector follows ownerReferences.
    expect(harness.api.peek(Secret, harness.at('sample-password'))?.metadata?.ownerReferences).toBeUndefined();
    await harness.delete();
    expect(harness.isGone).toBe(true);
    expect(server.databases.has('keystone')).toBe(true);
    expect(harness.api.peek(Secret, harness.at('sample-password'))).toBeDefined();
    const writes = server.writes.length;
    await harness.begin(claim());
    expect(harness.connection).toMatchObject({ password });
    expect(server.writes).toHaveLength(writes);
  });

  it('with Delete drops database, user and password', async () => {
    await fulfilled('Delete');
    await harness.delete();
    expect(harness.isGone).toBe(true);
    expect([...server.databases.keys()]).toEqual([]);
    expect([...server.users.keys()]).toEqual(['root']);
    expect(harness.api.peek(Secret, harness.at('sample-password'))).toBeUndefined();
  });

  it.each([null, 'new'])(
    'with Delete drops all of it, too, when somebody has deleted the Secret of its password (%s)',
    async (rotation) => {
      await fulfilled('Delete');
      if (rotation !== null) await harness.rotate(rotation);
      const { username } = harness.connection;
      const secret = rotation === null ? 'sample-password' : `sample-password.${username.slice('keystone/'.length)}`;
      await harness.api.delete(Secret, harness.at(secret));
      await harness.settle();
      expect(harness.condition('Ready')).toMatchObject({ reason: 'PasswordLost' });
      await harness.delete();
      expect(harness.isGone).toBe(true);
      expect([...server.databases.keys()]).toEqual([]);
      expect([...server.users.keys()]).toEqual(['root']);
    },
  );

  it('with Delete drops them, too, when the first password was chosen by somebody', async () => {
    await harness.seedSecret('sample-password', { password: 'chosen' }, offered);
    await fulfilled('Delete');
    expect(server.users.get('keystone')?.password).toBe('chosen');
    await harness.delete();
    expect([...server.databases.keys()]).toEqual([]);
    expect([...server.users.keys()]).toEqual(['root']);
  });

  it('with Delete waits for a server that is away, and says so', async () => {
    await fulfilled('Delete');
    server.down = true;
    await harness.delete();
    expect(harness.isGone).toBe(false);
    expect(harness.condition('Ready')).toMatchObject({ reason: 'ServerUnreachable' });
    server.down = false;
    await harness.lookAgain();
    expect(harness.isGone).toBe(true);
    expect([...server.databases.keys()]).toEqual([]);
  });

  it('with Delete ends when the server is gone for good', async () => {
    await fulfilled('Delete');
    server.down = true;
    await harness.removeProvider();
    await harness.delete();
    expect(harness.isGone).toBe(true);
  });

  it("with Delete leaves another claim's database, whose name this one was refused", async () => {
    await runMariaDB();
    server.databases.set('keystone', { comment: 'stackwright.dev/claim=elsewhere/keystone-database', tables: true });
    server.users.set('keystone', { password: 'theirs', grants: new Set(['keystone']) });
    await harness.begin(claim({ deletionPolicy: 'Delete' }));
    await harness.delete();
    expect(harness.isGone).toBe(true);
    expect(server.databases.has('keystone')).toBe(true);
    expect(server.users.has('keystone')).toBe(true);
  });
});

describe('an external server', () => {
  const values = { host: 'db.example.org', port: '3307', username: 'root', password: 'rootpw' };

  it('is used when its Secret is offered for it', async () => {
    await runMariaDB({ external: true });
    await harness.seedSecret('server', values, { 'stackwright.dev/usable-by': 'mariadb' });
    await harness.begin(claim());
    expect(harness.connection).toMatchObject({ host: 'db.example.org', port: '3307' });
    expect([...server.hosts]).toEqual(['db.example.org']);
  });

  it.each(Object.keys(values))(
    'whose Secret loses %s: what was handed out stays, and nobody asks in a loop',
    async (key) => {
      await runMariaDB({ external: true });
      await harness.seedSecret('server', values, { 'stackwright.dev/usable-by': 'mariadb' });
      await harness.begin(claim());
      const before = harness.connection;
      await harness.loseKey('server', key);
      await harness.settle();
      expect(harness.condition('ProviderReady')).toMatchObject({
        ...{ status: 'False', reason: 'SecretIncomplete' },
        message: `Secret server (spec.external.secretRef) lacks ${key}`,
      });
      expect(await harness.reconcilesIn(3_600_000)).toBeLessThan(100);
      expect(harness.connection).toEqual(before);
    },
  );

  it('that a server in use is to give way to is not spoken to before it has taken over', async () => {
    await runMariaDB();
    const before = await harness.fulfilled(claim());
    const elsewhere = { external: { secretRef: { name: 'server' } } };
    await harness.seedSecret('server', values, { 'stackwright.dev/usable-by': 'mariadb' });
    await harness.edit(MariaDB, 'mariadb', { spec: elsewhere });
    await harness.sayProviderReady(false);
    await harness.lookAgain();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(harness.connection).toEqual(before);
    expect([...server.hosts]).toEqual(['10.0.0.9']);

    await harness.edit(MariaDB, 'mariadb', { status: { externalSecret: 'server' } }, 'status');
    await harness.sayProviderReady(true);
    expect(harness.connection).toEqual({ ...before, host: 'db.example.org', port: '3307' });
  });

  describe('to which a database moves', () => {
    const idOf = () => (harness.object.status as { databaseId?: string }).databaseId ?? '';
    const here = (isHere: boolean) =>
      harness.edit(MariaDB, 'mariadb', {
        spec: { external: isHere ? null : { secretRef: { name: 'server' } } },
      });

    /** With a copy of all that the one here holds, as it is at the moment. */
    async function moved(): Promise<string> {
      await runMariaDB();
      await harness.fulfilled(claim());
      server.databases.get('keystone')!.tables = true;
      const first = idOf();
      await harness.seedSecret('server', values, { 'stackwright.dev/usable-by': 'mariadb' });
      await here(false);
      await harness.sayProviderReady(true);
      await harness.lookAgain();
      expect(harness.connection).toMatchObject({ host: 'db.example.org' });
      return first;
    }

    it('makes the copy that stays behind known as one: it is not gone back to in silence', async () => {
      const first = await moved();
      expect(idOf()).toBe(`${first}.1`);
      expect(server.databases.get('keystone')?.id).toBe(`${first}.1`);
      await harness.lookAgain();
      expect(idOf()).toBe(`${first}.1`);

      const before = harness.connection;
      server.databases.get('keystone')!.id = first;
      server.writes.length = 0;
      await here(true);
      await harness.sayProviderReady(true);
      await harness.later(600_000);
      expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'DatabaseLost' });
      expect(harness.condition('Ready')?.message).toContain('is a copy of before it moved from there');
      expect(harness.connection).toEqual(before);
      expect(server.writes).toEqual([]);

      await harness.annotate({ 'stackwright.dev/accept-new-database': `${first}.1` });
      expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
      expect(idOf()).toBe(first);
    });

    it('and back with all that was written since', async () => {
      const first = await moved();
      await here(true);
      await harness.sayProviderReady(true);
      await harness.lookAgain();
      expect(harness.connection).toMatchObject({ host: 'mariadb.ns.svc' });
      expect(idOf()).toBe(`${first}.2`);
    });

    it.each([1, 2])(
      'is taken up as well where the controller is stopped %i times after it noted that',
      async (times) => {
        const first = await moved();
        for (let time = 0; time < times; time++) {
          // What the controller had no time for.
          await harness.edit(DatabaseClaim, 'sample', { status: { databaseId: first } }, 'status');
          harness.restart();
          await harness.lookAgain();
        }
        expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
        expect(idOf()).toBe(`${first}.1`);
        expect(await harness.writesOfRestart()).toEqual([]);
      },
    );

    it('goes with its claim, with Delete', async () => {
      await moved();
      await harness.set({ deletionPolicy: 'Delete' });
      await harness.remove();
      expect(server.databases.has('keystone')).toBe(false);
    });
  });

  it('of which an earlier version noted only where it is, is gone by though it is away, and one once ran here', async () => {
    await runMariaDB();
    await harness.edit(MariaDB, 'mariadb', { spec: { external: { secretRef: { name: 'server' } } } });
    await harness.seedSecret('server', values, { 'stackwright.dev/usable-by': 'mariadb' });
    await harness.sayProviderReady(true);
    const before = await harness.fulfilled(claim());
    await harness.edit(MariaDB, 'mariadb', { status: { endpoint: 'db.example.org:3307' } }, 'status');
    await harness.sayProviderReady(false);
    await harness.lookAgain();
    expect(harness.connection).toEqual(before);
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
    if (given) await harness.seedSecret('server', given, labels);
    await harness.begin(claim());
    expect(harness.condition('ProviderReady')).toMatchObject({ status: 'False', reason });
    expect(harness.condition('ProviderReady')?.message).toContain(message);
    expect([...server.hosts]).toEqual([]);
  });
});
