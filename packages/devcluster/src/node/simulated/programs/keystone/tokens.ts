// Tokens of the simulated Keystone. As Fernet tokens they are kept nowhere: a token is what it says, signed with the
// primary key of the mounted repository, and any Pod that has the key believes it. Unlike those, everybody can read it.
import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../../../shared/clock.js';
import type { IdentityData, Row, Target } from './data.js';

const PREFIX = 'simulated-';
/** Keystone's `[token] allow_expired_window`, in milliseconds: how long services may look at a token that has expired. */
const EXPIRED_WINDOW = 48 * 3_600_000;

export interface Token {
  user: string;
  target: Target;
  methods: string[];
  /** Milliseconds. */
  issuedAt: number;
  expiresAt: number;
  auditId: string;
  applicationCredential?: string;
}

export interface TokenSource {
  data: IdentityData;
  clock: Clock;
  /** Milliseconds. */
  life: number;
  /** The repository on the host; undefined: all Pods have one same key. */
  keyDirectory: string | undefined;
}

export function issueToken(
  { clock, life, keyDirectory }: TokenSource,
  given: Pick<Token, 'user' | 'target' | 'methods' | 'applicationCredential'>,
): { id: string; token: Token } {
  const issuedAt = clock.now();
  const token: Token = { ...given, issuedAt, expiresAt: issuedAt + life, auditId: randomUUID() };
  const text = Buffer.from(JSON.stringify(token)).toString('base64url');
  const [primary] = keys(keyDirectory);
  if (primary === undefined) throw new Error('the repository of Fernet keys is empty');
  return { id: `${PREFIX}${text}.${signature(primary, text).toString('base64url')}`, token };
}

/** Undefined for a token that is worth nothing: signed with none of our keys, expired, revoked, or of a user who is gone. */
export function readToken(
  { data, clock, keyDirectory }: TokenSource,
  id: string,
  allowExpired = false,
): Token | undefined {
  const [text = '', proof = ''] = id.startsWith(PREFIX) ? id.slice(PREFIX.length).split('.') : [];
  const given = Buffer.from(proof, 'base64url');
  const known = keys(keyDirectory).some((key) => {
    const expected = signature(key, text);
    return expected.length === given.length && timingSafeEqual(expected, given);
  });
  if (!known) return undefined;
  const token = JSON.parse(Buffer.from(text, 'base64url').toString()) as Token;
  if (token.expiresAt + (allowExpired ? EXPIRED_WINDOW : 0) <= clock.now()) return undefined;
  if (data.isRevoked(token.auditId, token.user, token.issuedAt)) return undefined;
  const user = data.get('users', token.user);
  if (user?.enabled !== true) return undefined;
  if (token.applicationCredential !== undefined && !data.credential(token.applicationCredential)) return undefined;
  if (isScoped(token.target) && rolesOf(data, token).length === 0) return undefined;
  return token;
}

export const isScoped = ({ project, domain, system }: Target): boolean =>
  project !== undefined || domain !== undefined || system === true;

/** What the user has there now, or what of it the application credential has. */
export function rolesOf(data: IdentityData, { user, target, applicationCredential }: Omit<Token, 'methods'>): Row[] {
  const roles = data.rolesOf(user, target);
  const credential = applicationCredential === undefined ? undefined : data.credential(applicationCredential);
  return credential ? roles.filter(({ id }) => credential.roles.some((role) => role.id === id)) : roles;
}

/** What Keystone answers about a token. */
export function describeToken(data: IdentityData, token: Token): object {
  const { user: id, target, methods, issuedAt, expiresAt, auditId } = token;
  const user = data.get('users', id);
  const domainOf = (row: Row | undefined): object => named(data.get('domains', row?.domain_id ?? ''));
  const project = target.project === undefined ? undefined : data.get('projects', target.project);
  return {
    methods,
    user: { ...named(user), domain: domainOf(user), password_expires_at: null },
    ...(project ? { project: { ...named(project), domain: domainOf(project) }, is_domain: false } : {}),
    ...(target.domain === undefined ? {} : { domain: named(data.get('domains', target.domain)) }),
    ...(target.system ? { system: { all: true } } : {}),
    ...(isScoped(target) ? { roles: rolesOf(data, token).map(named), catalog: catalogFor(data, target.project) } : {}),
    ...(token.applicationCredential === undefined
      ? {}
      : { application_credential: { id: token.applicationCredential, restricted: true } }),
    audit_ids: [auditId],
    issued_at: time(issuedAt),
    expires_at: time(expiresAt),
  };
}

/** Of what is enabled; with the project where URLs ask for it. */
export function catalogFor(data: IdentityData, project = ''): object[] {
  return data
    .list('services', ({ enabled }) => enabled !== false)
    .map(({ id, name, type }) => ({
      id,
      name,
      type,
      endpoints: data
        .list('endpoints', ({ service_id, enabled }) => service_id === id && enabled !== false)
        .map((endpoint) => ({
          id: endpoint.id,
          interface: endpoint['interface'],
          region: endpoint['region_id'],
          region_id: endpoint['region_id'],
          url: String(endpoint['url']).replaceAll(/[%$]\((?:tenant|project)_id\)s/g, project),
        })),
    }));
}

const named = (row: Row | undefined): { id: string; name: string } => ({ id: row?.id ?? '', name: row?.name ?? '' });

/** Microseconds, as Python has them. */
const time = (milliseconds: number): string => new Date(milliseconds).toISOString().replace('Z', '000Z');

const signature = (key: string, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/** The primary key first: the one of the highest number. */
function keys(directory: string | undefined): string[] {
  if (directory === undefined) return ['simulated'];
  return readdirSync(directory)
    .filter((name) => /^\d+$/.test(name))
    .sort((a, b) => Number(b) - Number(a))
    .map((name) => readFileSync(join(directory, name), 'utf8'));
}
