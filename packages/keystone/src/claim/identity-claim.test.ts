import { IdentityClaim } from '@stackwright/api';
import { Secret } from '@stackwright/kube';
import { secretWith } from '@stackwright/openstack';
import { ClaimHarness } from '@stackwright/openstack/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { Keystone } from '../crd.js';
import { FakeKeystone } from '../testing/fake-keystone.js';
import { identityClaimGraph } from './identity-claim.js';

let keystone: FakeKeystone;
let harness: ClaimHarness<IdentityClaim>;

beforeEach(start);

async function start(): Promise<void> {
  keystone = new FakeKeystone('admin-canary');
  harness = new ClaimHarness(identityClaimGraph({ http: keystone }), Keystone, { resync: 120_000 });
  await harness.runProvider({ release: '2025.1', region: 'RegionOne', replicas: 1, deletionPolicy: 'Retain' });
  await harness.seedSecret('keystone-admin', {
    auth_url: 'http://keystone.ns.svc:5000/v3',
    username: 'admin',
    password: 'admin-canary',
    project_name: 'admin',
  });
  await harness.endpoint('keystone', [{ name: 'http', port: 5000 }]);
}

const spec: IdentityClaim['spec'] = {
  provider: 'keystone',
  user: { name: 'placement', project: 'service', domain: 'Default', roles: ['admin', 'service'] },
  service: {
    type: 'placement',
    name: 'placement',
    endpoints: { public: 'https://placement.example.org', internal: 'http://placement.ns.svc:8778' },
  },
  deletionPolicy: 'Delete',
};
const claim = (more: Partial<IdentityClaim['spec']> = {}) => ({
  apiVersion: 'claims.stackwright.dev/v1alpha1',
  kind: 'IdentityClaim',
  spec: { ...spec, ...more },
});

const fulfilled = (more: Partial<IdentityClaim['spec']> = {}) => harness.fulfilled(claim(more));

const service = () => keystone.services.find(({ type }) => type === 'placement')!;

