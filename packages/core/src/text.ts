// Texts that have to fit: the API server counts bytes where it says "characters".

/** How the bytes of a character begin after its first one. */
const continuation = 0b1000_0000;

/** The text in UTF-8 as far as it fits, with "…" where something is missing; never half a character. */
export function cutBytes(text: string, most: number, mark = '…'): string {
  // No character has more than three bytes for each of its units.
  if (text.length * 3 <= most) return text;
  const bytes = Buffer.from(text);
  if (bytes.length <= most) return text;
  let end = Math.max(0, most - Buffer.byteLength(mark));
  while (end > 0 && ((bytes[end] ?? 0) & 0b1100_0000) === continuation) end--;
  return `${bytes.toString('utf8', 0, end)}${mark}`;
}
