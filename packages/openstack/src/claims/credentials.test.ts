import { annotations, credentialSpec, credentialStatus } from '@stackwright/api';
import { defineGraph } from '@stackwright/core';
import { GraphHarness } from '@stackwright/core/testing';
import { defineCustomResource, Secret, statusOf, type ObjectOf } from '@stackwright/kube';
import { Type } from '@sinclair/typebox';
import { beforeEach, expect, it } from 'vitest';
import { valuesOf } from '../secrets/secret.js';
import { credentialClaimStatus, credentialsOf, removeDropped, type ClaimCredentials } from './credentials.js';
import { ownConnection } from './fulfil.js';

const Claim = defineCustomResource({
  group: 'example.com',
  version: 'v1',
  kind: 'Claim',
  plural: 'claims',
  description: 'Asks for credentials.',
  printerColumns: [],
  spec: Type.Object({ ...credentialSpec }),
  status: statusOf({ secretName: Type.Optional(Type.String()), ...credentialStatus }),
});
type Claim = ObjectOf<typeof Claim>;

/** Users of a server, with their passwords. */
let users: Map<string, string>;
let harness: GraphHarness<Claim>;

const graph = () =>
  defineGraph<Claim>(
    Claim,
    (g) => {
      const credentials = g.step({
        name: 'Password',
        owns: [Secret],
        run: (scope) => credentialsOf(scope, { base: 'glance' }),
      });
      const server = g.external<ReadonlyMap<string, string>, () => void, undefined>({
        name: 'Users',
        after: [credentials],
        observe: () => Promise.resolve(new Map(users)),
        diff(scope, observed) {
          const { current, superseded, dropped } = scope.output(credentials);
          return [
            ...[current, ...superseded]
              .filter(({ username, password }) => observed.get(username) !== password)
              .map(
                ({ username, password }) =>
                  () =>
                    void users.set(username, password),
              ),
            ...dropped
              .filter(({ username }) => observed.has(username))
              .map(
                ({ username }) =>
                  () =>
                    void users.delete(username),
              ),
          ];
        },
        describe: () => 'a user',
        apply: (_scope, changes) => (changes.forEach((change) => change()), Promise.resolve()),
        output: () => undefined,
      });
      g.step({
        name: 'Dropped',
        after: [credentials, server],
        owns: [Secret],
        run: (scope) => removeDropped(scope, scope.output(credentials)),
      });
      g.step({
        name: 'Connection',
        after: [credentials, server],
        owns: [Secret],
        run(scope) {
          const { username, password } = scope.output(credentials).current;
          return ownConnection(scope, { username, password });
        },
      });
    },
    {
      status: (scope) => credentialClaimStatus(scope, scope.output<ClaimCredentials>({ name: 'Password' })),
    },
  );

beforeEach(async () => {
  users = new Map();
  harness = new GraphHarness(graph());
  await harness.create({ apiVersion: 'example.com/v1', kind: 'Claim', spec: {} });
  await harness.settle();
});

const secretNames = async () => (await harness.listed(Secret)).map(({ metadata }) => metadata?.name).sort();
const connection = () => {
  const checked = valuesOf(harness.api.peek(Secret, { namespace: 'ns', name: 'sample-connection' })!, [
    'username',
    'password',
  ]);
  return 'values' in checked ? checked.values : undefined;
};
async function set({ inUse, ...spec }: Claim['spec'] & { inUse?: string }): Promise<void> {
  const metadata = inUse === undefined ? {} : { metadata: { annotations: { [annotations.inUse]: inUse } } };
  await harness.edit(Claim, 'sample', { spec, ...metadata });
  await harness.settle();
}

it('are one user and one password that is kept, as long as nobody asks for others', async () => {
  expect([...users.keys()]).toEqual(['glance']);
  expect(connection()).toEqual({ username: 'glance', password: users.get('glance') });
  expect(await secretNames()).toEqual(['sample-connection', 'sample-password']);
  expect(harness.object.status).toMatchObject({ username: 'glance' });
  expect(harness.object.status?.superseded).toBeUndefined();
  harness.restart();
  expect(await harness.writesOf(() => harness.settle())).toEqual([]);
});

