import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Mount } from '../../../runtime.js';
import { TestNode } from '../../testing.js';

let node: TestNode;
let mounts: Mount[];
let url: string;

const conf = '[database]\nconnection = mysql+pymysql://keystone:pw@mariadb.test.svc:3306/keystone?charset=utf8mb4\n';
const image = 'localhost/stackwright/keystone:2025.1';

/** A Pod of the Keystone; its address. */
async function serve(podUid: string, runtime = node.runtime): Promise<string> {
  const { ip } = await node.run(
    { podUid, podName: podUid, image, ports: [{ containerPort: 5000, protocol: 'TCP' }], mounts },
    runtime,
  );
  return `http://${ip}:5000`;
}

let bootstraps = 0;

async function bootstrap(password: string): Promise<number | undefined> {
  const file = '/etc/stackwright/admin-password';
  bootstraps += 1;
  const podUid = `bootstrap-${bootstraps}`;
  const options = ['region-id', 'R', 'public-url', 'http://public/v3', 'internal-url', 'http://internal/v3'];
  const command = options.map((word, index) => (index % 2 === 0 ? `--bootstrap-${word}` : word));
  const { status } = await node.run({
    podUid,
    podName: podUid,
    image,
    command: ['python3', '-c', 'program', file, 'bootstrap', ...command],
    mounts: [...mounts, await node.file(file, password)],
  });
  const { state } = await node.ended(status.id);
  return state.phase === 'exited' ? state.exitCode : undefined;
}

beforeAll(async () => {
  node = await TestNode.start();
  mounts = [await node.file('/etc/keystone/keystone.conf', conf), await node.volume('/etc/keystone/fernet-keys')];
  await setKeys({ 0: 'staged', 1: 'primary' });
  url = await serve('keystone');
  expect(await bootstrap('secret')).toBe(0);
});
afterAll(() => node.stop());

const keyFile = (name: string): string => join(mounts[1]?.hostPath ?? '', name);
const setKeys = (keys: Record<string, string>): Promise<void[]> =>
  Promise.all(Object.entries(keys).map(([name, key]) => writeFile(keyFile(name), key)));

interface Login {
  user?: string;
  password?: string;
  scope?: unknown;
}

const login = ({ user = 'admin', password = 'secret', scope }: Login = {}, at = url): Promise<Response> =>
  fetch(`${at}/v3/auth/tokens`, {
    method: 'POST',
    body: JSON.stringify({
      auth: {
        identity: { methods: ['password'], password: { user: { name: user, domain: { id: 'default' }, password } } },
        scope: scope ?? { project: { name: 'admin', domain: { name: 'Default' } } },
      },
    }),
  });

const tokenOf = async (given: Login = {}, at = url): Promise<string> => {
  const answer = await login(given, at);
  expect(answer.status, await answer.clone().text()).toBe(201);
  return answer.headers.get('x-subject-token') ?? '';
};

interface Answered {
  status: number;
  /** As far as the tests look. */
  body: Record<string, { id: string; name?: string } & Record<string, unknown>> & Record<string, unknown>;
}

