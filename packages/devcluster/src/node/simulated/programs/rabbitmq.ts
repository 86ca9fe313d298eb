// A broker of which the management API knows virtual hosts, users and permissions, which it keeps in the data volume. What
// connects to it for messages is let in, and hears nothing.
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Program, ProgramContext } from '../program.js';
import { JsonFile } from '../shared-state.js';
import { httpApi, isObject, jsonObject, Refusal, type Answer, type Handler, type Routes } from './http-api.js';
import { serveHttp, serveTcp } from './serve.js';

const MANAGEMENT_PORT = 15672;
const DATA = '/var/lib/rabbitmq';
const DEFINITIONS = '/etc/rabbitmq/definitions.json';
const VERSION = '4.0.5';

interface User {
  name: string;
  password_hash: string;
  hashing_algorithm: string;
  tags: string[];
}

type Named = Record<string, Record<string, unknown>>;

interface Broker {
  vhosts: Named;
  users: Record<string, User>;
  /** By virtual host and user: neither has a slash that is not encoded here. */
  permissions: Named;
  /** By virtual host and name, likewise. Absent in what an earlier version has written. */
  policies?: Named;
}

export const rabbitmq: Program = async (context) => {
  const volume = context.path(DATA);
  const file = new JsonFile<Broker>(volume === undefined ? undefined : join(volume, 'simulated.json'), {
    vhosts: { '/': { name: '/' } },
    users: {},
    permissions: {},
  });
  importDefinitions(file, context);
  const api = httpApi(routes(file), () => notFound);
  await Promise.all(
    context.spec.ports
      .filter(({ protocol }) => protocol === 'TCP')
      .map(({ containerPort: port }) =>
        port === MANAGEMENT_PORT ? serveHttp(api, port, context) : serveTcp(port, context),
      ),
  );
  return 0;
};

/** At each start, over what there is, as `load_definitions` does. */
function importDefinitions(file: JsonFile<Broker>, { path }: ProgramContext): void {
  const source = path(DEFINITIONS);
  const definitions = source === undefined ? undefined : jsonObject(readFileSync(source));
  const entries = (name: string): Record<string, unknown>[] => {
    const list = definitions?.[name];
    return Array.isArray(list) ? list.filter(isObject) : [];
  };
  for (const user of entries('users')) putUser(file.value, String(user['name']), user);
  for (const vhost of entries('vhosts')) file.value.vhosts[String(vhost['name'])] = vhost;
  for (const { user, vhost, ...rights } of entries('permissions'))
    file.value.permissions[permissionKey(String(vhost), String(user))] = { user, vhost, ...rights };
  file.save();
}

const rabbit = { name: 'rabbit', version: VERSION };

const permissionKey = (vhost: string, user: string): string => [vhost, user].map(encodeURIComponent).join('/');

const notFound: Answer = { status: 404, json: { error: 'Object Not Found', reason: 'Not Found' } };
const ok = (json: unknown): Answer => ({ status: 200, json });
const written = (created: boolean): Answer => ({ status: created ? 201 : 204 });

