// Resource versions of one kind can be ordered: unsigned decimals of any length, too long for a number.

/** Negative: `a` is older; 0: the same; positive: `a` is newer. */
export function compareResourceVersions(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}
