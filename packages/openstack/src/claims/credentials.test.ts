import { credentialSpec, credentialStatus } from '@stackwright/api';
import { done } from '@stackwright/graph';
import { defineCustomResource, Secret, statusOf, type ObjectOf } from '@stackwright/kube';
import { Type } from '@sinclair/typebox';
import { beforeEach, expect, it } from 'vitest';
import { ClaimHarness } from '../testing/claim-harness.js';
import { defineClaim } from './define-claim.js';
import { explainBy } from './refused.js';

const Claim = defineCustomResource({
  group: 'example.com',
  version: 'v1',
  kind: 'Claim',
  plural: 'claims',
  description: 'Asks for credentials.',
  printerColumns: [],
  spec: Type.Object({ provider: Type.String(), ...credentialSpec }),
  status: statusOf({ secretName: Type.Optional(Type.String()), ...credentialStatus }),
});
type Claim = ObjectOf<typeof Claim>;

const Provider = defineCustomResource({
  group: 'example.com',
  version: 'v1',
  kind: 'Provider',
  plural: 'providers',
  description: 'Has users.',
  printerColumns: [],
  spec: Type.Object({}),
  status: statusOf({}),
});

/** Users of a server, with their passwords. */
let users: Map<string, string>;
let harness: ClaimHarness<Claim, { username: string; password: string }>;

const graph = () =>
  defineClaim(Claim, {
    provider: Provider,
    server: () => done({ users }),
    reads: [],
    name: () => done(),
    users: () => ({ user: { base: 'glance' } }),
    step: 'Users',
    wanted: ({ users: { user } }) => user,
    observe: (server) => Promise.resolve(new Map(server.users)),
    diff: ({ current, superseded, dropped }, observed): (() => unknown)[] => [
      ...[current, ...superseded]
        .filter(({ username, password }) => observed.get(username) !== password)
        .map((one) => () => users.set(one.username, one.password)),
      ...dropped.filter(({ username }) => observed.has(username)).map((one) => () => users.delete(one.username)),
    ],
    describe: () => 'a user',
    apply: (_server, changes) => (changes.forEach((change) => change()), Promise.resolve()),
    remove: () => Promise.resolve(),
    explain: explainBy(() => undefined),
    connection: ({ users: { user } }) => ({ username: user.current.username, password: user.current.password }),
  });

async function start(): Promise<void> {
  users = new Map();
  harness = new ClaimHarness(graph(), Provider);
  await harness.runProvider({});
}

const claim = { apiVersion: 'example.com/v1', kind: 'Claim', spec: { provider: 'provider' } };

beforeEach(async () => {
  await start();
  await harness.begin(claim);
});

const secretNames = async () => (await harness.listed(Secret)).map(({ metadata }) => metadata?.name).sort();
it('are one user and one password that is kept, as long as nobody asks for others', async () => {
  expect([...users.keys()]).toEqual(['glance']);
  expect(harness.connection).toEqual({ username: 'glance', password: users.get('glance') });
  expect(await secretNames()).toEqual(['sample-connection', 'sample-password']);
  expect(harness.object.status).toMatchObject({ username: 'glance' });
  expect(harness.object.status?.superseded).toBeUndefined();
  harness.restart();
  expect(await harness.writesOf(() => harness.settle())).toEqual([]);
});

it('rotate with an overlap: the old ones go when the consumer runs with the new ones, and not before', async () => {
  const before = harness.connection;
  await harness.rotate('2026-11');
  const after = harness.connection;
  expect(after.username).toMatch(/^glance\/[0-9a-f]{8}$/);
  expect(users).toEqual(
    new Map([
      [before.username, before.password],
      [after.username, after.password],
    ]),
  );
  expect(harness.object.status).toMatchObject({ username: after.username, superseded: ['glance'] });

  await harness.use('glance');
  await harness.use('somebody');
  expect(users.size).toBe(2);

  await harness.use(after.username);
  expect([...users.keys()]).toEqual([after.username]);
  expect(await secretNames()).toEqual(['sample-connection', expect.stringMatching(/^sample-password\.[0-9a-f]{8}$/)]);
  expect(harness.connection).toEqual(after);
  expect(harness.object.status?.superseded).toBeUndefined();
  expect(await harness.writesOf(() => harness.settle())).toEqual([]);
});