async function call(method: string, path: string, body?: object, token?: string): Promise<Answered> {
  const answer = await fetch(`${url}/v3${path}`, {
    method,
    headers: { 'x-auth-token': token ?? (await tokenOf()) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await answer.text();
  return { status: answer.status, body: (text === '' ? {} : JSON.parse(text)) as Answered['body'] };
}

async function made(collection: string, singular: string, given: object): Promise<string> {
  const { status, body } = await call('POST', `/${collection}`, { [singular]: given });
  expect(status, JSON.stringify(body)).toBe(201);
  return body[singular]?.id ?? '';
}

const idOf = async (collection: string, name: string): Promise<string> => {
  const { body } = await call('GET', `/${collection}?name=${name}`);
  return (body[collection] as unknown as { id: string }[])[0]?.id ?? '';
};

const checked = async (subject: string, token?: string, at = url): Promise<number> => {
  const headers = { 'x-auth-token': token ?? (await tokenOf({}, at)), 'x-subject-token': subject };
  return (await fetch(`${at}/v3/auth/tokens`, { headers })).status;
};

describe('the simulated Keystone', () => {
  it('answers probes and whoever asks for versions', async () => {
    for (const [path, status] of Object.entries({ '/': 300, '/v3': 200, '/v3/': 200, '/healthcheck': 200 }))
      expect((await fetch(`${url}${path}`)).status, path).toBe(status);
  });

  it('lets in whoever knows the password, and says who that is, in words that say what it is', async () => {
    const answer = await login();
    expect(answer.headers.get('x-subject-token')).toMatch(/^simulated-/);
    const { token } = (await answer.json()) as { token: { roles: { name: string }[] } };
    expect(token).toMatchObject({
      user: { name: 'admin', domain: { name: 'Default' } },
      project: { name: 'admin' },
      catalog: [
        { type: 'identity', name: 'keystone', endpoints: [{ url: 'http://public/v3' }, { interface: 'internal' }] },
      ],
    });
    expect(token.roles.map(({ name }) => name)).toEqual(['admin', 'manager', 'member', 'reader']);
  });

  it.each<[string, Login]>([
    ['a wrong password', { password: 'wrong' }],
    ['nobody', { user: 'nobody' }],
    ['a project where the user has no role', { scope: { domain: { id: 'default' } } }],
    ['a project that is not there', { scope: { project: { name: 'none', domain: { id: 'default' } } } }],
  ])('refuses %s, and does not say why', async (_what, given) => {
    const answer = await login(given);
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Keystone uri=/);
    expect(await answer.json()).toEqual({
      error: { code: 401, message: 'The request you have made requires authentication.', title: 'Unauthorized' },
    });
  });

  it('refuses everything to whoever has no token, and to whoever is no administrator', async () => {
    expect((await fetch(`${url}/v3/users`)).status).toBe(401);
    const user = await made('users', 'user', { name: 'plain', password: 'pw' });
    const project = await made('projects', 'project', { name: 'plain' });
    await call('PUT', `/projects/${project}/users/${user}/roles/${await idOf('roles', 'member')}`);
    const scope = { project: { id: project } };
    const token = await tokenOf({ user: 'plain', password: 'pw', scope });
    const refused = await call('GET', '/users', undefined, token);
    expect(refused).toMatchObject({
      status: 403,
      body: { error: { message: expect.stringContaining('list_users') as string } },
    });
    expect((await call('GET', `/users/${user}`, undefined, token)).status).toBe(200);
    expect(await checked(await tokenOf(), token)).toBe(403);
  });

  it('keeps what it does not know of, shows no password, and takes each name once in a domain', async () => {
    const { body } = await call('POST', '/users', {
      user: { name: 'glance', password: 'pw', 'stackwright:claim': 'x' },
    });
    expect(body['user']).toMatchObject({
      name: 'glance',
      domain_id: 'default',
      enabled: true,
      'stackwright:claim': 'x',
    });
    expect(JSON.stringify(body)).not.toContain('pw');
    expect(await call('POST', '/users', { user: { name: 'Glance' } })).toMatchObject({
      status: 409,
      body: {
        error: {
          message:
            'Conflict occurred attempting to store user - Duplicate entry found with name Glance at domain ID default.',
        },
      },
    });
    const domain = await made('domains', 'domain', { name: 'other' });
    await made('users', 'user', { name: 'glance', domain_id: domain });
    const found = async (query: string): Promise<unknown> => (await call('GET', `/users?${query}`)).body['users'];
    expect(await found('name=GLANCE&domain_id=default')).toHaveLength(1);
    expect(await found('name__startswith=gla')).toHaveLength(2);
    expect(await found('name__startswith=GLA')).toEqual([]);
    expect((await call('DELETE', `/domains/${domain}`)).status).toBe(403);
  });

  it('says what it could not find', async () => {
    expect(await call('GET', '/users/none')).toMatchObject({
      status: 404,
      body: { error: { message: 'Could not find user: none.', title: 'Not Found' } },
    });
  });

  it('has a catalog that may have two of everything, and loses endpoints with their service', async () => {
    const service = await made('services', 'service', { type: 'image', name: 'glance' });
    const again = await made('services', 'service', { type: 'image', name: 'glance' });
    expect(again).not.toBe(service);
    const endpoint = { service_id: service, interface: 'public', url: 'http://glance', region_id: 'R' };
    const id = await made('endpoints', 'endpoint', endpoint);
    const { body } = await call('PATCH', `/endpoints/${id}`, { endpoint: { url: 'http://elsewhere' } });
    expect(body['endpoint']).toMatchObject({ url: 'http://elsewhere', region: 'R', interface: 'public' });
    expect((await call('GET', `/endpoints?service_id=${service}&interface=public`)).body['endpoints']).toHaveLength(1);
    expect((await call('POST', '/endpoints', { endpoint: { ...endpoint, region_id: 'nowhere' } })).status).toBe(400);
    const spoilt = await made('endpoints', 'endpoint', { ...endpoint, ours: true });
    expect((await call('GET', '/endpoints')).status).toBe(400);
    await call('DELETE', `/endpoints/${spoilt}`);
    expect((await call('GET', '/endpoints')).status).toBe(200);
    await call('DELETE', `/services/${service}`);
    expect((await call('GET', `/endpoints/${id}`)).status).toBe(404);
  });

  it('knows who has which role where', async () => {
    const user = await made('users', 'user', { name: 'nova', password: 'pw' });
    const project = await made('projects', 'project', { name: 'service' });
    const grant = `/projects/${project}/users/${user}/roles/${await idOf('roles', 'service')}`;
    expect((await call('HEAD', grant)).status).toBe(404);
    expect((await call('PUT', grant)).status).toBe(204);
    expect((await call('HEAD', grant)).status).toBe(204);
    const { body } = await call('GET', `/role_assignments?user.id=${user}&include_names=true`);
    expect(body['role_assignments']).toMatchObject([
      { user: { name: 'nova' }, role: { name: 'service' }, scope: { project: { name: 'service' } } },
    ]);
    expect((await call('DELETE', grant)).status).toBe(204);
    expect((await login({ user: 'nova', password: 'pw', scope: { project: { id: project } } })).status).toBe(401);
  });

  it('gives nothing for the tokens of a user whose password has changed, or who is gone', async () => {
    const user = await made('users', 'user', { name: 'moving', password: 'old' });
    const role = await idOf('roles', 'member');
    await call('PUT', `/domains/default/users/${user}/roles/${role}`);
    const scope = { domain: { id: 'default' } };
    const old = await tokenOf({ user: 'moving', password: 'old', scope });
    expect(await checked(old)).toBe(200);
    await call('PATCH', `/users/${user}`, { user: { password: 'new' } });
    expect((await login({ user: 'moving', password: 'old', scope })).status).toBe(401);
    expect((await login({ user: 'moving', password: 'new', scope })).status).toBe(201);
    await call('DELETE', `/users/${user}`);
    expect(await checked(old)).toBe(404);
  });

  it('has application credentials, with the roles and for the project of the user who made them', async () => {
    const token = await tokenOf();
    const admin = await idOf('users', 'admin');
    const path = `/users/${admin}/application_credentials`;
    const { body } = await call(
      'POST',
      path,
      { application_credential: { name: 'ci', roles: [{ name: 'reader' }] } },
      token,
    );
    const { id, secret } = body['application_credential'] as { id: string; secret: string };
    const identity = { methods: ['application_credential'], application_credential: { id, secret } };
    const with_ = (): Promise<Response> =>
      fetch(`${url}/v3/auth/tokens`, { method: 'POST', body: JSON.stringify({ auth: { identity } }) });
    const answer = await with_();
    expect(await answer.json()).toMatchObject({ token: { project: { name: 'admin' }, roles: [{ name: 'reader' }] } });
    expect((await call('GET', path)).body['application_credentials']).toHaveLength(1);
    expect((await call('DELETE', `${path}/${id}`)).status).toBe(204);
    expect((await with_()).status).toBe(401);
  });

  it('signs tokens with the primary key, and believes those of any key that it has', async () => {
    const old = await tokenOf();
    await setKeys({ 2: 'staged', 0: 'another' });
    expect(await checked(old)).toBe(200);
    await rm(keyFile('1'));
    expect(await checked(old)).toBe(404);
    expect(await checked(await tokenOf())).toBe(200);
  });

  it('is one for all its Pods, and knows after the end of the process what it knew', async () => {
    await made('users', 'user', { name: 'kept', password: 'pw' });
    const token = await tokenOf();
    expect(await checked(token, token, await serve('second'))).toBe(200);
    const next = node.another();
    try {
      expect(await checked(token, token, await serve('third', next))).toBe(200);
    } finally {
      await next.teardown();
    }
  });

  it('takes another password of its administrator from another bootstrap, and is otherwise as it was', async () => {
    const before = await idOf('users', 'admin');
    expect(await bootstrap('changed')).toBe(0);
    expect((await login()).status).toBe(401);
    expect((await login({ password: 'changed' })).status).toBe(201);
    expect(await bootstrap('secret')).toBe(0);
    expect(await idOf('users', 'admin')).toBe(before);
  });
});
