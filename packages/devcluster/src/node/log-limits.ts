/** Ends after so many bytes, in the middle of a piece when it must be. */
export async function* limited(pieces: AsyncIterable<string>, limitBytes: number | undefined): AsyncGenerator<string> {
  let left = limitBytes ?? Infinity;
  for await (const piece of pieces) {
    const bytes = Buffer.byteLength(piece);
    if (bytes < left) {
      left -= bytes;
      yield piece;
      continue;
    }
    yield bytes === left ? piece : Buffer.from(piece).subarray(0, left).toString('utf8');
    return;
  }
}
