// A small API server for tests of the wire: each test scripts the answers and looks at what was asked.
import { createServer as createHttp, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttps, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { KubeObject, Status } from '../meta.js';

export interface Asked {
  method: string;
  /** Path with query. */
  url: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage['headers'];
  /** The same, one by one: "impersonate-group": ["dev", "ops"]. */
  distinct: IncomingMessage['headersDistinct'];
  body: string;
}

export type Answer = (request: Asked, response: ServerResponse) => void;

export interface TestServer {
  url: string;
  /** Requests in the order in which they came. */
  asked: Asked[];
  /** TCP connections that were ever made. */
  connections(): number;
  /** TCP connections that are open. */
  open(): number;
  /**
   * The connections that are open now go deaf, as behind a load balancer that forgot them: what is sent on them is taken and
   * never answered. New ones work.
   */
  goDeaf(): void;
  /** Hangs up on every connection, in the middle of whatever it does. */
  hangUp(): void;
  stop(): Promise<void>;
}

export async function startServer(answer: Answer, tls?: ServerOptions): Promise<TestServer> {
  const asked: Asked[] = [];
  const sockets = new Set<IncomingMessage['socket']>();
  const deaf = new WeakSet<IncomingMessage['socket']>();
  let connections = 0;
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    if (deaf.has(request.socket)) return;
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', () => undefined);
    request.on('end', () => {
      const url = new URL(request.url ?? '/', 'http://test');
      const entry: Asked = {
        method: request.method ?? '',
        url: request.url ?? '',
        path: url.pathname,
        query: url.searchParams,
        headers: request.headers,
        distinct: request.headersDistinct,
        body: Buffer.concat(chunks).toString(),
      };
      asked.push(entry);
      answer(entry, response);
    });
  };
  const server: Server = tls ? createHttps(tls, listener) : createHttp(listener);
  server.keepAliveTimeout = 0;
  server.on(tls ? 'secureConnection' : 'connection', (socket: IncomingMessage['socket']) => {
    connections++;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const hangUp = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    connections: () => connections,
    open: () => sockets.size,
    goDeaf: () => {
      for (const socket of sockets) deaf.add(socket);
    },
    hangUp,
    stop: async () => {
      hangUp();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export function sendJson(
  response: ServerResponse,
  body: unknown,
  code = 200,
  headers: Record<string, string> = {},
): void {
  response.writeHead(code, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

export function sendStatus(
  response: ServerResponse,
  code: number,
  reason: string,
  headers: Record<string, string> = {},
): void {
  sendJson(response, statusOf(code, reason), code, headers);
}

export function statusOf(code: number, reason: string): Status {
  return {
    apiVersion: 'v1',
    kind: 'Status',
    metadata: {},
    status: 'Failure',
    code,
    reason,
    message: `it is ${reason}`,
  };
}

export const line = (type: string, object: KubeObject | Status): string => `${JSON.stringify({ type, object })}\n`;

export const configMap = (name: string, resourceVersion = '1'): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default', resourceVersion },
});
