// In front of an API server that is not ours (KUBECONFIG): an HTTPS proxy on loopback that adds the credentials and counts
// the calls. The controllers see one server with one CA and one token either way.
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, RequestOptions, ServerResponse } from 'node:http';
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, createServer, request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { servingCertificate } from '@stackwright/devcluster';
import { loadConfig } from '@stackwright/kube';
import { callOf } from './call-of.js';
import { endWithBench } from './end-with-bench.js';
import { benchUserAgent, type BenchMessage, type ServerMessage } from './protocol.js';

const connection = await loadConfig();
const upstream = new URL(connection.server);
const secure = upstream.protocol === 'https:';
const { tls } = await connection.credentials();
const agent = secure ? new HttpsAgent({ keepAlive: true, ...tls }) : new HttpAgent({ keepAlive: true });
const token = randomBytes(16).toString('hex');
const calls: Record<string, number> = {};

async function forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.headers.authorization !== `Bearer ${token}`) {
    response.writeHead(401).end();
    return;
  }
  if (!request.headers['user-agent']?.startsWith(benchUserAgent)) {
    const call = callOf(request.method ?? '', request.url ?? '');
    if (call !== undefined) calls[call] = (calls[call] ?? 0) + 1;
  }
  const { host: _, authorization: __, connection: ___, ...headers } = request.headers;
  const options: RequestOptions = {
    agent,
    hostname: upstream.hostname,
    port: upstream.port,
    method: request.method ?? 'GET',
    path: upstream.pathname.replace(/\/$/, '') + (request.url ?? ''),
    headers: { ...headers, ...(await connection.credentials()).headers },
  };
  const outgoing = (secure ? httpsRequest : httpRequest)(options, (incoming) => {
    response.writeHead(incoming.statusCode ?? 502, incoming.headers);
    // A watch is told that it began before its first event.
    response.flushHeaders();
    incoming.pipe(response);
    incoming.once('error', () => response.destroy());
    response.once('close', () => incoming.destroy());
  });
  outgoing.once('error', () => response.destroy());
  request.pipe(outgoing);
}

const { authority, certificate, key } = await servingCertificate({});
const server = createServer({ cert: certificate, key }, (request, response) => {
  forward(request, response).catch(() => response.destroy());
});
server.requestTimeout = 0;
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  tell({ type: 'ready', url: `https://127.0.0.1:${port}`, ca: authority, token });
});

function tell(message: ServerMessage): void {
  process.send?.(message);
}
process.on('message', ({ type }: BenchMessage) => {
  if (type === 'calls') tell({ type: 'calls', calls });
});
endWithBench();
