// What is known of a key repository besides the keys: an annotation of its Secret, written together with them, so that neither
// a crash nor a restart can part the two. Lost or wrong, nothing is: then everything counts from now on.
import { formatTime } from '@stackwright/kube';

export const ledgerAnnotation = 'keystone.stackwright.dev/key-rotation';

/** Times in milliseconds since the epoch. */
export interface Ledger {
  /** Of the keys that it speaks of: others have been put in their place if it does not fit. */
  keys: string;
  /** When a key was last added or replaced. */
  changed: number;
  /** When the primary key became primary. */
  rotated: number;
  /** The request for a rotation that was last fulfilled. */
  requested?: string;
  /** By index, of the keys that sign tokens: the longest life of a token while the key was primary, and when it was no more. */
  tokens?: Readonly<Record<string, TokenKey>>;
  /** Of credential keys: the primary key with which all credentials were encrypted anew. */
  migrated?: number;
}

export interface TokenKey {
  /** Seconds. */
  expiration: number;
  retired?: number;
}

/** Whole seconds: what is read is what was written. */
export function formatLedger({ changed, rotated, tokens, ...rest }: Ledger): string {
  const said = Object.entries(tokens ?? {}).map(([index, { expiration, retired }]) => [
    index,
    { expiration, ...(retired === undefined ? {} : { retired: formatTime(retired) }) },
  ]);
  return JSON.stringify({
    ...rest,
    changed: formatTime(changed),
    rotated: formatTime(rotated),
    ...(tokens ? { tokens: Object.fromEntries(said) as object } : {}),
  });
}

/** Undefined for what is absent, or is none. */
export function parseLedger(text: string | undefined): Ledger | undefined {
  if (text === undefined) return undefined;
  try {
    const said = JSON.parse(text) as Record<string, unknown>;
    const { keys, requested, migrated } = said;
    const changed = timeOf(said['changed']);
    const rotated = timeOf(said['rotated']);
    if (typeof keys !== 'string' || changed === undefined || rotated === undefined) return undefined;
    const tokens: Record<string, TokenKey> = {};
    for (const [index, value] of Object.entries((said['tokens'] ?? {}) as Record<string, unknown>)) {
      const { expiration, retired } = value as Record<string, unknown>;
      const since = timeOf(retired);
      if (typeof expiration !== 'number') return undefined;
      tokens[index] = { expiration, ...(since === undefined ? {} : { retired: since }) };
    }
    return {
      keys,
      changed,
      rotated,
      ...(typeof requested === 'string' ? { requested } : {}),
      ...(said['tokens'] === undefined ? {} : { tokens }),
      ...(typeof migrated === 'number' ? { migrated } : {}),
    };
  } catch {
    return undefined;
  }
}

function timeOf(value: unknown): number | undefined {
  const time = typeof value === 'string' ? Date.parse(value) : NaN;
  return Number.isNaN(time) ? undefined : time;
}