describe('an IdentityClaim', () => {
  it('becomes a user with roles, a service with endpoints, and a Secret; then nothing is written any more', async () => {
    await fulfilled();
    const user = keystone.user('placement')!;
    expect(user).toMatchObject({ enabled: true, description: 'stackwright.dev/claim=ns/sample' });
    expect(user.password).toMatch(/^[A-Za-z0-9]{32}$/);
    expect(user.options).toMatchObject({ ignore_password_expiry: true });
    expect(keystone.rolesOf('placement')).toEqual(['admin on project service', 'service on project service']);
    expect(service()).toMatchObject({
      name: 'placement',
      enabled: true,
      description: 'stackwright.dev/claim=ns/sample',
    });
    expect(keystone.urlsOf('placement')).toEqual([
      'internal http://placement.ns.svc:8778',
      'public https://placement.example.org',
    ]);
    expect(harness.object.status).toMatchObject({ secretName: 'sample-connection', username: 'placement' });
    const { 'clouds.yaml': clouds, ...rest } = harness.connection;
    expect(rest).toEqual({
      auth_url: 'http://keystone.ns.svc:5000/v3',
      username: 'placement',
      password: user.password,
      project_name: 'service',
      user_domain_name: 'Default',
      project_domain_name: 'Default',
      region_name: 'RegionOne',
      user_id: user.id,
    });
    expect(JSON.parse(clouds!)).toMatchObject({
      clouds: { ns: { auth: { username: 'placement', project_name: 'service' } } },
    });
    // The controller asks for no name and talks to nobody who is not ready.
    expect(new Set(keystone.calls.map(({ address }) => address?.host))).toEqual(new Set(['10.0.0.9']));

    const writes = keystone.writes.length;
    expect(await harness.writesOfRestart()).toEqual([]);
    expect(keystone.writes).toHaveLength(writes);
  });

  it('looks again now and then, with few calls, and does not log in as administrator each time', async () => {
    await fulfilled();
    keystone.calls.length = 0;
    for (let round = 0; round < 5; round++) await harness.reconcile();
    expect(keystone.calls).toEqual([]);
    await harness.lookAgain();
    expect(keystone.calls.length).toBeLessThanOrEqual(8);
    expect(keystone.calls.filter(({ url }) => url.includes('/auth/tokens'))).toHaveLength(1);
  });

  it('says nothing secret in status, events and logs', async () => {
    await fulfilled({ applicationCredential: true });
    const said = await harness.said();
    expect(said).toContain('Create the user');
    const { password, application_credential_secret: secret } = harness.connection;
    for (const canary of ['admin-canary', password!, secret!]) expect(said).not.toContain(canary);
  });

  it('needs no entry in the catalog where only a user is wanted', async () => {
    const { service: _, ...rest } = spec;
    await harness.begin({ ...claim(), spec: rest });
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(keystone.services).toEqual([]);
  });

  it('makes domain, project and roles that are missing', async () => {
    await fulfilled({ user: { name: 'glance', domain: 'Services', project: 'images', roles: ['imager'] } });
    const { id } = keystone.domains.find(({ name }) => name === 'Services')!;
    expect(keystone.rolesOf('glance', id)).toEqual(['imager on project images']);
  });

  it('shares with other claims what they make at the same time', async () => {
    const made = new Set<string>();
    keystone.beforeWrite = (write) => {
      const given = { enabled: true, name: '', id: `other-${made.size}` };
      if (made.has(write)) return;
      made.add(write);
      if (write === 'POST /domains') keystone.domains.push({ ...given, name: 'Services' });
      if (write === 'POST /roles') keystone.roles.push({ ...given, name: 'imager' });
      if (write === 'POST /projects') keystone.projects.push({ ...given, name: 'images', domain_id: 'other-0' });
    };
    await fulfilled({ user: { name: 'glance', domain: 'Services', project: 'images', roles: ['imager'] } });
    expect(keystone.rolesOf('glance', 'other-0')).toEqual(['imager on project images']);
    expect(harness.events.filter(({ type }) => type === 'Warning')).toEqual([]);
  });

  it('waits for its provider, names it, goes on by itself, and keeps its Secret meanwhile', async () => {
    await harness.begin(claim({ provider: 'other' }));
    expect(harness.condition('Ready')).toMatchObject({
      reason: 'WaitingForProvider',
      message: 'Keystone other does not exist',
    });
    await harness.set({ provider: 'keystone' });
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    // For a wrong schedule, say.
    await harness.sayProviderReady(false);
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    await harness.sayProviderReady(true);
    keystone.down = true;
    await harness.sayProviderReady(false);
    expect(harness.condition('Ready')).toMatchObject({
      message: 'Keystone keystone is not ready: Pod keystone-0 is starting',
    });
    expect(harness.connection).toHaveProperty('password');
  });

  it('says that Keystone does not answer or refuses us, and heals', async () => {
    keystone.down = true;
    await harness.begin(claim());
    expect(harness.condition('Ready')).toMatchObject({ reason: 'ServerUnreachable' });
    keystone.down = false;
    keystone.user('admin')!.password = 'other';
    await harness.lookAgain();
    expect(harness.condition('Ready')).toMatchObject({ reason: 'AccessDenied' });
    expect(harness.condition('Ready')?.message).toContain('the login of user "admin"');
    keystone.user('admin')!.password = 'admin-canary';
    await harness.lookAgain();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });

  it('renews a token of the administrator that is not taken any more', async () => {
    await fulfilled();
    keystone.forgetTokens();
    await harness.lookAgain();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });

  it('asks the Pods themselves, and passes on what others are to ask and whom to trust', async () => {
    await harness.edit(Keystone, 'keystone', { spec: { tls: { secretRef: { name: 'certificate' } } } });
    await harness.sayProviderReady(true);
    const values = { auth_url: 'https://identity.example.org/v3', 'ca.crt': 'PEM' };
    const { data } = secretWith('keystone-admin', values);
    await harness.edit(Secret, 'keystone-admin', { data });
    await fulfilled();
    expect(harness.connection).toMatchObject(values);
    expect(keystone.calls.every(({ ca }) => ca === 'PEM')).toBe(true);
    expect(new Set(keystone.calls.map(({ url }) => new URL(url).origin))).toEqual(
      new Set(['https://keystone.ns.svc:5000']),
    );
  });
});

