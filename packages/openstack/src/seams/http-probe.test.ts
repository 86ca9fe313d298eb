import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { httpProbe } from './http-probe.js';

const signal = () => new AbortController().signal;

it('gives the status of the answer, does not follow redirects, and rejects without an answer', async () => {
  const server = createServer((request, response) => {
    if (request.url === '/silent') return;
    response.writeHead(request.url === '/moved' ? 302 : 200, { location: '/' }).end('x'.repeat(100_000));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    expect(await httpProbe.get(`${url}/`, signal())).toBe(200);
    expect(await httpProbe.get(`${url}/moved`, signal())).toBe(302);
    const controller = new AbortController();
    const silent = httpProbe.get(`${url}/silent`, controller.signal);
    controller.abort();
    await expect(silent).rejects.toThrow();
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  await expect(httpProbe.get(`${url}/`, signal())).rejects.toThrow(/ECONNREFUSED/);
});
