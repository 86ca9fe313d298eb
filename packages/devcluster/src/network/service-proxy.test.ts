import { once } from 'node:events';
import { createConnection, createServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { ServiceProxy, type ServiceEndpoint } from './service-proxy.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A server that answers everything it was sent, after the client's end, with its name in front. */
async function backend(name: string): Promise<ServiceEndpoint> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const received: Buffer[] = [];
    socket.on('data', (chunk) => received.push(chunk));
    socket.on('end', () => socket.end(`${name}:${Buffer.concat(received).toString()}`));
    socket.on('error', () => undefined);
  });
  return listening(server);
}

async function listening(server: Server): Promise<ServiceEndpoint> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => server.close());
  return { ip: '127.0.0.1', port: (server.address() as AddressInfo).port };
}

/** An address where nothing listens. */
async function nothing(): Promise<ServiceEndpoint> {
  const server = createServer();
  const endpoint = await listening(server);
  server.close();
  await once(server, 'close');
  return endpoint;
}

async function ask({ ip, port }: ServiceEndpoint, text = ''): Promise<string> {
  const socket = createConnection({ host: ip, port });
  socket.end(text);
  const received: Buffer[] = [];
  for await (const chunk of socket as AsyncIterable<Buffer>) received.push(chunk);
  return Buffer.concat(received).toString();
}

function proxyFor(options: ConstructorParameters<typeof ServiceProxy>[0] = {}): ServiceProxy {
  const proxy = new ServiceProxy(options);
  cleanups.push(() => proxy.stop());
  return proxy;
}

async function serve(proxy: ServiceProxy, address: ServiceEndpoint, endpoints: ServiceEndpoint[]): Promise<void> {
  proxy.update([{ clusterIP: address.ip, port: address.port, endpoints }]);
  await proxy.settled();
}

describe('a Service address', () => {
  it('gives a client none of the endpoints that do not let it in, and resets it where all refuse', async () => {
    const [open, closed, address] = [await backend('open'), await backend('closed'), await nothing()];
    const asked: string[] = [];
    const proxy = proxyFor({
      letsIn(client, { port }) {
        asked.push(client);
        return port === open.port;
      },
    });
    await serve(proxy, address, [closed, open]);
    expect([await ask(address, 'a'), await ask(address, 'b')]).toEqual(['open:a', 'open:b']);
    expect(new Set(asked)).toEqual(new Set(['127.0.0.1']));
    await serve(proxy, address, [closed]);
    await expect(ask(address, 'c')).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('ends all connections when it is stopped, also those to a port that nobody wants any more', async () => {
    const proxy = proxyFor();
    const address = await nothing();
    const greeter = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => undefined).write('hello');
      cleanups.push(() => socket.destroy());
    });
    await serve(proxy, address, [await listening(greeter)]);
    const client = createConnection({ host: address.ip, port: address.port, allowHalfOpen: true });
    cleanups.push(() => client.destroy());
    await once(client, 'data');
    // Half-closed: the other side never ends.
    client.end();
    const ended = new Promise((resolve) => client.on('error', () => undefined).once('close', resolve));
    // Without endpoints it is not listened on any more, and what was connected goes on.
    proxy.update([]);
    proxy.stop();
    await ended;
  });

  it('spreads connections over its endpoints and passes half-closed ones on', async () => {
    const proxy = proxyFor();
    const address = await nothing();
    await serve(proxy, address, [await backend('a'), await backend('b')]);
    const answers = [await ask(address, '1'), await ask(address, '2'), await ask(address, '3')];
    expect(answers).toEqual(['a:1', 'b:2', 'a:3']);
  });

  it('carries large data in both directions', async () => {
    const proxy = proxyFor();
    const address = await nothing();
    await serve(proxy, address, [await backend('a')]);
    const text = 'x'.repeat(3_000_000);
    expect((await ask(address, text)).length).toBe(text.length + 2);
  });

  it('goes to the next endpoint when one refuses', async () => {
    const proxy = proxyFor();
    const address = await nothing();
    await serve(proxy, address, [await nothing(), await backend('b')]);
    expect(await ask(address, '1')).toBe('b:1');
    expect(await ask(address, '2')).toBe('b:2');
  });

  it('resets the connection when every endpoint refuses', async () => {
    const proxy = proxyFor();
    const address = await nothing();
    await serve(proxy, address, [await nothing()]);
    await expect(ask(address)).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('refuses connections without endpoints, and takes them when there is one', async () => {
    const proxy = proxyFor();
    const address = await nothing();
    await serve(proxy, address, []);
    await expect(ask(address)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await serve(proxy, address, [await backend('a')]);
    expect(await ask(address, '1')).toBe('a:1');
    proxy.update([]);
    await expect(ask(address)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('leaves open connections alone when its endpoints change', async () => {
    const proxy = proxyFor();
    const address = await nothing();
    await serve(proxy, address, [await backend('old')]);
    const socket = createConnection({ host: address.ip, port: address.port });
    await once(socket, 'connect');
    await new Promise((resolve) => socket.write('1', resolve));
    await serve(proxy, address, [await backend('new')]);
    expect(await ask(address, '2')).toBe('new:2');
    proxy.update([]);
    socket.end();
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toBe('old:1');
  });

  it('tells once that it cannot listen, and listens as soon as it can', async () => {
    const errors: Error[] = [];
    const proxy = proxyFor({ retryInterval: 1, onError: (error) => errors.push(error) });
    const occupant = createServer();
    const address = await listening(occupant);
    await serve(proxy, address, [await backend('a')]);
    expect(errors.map(({ message }) => message)).toEqual([expect.stringMatching(/cannot listen on .*EADDRINUSE/)]);
    occupant.close();
    await expect.poll(() => ask(address, '1').catch((error: unknown) => String(error))).toBe('a:1');
    expect(errors).toHaveLength(1);
  });

  it('closes open connections when the proxy stops', async () => {
    const proxy = proxyFor();
    const address = await nothing();
    await serve(proxy, address, [await backend('a')]);
    const socket = createConnection({ host: address.ip, port: address.port });
    await once(socket, 'connect');
    proxy.stop();
    socket.on('error', () => undefined);
    await once(socket, 'close');
  });
});
