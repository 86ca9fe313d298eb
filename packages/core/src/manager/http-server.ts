// A small HTTP server for what kubelet and Prometheus ask: /healthz, /readyz, /metrics. Plain node:http: three routes
// without parameters need no framework, and every controller process pays for what it loads.
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import { scrub } from '../scrub/scrub.js';
import { lasting } from '../seams/wait.js';
import type { CertificateWatcher } from './certificates.js';

export interface Answer {
  code: number;
  type: string;
  body: string;
}

export type Route = (request: IncomingMessage) => Answer | Promise<Answer>;

export interface HttpServerOptions {
  host: string;
  /** 0: any that is free. */
  port: number;
  /** By path, without query. */
  routes: ReadonlyMap<string, Route>;
  /** With it, TLS; renewed while it runs. */
  certificates?: CertificateWatcher | undefined;
}

export interface RunningHttpServer {
  /** "http://127.0.0.1:8080" */
  readonly address: string;
  close(): Promise<void>;
}

/** Milliseconds for a request to arrive: a client that sends nothing must not hold a connection for ever. */
const arrival = 10_000;

export async function startHttpServer({
  host,
  port,
  routes,
  certificates,
}: HttpServerOptions): Promise<RunningHttpServer> {
  const listener = (request: IncomingMessage, response: ServerResponse) => void respond(routes, request, response);
  const limits = { headersTimeout: arrival, requestTimeout: arrival };
  const stop = lasting();
  let server: Server;
  let watching = Promise.resolve();
  if (certificates) {
    const tls = { minVersion: 'TLSv1.2' } as const;
    const secure = createHttpsServer({ ...limits, ...tls, ...(await certificates.load()) }, listener);
    watching = certificates.watch((certificate) => secure.setSecureContext({ ...tls, ...certificate }), stop.signal);
    server = secure;
  } else {
    server = createHttpServer(limits, listener);
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return {
    address: addressOf(server, certificates ? 'https' : 'http'),
    close: async () => {
      stop.abort();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await Promise.all([closed, watching]);
    },
  };
}

async function respond(
  routes: ReadonlyMap<string, Route>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  let answer: Answer;
  try {
    answer = await answerTo(routes, request);
  } catch {
    answer = text(500, 'internal error');
  }
  response.writeHead(answer.code, { 'content-type': answer.type, 'content-length': Buffer.byteLength(answer.body) });
  response.end(request.method === 'HEAD' ? undefined : answer.body);
}

async function answerTo(routes: ReadonlyMap<string, Route>, request: IncomingMessage): Promise<Answer> {
  const route = routes.get(request.url?.split('?', 1)[0] ?? '');
  if (!route) return text(404, 'not found');
  return request.method === 'GET' || request.method === 'HEAD' ? route(request) : text(405, 'method not allowed');
}

function addressOf(server: Server, scheme: string): string {
  const { address, port, family } = server.address() as AddressInfo;
  return `${scheme}://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

export function text(code: number, body: string): Answer {
  return { code, type: 'text/plain; charset=utf-8', body: `${body}\n` };
}

/** One line per check, as the API server's own endpoints have it; without credentials, for anybody may ask. `checks`: why each fails, or undefined. */
export function health(checks: () => ReadonlyMap<string, string | undefined>): Route {
  return () => {
    const results = [...checks()];
    const lines = results.map(([name, problem]) =>
      problem === undefined ? `[+]${name} ok` : `[-]${name} failed: ${scrub(problem)}`,
    );
    const ok = results.every(([, problem]) => problem === undefined);
    return text(ok ? 200 : 503, [...lines, ok ? 'ok' : 'failed'].join('\n'));
  };
}

export function exposition(metrics: Registry): Route {
  return async () => ({ code: 200, type: metrics.contentType, body: await metrics.metrics() });
}
