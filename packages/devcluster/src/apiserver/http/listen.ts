// The sockets: node:http or node:https around `handle`.
import { createServer as createHttpServer, ServerResponse, type IncomingMessage, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { ApiError } from '@stackwright/kube';
import { once } from 'node:events';
import { ConnectionLost } from '../intercept.js';
import { BODY_LIMIT } from '../bounds.js';
import { failure, type HttpAnswer, type HttpRequest } from './handle.js';

export interface ListenOptions {
  host: string;
  port: number;
  tls?: { certificate: string; key: string };
  handle(request: HttpRequest): Promise<HttpAnswer>;
}

export interface Listener {
  url: string;
  port: number;
  /** Ends all watches and connections. */
  close(): Promise<void>;
}

export async function listen(options: ListenOptions): Promise<Listener> {
  /** Requests that are under way. */
  const open = new Set<AbortController>();
  const answer = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    const gone = new AbortController();
    open.add(gone);
    outgoing.once('close', () => {
      open.delete(gone);
      gone.abort();
    });
    serve(options, incoming, outgoing, gone.signal).catch(() => outgoing.destroy());
  };
  const server: Server = options.tls
    ? createHttpsServer({ cert: options.tls.certificate, key: options.tls.key }, answer)
    : createHttpServer(answer);
  // Clients that keep connections open for reuse must not meet one that is just being closed.
  server.keepAliveTimeout = 90_000;
  server.headersTimeout = 95_000;
  server.requestTimeout = 60_000;
  /** Connections that are none of HTTP any more: the server does not know them. */
  const upgraded = new Set<Duplex>();
  server.on('upgrade', (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    upgraded.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => upgraded.delete(socket));
    upgrade(options, incoming, socket, head).catch(() => socket.destroy());
  });
  server.listen(options.port, options.host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `${options.tls ? 'https' : 'http'}://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`,
    port,
    close: async () => {
      for (const request of open) request.abort();
      server.close();
      server.closeIdleConnections();
      // Watches have been told to end; what has not ended by itself in the next turns is cut.
      setImmediate(() => server.closeAllConnections());
      for (const socket of upgraded) socket.destroy();
      await once(server, 'close');
    },
  };
}

async function serve(
  options: ListenOptions,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  try {
    await write(await options.handle(requestOf(incoming, signal)), incoming, outgoing, signal);
  } catch (error) {
    if (!(error instanceof ConnectionLost)) process.emitWarning(error instanceof Error ? error : String(error));
    outgoing.destroy();
  } finally {
    // A body that nobody read would block the connection for the next request.
    if (!incoming.readableEnded) incoming.resume();
  }
}

/** Hands the connection over, or answers as if nobody had asked for another protocol. */
async function upgrade(options: ListenOptions, incoming: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
  const gone = new AbortController();
  socket.once('close', () => gone.abort());
  let answer = await options.handle({
    ...requestOf(incoming, gone.signal),
    // The parser has let go of the connection: there is no body.
    body: () => Promise.resolve(new Uint8Array()),
    upgrade: true,
  });
  if (answer.takeOver) {
    try {
      await answer.takeOver({ incoming, socket, head });
      return;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      answer = failure(error);
    }
  }
  const outgoing = new ServerResponse(incoming);
  outgoing.assignSocket(socket as Socket);
  outgoing.shouldKeepAlive = false;
  outgoing.once('finish', () => socket.end());
  await write(answer, incoming, outgoing, gone.signal);
}

const requestOf = (incoming: IncomingMessage, signal: AbortSignal): HttpRequest => ({
  method: incoming.method ?? 'GET',
  url: incoming.url ?? '/',
  headers: incoming.headers as Record<string, string | undefined>,
  repeated: incoming.headersDistinct,
  body: () => read(incoming),
  signal,
  connection: incoming.socket,
});

async function write(
  { code, headers, body }: HttpAnswer,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  if (typeof body === 'string') {
    outgoing.writeHead(code, { ...headers, 'content-length': Buffer.byteLength(body) } as Record<
      string,
      string | number | string[]
    >);
    outgoing.end(incoming.method === 'HEAD' ? undefined : body);
    return;
  }
  outgoing.writeHead(code, headers as Record<string, string | string[]>);
  // The client must know that the watch has begun, although nothing has happened yet.
  outgoing.flushHeaders();
  for await (const piece of body) {
    if (signal.aborted) break;
    if (!outgoing.write(piece)) await drained(outgoing, signal);
  }
  outgoing.end();
}

async function read(incoming: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    // Read to the end all the same: a refusal can only be answered on a connection that is in order.
    if (size <= BODY_LIMIT + 1) chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  return size > BODY_LIMIT && body.length <= BODY_LIMIT ? new Uint8Array(BODY_LIMIT + 1) : body;
}

async function drained(outgoing: ServerResponse, signal: AbortSignal): Promise<void> {
  try {
    await once(outgoing, 'drain', { signal });
  } catch {
    // The client has gone; the loop sees it.
  }
}
