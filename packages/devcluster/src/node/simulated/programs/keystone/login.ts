// From what a client says of itself to who it is and what for: POST /v3/auth/tokens.
import { isObject } from '../http-api.js';
import type { IdentityData, Row, Target } from './data.js';
import { badRequest, unauthorized } from './errors.js';
import { readToken, type Token, type TokenSource } from './tokens.js';

export type Login = Pick<Token, 'user' | 'target' | 'methods' | 'applicationCredential'>;

/** Throws the refusal: 400 for what is no login, 401 for whatever is wrong with one, without saying what. */
export function login(source: TokenSource, body: Record<string, unknown> | undefined, base: string): Login {
  const auth = objectIn(body, 'auth');
  const identity = objectIn(auth, 'identity');
  const methods = identity?.['methods'];
  if (!auth || !identity || !Array.isArray(methods) || methods.length === 0) {
    throw badRequest(
      'Expecting to find auth in request body. The server could not comply with the request since it is either malformed or otherwise incorrect. The client is assumed to be in error.',
    );
  }
  const { data } = source;
  const refused = unauthorized(base);
  const method = String(methods[0]);
  const given = objectIn(identity, method) ?? {};
  const who = authenticate(source, method, given);
  if (who?.user.enabled !== true || data.get('domains', who.user.domain_id ?? '')?.enabled === false) throw refused;
  const target = who.target ?? scopeOf(data, auth['scope'], who.user);
  const found: Login = {
    user: who.user.id,
    methods: methods.map(String),
    ...(who.applicationCredential === undefined ? {} : { applicationCredential: who.applicationCredential }),
    target: target ?? {},
  };
  const scoped = Object.keys(found.target).length > 0;
  if (!target || (scoped && data.rolesOf(found.user, target).length === 0)) throw refused;
  return found;
}

interface Who {
  user: Row;
  /** Fixed by how the client came, whatever it asks for. */
  target?: Target;
  applicationCredential?: string;
}

function authenticate(source: TokenSource, method: string, given: Record<string, unknown>): Who | undefined {
  const { data } = source;
  if (method === 'password') {
    const described = objectIn(given, 'user') ?? {};
    const user = find(data, 'users', described);
    return user && data.knowsSecret(user.id, String(described['password'])) ? { user } : undefined;
  }
  if (method === 'token') {
    const token = readToken(source, String(given['id']));
    const user = token && data.get('users', token.user);
    return user && { user };
  }
  if (method === 'application_credential') {
    const owner = objectIn(given, 'user');
    const user = owner && find(data, 'users', owner);
    const credential =
      typeof given['id'] === 'string'
        ? data.credential(given['id'])
        : data.credentialsOf(user?.id ?? '').find(({ name }) => name === given['name']);
    if (!credential || !data.knowsSecret(credential.id, String(given['secret']))) return undefined;
    const its = data.get('users', credential.user_id);
    return its && { user: its, target: { project: credential.project_id }, applicationCredential: credential.id };
  }
  return undefined;
}

/** Undefined for what does not exist or is disabled. */
function scopeOf(data: IdentityData, scope: unknown, user: Row): Target | undefined {
  if (scope === 'unscoped') return {};
  if (!isObject(scope)) {
    const project = user['default_project_id'];
    const usable = typeof project === 'string' && data.rolesOf(user.id, { project }).length > 0;
    return usable ? { project } : {};
  }
  if (isObject(scope['system'])) return { system: true };
  for (const [name, collection] of [
    ['project', 'projects'],
    ['domain', 'domains'],
  ] as const) {
    const described = scope[name];
    if (!isObject(described)) continue;
    const row = find(data, collection, described);
    return row && row.enabled !== false ? { [name]: row.id } : undefined;
  }
  return {};
}

/** By id, or by name in a domain that is given by either. */
function find(
  data: IdentityData,
  collection: 'users' | 'projects' | 'domains',
  { id, name, domain }: Record<string, unknown>,
): Row | undefined {
  if (typeof id === 'string') return data.get(collection, id);
  if (typeof name !== 'string') return undefined;
  if (collection === 'domains') return data.named('domains', name);
  const within = isObject(domain) ? find(data, 'domains', domain) : undefined;
  return within && data.named(collection, name, within.id);
}

function objectIn(value: Record<string, unknown> | undefined, name: string): Record<string, unknown> | undefined {
  const found = value?.[name];
  return isObject(found) ? found : undefined;
}