describe('a Keystone that lost its database', () => {
  it('is given nothing before its bootstrap, although its cache still lets the administrator in', async () => {
    await fulfilled();
    keystone.domains.splice(0);
    keystone.projects.splice(0);
    const before = [...keystone.writes];
    await harness.lookAgain();
    expect(harness.condition('IdentityReady')).toMatchObject({ status: 'False', reason: 'WaitingForProvider' });
    expect(harness.condition('IdentityReady')?.message).toContain('no domain "Default"');
    expect(keystone.domains).toEqual([]);
    expect(keystone.writes).toEqual(before);
  });

  it('is given all of it as soon as its bootstrap is done', async () => {
    await fulfilled();
    const domains = keystone.domains.splice(0);
    const projects = keystone.projects.splice(0);
    keystone.users.splice(1);
    await harness.lookAgain();
    expect(harness.condition('IdentityReady')).toMatchObject({ status: 'False' });
    keystone.domains.push(...domains);
    keystone.projects.push(...projects);
    await harness.edit(Keystone, harness.provider, { status: { bootstrap: 'keystone-bootstrap-2' } }, 'status');
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(keystone.user('placement')).toBeDefined();
  });
});

describe('what was changed by hand', () => {
  const state = () => ({
    users: keystone.users.map(({ id: _, ...user }) => user),
    roles: keystone.rolesOf('placement'),
    services: keystone.services.map(({ id: _, ...one }) => one),
    urls: keystone.urlsOf('placement'),
    enabled: keystone.endpoints.map(({ enabled }) => enabled),
  });
  const user = () => keystone.user('placement')!;

  it.each<[string, () => void]>([
    ['an endpoint that was deleted', () => void keystone.endpoints.shift()],
    ['an endpoint that leads elsewhere', () => (keystone.endpoints[0]!.url = 'http://elsewhere')],
    ['an endpoint that was disabled', () => (keystone.endpoints[0]!.enabled = false)],
    ['an endpoint there twice', () => void keystone.endpoints.push({ ...keystone.endpoints[0]!, id: 'endpoint-99' })],
    ['a service there twice', () => void keystone.services.unshift({ ...service(), id: 'service-0' })],
    ['a service that was deleted', () => void keystone.delete('services', service().id)],
    ['a service that was renamed', () => (service().name = 'other')],
    ['a service that was disabled', () => (service().enabled = false)],
    ['a service that lost its mark', () => (service().description = '')],
    ['a role that was revoked', () => void keystone.assignments.splice(1, 1)],
    ['all roles', () => void keystone.assignments.splice(1)],
    ['a user that was disabled', () => (user().enabled = false)],
    ['a user that was disabled, with another password', () => Object.assign(user(), { enabled: false, password: 'x' })],
    ['a password', () => (user().password = 'guessed')],
    ['a user that lost its mark', () => (user().description = 'A fine user')],
    ['options of a user', () => (user().options = {})],
    ['a user that was deleted', () => void keystone.delete('users', user().id)],
    ['a role too many', () => void keystone.assignments.push({ ...keystone.assignments.at(-1)!, role: 'r-member' })],
  ])('is set right: %s', async (_, change) => {
    await fulfilled();
    const before = state();
    const data = harness.connection;
    change();
    expect(state()).not.toEqual(before);
    await harness.lookAgain();
    const sorted = ({ users, ...rest }: ReturnType<typeof state>) => ({
      ...rest,
      users: users.sort((a, b) => (a.name < b.name ? -1 : 1)),
    });
    expect(sorted(state())).toEqual(sorted(before));
    expect(harness.connection).toEqual({ ...data, user_id: user().id });
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    const writes = keystone.writes.length;
    await harness.lookAgain();
    expect(keystone.writes).toHaveLength(writes);
  });

  it('and what services know by its id is told when it is made again', async () => {
    await fulfilled();
    await harness.rotate('new');
    expect(harness.events.filter(({ reason }) => reason === 'MadeAgain')).toEqual([]);
    await harness.rotate(null);
    keystone.delete('users', user().id);
    await harness.lookAgain();
    expect(harness.events.filter(({ reason }) => reason === 'MadeAgain')).toMatchObject([
      { type: 'Warning', note: expect.stringContaining('The user "placement" was gone from Keystone') as string },
    ]);
  });

  it('names what is shared and was disabled, and leaves it to those who did', async () => {
    await fulfilled();
    keystone.projects.find(({ name }) => name === 'service')!.enabled = false;
    await harness.lookAgain();
    expect(harness.condition('Ready')?.message).toContain('openstack project set --enable service');
  });

  it('follows changes of the spec, and takes away what is not wanted any more', async () => {
    await fulfilled();
    await harness.set({
      user: { roles: ['service'] },
      service: {
        name: 'Placement',
        endpoints: { public: 'https://new.example.org', internal: null, admin: 'http://admin' },
      },
    });
    expect(keystone.rolesOf('placement')).toEqual(['service on project service']);
    expect(service().name).toBe('Placement');
    expect(keystone.urlsOf('placement')).toEqual(['admin http://admin', 'public https://new.example.org']);
  });

  it('takes a role away that it has given once those that come instead are there, and not before', async () => {
    await fulfilled();
    expect(keystone.rolesOf('placement')).toContain('admin on project service');
    keystone.writes.length = 0;
    keystone.beforeWrite = () => {
      throw new Error('away');
    };
    await harness.set({ user: { roles: ['reader', 'service'] } });
    expect(keystone.rolesOf('placement')).toEqual(['admin on project service', 'service on project service']);
    keystone.beforeWrite = () => undefined;
    await harness.startAgain();
    expect(keystone.rolesOf('placement').sort()).toEqual(['reader on project service', 'service on project service']);
    expect(keystone.writes.filter((write) => write.includes('/roles/')).map((write) => write.split(' ')[0])).toEqual([
      'PUT',
      'DELETE',
    ]);
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });

  it('leaves endpoints of another region alone', async () => {
    await fulfilled();
    const other = { ...keystone.endpoints[0]!, id: 'e-2', region_id: 'RegionTwo', url: 'http://two' };
    keystone.endpoints.push(other);
    await harness.lookAgain();
    await harness.delete();
    expect(harness.isGone).toBe(true);
    // The service stays, since the other region's entry would go with it.
    expect(keystone.endpoints).toEqual([other]);
    expect(keystone.services).toHaveLength(1);
  });
});

