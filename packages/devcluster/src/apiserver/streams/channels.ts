// How a command's streams travel (exec, attach): as numbered channels of a WebSocket, or as streams of SPDY.
import { Readable, Writable } from 'node:stream';
import type { Status } from '@stackwright/kube';
import type { WebSocket } from 'ws';
import type { StreamOptions, TerminalSize } from '../../shared/process.js';
import { statusError } from '../errors.js';
import type { SpdySession, SpdyStream } from './spdy/session.js';

export interface CommandChannels {
  stdin?: Readable;
  stdout?: Writable;
  stderr?: Writable;
  /** The last size that the client told of. */
  readonly size: TerminalSize | undefined;
  onResize(listener: (size: TerminalSize) => void): void;
  /** Sends how it ended, and then closes. All outputs must have been written. */
  finish(status: Status): Promise<void>;
  /** Resolves when the client has gone, or all is done. */
  readonly closed: Promise<void>;
}

const Channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const;
/** From v5 on: the byte behind it names the channel that ends. */
const CLOSE = 255;

class Resizes {
  size: TerminalSize | undefined;
  #listener: ((size: TerminalSize) => void) | undefined;

  on(listener: (size: TerminalSize) => void): void {
    this.#listener = listener;
    if (this.size) listener(this.size);
  }

  /** `{"Width":80,"Height":24}`; what is none is left alone. */
  receive(text: string): void {
    let size: { Width?: unknown; Height?: unknown };
    try {
      size = JSON.parse(text) as typeof size;
    } catch {
      return;
    }
    if (!isCount(size.Width) || !isCount(size.Height)) return;
    this.size = { columns: size.Width, rows: size.Height };
    this.#listener?.(this.size);
  }
}

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 65_536;

export function webSocketChannels(webSocket: WebSocket, options: StreamOptions): CommandChannels {
  const resizes = new Resizes();
  const send = (channel: number, data: Uint8Array, done: (error?: Error | null) => void): void => {
    webSocket.send(Buffer.concat([Buffer.from([channel]), data]), { binary: true }, done);
  };
  const writable = (channel: number): Writable =>
    new Writable({ write: (chunk: Buffer, _encoding, done) => send(channel, chunk, done) });
  // Reading stops when the process does not take what there is.
  const stdin = options.stdin ? new Readable({ read: () => webSocket.resume() }) : undefined;
  /** Said here, and not by the stream, which has an end only once its reader has come to it: whatever is pushed until then is an error. */
  let isOpen = stdin !== undefined;
  webSocket.on('error', () => undefined);
  webSocket.on('message', (message: Buffer) => {
    const [channel] = message;
    if (channel === Channel.stdin && message.length > 1 && stdin && isOpen) {
      if (!stdin.push(message.subarray(1))) webSocket.pause();
    } else if (channel === CLOSE && message[1] === Channel.stdin) {
      isOpen = false;
      stdin?.push(null);
    } else if (channel === Channel.resize) resizes.receive(message.toString('utf8', 1));
  });
  const closed = new Promise<void>((resolve) => webSocket.once('close', () => resolve()));
  void closed.then(() => stdin?.destroy());
  webSocket.resume();
  return {
    ...(stdin ? { stdin } : {}),
    ...(options.stdout ? { stdout: writable(Channel.stdout) } : {}),
    ...(options.stderr && !options.tty ? { stderr: writable(Channel.stderr) } : {}),
    get size() {
      return resizes.size;
    },
    onResize: (listener) => resizes.on(listener),
    finish: async (status) => {
      await new Promise<void>((resolve) => send(Channel.error, Buffer.from(JSON.stringify(status)), () => resolve()));
      webSocket.resume();
      webSocket.close(1000);
      await closed;
    },
    closed,
  };
}

/** How long a client may take to open its streams, milliseconds. */
const PATIENCE = 30_000;

/** Collects the streams that a client opens, until those are there that it asked for. */
export class SpdyStreams {
  readonly #wanted: Set<string>;
  readonly #found = new Map<string, SpdyStream>();
  readonly #complete: Promise<void>;
  #resolve: () => void = () => undefined;

  constructor(options: StreamOptions) {
    this.#wanted = new Set([
      'error',
      ...(options.stdin ? ['stdin'] : []),
      ...(options.stdout ? ['stdout'] : []),
      ...(options.stderr && !options.tty ? ['stderr'] : []),
      ...(options.tty ? ['resize'] : []),
    ]);
    this.#complete = new Promise((resolve) => (this.#resolve = resolve));
  }

  add(stream: SpdyStream): void {
    const type = stream.headers.get('streamtype') ?? '';
    if (!this.#wanted.delete(type)) {
      stream.destroy();
      return;
    }
    this.#found.set(type, stream);
    if (this.#wanted.size === 0) this.#resolve();
  }

  async channels(session: SpdySession): Promise<CommandChannels> {
    const timer = setTimeout(() => session.destroy(), PATIENCE);
    try {
      await Promise.race([
        this.#complete,
        session.closed.then(() => {
          throw statusError(400, 'BadRequest', 'the client did not open the streams that it asked for');
        }),
      ]);
    } finally {
      clearTimeout(timer);
    }
    return spdyChannels(session, this.#found);
  }
}

function spdyChannels(session: SpdySession, streams: ReadonlyMap<string, SpdyStream>): CommandChannels {
  const resizes = new Resizes();
  const [stdin, stdout, stderr] = ['stdin', 'stdout', 'stderr'].map((name) => streams.get(name));
  // One size a line, as Go's encoder writes them.
  let rest = '';
  streams.get('resize')?.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) resizes.receive(line);
  });
  const error = streams.get('error');
  // What is not read keeps a stream from closing.
  for (const stream of [stdout, stderr, error]) stream?.resume();
  return {
    ...(stdin ? { stdin } : {}),
    ...(stdout ? { stdout } : {}),
    ...(stderr ? { stderr } : {}),
    get size() {
      return resizes.size;
    },
    onResize: (listener) => resizes.on(listener),
    finish: async (status) => {
      error?.end(JSON.stringify(status));
      stdout?.end();
      stderr?.end();
      // The client closes the connection once it has read the outcome.
      const timer = setTimeout(() => session.destroy(), PATIENCE);
      await session.closed;
      clearTimeout(timer);
    },
    closed: session.closed,
  };
}