it('rotate again before the consumer followed: all that may be in use works on', async () => {
  await harness.use('glance');
  await harness.rotate('a');
  const a = harness.connection;
  await harness.rotate('b');
  const b = harness.connection;
  expect([...users.keys()].sort()).toEqual(['glance', a.username, b.username].sort());
  expect(harness.object.status?.superseded).toHaveLength(2);
  // And back: a value that was there before stands for the same credentials.
  await harness.rotate('a');
  expect(harness.connection).toEqual(a);
  await harness.use(a.username);
  expect([...users.keys()]).toEqual([a.username]);
});

it("keep a superseded password's Secret until its user is dropped, whatever happens in between", async () => {
  await harness.rotate('a');
  const { username } = harness.connection;
  users.delete = () => {
    throw new Error('away');
  };
  await harness.use(username);
  expect(await secretNames()).toContain('sample-password');
  Reflect.deleteProperty(users, 'delete');
  harness.restart();
  await harness.settle();
  expect([...users.keys()]).toEqual([username]);
  expect(await secretNames()).not.toContain('sample-password');
});

it('leave a password alone that somebody chose, once its user is dropped', async () => {
  await start();
  const chosen = { password: Buffer.from('chosen').toString('base64') };
  const labels = { 'app.kubernetes.io/managed-by': 'Helm', 'stackwright.dev/usable-by': 'provider' };
  const metadata = { namespace: 'ns', name: 'sample-password', labels };
  await harness.api.seed(Secret, { metadata, data: chosen });
  await harness.begin(claim);
  expect(users).toEqual(new Map([['glance', 'chosen']]));

  await harness.rotate('a');
  const { username } = harness.connection;
  expect([...users.keys()]).toEqual(['glance', username]);
  await harness.use(username);
  expect([...users.keys()]).toEqual([username]);
  expect(harness.api.peek(Secret, metadata)?.data).toEqual(chosen);
  expect(harness.object.status?.superseded).toBeUndefined();
  expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  expect(await harness.writesOf(() => harness.settle())).toEqual([]);
});

it('never end another object whose password has the name of theirs', async () => {
  await start();
  const labels = {
    'app.kubernetes.io/managed-by': 'stackwright',
    'app.kubernetes.io/name': 'keystone',
    'app.kubernetes.io/instance': 'sam',
  };
  const metadata = { namespace: 'ns', name: 'sample-password', labels };
  await harness.api.seed(Secret, { metadata, data: { password: Buffer.from('root').toString('base64') } });
  await harness.begin(claim);
  expect(harness.condition('Ready')).toMatchObject({ reason: 'Conflict' });
  expect(users.size).toBe(0);

  await harness.rotate('a');
  await harness.use(harness.connection.username);
  expect([...users.keys()]).toEqual([harness.connection.username]);
  expect(await secretNames()).toContain('sample-password');
});

it('take no Secret of another claim for theirs', async () => {
  const password = { password: Buffer.from('x').toString('base64') };
  const labels = { ...harness.api.peek(Secret, { namespace: 'ns', name: 'sample-password' })!.metadata!.labels };
  for (const [name, more] of [
    ['other-password', { 'app.kubernetes.io/instance': 'other' }],
    ['sample-password-notahash', {}],
    ['sample-passwords', {}],
  ] as const) {
    await harness.api.seed(Secret, {
      metadata: { namespace: 'ns', name, labels: { ...labels, ...more } },
      data: password,
    });
  }
  await harness.use('glance');
  expect(await secretNames()).toEqual(
    ['other-password', 'sample-connection', 'sample-password', 'sample-password-notahash', 'sample-passwords'].sort(),
  );
});