describe('what belongs to others', () => {
  const theirs = { enabled: true, domain_id: 'default', options: {}, password: 'theirs' };
  const catalogEntry = { id: 's-1', type: 'placement', name: 'placement', enabled: true };

  async function refused(reason: string): Promise<string> {
    await harness.begin(claim());
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason });
    expect(keystone.writes).toEqual([]);
    return harness.condition('Ready')?.message ?? '';
  }

  it('is a user that nobody marked: refused, until it is handed over as the message says', async () => {
    keystone.users.push({ ...theirs, id: 'u-1', name: 'Placement' });
    keystone.users.at(-1)!.name = 'placement';
    const message = await refused('UserTaken');
    const [, description] = /--description '([^']*)' placement/.exec(message)!;
    keystone.user('placement')!.description = description!;
    await harness.lookAgain();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(keystone.users.filter(({ name }) => name === 'placement')).toHaveLength(1);
    expect(harness.connection['password']).toBe(keystone.user('placement')!.password);
  });

  it("is another claim's user", async () => {
    keystone.users.push({ ...theirs, id: 'u-1', name: 'placement', description: 'stackwright.dev/claim=b/c' });
    expect(await refused('UserTaken')).toContain('belongs to the IdentityClaim b/c');
    // Nobody tried our password on it.
    expect(keystone.calls.filter(({ url }) => url.includes('/auth/tokens'))).toHaveLength(1);
  });

  it("is another claim's service, or nobody's that leads elsewhere", async () => {
    keystone.services.push({ ...catalogEntry, description: 'stackwright.dev/claim=b/c' });
    expect(await refused('ServiceTaken')).toContain('belongs to the IdentityClaim b/c');
    keystone.services[0]!.description = 'Placement';
    await harness.lookAgain();
    expect(harness.condition('Ready')).toMatchObject({ reason: 'ServiceTaken' });
    const message = harness.condition('Ready')!.message;
    const [, description] = /openstack service set --description '([^']*)' s-1/.exec(message)!;
    keystone.services[0]!.description = description!;
    await harness.lookAgain();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(keystone.services).toHaveLength(1);
  });

  it("is another region's entry of the same type: ours stands beside it", async () => {
    keystone.services.push(catalogEntry);
    const endpoint = {
      id: 'e-1',
      service_id: 's-1',
      interface: 'public',
      region_id: 'RegionTwo',
      url: 'u',
      enabled: true,
    };
    keystone.endpoints.push(endpoint);
    await fulfilled();
    expect(keystone.services).toHaveLength(2);
    expect(keystone.endpoints[0]).toEqual(endpoint);
  });

  it.each([
    ['user', { user: { ...spec.user, name: 'Placement' }, service: { ...spec.service!, type: 'other' } }, 'UserTaken'],
    ['service', { user: { ...spec.user, name: 'other' } }, 'ServiceTaken'],
  ])('is the %s of an older claim', async (_, more, reason) => {
    const metadata = { ...harness.at('older'), creationTimestamp: '2020-01-01T00:00:00Z' };
    await harness.api.seed(IdentityClaim, { ...claim(more), metadata });
    expect(await refused(reason)).toContain('the IdentityClaim older has the');
    expect(harness.api.peek(Secret, harness.at('sample-password'))).toBeUndefined();
  });
});

