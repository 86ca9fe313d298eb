import { CacheClaim, DatabaseClaim } from '@stackwright/api';
import { CronJob, Deployment, Job, Secret } from '@stackwright/kube';
import { makeAuthority } from '@stackwright/kube/testing/tls';
import { ServiceHarness, type FakeHttp } from '@stackwright/openstack/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { passwordFile } from './manage/bootstrap.js';
import type { Keystone } from './crd.js';
import { Keystone as KeystoneKind } from './crd.js';
import { keystoneGraph } from './keystone.js';
import { keystone } from './testing/sample.js';

const namespace = 'ns';
const at = (name: string) => ({ namespace, name });

let harness: ServiceHarness<Keystone>;
let http: FakeHttp;

beforeEach(() => {
  harness = new ServiceHarness(keystoneGraph);
  harness.connections.database = { ...harness.connections.database, password: databasePassword };
  http = harness.http;
});

const databasePassword = 'db-canary-password';

/** Those of the keys that there are. */
const values = (name: string, ...keys: string[]): Record<string, string> =>
  Object.fromEntries(Object.entries(harness.values(name)).filter(([key]) => keys.includes(key)));

async function jobOf(purpose: string): Promise<Job & { metadata: { name: string } }> {
  const jobs = (await harness.listed(Job)).filter(
    ({ metadata }) => metadata?.labels?.['app.kubernetes.io/component'] === purpose,
  );
  expect(jobs).toHaveLength(1);
  return jobs[0] as Job & { metadata: { name: string } };
}

const running = (spec: Partial<Keystone['spec']> = {}) => harness.standUp(keystone(spec));

