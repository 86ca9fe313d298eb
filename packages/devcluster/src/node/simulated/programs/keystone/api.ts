// The v3 API of the simulated Keystone.
import type { RequestListener } from 'node:http';
import { httpApi, jsonObject, type Answer, type Call, type Routes } from '../http-api.js';
import { applicationCredentialRoutes } from './application-credentials.js';
import { assignmentRoutes } from './assignments.js';
import { collections, type CollectionName, type Row } from './data.js';
import { mayNot, notFound, unauthorized } from './errors.js';
import { entity, guardsFor, hasRole, header, links, type Guards } from './guards.js';
import { login } from './login.js';
import { change, create, find, remove, resources, select } from './resources.js';
import { catalogFor, describeToken, issueToken, readToken, type Token, type TokenSource } from './tokens.js';

export function keystoneApi(source: TokenSource): RequestListener {
  const guards = guardsFor(source);
  const routes: Routes = {
    'GET /': ({ base }) => ({ status: 300, json: { versions: { values: [version(base)] } } }),
    'GET /healthcheck': () => ({ status: 200, body: 'OK', headers: { 'content-type': 'text/plain' } }),
    'GET /v3': ({ base }) => ({ status: 200, json: { version: version(base) } }),
    ...Object.fromEntries(collections.flatMap((name) => Object.entries(collectionRoutes(source, name, guards)))),
    // These take the place of what all collections have.
    ...userRoutes(source, guards),
    ...tokenRoutes(source, guards),
    ...assignmentRoutes(source.data, guards),
    ...applicationCredentialRoutes(source.data, guards),
  };
  return httpApi(routes, ({ path }) => ({
    status: 404,
    json: { error: { code: 404, title: 'Not Found', message: `The simulated Keystone does not know ${path}.` } },
  }));
}

const version = (base: string): object => ({
  id: 'v3.14',
  status: 'stable',
  links: [{ rel: 'self', href: `${base}/v3/` }],
});

function tokenRoutes(source: TokenSource, { signedIn }: Guards): Routes {
  const { data } = source;
  const subject = (call: Call, caller: Token): { id: string; token: Token } => {
    const id = header(call, 'x-subject-token');
    const token = readToken(source, id, call.query.get('allow_expired') === '1');
    const may = token?.user === caller.user || hasRole(source, caller, 'admin') || hasRole(source, caller, 'service');
    if (!may) throw mayNot('identity:validate_token');
    if (!token) throw notFound('token', 'it is not valid');
    return { id, token };
  };
  return {
    'POST /v3/auth/tokens': ({ body, base }) => {
      const { id, token } = issueToken(source, login(source, jsonObject(body), base));
      return { status: 201, json: { token: describeToken(data, token) }, headers: { 'x-subject-token': id } };
    },
    'GET /v3/auth/tokens': signedIn((call, caller) => {
      const { id, token } = subject(call, caller);
      return { status: 200, json: { token: describeToken(data, token) }, headers: { 'x-subject-token': id } };
    }),
    'DELETE /v3/auth/tokens': signedIn((call, caller) => {
      data.revoke(subject(call, caller).token.auditId);
      return { status: 204 };
    }),
    'GET /v3/auth/catalog': signedIn((call, { target }) => ({
      status: 200,
      json: { catalog: catalogFor(data, target.project), links: links(call) },
    })),
    'GET /v3/auth/projects': signedIn((call, { user }) => ({
      status: 200,
      json: {
        projects: data.list('projects', ({ id }) => data.rolesOf(user, { project: id }).length > 0),
        links: links(call),
      },
    })),
  };
}

/** Users have passwords, which no answer shows; and with a new one, or disabled, no token from before is worth anything. */
function userRoutes(source: TokenSource, { self, admin, signedIn }: Guards): Routes {
  const { data, clock } = source;
  const withPassword = (given: Record<string, unknown>, store: (visible: Record<string, unknown>) => Row): Answer => {
    const { password, ...visible } = given;
    const user = store(visible);
    if (typeof password === 'string') data.setSecret(user.id, password);
    return { status: 201, json: { user } };
  };
  return {
    'GET /v3/users/{id}': self('identity:get_user', ({ parameters }) => ({
      status: 200,
      json: { user: find(data, 'users', parameters['id'] ?? '') },
    })),
    'POST /v3/users': admin('identity:create_user', ({ body }) =>
      withPassword(entity(body, 'user'), (visible) => create(data, 'users', visible)),
    ),
    'PATCH /v3/users/{id}': admin('identity:update_user', ({ body, parameters: { id = '' } }) => {
      const given = entity(body, 'user');
      const answer = withPassword(given, (visible) => change(data, 'users', id, visible));
      if (given['password'] !== undefined || given['enabled'] === false) data.revokeAllOf(id, clock.now());
      return { ...answer, status: 200 };
    }),
    'POST /v3/users/{id}/password': signedIn(({ body, base, parameters: { id = '' } }) => {
      const { password, original_password: original } = entity(body, 'user');
      if (!data.knowsSecret(id, String(original))) throw unauthorized(base);
      data.setSecret(id, String(password));
      data.revokeAllOf(id, clock.now());
      return { status: 204 };
    }),
  };
}

function collectionRoutes({ data }: TokenSource, collection: CollectionName, { admin }: Guards): Routes {
  const { singular } = resources[collection];
  const path = `/v3/${collection}`;
  const shown = (call: Call, row: Row): object => ({ ...row, links: { self: `${call.base}${path}/${row.id}` } });
  return {
    [`GET ${path}`]: admin(`identity:list_${collection}`, (call) => ({
      status: 200,
      json: {
        [collection]: select(data, collection, call.query).map((row) => shown(call, row)),
        links: links(call),
      },
    })),
    [`POST ${path}`]: admin(`identity:create_${singular}`, (call) => ({
      status: 201,
      json: { [singular]: shown(call, create(data, collection, entity(call.body, singular))) },
    })),
    [`GET ${path}/{id}`]: admin(`identity:get_${singular}`, (call) => ({
      status: 200,
      json: { [singular]: shown(call, find(data, collection, call.parameters['id'] ?? '')) },
    })),
    [`PATCH ${path}/{id}`]: admin(`identity:update_${singular}`, (call) => ({
      status: 200,
      json: {
        [singular]: shown(call, change(data, collection, call.parameters['id'] ?? '', entity(call.body, singular))),
      },
    })),
    [`DELETE ${path}/{id}`]: admin(`identity:delete_${singular}`, ({ parameters }) => {
      remove(data, collection, parameters['id'] ?? '');
      return { status: 204 };
    }),
  };
}
