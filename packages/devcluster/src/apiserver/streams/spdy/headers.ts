// Header blocks: names and values with their lengths, compressed. Each direction of a connection is one zlib stream, so
// blocks must be packed and unpacked in the order in which they travel.
import { constants, createDeflate, createInflate, type Deflate, type Inflate } from 'node:zlib';
import { dictionary } from './dictionary.js';
import { FrameError } from './frames.js';

/** Names in lower case. A header that is there several times has all its values, joined by NUL. */
export type Headers = ReadonlyMap<string, string>;

/** A block that unpacks to more than this is none of a Kubernetes client. */
const MAX_BLOCK = 64 * 1024;

export function encodeHeaders(headers: Headers): Buffer {
  const number = (value: number): Buffer => {
    const buffer = Buffer.alloc(4);
    buffer.writeUInt32BE(value);
    return buffer;
  };
  const text = (value: string): Buffer[] => [number(Buffer.byteLength(value)), Buffer.from(value)];
  return Buffer.concat([
    number(headers.size),
    ...[...headers].flatMap(([name, value]) => [...text(name.toLowerCase()), ...text(value)]),
  ]);
}

export function decodeHeaders(block: Buffer): Headers {
  let offset = 0;
  const number = (): number => {
    if (offset + 4 > block.length) throw new FrameError('a header block ends early');
    offset += 4;
    return block.readUInt32BE(offset - 4);
  };
  const text = (): string => {
    const length = number();
    if (offset + length > block.length) throw new FrameError('a header block ends early');
    offset += length;
    return block.toString('utf8', offset - length, offset);
  };
  const headers = new Map<string, string>();
  for (let count = number(); count > 0; count -= 1) {
    const name = text();
    headers.set(name.toLowerCase(), text());
  }
  return headers;
}

/** One direction of a connection. */
export class BlockCodec {
  readonly #zlib: Deflate | Inflate;
  #last: Promise<unknown> = Promise.resolve();

  constructor(direction: 'pack' | 'unpack') {
    const options = { dictionary, flush: constants.Z_SYNC_FLUSH, chunkSize: 2 * MAX_BLOCK };
    this.#zlib = direction === 'pack' ? createDeflate(options) : createInflate(options);
  }

  run(block: Buffer): Promise<Buffer> {
    const result = this.#last.then(() => this.#run(block));
    this.#last = result.catch(() => undefined);
    return result;
  }

  close(): void {
    // A block that is being worked on is of no use to anybody any more.
    this.#zlib.once('error', () => undefined);
    this.#zlib.destroy();
  }

  #run(block: Buffer): Promise<Buffer> {
    if (this.#zlib.destroyed) return Promise.reject(new FrameError('the connection has ended'));
    return new Promise((resolve, reject) => {
      const pieces: Buffer[] = [];
      let size = 0;
      const end = (error?: Error | null): void => {
        this.#zlib.off('data', take).off('error', fail).off('close', closed);
        if (error) reject(new FrameError(`a header block that cannot be read: ${error.message}`));
        else resolve(Buffer.concat(pieces));
      };
      const take = (piece: Buffer): void => {
        pieces.push(piece);
        size += piece.length;
        if (size > MAX_BLOCK) {
          end(new Error('it is too long'));
          this.close();
        }
      };
      const fail = (error: Error): void => end(error);
      const closed = (): void => end(new Error('the connection has ended'));
      this.#zlib.on('data', take).once('error', fail).once('close', closed);
      // With Z_SYNC_FLUSH all of a block's output has been given when its write is done; one turn later it has arrived.
      this.#zlib.write(block, (error) => (error ? end(error) : setImmediate(end)));
    });
  }
}
