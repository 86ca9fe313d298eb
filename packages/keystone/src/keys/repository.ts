// Key repositories of keystone: files named by numbers, each with one Fernet key. 0 is staged: it comes next. The highest is
// primary: it encrypts. All of them decrypt. Keystone reads the files anew for each token, so that no process is restarted.
import type { Random } from '@stackwright/core';
import { hashOf } from '@stackwright/graph';
import type { Secret } from '@stackwright/kube';

/** Index → key. */
export type KeyRepository = ReadonlyMap<number, string>;

/** 32 random bytes in URL-safe base64, as `cryptography.fernet` wants them. */
export function fernetKey(random: Random): string {
  return Buffer.from(random.bytes(32)).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}

/** What `keystone-manage fernet_setup` and `credential_setup` make. */
export function newKeyRepository(random: Random): Record<string, string> {
  return { '0': fernetKey(random), '1': fernetKey(random) };
}

export type ReadRepository = { keys: KeyRepository } | { problem: string };

/** Other names than numbers are ignored, as keystone does. */
export function readRepository(data: Secret['data'] = {}): ReadRepository {
  const keys = new Map<number, string>();
  for (const [name, encoded] of Object.entries(data)) {
    if (!/^(0|[1-9][0-9]*)$/.test(name)) continue;
    const key = Buffer.from(encoded, 'base64').toString().trim();
    if (!/^[A-Za-z0-9_-]{43}=$/.test(key)) return { problem: `has something under "${name}" that is no Fernet key` };
    keys.set(Number(name), key);
  }
  if (!keys.has(0)) return { problem: 'has no staged key "0"' };
  return { keys };
}

export function primaryOf(keys: KeyRepository): number {
  return Math.max(...keys.keys());
}

/** Neither staged nor primary: they decrypt what was encrypted before. Oldest first. */
export function retiredOf(keys: KeyRepository): number[] {
  const primary = primaryOf(keys);
  return [...keys.keys()].filter((index) => index !== 0 && index !== primary).sort((one, other) => one - other);
}

/** Whether the staged key has become primary and no new one is staged yet: between the two halves of a rotation. */
export function lacksStaged(keys: KeyRepository): boolean {
  const primary = primaryOf(keys);
  return primary > 0 && keys.get(0) === keys.get(primary);
}

/** Tells one content from another. Of random keys of 256 bits it gives nothing away. */
export function fingerprintOf(keys: KeyRepository): string {
  return hashOf([...keys].sort(([one], [other]) => one - other));
}
