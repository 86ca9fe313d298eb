import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { httpProbe } from './probe.js';

let server: Server;
let port: number;
const agents = new Set<string | undefined>();

beforeAll(async () => {
  server = createServer((request, response) => {
    agents.add(request.headers['user-agent']);
    const [, kind, argument = ''] = (request.url ?? '').split('/');
    if (kind === 'never') return;
    if (kind === 'to') response.writeHead(302, { location: decodeURIComponent(argument) }).end();
    else response.writeHead(Number(kind)).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const probe = (path: string, timeout = 10_000): ReturnType<typeof httpProbe> =>
  httpProbe({ path, port }, { container: { name: 'c' }, podIP: '127.0.0.1' }, timeout);
const to = (location: string): string => `/to/${encodeURIComponent(location)}`;
const success = { ok: true, output: '' };

it('takes answers from 200 to 399 for a success', async () => {
  expect(await probe('/204')).toEqual(success);
  expect(await probe('399')).toEqual(success);
  expect(await probe('/500')).toEqual({ ok: false, output: 'HTTP probe failed with statuscode: 500' });
  expect(agents).toEqual(new Set(['kube-probe/1.32']));
});

it('follows redirects on the same host, and no others', async () => {
  expect(await probe(to(to('/503')))).toEqual({ ok: false, output: 'HTTP probe failed with statuscode: 503' });
  expect(await probe(to('http://192.0.2.1/500'))).toEqual(success);
  expect((await probe(`/to/.`)).output).toBe(`Get "http://127.0.0.1:${port}/to/": stopped after 10 redirects`);
});

it('says why there is no answer', async () => {
  expect((await probe('/never', 50)).output).toMatch(/context deadline exceeded \(no answer within 0.05 s\)$/);
  expect((await httpProbe({ port: 1 }, { container: { name: 'c' }, podIP: '127.0.0.1' }, 10_000)).output).toBe(
    'Get "http://127.0.0.1:1/": dial tcp 127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1',
  );
});
