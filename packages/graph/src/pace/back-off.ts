import type { Random } from '@stackwright/core';

/** Milliseconds before the next attempt: doubles from `base` to `max`, spread by a fifth either way. */
export function backoff(
  failures: number,
  random: Pick<Random, 'float'>,
  { base, max }: { base: number; max: number },
): number {
  const delay = Math.min(base * 2 ** Math.min(failures - 1, 30), max);
  return Math.round(delay * (0.8 + 0.4 * random.float()));
}
