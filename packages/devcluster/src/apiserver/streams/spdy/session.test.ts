import { createConnection, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encode, FrameReader, type Frame } from './frames.js';
import { BlockCodec, decodeHeaders, encodeHeaders } from './headers.js';
import { SpdySession, type SpdyStream } from './session.js';

/** Unlike that of `node:stream/consumers` it leaves the other direction of a stream alone. */
async function text(stream: Readable): Promise<string> {
  let all = '';
  stream.on('data', (chunk: Buffer) => (all += chunk.toString()));
  await once(stream, 'end');
  return all;
}

describe('frames', () => {
  const frames: Exclude<Frame, { type: 'ignored' }>[] = [
    { type: 'syn-stream', stream: 1, fin: false, unidirectional: true, block: Buffer.from('block') },
    { type: 'syn-reply', stream: 1, fin: true, block: Buffer.from('reply') },
    { type: 'data', stream: 1, fin: false, data: Buffer.from('some data') },
    { type: 'headers', stream: 1, fin: false, block: Buffer.from('more') },
    { type: 'ping', id: 0xffff_ffff },
    { type: 'rst-stream', stream: 1, status: 5 },
    { type: 'data', stream: 0x7fff_ffff, fin: true, data: Buffer.alloc(0) },
    { type: 'goaway', lastStream: 1, status: 0 },
  ];

  it('are read as they were written, however their bytes arrive', () => {
    const bytes = Buffer.concat(frames.map(encode));
    expect([...new FrameReader().read(bytes)]).toEqual(frames);
    const reader = new FrameReader();
    const single = [...bytes].flatMap((byte) => [...reader.read(Buffer.from([byte]))]);
    const joined: Frame[] = [];
    for (const frame of single) {
      const before = joined.at(-1);
      if (frame.type === 'data' && before?.type === 'data' && before.stream === frame.stream && !before.fin)
        joined.splice(-1, 1, { ...frame, data: Buffer.concat([before.data, frame.data]) });
      else joined.push(frame);
    }
    expect(joined).toEqual(frames);
  });

  it('are those of the protocol', () => {
    expect(encode({ type: 'ping', id: 1 }).toString('hex')).toBe('800300060000000400000001');
    expect(encode({ type: 'data', stream: 5, fin: true, data: Buffer.from('ab') }).toString('hex')).toBe(
      '00000005010000026162',
    );
    const settings = Buffer.from('800300040000000c000000010000000400000064', 'hex');
    expect([...new FrameReader().read(settings)]).toEqual([{ type: 'ignored', code: 4 }]);
  });

  it('of other protocols are refused', () => {
    expect(() => [...new FrameReader().read(Buffer.from('8002000100000000', 'hex'))]).toThrow(/version 2/);
    expect(() => [...new FrameReader().read(Buffer.from('8003000100ffffff', 'hex'))]).toThrow(/16777215 bytes/);
    expect(() => [...new FrameReader().read(Buffer.from('80030003000000040000000100', 'hex'))]).toThrow(/too short/);
  });
});

describe('headers', () => {
  it('are packed with the dictionary of the protocol, one block after the other', async () => {
    const [pack, unpack] = [new BlockCodec('pack'), new BlockCodec('unpack')];
    const headers = new Map([
      ['streamtype', 'data'],
      ['port', '8080'],
      ['requestid', '0'],
    ]);
    const blocks = await Promise.all(
      [headers, new Map<string, string>(), headers].map((one) => pack.run(encodeHeaders(one))),
    );
    // zlib's header, and the check sum of the dictionary that is asked for.
    expect(blocks[0]?.subarray(2, 6).toString('hex')).toBe('e3c6a7c2');
    expect(blocks[2]?.length).toBeLessThan(blocks[0]?.length ?? 0);
    const unpacked = await Promise.all(blocks.map((block) => unpack.run(block)));
    expect(unpacked.map((block) => decodeHeaders(block))).toEqual([headers, new Map(), headers]);
    pack.close();
    unpack.close();
  });

  it('that make no sense are refused', async () => {
    const unpack = new BlockCodec('unpack');
    await expect(unpack.run(Buffer.from('nonsense'))).rejects.toThrow(/cannot be read/);
    expect(() => decodeHeaders(Buffer.from('00000001000000ff', 'hex'))).toThrow(/ends early/);
    const [pack, again] = [new BlockCodec('pack'), new BlockCodec('unpack')];
    await expect(again.run(await pack.run(Buffer.alloc(1_000_000)))).rejects.toThrow(/too long/);
    pack.close();
  });
});

