// A SPDY/3.1 connection, as far as Kubernetes speaks it: streams in both directions over one connection.
//
// There is no flow control per stream: the Go library on the other side neither keeps windows nor tells of any, so that
// whoever waited for a WINDOW_UPDATE would wait for ever. What is slow is slowed down by the connection itself.
import { Duplex } from 'node:stream';
import { encode, FrameError, FrameReader, Status, type Frame } from './frames.js';
import { BlockCodec, decodeHeaders, encodeHeaders, type Headers } from './headers.js';

export interface SessionOptions {
  /** Clients open streams with odd numbers, servers with even ones. */
  role: 'server' | 'client';
  /** A stream that the other side opened; it has been answered already. */
  onStream?(stream: SpdyStream): void;
}

/** What a stream may have waiting for its reader before the connection is no longer read, bytes. */
const RECEIVE_BUFFER = 256 * 1024;
/** Of one frame, so that streams take turns. */
const MAX_DATA = 32 * 1024;
const MAX_STREAMS = 1000;

export class SpdySession {
  /** Resolves when the connection is gone; never rejects. */
  readonly closed: Promise<void>;
  readonly #transport: Duplex;
  readonly #options: SessionOptions;
  readonly #streams = new Map<number, SpdyStream>();
  readonly #pack = new BlockCodec('pack');
  readonly #unpack = new BlockCodec('unpack');
  /** Frames with headers, one after the other. */
  #headersSent: Promise<void> = Promise.resolve();
  #lastReceived = 0;
  #nextId: number;
  #goneAway = false;

  constructor(transport: Duplex, options: SessionOptions) {
    this.#transport = transport;
    this.#options = options;
    this.#nextId = options.role === 'client' ? 1 : 2;
    this.closed = new Promise((resolve) => transport.once('close', resolve));
    transport.on('error', () => undefined);
    transport.once('close', () => this.#ended());
    void this.#run();
  }

  /** Opens a stream. */
  async open(headers: Headers): Promise<SpdyStream> {
    const id = this.#nextId;
    this.#nextId += 2;
    const stream = this.#add(id, headers);
    await this.#sendHeaders(headers, (block) => ({
      type: 'syn-stream',
      stream: id,
      fin: false,
      unidirectional: false,
      block,
    }));
    return stream;
  }

  /** No more streams; the connection ends with the last one. */
  close(): void {
    if (this.#goneAway) return;
    this.#goneAway = true;
    this.#send({ type: 'goaway', lastStream: this.#lastReceived, status: 0 });
    this.#endWhenIdle();
  }

  destroy(): void {
    this.#transport.destroy();
  }

  async #run(): Promise<void> {
    const reader = new FrameReader();
    try {
      for await (const chunk of this.#transport.iterator({ destroyOnReturn: false })) {
        for (const frame of reader.read(chunk as Buffer)) await this.#handle(frame);
      }
      this.#transport.destroy();
    } catch (error) {
      if (error instanceof FrameError) this.#send({ type: 'goaway', lastStream: this.#lastReceived, status: 1 });
      this.#transport.end(() => this.#transport.destroy());
    }
  }

  async #handle(frame: Frame): Promise<void> {
    switch (frame.type) {
      case 'syn-stream':
        return this.#accept(frame);
      case 'syn-reply':
      case 'headers':
        // Nobody reads them, but the next block cannot be unpacked without them.
        await this.#unpack.run(frame.block);
        if (frame.fin) await this.#streams.get(frame.stream)?.receive(undefined, true);
        return;
      case 'data': {
        const stream = this.#streams.get(frame.stream);
        if (stream) await stream.receive(frame.data, frame.fin);
        // Of a stream that has ended here, data may still be on its way; of one that never was, it may not.
        else if (this.#isTheirs(frame.stream) && frame.stream > this.#lastReceived)
          this.#send({ type: 'rst-stream', stream: frame.stream, status: Status.invalidStream });
        return;
      }
      case 'rst-stream':
        this.#streams.get(frame.stream)?.reset();
        return;
      case 'ping':
        if (this.#isTheirs(frame.id)) this.#send(frame);
        return;
      case 'goaway':
        this.#goneAway = true;
        this.#endWhenIdle();
        return;
      case 'ignored':
        return;
    }
  }

  async #accept({ stream: id, fin, block }: Frame & { type: 'syn-stream' }): Promise<void> {
    const headers = decodeHeaders(await this.#unpack.run(block));
    if (!this.#isTheirs(id) || id <= this.#lastReceived) {
      this.#send({ type: 'rst-stream', stream: id, status: Status.protocolError });
      return;
    }
    this.#lastReceived = id;
    if (this.#goneAway || !this.#options.onStream || this.#streams.size >= MAX_STREAMS) {
      this.#send({ type: 'rst-stream', stream: id, status: Status.refusedStream });
      return;
    }
    const stream = this.#add(id, headers);
    await this.#sendHeaders(new Map(), (reply) => ({ type: 'syn-reply', stream: id, fin: false, block: reply }));
    this.#options.onStream(stream);
    if (fin) await stream.receive(undefined, true);
  }

  #add(id: number, headers: Headers): SpdyStream {
    const stream = new SpdyStream(id, headers, (frame, done) => this.#send(frame, done));
    this.#streams.set(id, stream);
    stream.once('close', () => {
      this.#streams.delete(id);
      this.#endWhenIdle();
    });
    return stream;
  }

  #sendHeaders(headers: Headers, frame: (block: Buffer) => Exclude<Frame, { type: 'ignored' }>): Promise<void> {
    const sent = this.#headersSent.then(async () => {
      this.#send(frame(await this.#pack.run(encodeHeaders(headers))));
    });
    this.#headersSent = sent.catch(() => undefined);
    return sent;
  }

  #send(frame: Exclude<Frame, { type: 'ignored' }>, done?: (error?: Error | null) => void): void {
    if (this.#transport.writable) this.#transport.write(encode(frame), done);
    else done?.(new Error('the connection has ended'));
  }

  #isTheirs(id: number): boolean {
    return id % 2 === (this.#options.role === 'server' ? 1 : 0);
  }

  #endWhenIdle(): void {
    if (this.#goneAway && this.#streams.size === 0) this.#transport.end();
  }

  #ended(): void {
    for (const stream of this.#streams.values()) stream.reset();
    this.#pack.close();
    this.#unpack.close();
  }
}

