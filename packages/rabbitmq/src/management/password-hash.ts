// The broker's own form of a password: what it gives back of a user can be compared, and no password crosses the network.
import { createHash } from 'node:crypto';

/** https://www.rabbitmq.com/docs/passwords; given with each hash, whatever the broker's own choice for new users is. */
export const hashingAlgorithm = 'rabbit_password_hashing_sha256';

const sha256 = (...parts: readonly (string | Buffer)[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** The same for the same user and password, so that files and requests that hold it do not change by themselves. */
export function passwordHash(username: string, password: string): string {
  return salted(sha256(username, '\0', password).subarray(0, 4), password);
}

/** Whether a hash of that algorithm, with whatever salt, is that of the password. */
export function isHashOf(hash: string, password: string): boolean {
  return hash === salted(Buffer.from(hash, 'base64').subarray(0, 4), password);
}

const salted = (salt: Buffer, password: string): string =>
  Buffer.concat([salt, sha256(salt, password)]).toString('base64');
