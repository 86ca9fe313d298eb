// Who is asking: bearer tokens of the administrator and of ServiceAccounts.
import { createHash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { UserInfo } from '../request.js';
import type { Store } from '../store/store.js';
import { SigningKey } from './signing-key.js';

export const ADMIN: UserInfo = { name: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] };

export const ISSUER = 'https://kubernetes.default.svc';

/** What a token may be bound to, by its claim; the value is where it is stored. */
export const BOUND = { pod: '/pods', secret: '/secrets', node: '/nodes' } as const;

export type BoundKind = keyof typeof BOUND;

export interface TokenSubject {
  namespace: string;
  serviceAccount: { name: string; uid: string };
  /** The token dies with this object. */
  bound?: { kind: BoundKind; name: string; uid: string };
  audiences: readonly string[];
  /** Seconds. */
  lifetime: number;
}

export interface Authenticated {
  user: UserInfo;
  /** Those of the asked ones that the token is good for. */
  audiences: readonly string[];
}

export class Authenticator {
  readonly adminToken: string;
  readonly #key: SigningKey;
  /** Tokens whose signature has been checked: that costs far more than all else. */
  readonly #known = new Map<string, Claims>();
  readonly #store: Store;
  readonly #now: () => number;

  /** Keys are kept in the directory, so that tokens outlive a restart; without one they are new each time. */
  constructor(options: { store: Store; now: () => number; directory?: string }) {
    this.#store = options.store;
    this.#now = options.now;
    this.adminToken = secret(options.directory, 'admin-token');
    this.#key = new SigningKey(options.directory);
  }

  /** Undefined when the token is good for nobody, or for none of the audiences. Default: the API server's own. */
  authenticate(token: string, audiences: readonly string[] = [ISSUER]): Authenticated | undefined {
    if (sameText(token, this.adminToken)) {
      // It was made for the API server alone.
      const meant = audiences.filter((audience) => audience === ISSUER);
      return meant.length > 0 ? { user: ADMIN, audiences: meant } : undefined;
    }
    return this.#serviceAccount(token, audiences);
  }

  issue(subject: TokenSubject): { token: string; expires: number } {
    const now = Math.floor(this.#now() / 1000);
    const expires = now + subject.lifetime;
    const payload: Claims = {
      aud: subject.audiences,
      exp: expires,
      iat: now,
      nbf: now,
      iss: ISSUER,
      jti: randomUUID(),
      'kubernetes.io': {
        namespace: subject.namespace,
        serviceaccount: subject.serviceAccount,
        ...(subject.bound ? { [subject.bound.kind]: { name: subject.bound.name, uid: subject.bound.uid } } : {}),
      },
      sub: `system:serviceaccount:${subject.namespace}:${subject.serviceAccount.name}`,
    };
    return { token: this.#key.sign(payload), expires: expires * 1000 };
  }

  #serviceAccount(token: string, audiences: readonly string[]): Authenticated | undefined {
    const found = this.#claims(token);
    if (!found) return undefined;
    const { aud, exp, jti, 'kubernetes.io': claims } = found;
    const meant = audiences.filter((audience) => aud.includes(audience));
    if (exp * 1000 <= this.#now() || meant.length === 0) return undefined;
    // A token is worth no more than the objects that it was made for.
    const { namespace, serviceaccount } = claims;
    const alive = (storage: string, key: string, uid: string): boolean =>
      this.#store.get(storage, key)?.metadata.uid === uid;
    if (!alive('/serviceaccounts', `${namespace}/${serviceaccount.name}`, serviceaccount.uid)) return undefined;
    const extra: Record<string, string[]> = { [`${CLAIM}credential-id`]: [`JTI=${jti}`] };
    for (const [kind, storage] of Object.entries(BOUND)) {
      const bound = claims[kind as BoundKind];
      if (!bound) continue;
      if (!alive(storage, kind === 'node' ? bound.name : `${namespace}/${bound.name}`, bound.uid)) return undefined;
      if (kind === 'secret') continue;
      extra[`${CLAIM}${kind}-name`] = [bound.name];
      extra[`${CLAIM}${kind}-uid`] = [bound.uid];
    }
    return {
      audiences: meant,
      user: {
        name: `system:serviceaccount:${namespace}:${serviceaccount.name}`,
        uid: serviceaccount.uid,
        groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
        extra,
      },
    };
  }

  #claims(token: string): Claims | undefined {
    const known = this.#known.get(token);
    if (known) return known;
    // Signed by this server, so it is what this server made.
    const claims = this.#key.verify(token) as Claims | undefined;
    if (!claims) return undefined;
    if (this.#known.size >= MOST_KNOWN) this.#known.clear();
    this.#known.set(token, claims);
    return claims;
  }

  /** What others check ServiceAccount tokens by: /openid/v1/jwks. */
  publicKeys(): object {
    return this.#key.publicKeys();
  }
}

const MOST_KNOWN = 1000;

/** /.well-known/openid-configuration. */
export const OPENID_CONFIGURATION = {
  issuer: ISSUER,
  jwks_uri: `${ISSUER}/openid/v1/jwks`,
  response_types_supported: ['id_token'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: ['ES256'],
};

const CLAIM = 'authentication.kubernetes.io/';

interface Identified {
  name: string;
  uid: string;
}

interface Claims {
  aud: readonly string[];
  /** Seconds since the epoch. */
  exp: number;
  iat: number;
  nbf: number;
  iss: string;
  jti: string;
  'kubernetes.io': { namespace: string; serviceaccount: Identified } & { [K in BoundKind]?: Identified };
  sub: string;
}

/** Compares without telling by its duration where two texts differ. */
function sameText(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

function secret(directory: string | undefined, name: string): string {
  if (directory === undefined) return randomBytes(32).toString('hex');
  const path = join(directory, name);
  if (!existsSync(path)) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    writeFileSync(path, randomBytes(32).toString('hex'), { mode: 0o600, flag: 'wx' });
  }
  return readFileSync(path, 'utf8').trim();
}
