import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { makeAuthority } from '@stackwright/kube/testing/tls';
import { afterEach, expect, it } from 'vitest';
import { http, type Address } from './http.js';

const servers: Server[] = [];

async function listen(server: Server): Promise<Address> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
}

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

const signal = new AbortController().signal;

it('gives the answer whatever it is, follows no redirect, and rejects without an answer', async () => {
  const { port } = await listen(
    createHttpServer((request, response) => {
      if (request.url === '/silent') return;
      response.writeHead(request.url === '/moved' ? 302 : 200, { location: '/' }).end('x'.repeat(100_000));
    }),
  );
  const get = (path: string, by = signal) =>
    http.request({ method: 'GET', url: `http://127.0.0.1:${port}${path}` }, by);
  expect(await get('/')).toMatchObject({ status: 200, body: 'x'.repeat(100_000) });
  expect(await get('/moved')).toMatchObject({ status: 302, headers: { location: '/' } });
  const controller = new AbortController();
  const silent = get('/silent', controller.signal);
  controller.abort();
  await expect(silent).rejects.toThrow();
  await expect(http.request({ method: 'GET', url: 'http://127.0.0.1:1/' }, signal)).rejects.toThrow(/ECONNREFUSED/);
});

it('sends what is to be sent, and refuses an answer without end', async () => {
  const { port } = await listen(
    createHttpServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        if (request.method === 'POST') response.end(`${request.headers['x-a'] as string} ${body}`);
        else response.end(Buffer.alloc(9 * 1024 * 1024));
      });
    }),
  );
  const url = `http://127.0.0.1:${port}/`;
  const posted = await http.request({ method: 'POST', url, json: { ä: 1 }, headers: { 'x-a': 'b' } }, signal);
  expect(posted.body).toBe('b {"ä":1}');
  await expect(http.request({ method: 'GET', url }, signal)).rejects.toThrow(/too long/);
});

it('connects to an address, and still asks, and trusts, the name in the URL', async () => {
  const authority = await makeAuthority();
  const { ca } = authority;
  const hear: RequestListener = (request, response) => void response.end(request.headers.host);
  const address = await listen(createHttpsServer(await authority.issue('keystone', ['keystone.ns.svc']), hear));
  const get = (url: string, trusted = ca) => http.request({ method: 'GET', url, ca: trusted, address }, signal);
  expect((await get('https://keystone.ns.svc:5000/v3')).body).toBe('keystone.ns.svc:5000');
  await expect(get('https://glance.ns.svc:5000/v3')).rejects.toThrow(/altnames/);
  await expect(get('https://keystone.ns.svc:5000/v3', (await makeAuthority()).ca)).rejects.toThrow(/certificate/);
});
