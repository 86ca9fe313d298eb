// port-forward: connections to ports of a Pod. Each is a pair of SPDY streams, one for data and one for what went wrong,
// over an upgraded connection or, from kubectl 1.31 on, over a WebSocket. Other clients open one WebSocket per
// connection instead, with two channels for each port.
import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { createWebSocketStream, type WebSocket } from 'ws';
import { messageOf } from '../../shared/log.js';
import { badRequest } from '../errors.js';
import { SpdySession, type SpdyStream } from './spdy/session.js';
import { acceptSpdy, acceptWebSocket, upgradeOf, type TakeOver } from './upgrade.js';

const PROTOCOL = 'portforward.k8s.io';
const TUNNEL = `SPDY/3.1+${PROTOCOL}`;
const CHANNELS = 'v4.channel.k8s.io';

/** Connects to a port of the Pod; rejects with an Error whose message the user sees. */
export type Dial = (port: number) => Promise<Duplex>;

/** `about`: the Pod, for messages. `ports`: of the query, for clients that speak channels. */
export function portForward(about: string, ports: readonly number[], connect: Dial): TakeOver {
  const dial = explained(about, connect);
  return async (connection) => {
    const protocol = upgradeOf(connection.incoming);
    const pairs = new StreamPairs(dial);
    const onStream = (stream: SpdyStream): void => pairs.add(stream);
    if (protocol === 'spdy/3.1') {
      const { session } = acceptSpdy(connection, [PROTOCOL], onStream);
      await session.closed;
    } else if (protocol === 'websocket') {
      const { webSocket, protocol: inside } = await acceptWebSocket(connection, [TUNNEL, CHANNELS]);
      if (inside === CHANNELS) return forwardChannels(webSocket, ports, dial);
      const tunnel = createWebSocketStream(webSocket);
      await new SpdySession(tunnel, { role: 'server', onStream }).closed;
    } else {
      throw badRequest(`unable to upgrade: the server speaks no ${JSON.stringify(protocol)}`);
    }
  };
}

/** Failures in the kubelet's words. */
function explained(about: string, dial: Dial): Dial {
  return async (port) => {
    try {
      if (!isPort(port)) throw new Error('there is no such port');
      return await dial(port);
    } catch (error) {
      throw new Error(`error forwarding port ${port} to pod ${about}: ${messageOf(error)}`, { cause: error });
    }
  };
}

/** How long the second stream of a pair may take, milliseconds. */
const PATIENCE = 30_000;

/** Streams of one connection carry the same `requestid`. */
class StreamPairs {
  readonly #dial: Dial;
  readonly #waiting = new Map<string, { stream: SpdyStream; timer: NodeJS.Timeout }>();

  constructor(dial: Dial) {
    this.#dial = dial;
  }

  add(stream: SpdyStream): void {
    const request = stream.headers.get('requestid') ?? '';
    const other = this.#waiting.get(request);
    if (!other || other.stream.headers.get('streamtype') === stream.headers.get('streamtype')) {
      const timer = setTimeout(() => stream.destroy(), PATIENCE);
      stream.once('close', () => {
        clearTimeout(timer);
        if (this.#waiting.get(request)?.stream === stream) this.#waiting.delete(request);
      });
      this.#waiting.set(request, { stream, timer });
      return;
    }
    this.#waiting.delete(request);
    clearTimeout(other.timer);
    const [error, data] =
      stream.headers.get('streamtype') === 'error' ? [stream, other.stream] : [other.stream, stream];
    void forward(data, error, this.#dial);
  }
}

async function forward(data: SpdyStream, error: SpdyStream, dial: Dial): Promise<void> {
  error.resume();
  try {
    await join(data, await dial(Number(data.headers.get('port'))));
    error.end();
  } catch (failure) {
    error.end(messageOf(failure));
    data.end();
    data.resume();
  }
}

/** Until both directions have ended, or either side has gone. */
async function join(client: Duplex, server: Duplex): Promise<void> {
  client.once('close', () => {
    // What it sent before it went is still handed over.
    if (client.readableEnded) server.end(() => server.destroy());
    else server.destroy();
  });
  // A server that resets its connection ends it, no more.
  server.on('error', () => undefined);
  server.once('close', () => (server.readableEnded ? undefined : client.destroy()));
  client.pipe(server);
  server.pipe(client);
  if (!server.destroyed) await once(server, 'close');
}

const isPort = (port: number): boolean => Number.isInteger(port) && port > 0 && port < 65_536;

/** Channel 2n has the data of the n-th port, 2n + 1 its errors. Both begin with the port's number. */
async function forwardChannels(webSocket: WebSocket, ports: readonly number[], dial: Dial): Promise<void> {
  const send = (channel: number, data: Uint8Array, done?: (error?: Error) => void): void =>
    webSocket.send(Buffer.concat([Buffer.from([channel]), data]), { binary: true }, done);
  const targets = new Map<number, Duplex>();
  webSocket.on('error', () => undefined);
  const closed = once(webSocket, 'close');
  ports.forEach((port, index) => {
    const channel = 2 * index;
    const client = new Duplex({
      read: () => webSocket.resume(),
      write: (chunk: Buffer, _encoding, done) => send(channel, chunk, done),
      final: (done) => {
        // Channels cannot be closed one by one.
        webSocket.close(1000);
        done();
      },
    });
    targets.set(channel, client);
    const number = Buffer.alloc(2);
    number.writeUInt16LE(port);
    send(channel, number);
    send(channel + 1, number);
    dial(port)
      .then((server) => join(client, server))
      .catch((error: unknown) => {
        send(channel + 1, Buffer.from(messageOf(error)));
        client.end();
      });
  });
  webSocket.on('message', (message: Buffer) => {
    if (targets.get(message[0] ?? -1)?.push(message.subarray(1)) === false) webSocket.pause();
  });
  webSocket.resume();
  await closed;
  for (const client of targets.values()) client.destroy();
}