describe('deletion', () => {
  it("removes the claim's own user, service and endpoints, and nothing of others", async () => {
    await fulfilled({ domainAdmin: { domain: 'heat', user: 'heat_domain_admin' } });
    const other = { id: 'u-1', name: 'placement-x', domain_id: 'default', enabled: true, options: {}, password: '' };
    keystone.users.push(other);
    keystone.services.push({ id: 's-1', type: 'image', name: 'glance', enabled: true });
    await harness.delete();
    expect(harness.isGone).toBe(true);
    expect(keystone.users.map(({ name }) => name)).toEqual(['admin', 'placement-x']);
    expect(keystone.services.map(({ name }) => name)).toEqual(['glance']);
    expect(keystone.endpoints).toEqual([]);
    // Shared, or full of what others made.
    expect(keystone.projects.map(({ name }) => name)).toContain('service');
    expect(keystone.domains.map(({ name }) => name)).toContain('heat');
    expect(await harness.listed(Secret)).toHaveLength(1);
  });

  it('leaves what this claim was refused', async () => {
    keystone.services.push({ id: 's-1', type: 'placement', name: 'p', enabled: true, description: 'by hand' });
    await harness.begin(claim());
    await harness.delete();
    expect(harness.isGone).toBe(true);
    expect(keystone.services).toHaveLength(1);
  });

  it('with Retain keeps user and password for the same claim; the catalog never lists what is gone', async () => {
    await fulfilled({ deletionPolicy: 'Retain' });
    const { password } = harness.connection;
    await harness.delete();
    expect(harness.isGone).toBe(true);
    expect(keystone.services).toEqual([]);
    expect(keystone.endpoints).toEqual([]);
    const users = structuredClone(keystone.users);
    await fulfilled();
    expect(harness.connection).toMatchObject({ password });
    expect(keystone.users).toEqual(users);
    expect(keystone.services).toHaveLength(1);
  });

  it('waits for a Keystone that is away, and ends when it is gone for good', async () => {
    await fulfilled();
    keystone.down = true;
    expect(await harness.deleteWithProvider()).toBe('ServerUnreachable');
  });
});