function routes(file: JsonFile<Broker>): Routes {
  const { vhosts, users, permissions } = file.value;
  const drop = (accepts: (vhost: unknown, user: unknown) => boolean): void => {
    for (const [key, { vhost, user }] of Object.entries(permissions)) if (accepts(vhost, user)) delete permissions[key];
  };
  const guarded = (handler: Handler): Handler => {
    return (call) => {
      if (!mayManage(users, call.headers.authorization)) throw new Refusal(notAuthorized);
      const answer = handler(call);
      if (call.method !== 'GET') file.save();
      return answer;
    };
  };
  const all: Routes = {
    'GET /api/overview': () => ok({ rabbitmq_version: VERSION, product_name: 'RabbitMQ (simulated)' }),
    'GET /api/health/checks/alarms': () => ok({ status: 'ok' }),
    'GET /api/health/checks/local-alarms': () => ok({ status: 'ok' }),
    'GET /api/vhosts': () => ok(Object.values(vhosts)),
    'GET /api/vhosts/{name}': ({ parameters: { name = '' } }) => (vhosts[name] ? ok(vhosts[name]) : notFound),
    'PUT /api/vhosts/{name}': ({ parameters: { name = '' }, body }) => {
      const created = !vhosts[name];
      vhosts[name] = { description: '', tags: [], ...vhosts[name], ...jsonObject(body), name };
      return written(created);
    },
    'DELETE /api/vhosts/{name}': ({ parameters: { name = '' } }) => {
      if (!vhosts[name]) return notFound;
      delete vhosts[name];
      drop((vhost) => vhost === name);
      return { status: 204 };
    },
    'GET /api/users': () => ok(Object.values(users)),
    'GET /api/users/{name}': ({ parameters: { name = '' } }) => (users[name] ? ok(users[name]) : notFound),
    'PUT /api/users/{name}': ({ parameters: { name = '' }, body }) => {
      const created = !users[name];
      putUser(file.value, name, jsonObject(body) ?? {});
      return written(created);
    },
    'DELETE /api/users/{name}': ({ parameters: { name = '' } }) => {
      if (!users[name]) return notFound;
      delete users[name];
      drop((_vhost, user) => user === name);
      return { status: 204 };
    },
    'GET /api/permissions/{vhost}/{user}': ({ parameters: { vhost = '', user = '' } }) => {
      const found = permissions[permissionKey(vhost, user)];
      return found ? ok(found) : notFound;
    },
    'PUT /api/permissions/{vhost}/{user}': ({ parameters: { vhost = '', user = '' }, body }) => {
      if (!vhosts[vhost] || !users[user])
        return { status: 400, json: { error: 'bad_request', reason: 'vhost_or_user_not_found' } };
      const key = permissionKey(vhost, user);
      const created = !permissions[key];
      permissions[key] = { ...jsonObject(body), user, vhost };
      return written(created);
    },
    'DELETE /api/permissions/{vhost}/{user}': ({ parameters: { vhost = '', user = '' } }) => {
      const key = permissionKey(vhost, user);
      if (!permissions[key]) return notFound;
      delete permissions[key];
      return { status: 204 };
    },
    'GET /api/policies/{vhost}/{name}': ({ parameters: { vhost = '', name = '' } }) => {
      const found = file.value.policies?.[permissionKey(vhost, name)];
      return found ? ok(found) : notFound;
    },
    'PUT /api/policies/{vhost}/{name}': ({ parameters: { vhost = '', name = '' }, body }) => {
      if (!vhosts[vhost]) return notFound;
      const policies = (file.value.policies ??= {});
      const key = permissionKey(vhost, name);
      const created = !policies[key];
      policies[key] = { ...jsonObject(body), vhost, name };
      return written(created);
    },
    'GET /api/nodes': () => ok([{ name: 'rabbit@simulated', running: true, applications: [rabbit] }]),
    'GET /api/feature-flags': () => ok([]),
    'GET /api/queues/{vhost}': ({ parameters: { vhost = '' } }) => (vhosts[vhost] ? ok([]) : notFound),
  };
  const guardedRoutes = Object.entries(all).map(([name, handler]) => [name, guarded(handler)] as const);
  const page: Handler = () => ({ status: 200, body: 'simulated', headers: { 'content-type': 'text/html' } });
  return { 'GET /': page, ...Object.fromEntries(guardedRoutes) };
}

const notAuthorized: Answer = {
  status: 401,
  json: { error: 'not_authorized', reason: 'Login failed' },
  headers: { 'www-authenticate': 'Basic realm="RabbitMQ Management"' },
};

/** Only administrators, since only they ask here. */
function mayManage(users: Broker['users'], authorization = ''): boolean {
  const [, text = ''] = /^Basic (.*)$/.exec(authorization) ?? [];
  const [, name = '', password = ''] = /^([^:]*):([\s\S]*)$/.exec(Buffer.from(text, 'base64').toString()) ?? [];
  const user = users[name];
  if (!user?.tags.includes('administrator')) return false;
  const hash = Buffer.from(user.password_hash, 'base64');
  return hash.length > SALT && hashOf(hash.subarray(0, SALT), password) === user.password_hash;
}

/** Bytes. */
const SALT = 4;

/** rabbit_password_hashing_sha256: the salt, then the hash of salt and password. */
function hashOf(salt: Buffer, password: string): string {
  const hash = createHash('sha256').update(salt).update(password).digest();
  return Buffer.concat([salt, hash]).toString('base64');
}

function putUser({ users }: Broker, name: string, given: Record<string, unknown>): void {
  const { password, password_hash: hash, tags = [] } = given;
  users[name] = {
    name,
    // Without either the user cannot log in.
    password_hash:
      typeof password === 'string' ? hashOf(randomBytes(SALT), password) : typeof hash === 'string' ? hash : '',
    hashing_algorithm: 'rabbit_password_hashing_sha256',
    tags: Array.isArray(tags) ? tags.map(String) : String(tags).split(',').filter(Boolean),
  };
}
