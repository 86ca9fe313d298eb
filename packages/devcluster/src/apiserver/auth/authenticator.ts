// Who is asking: bearer tokens of the administrator and of ServiceAccounts.
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isObject, stringAt } from '../json.js';
import type { UserInfo } from '../request.js';
import type { Store } from '../store/store.js';

export const ADMIN: UserInfo = { name: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] };

export const ISSUER = 'https://kubernetes.default.svc';

export interface TokenSubject {
  namespace: string;
  serviceAccount: { name: string; uid: string };
  /** The token dies with the Pod. */
  pod?: { name: string; uid: string };
  audiences: readonly string[];
  /** Seconds. */
  lifetime: number;
}

export class Authenticator {
  readonly adminToken: string;
  readonly #key: Buffer;
  readonly #store: Store;
  readonly #now: () => number;

  /** Keys are kept in the directory, so that tokens outlive a restart; without one they are new each time. */
  constructor(options: { store: Store; now: () => number; directory?: string }) {
    this.#store = options.store;
    this.#now = options.now;
    this.adminToken = secret(options.directory, 'admin-token');
    this.#key = Buffer.from(secret(options.directory, 'service-account-key'));
  }

  /** Undefined when the token is good for nobody. */
  authenticate(token: string): UserInfo | undefined {
    if (sameText(token, this.adminToken)) return ADMIN;
    return this.#serviceAccount(token);
  }

  issue(subject: TokenSubject): { token: string; expires: number } {
    const now = Math.floor(this.#now() / 1000);
    const expires = now + subject.lifetime;
    const payload = {
      aud: subject.audiences,
      exp: expires,
      iat: now,
      nbf: now,
      iss: ISSUER,
      jti: randomBytes(8).toString('hex'),
      'kubernetes.io': {
        namespace: subject.namespace,
        serviceaccount: subject.serviceAccount,
        ...(subject.pod ? { pod: subject.pod } : {}),
      },
      sub: `system:serviceaccount:${subject.namespace}:${subject.serviceAccount.name}`,
    };
    const head = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(payload)}`;
    return { token: `${head}.${this.#sign(head)}`, expires: expires * 1000 };
  }

  #serviceAccount(token: string): UserInfo | undefined {
    const [header = '', body = '', signature = ''] = token.split('.');
    if (!sameText(signature, this.#sign(`${header}.${body}`))) return undefined;
    const payload: unknown = JSON.parse(Buffer.from(body, 'base64url').toString());
    if (!isObject(payload) || Number(payload['exp']) * 1000 <= this.#now()) return undefined;
    const claims = payload['kubernetes.io'];
    const namespace = stringAt(claims, 'namespace') ?? '';
    const name = stringAt(claims, 'serviceaccount', 'name') ?? '';
    const uid = stringAt(claims, 'serviceaccount', 'uid') ?? '';
    // A token is worth no more than the objects that it was made for.
    if (this.#store.get('/serviceaccounts', `${namespace}/${name}`)?.metadata.uid !== uid) return undefined;
    const pod = stringAt(claims, 'pod', 'name');
    if (
      pod !== undefined &&
      this.#store.get('/pods', `${namespace}/${pod}`)?.metadata.uid !== stringAt(claims, 'pod', 'uid')
    ) {
      return undefined;
    }
    return {
      name: `system:serviceaccount:${namespace}:${name}`,
      uid,
      groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
    };
  }

  #sign(text: string): string {
    return createHmac('sha256', this.#key).update(text).digest('base64url');
  }
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

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