type Send = (frame: Exclude<Frame, { type: 'ignored' }>, done?: (error?: Error | null) => void) => void;

/** Each direction ends on its own. */
export class SpdyStream extends Duplex {
  readonly id: number;
  readonly headers: Headers;
  readonly #send: Send;
  #resume: (() => void) | undefined;
  #reset = false;

  constructor(id: number, headers: Headers, send: Send) {
    super({ allowHalfOpen: true, readableHighWaterMark: RECEIVE_BUFFER });
    this.id = id;
    this.headers = headers;
    this.#send = send;
    // Whoever uses the stream sees it close; there is no more to tell.
    this.on('error', () => undefined);
  }

  /** For the session: what the other side sent. Waits while the reader has more than enough. */
  async receive(data: Buffer | undefined, fin: boolean): Promise<void> {
    if (this.destroyed || this.readableEnded) return;
    const full = data !== undefined && data.length > 0 && !this.push(data);
    if (fin) this.push(null);
    else if (full) await new Promise<void>((resolve) => (this.#resume = resolve));
  }

  /** For the session: the other side, or the connection, has given up. */
  reset(): void {
    this.#reset = true;
    this.destroy();
  }

  override _read(): void {
    this.#resume?.();
    this.#resume = undefined;
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    for (let start = 0; start < chunk.length || start === 0; start += MAX_DATA) {
      const data = chunk.subarray(start, start + MAX_DATA);
      const last = start + MAX_DATA >= chunk.length;
      this.#send({ type: 'data', stream: this.id, fin: false, data }, last ? done : undefined);
    }
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#send({ type: 'data', stream: this.id, fin: true, data: Buffer.alloc(0) }, done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this._read();
    if (!this.#reset && !(this.readableEnded && this.writableFinished))
      this.#send({ type: 'rst-stream', stream: this.id, status: Status.cancel });
    done(error);
  }
}
