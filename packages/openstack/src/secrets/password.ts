import type { Random } from '@stackwright/core';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** 32 letters and digits (190 bits): safe without quoting in URLs, SQL, INI files and YAML. */
export function newPassword(random: Random, length = 32): string {
  let password = '';
  while (password.length < length) {
    for (const byte of random.bytes(length)) {
      // Bytes from the end of the range would favour the first letters.
      if (byte < 256 - (256 % alphabet.length) && password.length < length)
        password += alphabet[byte % alphabet.length];
    }
  }
  return password;
}