describe('rotation', () => {
  const names = () => keystone.users.map(({ name }) => name).filter((name) => name !== 'admin');

  it('makes a user beside the old one, which works on until the consumer runs with the new one', async () => {
    await fulfilled({ applicationCredential: true, domainAdmin: { domain: 'heat', user: 'heat_admin' } });
    const before = harness.connection;
    await harness.rotate('2026-11');
    const after = harness.connection;
    expect(after['username']).toMatch(/^placement\/[0-9a-f]{8}$/);
    expect(after['domain_admin_username']).toBe(after['username']!.replace('placement', 'heat_admin'));
    for (const key of [
      'password',
      'domain_admin_password',
      'application_credential_id',
      'application_credential_secret',
    ]) {
      expect(after[key]).not.toBe(before[key]);
    }
    expect(keystone.user('placement')).toMatchObject({ enabled: true, password: before['password'] });
    expect(keystone.rolesOf(after['username']!)).toEqual(keystone.rolesOf('placement'));
    expect(keystone.credentials).toHaveLength(2);
    expect(harness.object.status).toMatchObject({ username: after['username'], superseded: ['placement'] });

    // The old ones are looked after as long as they may be in use.
    keystone.user('placement')!.enabled = false;
    await harness.lookAgain();
    expect(keystone.user('placement')).toMatchObject({ enabled: true });

    await harness.use(after['username']!);
    expect(names()).toEqual([after['username'], after['domain_admin_username']]);
    expect(keystone.credentials.map(({ id }) => id)).toEqual([after['application_credential_id']]);
    expect(harness.connection).toEqual(after);
    expect(harness.object.status?.superseded).toBeUndefined();
    const secrets = (await harness.listed(Secret)).map(({ metadata }) => metadata!.name!);
    expect(secrets.filter((name) => name.startsWith('sample-'))).toHaveLength(4);
    expect(await harness.writesOf(() => harness.lookAgain())).toEqual([]);
  });

  it('drops a user whose Secret somebody deleted, too, and never one of another claim', async () => {
    await fulfilled();
    await harness.rotate('a');
    await harness.api.delete(Secret, harness.at('sample-password'));
    const other = { ...keystone.user('placement')!, id: 'u-1', name: 'placement-00000000', description: 'not ours' };
    keystone.users.push(other);
    await harness.use(harness.connection['username']!);
    expect(names()).toEqual([harness.connection['username'], other.name]);
  });
});

describe('an application credential', () => {
  it('is made as the user, on its project and with its roles, and made again when it does not work', async () => {
    await fulfilled({ applicationCredential: true });
    const [made] = keystone.credentials;
    expect(made).toMatchObject({ user_id: keystone.user('placement')!.id, name: 'stackwright' });
    expect(harness.connection).toMatchObject({
      application_credential_id: made!.id,
      application_credential_secret: made!.secret,
    });
    keystone.user('placement')!.enabled = false;
    await harness.lookAgain();
    expect(keystone.credentials).toEqual([made]);
    keystone.credentials.length = 0;
    await harness.lookAgain();
    expect(harness.connection['application_credential_id']).toBe(keystone.credentials[0]!.id);
    keystone.delete('users', keystone.user('placement')!.id);
    await harness.lookAgain();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(harness.connection['application_credential_id']).toBe(keystone.credentials[0]!.id);
    await harness.set({ user: { roles: ['service'] } });
    expect(keystone.credentials.map(({ roles }) => roles.map(({ name }) => name))).toEqual([['service']]);
    expect(harness.connection['application_credential_id']).toBe(keystone.credentials[0]!.id);
    await harness.set({ applicationCredential: null });
    expect(keystone.credentials).toEqual([]);
    expect(harness.connection).not.toHaveProperty('application_credential_id');
  });
});

describe('a domain administrator', () => {
  it('is a user of a domain of its own, with the role admin on it and nowhere else', async () => {
    await fulfilled({ domainAdmin: { domain: 'heat', user: 'heat_domain_admin' } });
    const { id } = keystone.domains.find(({ name }) => name === 'heat')!;
    expect(keystone.rolesOf('heat_domain_admin', id)).toEqual(['admin on domain heat']);
    expect(harness.connection).toMatchObject({
      domain_name: 'heat',
      domain_admin_username: 'heat_domain_admin',
      domain_admin_password: keystone.user('heat_domain_admin', id)!.password,
    });
  });
});