it('rotate with an overlap: the old ones go when the consumer runs with the new ones, and not before', async () => {
  const before = connection()!;
  await set({ rotation: '2026-11' });
  const after = connection()!;
  expect(after.username).toMatch(/^glance-[0-9a-f]{8}$/);
  expect(users).toEqual(
    new Map([
      [before.username, before.password],
      [after.username, after.password],
    ]),
  );
  expect(harness.object.status).toMatchObject({ username: after.username, superseded: ['glance'] });

  await set({ inUse: 'glance' });
  await set({ inUse: 'somebody' });
  expect(users.size).toBe(2);

  await set({ inUse: after.username });
  expect([...users.keys()]).toEqual([after.username]);
  expect(await secretNames()).toEqual(['sample-connection', expect.stringMatching(/^sample-password-[0-9a-f]{8}$/)]);
  expect(connection()).toEqual(after);
  expect(harness.object.status?.superseded).toBeUndefined();
  expect(await harness.writesOf(() => harness.settle())).toEqual([]);
});

it('rotate again before the consumer followed: all that may be in use works on', async () => {
  await set({ rotation: 'a', inUse: 'glance' });
  const a = connection()!;
  await set({ rotation: 'b' });
  const b = connection()!;
  expect([...users.keys()].sort()).toEqual(['glance', a.username, b.username].sort());
  expect(harness.object.status?.superseded).toHaveLength(2);
  // And back: a value that was there before stands for the same credentials.
  await set({ rotation: 'a' });
  expect(connection()).toEqual(a);
  await set({ inUse: a.username });
  expect([...users.keys()]).toEqual([a.username]);
});

it("keep a superseded password's Secret until its user is dropped, whatever happens in between", async () => {
  await set({ rotation: 'a' });
  const { username } = connection()!;
  users.delete = () => {
    throw new Error('away');
  };
  await set({ inUse: username });
  expect(await secretNames()).toContain('sample-password');
  Reflect.deleteProperty(users, 'delete');
  harness.restart();
  await harness.settle();
  expect([...users.keys()]).toEqual([username]);
  expect(await secretNames()).not.toContain('sample-password');
});

it('leave a password alone that somebody chose, once its user is dropped', async () => {
  harness = new GraphHarness(graph());
  users.clear();
  const chosen = { password: Buffer.from('chosen').toString('base64') };
  const metadata = { namespace: 'ns', name: 'sample-password', labels: { 'app.kubernetes.io/managed-by': 'Helm' } };
  await harness.api.seed(Secret, { metadata, data: chosen });
  await harness.create({ apiVersion: 'example.com/v1', kind: 'Claim', spec: {} });
  await harness.settle();
  expect(users).toEqual(new Map([['glance', 'chosen']]));

  await set({ rotation: 'a' });
  const { username } = connection()!;
  expect([...users.keys()]).toEqual(['glance', username]);
  await set({ inUse: username });
  expect([...users.keys()]).toEqual([username]);
  expect(harness.api.peek(Secret, metadata)?.data).toEqual(chosen);
  expect(harness.object.status?.superseded).toBeUndefined();
  expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  expect(await harness.writesOf(() => harness.settle())).toEqual([]);
});

it('never end another object whose password has the name of theirs', async () => {
  harness = new GraphHarness(graph());
  users.clear();
  const labels = {
    'app.kubernetes.io/managed-by': 'stackwright',
    'app.kubernetes.io/name': 'keystone',
    'app.kubernetes.io/instance': 'sam',
  };
  const metadata = { namespace: 'ns', name: 'sample-password', labels };
  await harness.api.seed(Secret, { metadata, data: { password: Buffer.from('root').toString('base64') } });
  await harness.create({ apiVersion: 'example.com/v1', kind: 'Claim', spec: {} });
  await harness.settle();
  expect(harness.condition('Ready')).toMatchObject({ reason: 'Conflict' });
  expect(users.size).toBe(0);

  await set({ rotation: 'a' });
  await set({ inUse: connection()!.username });
  expect([...users.keys()]).toEqual([connection()!.username]);
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
  await set({ inUse: 'glance' });
  expect(await secretNames()).toEqual(
    ['other-password', 'sample-connection', 'sample-password', 'sample-password-notahash', 'sample-passwords'].sort(),
  );
});