describe('a Keystone', () => {
  it('asks for what it needs, and makes its keys meanwhile', async () => {
    await harness.begin(keystone());
    expect(harness.api.peek(DatabaseClaim, at('sample-database'))?.spec).toMatchObject({
      database: 'keystone',
      deletionPolicy: 'Retain',
    });
    expect(harness.api.peek(CacheClaim, at('sample-cache'))).toBeDefined();
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'WaitingForClaim' });
    expect(harness.object.status).toMatchObject({ waitingFor: [{ kind: 'DatabaseClaim' }, { kind: 'CacheClaim' }] });
    expect(harness.condition('KeysReady')).toMatchObject({ status: 'True' });
    expect(await harness.listed(Job)).toEqual([]);
  });

  it('migrates its schema first, then bootstraps while the API starts', async () => {
    await harness.begin(keystone());
    await harness.provide();
    expect(harness.condition('Ready')).toMatchObject({ reason: 'JobRunning' });
    expect(harness.api.peek(Deployment, at('sample'))).toBeUndefined();
    expect((await jobOf('db-sync')).spec?.template.spec?.containers[0]?.command).toEqual([
      'keystone-manage',
      'db_sync',
    ]);
    await harness.endJobs('db-sync');
    expect(harness.api.peek(Deployment, at('sample'))).toBeDefined();
    expect(await jobOf('bootstrap')).toBeDefined();
  });

  it('is Ready when the API answers, says where it is, and then writes nothing', async () => {
    http.answer = new Error('connect ECONNREFUSED');
    await running();
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'ApiUnreachable' });
    http.answer = 200;
    await harness.later(120_000);
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(harness.object.status).toMatchObject({ endpoint: 'http://sample.ns.svc:5000', release: '2025.1' });
    harness.restart();
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
  });

  it('is Ready only when its administrator can log in and is answered', async () => {
    http.login = 401;
    await running();
    expect(harness.condition('EndpointReady')).toMatchObject({ status: 'False', reason: 'AccessDenied' });
    http.login = new Error('socket hang up');
    await harness.later(120_000);
    // Its own login is nothing that it waits for.
    expect(harness.condition('EndpointReady')).toMatchObject({ reason: 'ApiUnreachable' });
    http.login = undefined;
    http.asked();
    await harness.later(120_000);
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(http.asked()).toEqual([
      'GET http://sample.ns.svc:5000/healthcheck @ 10.0.0.7',
      'POST http://sample.ns.svc:5000/v3/auth/tokens?nocatalog @ 10.0.0.7',
      'GET http://sample.ns.svc:5000/v3/regions @ 10.0.0.7',
    ]);
  });

  it('is Ready no longer when it gives no tokens, though it still takes the one that its controller has', async () => {
    await running();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    http.login = 500;
    await harness.later(120_000);
    expect(harness.condition('EndpointReady')).toMatchObject({ status: 'False', reason: 'IdentityFailed' });
    http.login = undefined;
    http.asked();
    await harness.later(120_000);
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    // By the token that there is: no password is hashed for it.
    const [first] = http.calls.filter(({ method }) => method === 'POST');
    expect(JSON.stringify(first?.json)).toContain('"methods":["token"]');
  });

  it('is asked for what goes to its database each time', async () => {
    await running();
    // What its cache holds is answered while the database is away.
    http.answer = ({ url }) => (/regions|users\?|domains\?/.test(url) ? 500 : 200);
    await harness.later(120_000);
    expect(harness.condition('EndpointReady')).toMatchObject({ status: 'False', reason: 'ApiUnreachable' });
  });

  it('is served by threads that do not share who calls', async () => {
    await running();
    const application = harness.text('sample-uwsgi', 'application').trim();
    const [module = ''] = application.split(':');
    expect(harness.text('sample-uwsgi', `${module}.py`)).toContain('AuthContextMiddleware.token = PerThread()');
  });

  it('gives clients a clouds.yaml', async () => {
    await running({ region: 'North' });
    const { 'clouds.yaml': text = '', password } = values('sample-admin', 'clouds.yaml', 'password');
    const { clouds } = JSON.parse(text) as { clouds: Record<string, { auth: object; region_name: string }> };
    expect(clouds['ns']).toMatchObject({
      auth: { auth_url: 'http://sample.ns.svc:5000/v3', username: 'admin', password },
      region_name: 'North',
    });
  });

  it('drops trusts that are long over', async () => {
    await running();
    const cronJob = harness.api.peek(CronJob, at('sample-purge'))?.spec;
    expect(cronJob).toMatchObject({ schedule: '23 3 * * *', suspend: false });
    expect(cronJob?.jobTemplate.spec?.template.spec?.containers[0]?.command?.at(-1)).toBe('30');
  });

  it('says nothing secret outside Secrets', async () => {
    await running();
    const secrets = [
      databasePassword,
      values('sample-admin', 'password')['password']!,
      ...Object.values(values('sample-fernet-keys', '0', '1')),
      ...Object.values(values('sample-credential-keys', '0', '1')),
    ];
    expect(secrets).toHaveLength(6);
    const said = await harness.said(Deployment, Job, DatabaseClaim, CacheClaim);
    for (const secret of secrets) expect(said).not.toContain(secret);
  });

  it('mounts its keys read-only, runs as nobody special, and reads the first password from a file', async () => {
    await running();
    const pod = harness.api.peek(Deployment, at('sample'))!.spec!.template.spec!;
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 64110 });
    const [container] = pod.containers;
    expect(container?.securityContext).toMatchObject({ readOnlyRootFilesystem: true });
    for (const path of ['/etc/keystone/fernet-keys', '/etc/keystone/credential-keys', '/etc/keystone/keystone.conf']) {
      expect(container?.volumeMounts?.find(({ mountPath }) => mountPath === path)).toMatchObject({ readOnly: true });
    }
    const bootstrap = (await jobOf('bootstrap')).spec!.template.spec!.containers[0]!;
    expect(bootstrap.command).toContain(passwordFile);
    // Rules for people's passwords must not lock the controller out.
    expect(bootstrap.command?.join(' ')).toContain('"ignore_password_expiry":true');
    expect(bootstrap.volumeMounts?.map(({ mountPath }) => mountPath)).toContain(passwordFile);
    expect((bootstrap.env ?? []).map(({ name }) => name)).toEqual(['PYTHONPATH']);
  });
});

it('over HTTPS: who logs in with its Secret knows whom to trust, and so does the catalog', async () => {
  const authority = await makeAuthority();
  const { cert, key } = await authority.issue('keystone', ['sample.ns.svc']);
  const pair = { 'tls.crt': cert, 'tls.key': key, 'ca.crt': authority.ca };
  await harness.seedSecret('certificate', pair, { 'stackwright.dev/usable-by': 'keystone' });
  await running({ tls: { secretRef: { name: 'certificate' } } });
  expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  const admin = values('sample-admin', 'auth_url', 'ca.crt', 'clouds.yaml');
  expect(admin).toMatchObject({ auth_url: 'https://sample.ns.svc:5000/v3', 'ca.crt': authority.ca });
  expect(admin['clouds.yaml']).toContain('"cacert": "/etc/openstack/ca.crt"');
  expect(http.calls.length).toBeGreaterThan(0);
  expect(http.calls.filter(({ url, ca }) => !url.startsWith('https://') || ca !== authority.ca)).toEqual([]);
  const { spec } = await jobOf('bootstrap');
  expect(spec?.template.spec?.containers[0]?.command).toContain('https://sample.ns.svc:5000/v3');
});

