import { createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { grpcProbe } from './grpc.js';

let server: Http2Server;
let port: number;
const requests: { path: string; body: string }[] = [];
/** What services answer: a state, or only a code. */
const states: Record<string, number> = { '': 1, sick: 2 };

beforeAll(async () => {
  server = createServer();
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    const pieces: Buffer[] = [];
    stream.on('data', (piece: Buffer) => pieces.push(piece));
    stream.once('end', () => {
      const body = Buffer.concat(pieces);
      requests.push({ path: String(headers[':path']), body: body.toString('hex') });
      const name = body.subarray(7).toString();
      const state = states[name];
      if (name === 'slow') return;
      if (name === 'odd')
        return stream.respond({ ':status': 200, 'grpc-status': '5', 'grpc-message': '100%' }, { endStream: true });
      if (name === 'much') {
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
        stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
        return stream.end(Buffer.alloc(1_000_000, 1));
      }
      if (name === 'web') return stream.respond({ ':status': 200, 'content-type': 'text/html' }, { endStream: true });
      const type = { ':status': 200, 'content-type': 'application/grpc' };
      if (state === undefined)
        return stream.respond({ ...type, 'grpc-status': '5', 'grpc-message': 'no%20such' }, { endStream: true });
      stream.respond(type, { waitForTrailers: true });
      stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(Buffer.from([0, 0, 0, 0, 2, 0x08, state]));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});
afterAll(() => server.close());

const probe = (service: string, timeout = 10_000): ReturnType<typeof grpcProbe> =>
  grpcProbe('127.0.0.1', port, service, timeout);

it('asks for the health of a service, and takes only SERVING for it', async () => {
  expect(await probe('')).toEqual({ ok: true, output: '' });
  expect(await probe('sick')).toEqual({ ok: false, output: 'service unhealthy (responded with "NOT_SERVING")' });
  expect(requests).toEqual([
    { path: '/grpc.health.v1.Health/Check', body: '0000000000' },
    { path: '/grpc.health.v1.Health/Check', body: '00000000060a047369636b' },
  ]);
});

it('says what is wrong instead', async () => {
  expect((await probe('other')).output).toBe('error: health rpc probe failed: code = 5: no such');
  expect((await probe('web')).output).toBe('error: health rpc probe failed: not gRPC: HTTP status 200');
  expect((await probe('slow', 50)).output).toBe('timeout: health rpc did not complete within 0.05s');
  expect((await grpcProbe('127.0.0.1', 1, '', 10_000)).output).toMatch(
    /^error: failed to connect service "127.0.0.1:1": .*ECONNREFUSED/,
  );
});

it('takes whatever a container answers for an answer', async () => {
  expect((await probe('odd')).output).toBe('error: health rpc probe failed: code = 5: 100%');
  expect((await probe('much')).output).toBe('service unhealthy (responded with "UNKNOWN")');
});
