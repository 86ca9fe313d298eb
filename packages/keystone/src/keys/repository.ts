// Key repositories of keystone: files named by numbers, each holding one Fernet key. 0 is staged, the highest is primary.
import type { Random } from '@stackwright/core';

/** 32 random bytes in URL-safe base64, as `cryptography.fernet` wants them. */
export function fernetKey(random: Random): string {
  return Buffer.from(random.bytes(32)).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}

/** What `keystone-manage fernet_setup` and `credential_setup` make. */
export function newKeyRepository(random: Random): Record<string, string> {
  return { '0': fernetKey(random), '1': fernetKey(random) };
}
