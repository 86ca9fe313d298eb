// Whose request it is: the user behind the token, or whom that user speaks for.
import { forbidden, internal, unauthorized } from '../errors.js';
import type { UserInfo } from '../request.js';
import type { Authenticator } from './authenticator.js';
import { refusal, type AuthorizationAttributes, type Authorizer } from './authorizer.js';

export interface Identity {
  user: UserInfo;
  /** Who made the request in the name of `user`. */
  impersonator?: UserInfo;
}

export interface Credentials {
  headers: Readonly<Record<string, string | undefined>>;
  /** Every value of headers that came more than once. */
  repeated?: Readonly<Record<string, readonly string[] | undefined>>;
}

/** Throws 401 for nobody, and 403 for somebody who may not impersonate. */
export async function identify(
  authenticator: Authenticator,
  authorizer: Authorizer,
  credentials: Credentials,
): Promise<Identity> {
  const token = /^Bearer (.+)$/i.exec(credentials.headers['authorization'] ?? '')?.[1];
  const user = token === undefined ? undefined : authenticator.authenticate(token.trim())?.user;
  if (!user) throw unauthorized();
  const wanted = impersonated(credentials);
  if (!wanted) return { user };
  for (const attributes of permissions(user, wanted)) {
    const decision = await authorizer.authorize(attributes);
    if (decision.allowed) continue;
    const { group = '', plural = '', name = '' } = attributes.resource ?? {};
    throw forbidden({ group, plural }, name, refusal(attributes, decision.reason));
  }
  return { user: complete(wanted), impersonator: user };
}

const EXTRA = 'impersonate-extra-';

function impersonated({ headers, repeated = {} }: Credentials): UserInfo | undefined {
  const all = (name: string): readonly string[] =>
    repeated[name] ?? (headers[name] === undefined ? [] : [headers[name]]);
  const extra = Object.fromEntries(
    Object.keys(headers)
      .filter((name) => name.startsWith(EXTRA))
      .map((name) => [decodeURIComponent(name.slice(EXTRA.length)), all(name)]),
  );
  const name = headers['impersonate-user'];
  const uid = headers['impersonate-uid'];
  const groups = all('impersonate-group');
  const more = groups.length > 0 || uid !== undefined || Object.keys(extra).length > 0;
  if (!name) {
    if (more) throw internal('requested groups, a uid or extra fields without impersonating a user');
    return undefined;
  }
  return { name, groups, ...(uid === undefined ? {} : { uid }), ...(Object.keys(extra).length > 0 ? { extra } : {}) };
}

/** Each part of an identity is a thing that one must be allowed to impersonate. */
function permissions(user: UserInfo, wanted: UserInfo): AuthorizationAttributes[] {
  const ask = (
    plural: string,
    name: string,
    more: { group?: string; subresource?: string; namespace?: string } = {},
  ) => ({
    user,
    verb: 'impersonate',
    resource: { group: '', version: 'v1', plural, name, ...more },
  });
  const group = 'authentication.k8s.io';
  const account = accountOf(wanted.name);
  return [
    account ? ask('serviceaccounts', account.name, { namespace: account.namespace }) : ask('users', wanted.name),
    ...wanted.groups.map((name) => ask('groups', name)),
    ...(wanted.uid === undefined ? [] : [ask('uids', wanted.uid, { group })]),
    ...Object.entries(wanted.extra ?? {}).flatMap(([subresource, values]) =>
      values.map((value) => ask('userextras', value, { group, subresource })),
    ),
  ];
}

function accountOf(user: string): { namespace: string; name: string } | undefined {
  const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user) ?? [];
  return namespace === undefined || name === undefined ? undefined : { namespace, name };
}

/** With the groups that nobody has to be given. */
function complete(user: UserInfo): UserInfo {
  const account = accountOf(user.name);
  const groups = [
    ...(account && user.groups.length === 0
      ? ['system:serviceaccounts', `system:serviceaccounts:${account.namespace}`]
      : user.groups),
  ];
  if (user.name !== 'system:anonymous' && !groups.includes('system:unauthenticated'))
    groups.push('system:authenticated');
  return { ...user, groups: [...new Set(groups)] };
}
