import { closest, distance } from 'fastest-levenshtein';

/** Which of the known words somebody may have meant; undefined where none is near. */
export function suggestionFor(word: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const nearest = closest(
    word.toLowerCase(),
    known.map((one) => one.toLowerCase()),
  );
  const meant = known.find((one) => one.toLowerCase() === nearest);
  return meant !== undefined && distance(word.toLowerCase(), nearest) <= Math.max(2, word.length / 3)
    ? meant
    : undefined;
}

/** "; did you mean replicas?", or nothing. */
export function didYouMean(word: string, known: readonly string[]): string {
  const meant = suggestionFor(word, known);
  return meant === undefined ? '' : `; did you mean ${meant}?`;
}