describe('a session', () => {
  let listener: Server;
  let sockets: [Socket, Socket];
  let client: SpdySession;
  let server: SpdySession;
  let accepted: SpdyStream[];
  let onStream: (stream: SpdyStream) => void;

  beforeEach(async () => {
    accepted = [];
    onStream = () => undefined;
    listener = createServer().listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const outgoing = createConnection((listener.address() as AddressInfo).port, '127.0.0.1');
    const [incoming] = (await once(listener, 'connection')) as [Socket];
    sockets = [outgoing, incoming];
    client = new SpdySession(outgoing, { role: 'client' });
    server = new SpdySession(incoming, {
      role: 'server',
      onStream: (stream) => {
        accepted.push(stream);
        onStream(stream);
      },
    });
  });
  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    listener.close();
  });

  const headers = (type: string): Map<string, string> => new Map([['streamtype', type]]);

  it('carries streams in both directions, each of which ends on its own', async () => {
    onStream = (stream) => {
      void text(stream).then((all) => stream.end(`got ${all}`));
    };
    const answers = await Promise.all(
      ['a', 'b'].map(async (name) => {
        const stream = await client.open(headers(name));
        stream.write('one ');
        stream.end(name);
        return text(stream);
      }),
    );
    expect(answers).toEqual(['got one a', 'got one b']);
    expect(accepted.map((stream) => stream.headers.get('streamtype'))).toEqual(['a', 'b']);
    client.close();
    await Promise.all([client.closed, server.closed]);
  });

  it('carries much, at the pace of the reader', async () => {
    const stream = await client.open(headers('data'));
    const size = 20_000_000;
    let written = 0;
    const writing = (async () => {
      const chunk = Buffer.alloc(100_000, 'x');
      for (; written < size; written += chunk.length) if (!stream.write(chunk)) await once(stream, 'drain');
      stream.end();
    })();
    await expect.poll(() => accepted.length).toBe(1);
    // Nobody reads: buffers of sockets and of the stream fill up, and then the writer waits.
    let before = -1;
    await expect.poll(() => before === (before = written), { interval: 50 }).toBe(true);
    expect(written).toBeLessThan(size);
    expect(accepted[0]?.readableLength).toBeLessThan(1_000_000);
    let read = 0;
    for await (const chunk of accepted[0] as SpdyStream) read += (chunk as Buffer).length;
    await writing;
    expect(read).toBe(size);
  });

  it('lets one stream be given up without the others', async () => {
    const [one, other] = [await client.open(headers('one')), await client.open(headers('other'))];
    await expect.poll(() => accepted.length).toBe(2);
    one.destroy();
    await once(accepted[0] as SpdyStream, 'close');
    other.end('still there');
    expect(await text(accepted[1] as SpdyStream)).toBe('still there');
  });

  it('ends its streams when the connection is lost', async () => {
    const stream = await client.open(headers('one'));
    await expect.poll(() => accepted.length).toBe(1);
    sockets[0].destroy();
    await Promise.all([once(stream, 'close'), once(accepted[0] as SpdyStream, 'close'), server.closed]);
    await expect(client.open(headers('late'))).rejects.toThrow(/ended/);
  });

  it('answers pings, and ends on nonsense', async () => {
    const raw = createConnection((listener.address() as AddressInfo).port, '127.0.0.1');
    const [incoming] = (await once(listener, 'connection')) as [Socket];
    const session = new SpdySession(incoming, { role: 'server' });
    const received: Buffer[] = [];
    raw.on('data', (chunk: Buffer) => received.push(chunk));
    raw.write(encode({ type: 'ping', id: 7 }));
    await expect.poll(() => Buffer.concat(received)).toEqual(encode({ type: 'ping', id: 7 }));
    raw.write(encode({ type: 'syn-stream', stream: 1, fin: false, unidirectional: false, block: Buffer.from('bad') }));
    await Promise.all([once(raw, 'end'), session.closed]);
    expect(Buffer.concat(received).subarray(12)).toEqual(encode({ type: 'goaway', lastStream: 0, status: 1 }));
  });
});