describe('a Secret of an earlier version of ours, which noted none', () => {
  it.each([
    ['sample-password', 'password'],
    ['sample-application-secret', 'application_credential_secret'],
    ['sample-domain-secret', 'domain_admin_password'],
  ])('%s is missed, and named with where else it is', async (name, key) => {
    await fulfilled({ applicationCredential: true, domainAdmin: { domain: 'heat', user: 'heat_admin' } });
    const writes = keystone.writes.length;
    await harness.loseSecret(name, { isNoted: false });
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'PasswordLost' });
    const { message = '' } = harness.condition('Ready') ?? {};
    expect(message).toContain(`Secret ${name} was deleted`);
    expect(message).toContain(`the Secret sample-connection has it, too, under "${key}"`);
    expect(keystone.writes).toHaveLength(writes);
  });

  it('is made of what is asked for besides', async () => {
    await fulfilled();
    await harness.edit(IdentityClaim, 'sample', { status: { kept: null } }, 'status');
    harness.restart();
    await harness.set({ applicationCredential: true, domainAdmin: { domain: 'heat', user: 'heat_admin' } });
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });
});

describe('a crash at any call that changes Keystone', () => {
  const more = { applicationCredential: true, domainAdmin: { domain: 'heat', user: 'heat_admin' } };
  class Crash extends Error {}

  function crashAt(index: number, fate: 'beforeWrite' | 'afterWrite'): void {
    let count = 0;
    let crashed = false;
    // From then on nothing gets through.
    keystone.beforeWrite = () => {
      if (crashed || (fate === 'beforeWrite' && count++ === index)) {
        crashed = true;
        throw new Crash();
      }
    };
    keystone.afterWrite = () => {
      if (fate === 'afterWrite' && count++ === index) {
        crashed = true;
        throw new Crash();
      }
    };
  }

  async function again(): Promise<void> {
    keystone.beforeWrite = keystone.afterWrite = () => undefined;
    harness.restart();
    await harness.settle();
  }

  const summary = () => ({
    users: keystone.users.map(({ name }) => name).sort(),
    roles: [keystone.rolesOf('placement'), keystone.assignments.length],
    services: keystone.services.map(({ name }) => name),
    urls: keystone.urlsOf('placement'),
    credentials: keystone.credentials.map(({ name }) => name),
    projects: keystone.projects.map(({ name }) => name),
    domains: keystone.domains.map(({ name }) => name),
  });

  it('leaves nothing twice, nothing out, and the same password', async () => {
    await fulfilled(more);
    const reference = summary();
    const writes = keystone.writes.length;
    expect(writes).toBeGreaterThan(10);
    for (let index = 0; index < writes; index++) {
      for (const fate of ['beforeWrite', 'afterWrite'] as const) {
        await start();
        crashAt(index, fate);
        await harness.begin(claim(more));
        const where = `${fate} ${index}`;
        expect(harness.condition('Ready'), where).toMatchObject({ status: 'False' });
        const kept = harness.api.peek(Secret, harness.at('sample-password'))?.data;
        await again();
        expect(harness.condition('Ready'), where).toMatchObject({ status: 'True' });
        expect(summary(), where).toEqual(reference);
        expect(harness.api.peek(Secret, harness.at('sample-password'))?.data, where).toEqual(kept);
        expect(harness.connection['password'], where).toBe(keystone.user('placement')!.password);
        expect(harness.connection['application_credential_id'], where).toBe(keystone.credentials[0]!.id);
      }
    }
  });

  it('while deleting leaves nothing behind', async () => {
    await fulfilled(more);
    const before = keystone.writes.length;
    await harness.delete();
    const writes = keystone.writes.length - before;
    expect(writes).toBeGreaterThan(3);
    for (let index = 0; index < writes; index++) {
      for (const fate of ['beforeWrite', 'afterWrite'] as const) {
        await start();
        await fulfilled(more);
        crashAt(index, fate);
        await harness.delete();
        await again();
        expect(harness.isGone, `${fate} ${index}`).toBe(true);
        expect(summary()).toMatchObject({ users: ['admin'], services: [], urls: [], credentials: [] });
      }
    }
  });
});
