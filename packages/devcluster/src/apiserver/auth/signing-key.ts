// The key that ServiceAccount tokens are signed with. Its public half is published, so that others can check them.
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Signatures as JWTs have them: both numbers one after the other, not in ASN.1. */
const dsaEncoding = 'ieee-p1363';

export class SigningKey {
  readonly #private: KeyObject;
  readonly #public: KeyObject;
  readonly #id: string;

  /** Kept in the directory; without one it is new each time. */
  constructor(directory?: string) {
    this.#private = directory === undefined ? generate() : load(join(directory, 'service-account.key'), directory);
    this.#public = createPublicKey(this.#private);
    this.#id = createHash('sha256')
      .update(this.#public.export({ type: 'spki', format: 'der' }))
      .digest('base64url');
  }

  /** A JWT. */
  sign(payload: object): string {
    const head = `${encode({ alg: 'ES256', kid: this.#id })}.${encode(payload)}`;
    return `${head}.${sign('sha256', Buffer.from(head), { key: this.#private, dsaEncoding }).toString('base64url')}`;
  }

  /** The payload of a JWT of this key; undefined for any other text. */
  verify(token: string): unknown {
    const [header = '', payload = '', signature = '', ...more] = token.split('.');
    if (more.length > 0) return undefined;
    const bytes = Buffer.from(signature, 'base64url');
    const key = { key: this.#public, dsaEncoding } as const;
    if (bytes.length !== 64 || !verify('sha256', Buffer.from(`${header}.${payload}`), key, bytes)) return undefined;
    return JSON.parse(Buffer.from(payload, 'base64url').toString()) as unknown;
  }

  /** A JSON Web Key Set. */
  publicKeys(): { keys: object[] } {
    return { keys: [{ use: 'sig', alg: 'ES256', kid: this.#id, ...this.#public.export({ format: 'jwk' }) }] };
  }
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

const generate = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

function load(path: string, directory: string): KeyObject {
  if (existsSync(path)) return createPrivateKey(readFileSync(path, 'utf8'));
  const key = generate();
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  writeFileSync(path, key.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flag: 'wx' });
  return key;
}