/** What a version has left that set generations apart by a dash, which names of others may have as well. */
async function asFormerVersion(rotation: string): Promise<{ username: string; password: string }> {
  await harness.rotate(rotation);
  await harness.use(harness.connection.username);
  const { username, password } = harness.connection;
  const former = username.replace('/', '-');
  const kept = (await harness.listed(Secret)).find(({ metadata }) => metadata?.name?.startsWith('sample-password.'))!;
  const name = kept.metadata!.name!;
  const text = JSON.stringify(kept).replaceAll(name, name.replace('.', '-'));
  await harness.api.delete(Secret, { namespace: 'ns', name });
  await harness.api.seed(Secret, JSON.parse(text) as Secret);
  await harness.edit(Secret, 'sample-connection', { data: { username: Buffer.from(former).toString('base64') } });
  users = new Map([[former, password]]);
  await harness.annotate({ 'stackwright.dev/in-use': former });
  harness.restart();
  await harness.settle();
  return { username: former, password };
}

it('of a version before work on as they are, and the next ones have a name that nobody can choose', async () => {
  const before = await asFormerVersion('2025-01');
  expect(users).toEqual(new Map([[before.username, before.password]]));
  expect(harness.connection).toEqual(before);
  expect(harness.object.status).toMatchObject({ username: before.username });
  expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  expect(await harness.writesOf(() => harness.settle())).toEqual([]);

  await harness.rotate('2026-01');
  const { username } = harness.connection;
  expect(username).toMatch(/^glance\/[0-9a-f]{8}$/);
  expect([...users.keys()]).toEqual([before.username, username]);
  await harness.use(username);
  expect([...users.keys()]).toEqual([username]);
});

it('of a version before are missed where their Secret is deleted', async () => {
  const before = await asFormerVersion('2025-01');
  const secret = (await secretNames()).find((name) => name?.startsWith('sample-password-'))!;
  await harness.api.delete(Secret, { namespace: 'ns', name: secret });
  await harness.settle();
  expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'PasswordLost' });
  expect(harness.condition('Ready')?.message).toContain(`Secret ${secret} was deleted`);
  expect(users).toEqual(new Map([[before.username, before.password]]));
});

const offer = { 'stackwright.dev/usable-by': 'provider' };
const theirs = (labels: Record<string, string> = {}) => ({
  metadata: { namespace: 'ns', name: 'sample-password', labels },
  data: { password: Buffer.from('payroll-canary').toString('base64') },
});

it.each([
  ['has no label', {}],
  ['is offered to somebody else', { 'stackwright.dev/usable-by': 'keystone' }],
  ['copies the labels of ours', { 'app.kubernetes.io/managed-by': 'stackwright' }],
])('take no password of a Secret that %s', async (_what, labels) => {
  await start();
  await harness.api.seed(Secret, theirs(labels));
  await harness.begin(claim);
  expect(harness.condition('Ready')).toMatchObject({
    status: 'False',
    reason: 'SecretNotOffered',
    message: expect.stringContaining(
      'kubectl -n ns label secret sample-password stackwright.dev/usable-by=provider',
    ) as string,
  });
  expect(users.size).toBe(0);
  expect(await secretNames()).toEqual(['sample-password']);
  expect(await harness.said(Provider)).not.toContain('canary');

  // Nor when it is superseded.
  await harness.rotate('a');
  await harness.use(harness.connection.username);
  expect([...users.values()]).not.toContain('payroll-canary');
});

it('that somebody chose and does not offer any more work on as they are, and the claim says so', async () => {
  await start();
  await harness.api.seed(Secret, theirs(offer));
  await harness.begin(claim);
  const before = harness.connection;
  expect(before.password).toBe('payroll-canary');
  await harness.edit(Secret, 'sample-password', { metadata: { labels: { 'stackwright.dev/usable-by': null } } });
  harness.restart();
  await harness.settle();
  expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'SecretNotOffered' });
  expect(harness.connection).toEqual(before);
  expect(users).toEqual(new Map([['glance', 'payroll-canary']]));
  await harness.edit(Secret, 'sample-password', { metadata: { labels: offer } });
  await harness.settle();
  expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
});
