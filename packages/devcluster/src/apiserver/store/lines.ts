// Files of lines that may be larger than any string: read piece by piece.
import { closeSync, openSync, readSync } from 'node:fs';

export interface Line {
  /** Undefined for a line that is longer than any that was written. */
  text: string | undefined;
  /** Counted from 1. */
  number: number;
  /** Where it begins, in bytes. */
  offset: number;
  /** Whether a newline ends it. */
  complete: boolean;
}

export interface LinesOptions {
  /** Bytes that are read at a time. Default 1 MiB. */
  pieceSize?: number;
  /** Bytes that a line may have. Default 64 MiB: far more than any transaction, and far less than a string can hold. */
  longestLine?: number;
}

const NEWLINE = 0x0a;

export function* readLines(path: string, options: LinesOptions = {}): Generator<Line> {
  const { pieceSize = 1024 * 1024, longestLine = 64 * 1024 * 1024 } = options;
  const file = openSync(path, 'r');
  try {
    const piece = Buffer.alloc(pieceSize);
    let [number, offset, position] = [1, 0, 0];
    let parts: Buffer[] = [];
    let length = 0;
    const line = (complete: boolean): Line => {
      const text = length > longestLine ? undefined : Buffer.concat(parts).toString('utf8');
      return { text, number, offset, complete };
    };
    const take = (bytes: Buffer): void => {
      length += bytes.length;
      // The piece is overwritten by the next one.
      if (length <= longestLine) parts.push(Buffer.from(bytes));
      else parts = [];
    };
    for (let read = readSync(file, piece); read > 0; read = readSync(file, piece)) {
      let from = 0;
      for (let end = piece.indexOf(NEWLINE); end >= 0 && end < read; end = piece.indexOf(NEWLINE, from)) {
        take(piece.subarray(from, end));
        yield line(true);
        from = end + 1;
        number += 1;
        offset = position + from;
        [parts, length] = [[], 0];
      }
      take(piece.subarray(from, read));
      position += read;
    }
    if (length > 0) yield line(false);
  } finally {
    closeSync(file);
  }
}