describe('what changes', () => {
  it('an option: new Pods, and neither migration nor bootstrap', async () => {
    await running();
    const before = harness.api.peek(Deployment, at('sample'))!;
    const jobs = (await harness.listed(Job)).map(({ metadata }) => metadata?.name);
    await harness.edit(KeystoneKind, 'sample', {
      spec: { config: { 'keystone.conf': { token: { expiration: 7200 } } } },
    });
    await harness.settle();
    await harness.endJobs('config-check');
    const after = harness.api.peek(Deployment, at('sample'))!;
    expect(after.spec?.template).not.toEqual(before.spec?.template);
    const [config = ''] =
      after.spec?.template.spec?.volumes?.flatMap(({ name, secret }) =>
        name === 'secret-sample-config' ? (secret?.secretName ?? []) : [],
      ) ?? [];
    expect(values(config, 'keystone.conf')['keystone.conf']).toMatch(/\[token\]\nexpiration = 7200/);
    expect((await harness.listed(Job)).map(({ metadata }) => metadata?.name)).toEqual(jobs);
  });

  it.each([
    [{ database: { connection: 'sqlite://' } }, 'it comes from the database claim'],
    [{ fernet_tokens: { max_active_keys: 9 } }, 'set spec.fernet.maxActiveKeys instead'],
  ])('an option that is ours: refused with its reason, and what runs stays', async (section, why) => {
    await running();
    const before = harness.api.peek(Deployment, at('sample'));
    await harness.edit(KeystoneKind, 'sample', { spec: { config: { 'keystone.conf': section } } });
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'InvalidConfig' });
    expect(harness.condition('Ready')?.message).toContain(why);
    expect(harness.api.peek(Deployment, at('sample'))).toEqual(before);
  });

  it('the public URL: bootstrap runs again, and the migration does not', async () => {
    await running();
    const [migration, bootstrap] = [await jobOf('db-sync'), await jobOf('bootstrap')];
    await harness.edit(KeystoneKind, 'sample', { spec: { endpoints: { public: 'https://identity.example.org/' } } });
    await harness.settle();
    const running_ = (await harness.listed(Job)).filter(
      ({ metadata }) => metadata?.name !== bootstrap.metadata.name,
    ) as Job[];
    expect(running_.map(({ metadata }) => metadata?.name)).toContain(migration.metadata.name);
    const commands = running_.map(({ spec }) => spec?.template.spec?.containers[0]?.command?.join(' ') ?? '');
    expect(commands.some((command) => command.includes('--bootstrap-public-url https://identity.example.org/v3'))).toBe(
      true,
    );
  });

  it("the administrator's password in its Secret: bootstrap sets it", async () => {
    await running();
    const before = await jobOf('bootstrap');
    await harness.edit(Secret, 'sample-admin-password', {
      data: { password: Buffer.from('chosen').toString('base64') },
    });
    await harness.settle();
    expect(values('sample-admin', 'password')).toEqual({ password: 'chosen' });
    const names = (await harness.listed(Job)).map(({ metadata }) => metadata?.name ?? '');
    expect(names.filter((name) => name.includes('bootstrap') && name !== before.metadata.name)).toHaveLength(1);
  });

  it('a release that the catalog does not know: refused, and what runs stays', async () => {
    await running();
    const before = harness.api.peek(Deployment, at('sample'));
    await harness.edit(KeystoneKind, 'sample', { spec: { release: '2031.2' } });
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'UnsupportedRelease' });
    expect(harness.condition('Ready')?.message).toContain('2025.1');
    expect(harness.api.peek(Deployment, at('sample'))).toEqual(before);
  });
});

