// SPDY/3.1 frames and their bytes. A control frame begins with a set bit, the version and a type; a data frame with the
// number of its stream. Both go on with eight bits of flags and 24 of length. Header blocks are still compressed here.

export const Status = {
  protocolError: 1,
  invalidStream: 2,
  refusedStream: 3,
  unsupportedVersion: 4,
  cancel: 5,
  internalError: 6,
} as const;

export type Frame =
  | { type: 'syn-stream'; stream: number; fin: boolean; unidirectional: boolean; block: Buffer }
  | { type: 'syn-reply'; stream: number; fin: boolean; block: Buffer }
  | { type: 'headers'; stream: number; fin: boolean; block: Buffer }
  | { type: 'rst-stream'; stream: number; status: number }
  | { type: 'ping'; id: number }
  | { type: 'goaway'; lastStream: number; status: number }
  /** SETTINGS, WINDOW_UPDATE, CREDENTIAL and what is not known: nothing follows from them (see session.ts). */
  | { type: 'ignored'; code: number }
  /** Long ones come in pieces as they arrive; `fin` is with the last. */
  | { type: 'data'; stream: number; fin: boolean; data: Buffer };

const VERSION = 3;
const FIN = 0x01;
const UNIDIRECTIONAL = 0x02;
const HEADER = 8;
/** Control frames carry a few headers. */
const MAX_CONTROL = 64 * 1024;

const Code = { synStream: 1, synReply: 2, rstStream: 3, ping: 6, goaway: 7, headers: 8 } as const;

const NOTHING: Buffer = Buffer.alloc(0);

export class FrameError extends Error {
  override readonly name = 'FrameError';
}

/** Takes bytes as they arrive, and gives the frames that they complete. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);
  /** The data frame that is not whole yet. */
  #data: { stream: number; fin: boolean; missing: number } | undefined;

  *read(chunk: Buffer): Generator<Frame> {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    for (;;) {
      const frame = this.#data ? this.#piece(this.#data) : this.#next();
      if (frame === 'incomplete') return;
      if (frame) yield frame;
    }
  }

  /** Undefined when a frame has begun of which nothing can be given yet. */
  #next(): Frame | undefined | 'incomplete' {
    if (this.#rest.length < HEADER) return 'incomplete';
    const first = this.#rest.readUInt32BE(0);
    const flags = this.#rest.readUInt8(4);
    const length = this.#rest.readUIntBE(5, 3);
    if (first < 0x8000_0000) {
      this.#take(HEADER);
      this.#data = { stream: first, fin: (flags & FIN) !== 0, missing: length };
      return undefined;
    }
    const version = (first >>> 16) & 0x7fff;
    if (version !== VERSION) throw new FrameError(`frames of version ${version}: only SPDY/3 is spoken here`);
    if (length > MAX_CONTROL) throw new FrameError(`a control frame of ${length} bytes`);
    if (this.#rest.length < HEADER + length) return 'incomplete';
    this.#take(HEADER);
    return control(first & 0xffff, flags, this.#take(length));
  }

  #piece(frame: { stream: number; fin: boolean; missing: number }): Frame | 'incomplete' {
    const { stream, fin } = frame;
    if (frame.missing > 0 && this.#rest.length === 0) return 'incomplete';
    const data = this.#take(Math.min(frame.missing, this.#rest.length));
    frame.missing -= data.length;
    if (frame.missing === 0) this.#data = undefined;
    return { type: 'data', stream, fin: fin && frame.missing === 0, data };
  }

  #take(length: number): Buffer {
    const taken = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return taken;
  }
}

function control(code: number, flags: number, payload: Buffer): Frame {
  const fin = (flags & FIN) !== 0;
  const number = (offset: number): number => {
    if (payload.length < offset + 4) throw new FrameError(`a control frame of type ${code} that is too short`);
    return payload.readUInt32BE(offset) & 0x7fff_ffff;
  };
  switch (code) {
    case Code.synStream: {
      const unidirectional = (flags & UNIDIRECTIONAL) !== 0;
      // After the stream: the one that it belongs to, a priority and a slot for certificates.
      number(4);
      return { type: 'syn-stream', stream: number(0), fin, unidirectional, block: payload.subarray(10) };
    }
    case Code.synReply:
      return { type: 'syn-reply', stream: number(0), fin, block: payload.subarray(4) };
    case Code.headers:
      return { type: 'headers', stream: number(0), fin, block: payload.subarray(4) };
    case Code.rstStream:
      return { type: 'rst-stream', stream: number(0), status: number(4) };
    case Code.ping:
      number(0);
      return { type: 'ping', id: payload.readUInt32BE(0) };
    case Code.goaway:
      return { type: 'goaway', lastStream: number(0), status: number(4) };
    default:
      return { type: 'ignored', code };
  }
}

/** Data must be less than 16 MiB. */
export function encode(frame: Exclude<Frame, { type: 'ignored' }>): Buffer {
  switch (frame.type) {
    case 'data': {
      const header = Buffer.alloc(HEADER);
      header.writeUInt32BE(frame.stream, 0);
      header.writeUInt8(frame.fin ? FIN : 0, 4);
      header.writeUIntBE(frame.data.length, 5, 3);
      return Buffer.concat([header, frame.data]);
    }
    case 'syn-stream': {
      const flags = (frame.fin ? FIN : 0) | (frame.unidirectional ? UNIDIRECTIONAL : 0);
      return encodeControl(Code.synStream, flags, [frame.stream, 0], Buffer.concat([Buffer.alloc(2), frame.block]));
    }
    case 'syn-reply':
      return encodeControl(Code.synReply, frame.fin ? FIN : 0, [frame.stream], frame.block);
    case 'headers':
      return encodeControl(Code.headers, frame.fin ? FIN : 0, [frame.stream], frame.block);
    case 'rst-stream':
      return encodeControl(Code.rstStream, 0, [frame.stream, frame.status]);
    case 'ping':
      return encodeControl(Code.ping, 0, [frame.id]);
    case 'goaway':
      return encodeControl(Code.goaway, 0, [frame.lastStream, frame.status]);
  }
}

function encodeControl(code: number, flags: number, numbers: readonly number[], rest: Buffer = NOTHING): Buffer {
  const head = Buffer.alloc(HEADER + 4 * numbers.length);
  head.writeUInt16BE(0x8000 | VERSION, 0);
  head.writeUInt16BE(code, 2);
  head.writeUInt8(flags, 4);
  head.writeUIntBE(4 * numbers.length + rest.length, 5, 3);
  numbers.forEach((number, index) => head.writeUInt32BE(number, HEADER + 4 * index));
  return Buffer.concat([head, rest]);
}
