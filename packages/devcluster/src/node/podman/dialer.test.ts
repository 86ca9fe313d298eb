import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { LoopbackDialer } from './dialer.js';

// Without a network namespace to enter, which takes root: the helper is then one of the host.
const here: readonly string[] = [];
const dialer = new LoopbackDialer();
let server: Server;
let port: number;

beforeAll(async () => {
  server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.write('hello ');
    let received = '';
    socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
    socket.once('end', () => socket.end(received));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});
afterAll(() => {
  dialer.stop();
  server.close();
});

it('connects, to servers that speak first and to those that wait for an end', async () => {
  const talk = async (text: string): Promise<string> => {
    const socket = await dialer.dial('uid', port, here);
    let answer = '';
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    socket.end(text);
    await once(socket, 'end');
    return answer;
  };
  const much = 'x'.repeat(1_000_000);
  expect(await Promise.all([talk('one'), talk('two'), talk(much)])).toEqual([
    'hello one',
    'hello two',
    `hello ${much}`,
  ]);
  // The helper goes, and connections stay; the next one gets a new helper.
  const kept = await dialer.dial('uid', port, here);
  dialer.forget('uid');
  expect(await talk('after')).toBe('hello after');
  kept.end('kept');
  let answer = '';
  kept.on('data', (chunk: Buffer) => (answer += chunk.toString()));
  await once(kept, 'end');
  expect(answer).toBe('hello kept');
});

it('says why there is no connection', async () => {
  await expect(dialer.dial('uid', 1, here)).rejects.toThrow('connect ECONNREFUSED 127.0.0.1:1');
  await expect(dialer.dial('gone', port, ['false'])).rejects.toThrow("the Pod's network cannot be entered");
  await expect(dialer.dial('no-such', port, ['/no/such/program'])).rejects.toThrow('ENOENT');
});