describe('trouble', () => {
  it('a failing migration shows the end of its log and is tried again', async () => {
    await harness.begin(keystone());
    await harness.provide();
    const job = await jobOf('db-sync');
    const url = `mysql+pymysql://keystone:${databasePassword}@mariadb`;
    await harness.endPod(job, 1, `oslo_db: cannot connect to ${url}\n`);
    await harness.endJobs('db-sync', 'Failed');
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'JobFailed' });
    expect(harness.condition('Ready')?.message).toContain('oslo_db: cannot connect');
    expect(harness.condition('Ready')?.message).not.toContain(databasePassword);

    await harness.later(600_000);
    const again = await jobOf('db-sync');
    expect(again.metadata.uid).not.toBe(job.metadata.uid);
    await harness.endJobs('db-sync');
    expect(harness.condition('DbSyncReady')).toMatchObject({ status: 'True' });
  });

  it('keys that lost their staged key are not quietly replaced', async () => {
    await running();
    const before = values('sample-fernet-keys', '1');
    await harness.edit(Secret, 'sample-fernet-keys', { data: { '0': null } });
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'SecretIncomplete' });
    expect(values('sample-fernet-keys', '1')).toEqual(before);
  });

  it.each(
    ['sample-fernet-keys', 'sample-credential-keys', 'sample-admin-password'].flatMap((name) =>
      [true, false].map((isNoted) => ({ name, isNoted })),
    ),
  )('$name, deleted, is missed by name, and never made anew by itself (noted $isNoted)', async ({ name, isNoted }) => {
    await running();
    const before = harness.api.peek(Deployment, at('sample'));
    await harness.loseSecret(name, { isNoted });
    await harness.later(60_000);
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'PasswordLost' });
    const { message = '' } = harness.condition('Ready') ?? {};
    expect(message).toContain(`Secret ${name} was deleted`);
    expect(harness.api.peek(Secret, at(name))).toBeUndefined();
    expect(harness.api.peek(Deployment, at('sample'))).toEqual(before);
    expect(values('sample-admin', 'password')['password']).toBeDefined();

    const [, accept = '', id = ''] = /(stackwright\.dev\/make-anew)=(\w+)/.exec(message) ?? [];
    await harness.annotate({ [accept]: id });
    await harness.endJobs();
    expect(harness.api.peek(Secret, at(name))).toBeDefined();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });

  it('an empty database in the place of a lost one gets schema and administrator again', async () => {
    harness.databaseId = 'first';
    await running();
    const before = [await jobOf('db-sync'), await jobOf('bootstrap')].map(({ metadata }) => metadata.name);
    harness.databaseId = 'second';
    await harness.provide();
    await harness.endJobs('db-sync');
    await harness.endJobs('bootstrap');
    const names = (await harness.listed(Job)).map(({ metadata }) => metadata?.name ?? '');
    for (const purpose of ['db-sync', 'bootstrap']) {
      expect(names.filter((name) => name.includes(purpose) && !before.includes(name))).toHaveLength(1);
    }
    // Claims look again by that.
    expect(before).not.toContain(harness.object.status?.bootstrap);
    expect(names).toContain(harness.object.status?.bootstrap);
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });

  it('a password of the database that a URL has to escape is in a file, which keystone-manage can read', async () => {
    Object.assign(harness.connections.database, { password: '50% @home' });
    await running();
    expect(harness.file('keystone.conf')).toContain(
      'connection = mysql+pymysql://sample@mariadb.ns.svc:3306/sample?read_default_file=/etc/keystone/database.cnf\n',
    );
    expect(harness.file('database.cnf')).toBe('[client]\npassword = "50% @home"\n');
    const { volumeMounts } = (await jobOf('db-sync')).spec!.template.spec!.containers[0]!;
    expect(volumeMounts).toContainEqual(expect.objectContaining({ mountPath: '/etc/keystone/database.cnf' }));
  });

  it('a claim that is lost for a while touches nothing that runs', async () => {
    await running();
    const before = harness.api.peek(Deployment, at('sample'));
    const lost = { reason: 'WaitingForProvider', message: 'MariaDB mariadb is not ready' };
    await harness.sayReady(DatabaseClaim, 'sample-database', lost);
    expect(await harness.writesOf(() => harness.settle())).toEqual([
      'patch keystones.keystone.stackwright.dev/status ns/sample',
    ]);
    expect(harness.condition('Ready')?.message).toContain('MariaDB mariadb is not ready');
    expect(harness.api.peek(Deployment, at('sample'))).toEqual(before);
    expect(harness.object.status).toMatchObject({ endpoint: 'http://sample.ns.svc:5000' });
  });
});

describe('deletion', () => {
  const retained = ['sample-fernet-keys', 'sample-credential-keys', 'sample-admin-password'];
  it('with Retain keeps keys and password, and the next Keystone of that name goes on with them', async () => {
    await running();
    for (const name of retained) {
      // The garbage collector follows ownerReferences.
      expect(harness.api.peek(Secret, at(name))?.metadata?.ownerReferences).toBeUndefined();
    }
    const before = retained.map((name) => values(name, name.endsWith('keys') ? '1' : 'password'));
    await harness.remove();
    expect(retained.map((name) => values(name, name.endsWith('keys') ? '1' : 'password'))).toEqual(before);
    await harness.begin(keystone());
    expect(retained.map((name) => values(name, name.endsWith('keys') ? '1' : 'password'))).toEqual(before);
  });

  it('with Delete removes them', async () => {
    await running({ deletionPolicy: 'Delete' });
    await harness.remove();
    expect(retained.filter((name) => harness.api.peek(Secret, at(name)))).toEqual([]);
  });
});
