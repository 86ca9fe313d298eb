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
  expect(after.username).toMatch(/^glance-[0-9a-f]{8}$/);
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
  expect(await secretNames()).toEqual(['sample-connection', expect.stringMatching(/^sample-password-[0-9a-f]{8}$/)]);
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
  const metadata = { namespace: 'ns', name: 'sample-password', labels: { 'app.kubernetes.io/managed-by': 'Helm' } };
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
