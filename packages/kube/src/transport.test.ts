import type { ServerResponse } from 'node:http';
import { createServer as createTcp, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { connectionTo, type Connection, type Credentials } from './connection.js';
import {
  type ApiError,
  isConnectionFailed,
  isForbidden,
  isTimeout,
  isTooManyRequests,
  isUnauthorized,
} from './errors.js';
import { readAll } from './exchange.js';
import { createClient } from './http-client.js';
import { ConfigMap } from './resources/builtin.js';
import { configMap, line, sendJson, sendStatus, startServer, type Answer, type TestServer } from './testing/server.js';
import { makeAuthority } from './testing/tls.js';
import { createTransport, type RequestInfo, type Transport, type TransportOptions } from './transport.js';

const cleanups: (() => unknown)[] = [];

async function serve(
  answer: Answer,
  options: Partial<TransportOptions> = {},
): Promise<{ server: TestServer; transport: Transport }> {
  const server = await startServer(answer);
  const transport = createTransport({ connection: connectionTo({ server: server.url, token: 'secret' }), ...options });
  cleanups.push(
    () => transport.close(),
    () => server.stop(),
  );
  return { server, transport };
}

afterEach(async () => {
  vi.useRealTimers();
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

const get = { method: 'GET', path: '/x' };
const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no error',
    (error: unknown) => error,
  );
const ok: Answer = (_, response) => sendJson(response, {});

describe('connections', () => {
  it('are kept: one for calls in a row, no more than allowed for calls at once', async () => {
    const { server, transport } = await serve(ok, { maxSockets: 4 });
    for (let i = 0; i < 20; i++) await transport.request(get);
    expect(server.connections()).toBe(1);
    await Promise.all(Array.from({ length: 100 }, () => transport.request(get)));
    expect(server.connections()).toBe(4);
    expect(server.asked).toHaveLength(120);
  });

  it('of watches do not take the place of those of requests', async () => {
    const { transport } = await serve(
      ({ query }, response) => {
        if (query.has('watch')) response.write(line('ADDED', configMap('a')));
        else sendJson(response, { items: [], metadata: {} });
      },
      { maxSockets: 1 },
    );
    const client = createClient(transport);
    const watches = Array.from({ length: 8 }, () => client.watch(ConfigMap)[Symbol.asyncIterator]());
    await Promise.all(watches.map((events) => events.next()));
    expect((await client.list(ConfigMap)).items).toEqual([]);
  });

  it('carry the token and say who asks', async () => {
    const { server, transport } = await serve(ok, { userAgent: 'keystone/1.0' });
    await transport.request(get);
    expect(server.asked[0]?.headers).toMatchObject({
      authorization: 'Bearer secret',
      'user-agent': 'keystone/1.0',
      accept: 'application/json',
    });
  });

  it('lead to an API server behind a path', async () => {
    const server = await startServer(ok);
    const transport = createTransport({ connection: connectionTo({ server: `${server.url}/k8s/clusters/c-1/` }) });
    cleanups.push(
      () => transport.close(),
      () => server.stop(),
    );
    await transport.request({ method: 'GET', path: '/api?x=1' });
    expect(server.asked[0]?.url).toBe('/k8s/clusters/c-1/api?x=1');
  });

  it('are closed by close, which fails what is under way and refuses what comes', async () => {
    const { server, transport } = await serve(({ path }, response) => {
      if (path === '/quick') sendJson(response, {});
    });
    await transport.request({ method: 'GET', path: '/quick' });
    const hanging = failureOf(transport.request(get));
    const opened = failureOf(transport.open({ method: 'GET', path: '/stream' }));
    await expect.poll(() => server.asked.length).toBe(3);
    transport.close();
    expect(isConnectionFailed(await hanging)).toBe(true);
    expect(isConnectionFailed(await opened)).toBe(true);
    expect(await failureOf(transport.request(get))).toMatchObject({
      code: 0,
      message: expect.stringContaining('the client is closed') as string,
    });
    await expect.poll(() => server.open()).toBe(0);
    expect(server.asked).toHaveLength(3);
  });
});

describe('TLS', () => {
  const serveTls = async (names: readonly string[], answer: Answer = ok) => {
    const authority = await makeAuthority();
    const server = await startServer(answer, {
      ...(await authority.issue('server', names)),
      ca: authority.ca,
      requestCert: true,
      rejectUnauthorized: false,
    });
    cleanups.push(() => server.stop());
    const connect = (connection: Connection): Transport => {
      const transport = createTransport({ connection });
      cleanups.push(() => transport.close());
      return transport;
    };
    return { authority, server, connect };
  };

  it('trusts the given authority and no other', async () => {
    const { authority, server, connect } = await serveTls(['127.0.0.1']);
    await connect(connectionTo({ server: server.url, tls: { ca: authority.ca } })).request(get);
    expect(server.asked).toHaveLength(1);
    const other = await makeAuthority();
    const error = await failureOf(connect(connectionTo({ server: server.url, tls: { ca: other.ca } })).request(get));
    expect(isConnectionFailed(error)).toBe(true);
    expect(error).toMatchObject({
      message: expect.stringMatching(/^GET https:\/\/127\.0\.0\.1:\d+\/x: .*certificate/) as string,
    });
    await connect(connectionTo({ server: server.url, tls: { rejectUnauthorized: false } })).request(get);
    expect(server.asked).toHaveLength(2);
  });

  it('checks the name that the kubeconfig gives', async () => {
    const { authority, server, connect } = await serveTls(['kubernetes.default']);
    expect(
      isConnectionFailed(
        await failureOf(connect(connectionTo({ server: server.url, tls: { ca: authority.ca } })).request(get)),
      ),
    ).toBe(true);
    await connect(
      connectionTo({ server: server.url, tls: { ca: authority.ca, servername: 'kubernetes.default' } }),
    ).request(get);
    expect(server.asked).toHaveLength(1);
  });

  it('makes new connections when the certificates changed, and keeps them while they have not', async () => {
    const { authority, server, connect } = await serveTls(['127.0.0.1']);
    let credentials: Credentials = { headers: {}, tls: { ca: authority.ca, ...(await authority.issue('one')) } };
    const transport = connect({
      ...connectionTo({ server: server.url }),
      credentials: () => Promise.resolve(credentials),
    });
    await transport.request(get);
    credentials = { ...credentials, headers: { authorization: 'Bearer new' } };
    await transport.request(get);
    expect(server.connections()).toBe(1);
    credentials = { headers: {}, tls: { ca: authority.ca, ...(await authority.issue('two')) } };
    await transport.request(get);
    expect(server.connections()).toBe(2);
    await expect.poll(() => server.open()).toBe(1);
  });

  it('lets calls end on the connections of old certificates, and ends streams, which begin anew on others', async () => {
    const { authority, server, connect } = await serveTls(['127.0.0.1'], ({ path }, response) => {
      if (path === '/watch') response.write('{}');
      else if (path === '/slow') setTimeout(() => sendJson(response, {}), 50);
      else sendJson(response, {});
    });
    let credentials: Credentials = { headers: {}, tls: { ca: authority.ca, ...(await authority.issue('one')) } };
    const transport = connect({
      ...connectionTo({ server: server.url }),
      credentials: () => Promise.resolve(credentials),
    });
    const stream = await transport.open({ method: 'GET', path: '/watch' });
    const ended = failureOf(readAll(stream));
    const slow = transport.request({ method: 'GET', path: '/slow' });
    await expect.poll(() => server.asked.length).toBe(2);
    credentials = { headers: {}, tls: { ca: authority.ca, ...(await authority.issue('two')) } };
    await transport.request(get);
    expect(await ended).toBeInstanceOf(Error);
    await slow;
    await expect.poll(() => server.open()).toBe(1);
  });
});

describe('failures', () => {
  it('to connect have code 0 and name the call and the cause', async () => {
    const { server, transport } = await serve(ok);
    await server.stop();
    const error = await failureOf(transport.request({ method: 'GET', path: '/api/v1/pods?labelSelector=a' }));
    expect(isConnectionFailed(error)).toBe(true);
    expect(error).toMatchObject({
      reason: 'ConnectionFailed',
      message: `GET ${server.url}/api/v1/pods: connect ECONNREFUSED ${new URL(server.url).host}`,
    });
  });

  it('of a proxy are told as they are', async () => {
    const { transport } = await serve((_, response) => response.writeHead(403).end('<html>\n  no such luck</html>'));
    const error = await failureOf(transport.request(get));
    expect(isForbidden(error)).toBe(true);
    expect(error).toMatchObject({
      reason: 'Forbidden',
      message: expect.stringMatching(/: HTTP 403: <html> no such luck<\/html>$/) as string,
    });
  });

  it('of a broken answer are none of a finished one', async () => {
    const { server, transport } = await serve((_, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('half', () => server.hangUp());
    });
    expect(isConnectionFailed(await failureOf(transport.request({ ...get, method: 'POST' })))).toBe(true);
  });
});

describe('connections that died without a word', () => {
  /** Eight connections that are open and that nobody answers on any more. */
  async function eightDead(): Promise<{ server: TestServer; transport: Transport }> {
    const waiting: ServerResponse[] = [];
    const { server, transport } = await serve(({ query }, response) => {
      if (query.has('watch')) return void response.write(line('ADDED', configMap('a')));
      waiting.push(response);
      if (server.asked.length >= 8) for (const each of waiting.splice(0)) sendJson(each, {});
    });
    await Promise.all(Array.from({ length: 8 }, () => transport.request(get)));
    expect(server.connections()).toBe(8);
    server.goDeaf();
    return { server, transport };
  }

  it('cost one call its time-out, not each of the next', async () => {
    const { transport } = await eightDead();
    expect(isTimeout(await failureOf(transport.request({ ...get, timeout: 50 })))).toBe(true);
    expect(await transport.request(get)).toBe('{}');
  });

  it('are not used again after a deadline that was the caller’s own', async () => {
    const { server, transport } = await eightDead();
    vi.useFakeTimers({ toFake: ['performance'] });
    const caller = new AbortController();
    const given = failureOf(transport.request({ ...get, signal: caller.signal }));
    vi.advanceTimersByTime(2000);
    caller.abort('enough');
    expect(await given).toBe('enough');
    expect(await transport.request(get)).toBe('{}');
    // Who changes its mind at once says nothing of the connection.
    const connections = server.connections();
    const hasty = new AbortController();
    const changed = failureOf(transport.request({ ...get, signal: hasty.signal }));
    hasty.abort('no');
    expect([await changed, server.connections()]).toEqual(['no', connections]);
  });

  it.each([
    ['wants to be left alone', (answer: ServerResponse) => sendStatus(answer, 429, 'TooManyRequests')],
    ['is waited for by nobody, for the credentials are', (answer: ServerResponse) => sendJson(answer, {})],
  ])('are not taken for dead when a call ran out of time while the server %s', async (what, answer) => {
    let slow = false;
    const credentials: Credentials = { headers: {}, tls: {} };
    const server = await startServer(({ path }, response) =>
      path === '/x' ? sendJson(response, {}) : answer(response),
    );
    const connection: Connection = {
      ...connectionTo({ server: server.url }),
      credentials: () => (slow ? new Promise<Credentials>(() => undefined) : credentials),
    };
    const transport = createTransport({ connection });
    cleanups.push(
      () => transport.close(),
      () => server.stop(),
    );
    await transport.request(get);
    slow = what.includes('credentials');
    const failed = failureOf(transport.request({ method: 'GET', path: '/y', timeout: 1100 }));
    if (!slow) await expect.poll(() => server.asked.length).toBe(2);
    await failed;
    slow = false;
    await transport.request(get);
    expect(server.connections()).toBe(1);
  });

  it('are not used again after a watch was found to be dead', async () => {
    const { server, transport } = await eightDead();
    const watching = createClient(transport).watch(ConfigMap, { idleTimeout: 50 });
    const error = await failureOf(
      (async () => {
        for await (const event of watching) if (event.type === 'ADDED') server.goDeaf();
      })(),
    );
    expect(isTimeout(error)).toBe(true);
    expect(await transport.request(get)).toBe('{}');
  });

  it('take with them those like them, also when one broke off in the middle of an answer', async () => {
    const waiting: ServerResponse[] = [];
    const { server, transport } = await serve(({ path }, response) => {
      if (path === '/half') {
        response.writeHead(200, { 'content-length': 100 });
        return void response.write('half', () => response.socket?.destroy());
      }
      waiting.push(response);
      if (server.asked.length >= 8) for (const each of waiting.splice(0)) sendJson(each, {});
    });
    await Promise.all(Array.from({ length: 8 }, () => transport.request(get)));
    expect(server.open()).toBe(8);
    expect(isConnectionFailed(await failureOf(transport.request({ ...get, path: '/half' })))).toBe(true);
    await expect.poll(() => server.open()).toBe(0);
  });
});

describe('deadlines and aborts', () => {
  it('end a call without an answer, with its connection', async () => {
    const { server, transport } = await serve(() => undefined);
    const error = await failureOf(transport.request({ ...get, timeout: 30 }));
    expect(isTimeout(error)).toBe(true);
    expect(error).toMatchObject({ code: 0, message: `GET ${server.url}/x: no answer within 30 ms` });
    await expect.poll(() => server.open()).toBe(0);
  });

  it('end a call that waits for credentials', async () => {
    const transport = createTransport({
      connection: {
        ...connectionTo({ server: 'http://127.0.0.1:1' }),
        credentials: () => new Promise(() => undefined),
      },
    });
    expect(isTimeout(await failureOf(transport.request({ ...get, timeout: 30 })))).toBe(true);
    const waiting = failureOf(transport.request(get));
    transport.close();
    expect(isConnectionFailed(await waiting)).toBe(true);
  });

  it('end a call in the middle of its answer', async () => {
    const { transport } = await serve((_, response) => response.write('{'));
    expect(isTimeout(await failureOf(transport.request({ ...get, timeout: 30 })))).toBe(true);
  });

  it('do not fire at once when they lie beyond what a timer can hold', async () => {
    const { transport } = await serve((_, response) => void setTimeout(() => sendJson(response, {}), 20));
    await transport.request({ ...get, timeout: 2 ** 31 });
    await transport.request({ ...get, timeout: Infinity });
  });

  it('reject with the reason of the signal', async () => {
    const { server, transport } = await serve(() => undefined);
    const abort = new AbortController();
    const pending = failureOf(transport.request({ ...get, signal: abort.signal }));
    await expect.poll(() => server.asked.length).toBe(1);
    abort.abort('enough');
    expect(await pending).toBe('enough');
    expect(await failureOf(transport.request({ ...get, signal: abort.signal }))).toBe('enough');
    expect(server.asked).toHaveLength(1);
    await expect.poll(() => server.open()).toBe(0);
  });

  it('may share one signal, however many they are', async () => {
    const { server, transport } = await serve(() => undefined);
    const warning = vi.fn();
    process.on('warning', warning);
    onTestFinished(() => void process.off('warning', warning));
    const abort = new AbortController();
    const pending = Array.from({ length: 20 }, () => failureOf(transport.request({ ...get, signal: abort.signal })));
    await expect.poll(() => server.asked.length).toBe(20);
    abort.abort('enough');
    expect(await Promise.all(pending)).toEqual(Array.from({ length: 20 }, () => 'enough'));
    expect(warning).not.toHaveBeenCalled();
  });
});

describe('trying again', () => {
  it('happens when the server says when', async () => {
    const delays: number[] = [];
    const { server, transport } = await serve(
      (_, response) => {
        if (server.asked.length === 1) sendStatus(response, 429, 'TooManyRequests', { 'retry-after': '2' });
        else if (server.asked.length === 2) sendStatus(response, 503, 'ServiceUnavailable', { 'retry-after': '3' });
        else sendJson(response, {});
      },
      { delay: async (milliseconds) => void delays.push(milliseconds) },
    );
    await transport.request({ ...get, method: 'POST', body: '{}' });
    expect(delays).toEqual([2000, 3000]);
    expect(server.asked.map(({ body }) => body)).toEqual(['{}', '{}', '{}']);
  });

  it.each([
    ['an hour', '3600', {}, 60_000],
    ['seconds with a space around', ' 7 ', {}, 7_000],
    [
      'a date, by the clock of who sent it',
      'Tue, 01 Jan 2030 00:00:20 GMT',
      { date: 'Tue, 01 Jan 2030 00:00:00 GMT' },
      20_000,
    ],
    ['a date far away', 'Tue, 01 Jan 2999 00:00:00 GMT', {}, 60_000],
    ['a date that is over', 'Sat, 01 Jan 2000 00:00:00 GMT', {}, 0],
    ['nothing', '', {}, undefined],
    ['words', 'soon', {}, undefined],
    ['less than nothing', '-1', {}, undefined],
    ['no end', 'Infinity', {}, undefined],
    ['a number of another kind', '0x10', {}, undefined],
    ['a date of another kind', '2030-01-01', {}, undefined],
  ])('of %s is a bounded time or none', async (_, retryAfter, headers, expected) => {
    const { transport } = await serve((__, response) =>
      sendStatus(response, 500, 'InternalError', { 'retry-after': retryAfter, ...headers }),
    );
    const error = await failureOf(transport.request({ ...get, timeout: 40 }));
    expect(error).toMatchObject({ code: 500 });
    expect((error as ApiError).retryAfter).toBe(expected);
  });

  it('is never without any time between, even when the server asks for none', async () => {
    const delays: number[] = [];
    const { transport } = await serve(
      (_, response) => sendStatus(response, 503, 'ServiceUnavailable', { 'retry-after': '0' }),
      { delay: async (milliseconds) => void delays.push(milliseconds) },
    );
    await failureOf(transport.request(get));
    expect(delays.slice(0, 4)).toEqual([50, 100, 200, 400]);
  });

  it('covers a watch that is refused, as right after its kind was made', async () => {
    const { server, transport } = await serve(
      (_, response) => {
        if (server.asked.length === 1) sendStatus(response, 429, 'TooManyRequests');
        else response.end(line('ADDED', configMap('a')));
      },
      { delay: () => Promise.resolve() },
    );
    const events = createClient(transport).watch(ConfigMap)[Symbol.asyncIterator]();
    expect(await events.next()).toMatchObject({ value: { type: 'ADDED' } });
  });

  it('has an end', async () => {
    const { server, transport } = await serve(
      (_, response) => sendStatus(response, 429, 'TooManyRequests', { 'retry-after': '0' }),
      { delay: () => Promise.resolve() },
    );
    expect(isTooManyRequests(await failureOf(transport.request(get)))).toBe(true);
    expect(server.asked.length).toBe(11);
  });

  it('is not begun when there is no time left to wait', async () => {
    const { server, transport } = await serve(
      (_, response) => sendStatus(response, 429, 'TooManyRequests', { 'retry-after': '60' }),
      { timeout: 30_000 },
    );
    expect(await failureOf(transport.request(get))).toMatchObject({ code: 429, retryAfter: 60_000 });
    expect(server.asked).toHaveLength(1);
  });

  it('stops waiting when it is aborted', async () => {
    const { server, transport } = await serve((_, response) =>
      sendStatus(response, 429, 'TooManyRequests', { 'retry-after': '20' }),
    );
    const abort = new AbortController();
    const pending = failureOf(transport.request({ ...get, signal: abort.signal }));
    await expect.poll(() => server.asked.length).toBe(1);
    abort.abort('enough');
    expect(await pending).toBe('enough');
  });

  it('does not happen for an error that says nothing of it', async () => {
    const { server, transport } = await serve((_, response) => sendStatus(response, 500, 'InternalError'));
    expect(await failureOf(transport.request(get))).toMatchObject({ code: 500 });
    expect(server.asked).toHaveLength(1);
  });

  it('covers a read and an apply over a connection that the server has just given up, and no other write', async () => {
    const { server, transport } = await serve((_, response) => {
      // Every other request is answered; after an answer the connection is dead, without a word, at the next request.
      if (server.asked.length % 2 === 1) sendJson(response, {});
      else response.socket?.destroy();
    });
    const client = createClient(transport);
    const key = { namespace: 'default', name: 'a' };
    await client.get(ConfigMap, key);
    await client.get(ConfigMap, key);
    expect(server.asked.map(({ method }) => method)).toEqual(['GET', 'GET', 'GET']);
    server.asked.length = 1;
    await client.apply(ConfigMap, configMap('a'), { fieldManager: 'me' });
    expect(server.asked.slice(1).map(({ method }) => method)).toEqual(['PATCH', 'PATCH']);
    server.asked.length = 1;
    expect(isConnectionFailed(await failureOf(client.create(ConfigMap, configMap('a'))))).toBe(true);
    expect(server.asked.slice(1).map(({ method }) => method)).toEqual(['POST']);
    // Done twice, it would be refused the second time for what the first has made.
    server.asked.length = 1;
    const absent = client.apply(ConfigMap, configMap('a'), { fieldManager: 'me', only: 'Absent' });
    expect(isConnectionFailed(await failureOf(absent))).toBe(true);
    expect(server.asked.slice(1).map(({ method }) => method)).toEqual(['PATCH']);
  });

  it('does not go through all the connections that died together', async () => {
    const used = new Set<unknown>();
    const waiting: ServerResponse[] = [];
    const { server, transport } = await serve((_, response) => {
      // Every connection is good for one answer; the first eight are given at once, so that there are eight.
      if (used.has(response.socket)) return void response.socket?.destroy();
      used.add(response.socket);
      waiting.push(response);
      if (server.asked.length >= 8) for (const each of waiting.splice(0)) sendJson(each, {});
    });
    await Promise.all(Array.from({ length: 8 }, () => transport.request(get)));
    expect(server.connections()).toBe(8);
    await transport.request(get);
    expect(server.asked).toHaveLength(10);
  });

  it('gives up on a server that hangs up every time', async () => {
    const { server, transport } = await serve((_, response) => void response.socket?.destroy());
    expect(isConnectionFailed(await failureOf(transport.request(get)))).toBe(true);
    expect(server.asked).toHaveLength(3);
  });

  it('uses fresh credentials after a 401, once', async () => {
    const server = await startServer(({ headers }, response) => {
      if (headers.authorization === 'Bearer 2') sendJson(response, {});
      else sendStatus(response, 401, 'Unauthorized');
    });
    let token = 1;
    const connection: Connection = {
      ...connectionTo({ server: server.url }),
      credentials: async () => ({ headers: { authorization: `Bearer ${token}` }, tls: {} }),
      expire: () => ++token > 0,
    };
    const transport = createTransport({ connection });
    cleanups.push(
      () => transport.close(),
      () => server.stop(),
    );
    await transport.request(get);
    expect(server.asked).toHaveLength(2);
    expect(isUnauthorized(await ((token = 5), failureOf(transport.request(get))))).toBe(true);
    expect(server.asked).toHaveLength(4);
  });

  it('does not repeat credentials that cannot change', async () => {
    const { server, transport } = await serve((_, response) => sendStatus(response, 401, 'Unauthorized'));
    expect(isUnauthorized(await failureOf(transport.request(get)))).toBe(true);
    expect(server.asked).toHaveLength(1);
  });
});

it('tells every attempt to whom counts them', async () => {
  const seen: RequestInfo[] = [];
  const { server, transport } = await serve(
    ({ query }, response) => {
      if (query.has('watch')) response.end();
      else if (server.asked.length === 1) sendStatus(response, 429, 'TooManyRequests');
      else sendJson(response, configMap('a'));
    },
    { delay: () => Promise.resolve(), onRequest: (info) => seen.push(info) },
  );
  const client = createClient(transport);
  await client.apply(ConfigMap, configMap('a'), { fieldManager: 'me' });
  await client.watch(ConfigMap)[Symbol.asyncIterator]().next();
  await server.stop();
  await failureOf(client.get(ConfigMap, { namespace: 'default', name: 'a' }));
  const { host } = new URL(server.url);
  const path = '/api/v1/namespaces/default/configmaps/a';
  expect(seen.slice(0, 3)).toMatchObject([
    { method: 'PATCH', verb: 'apply', code: 429, host, path },
    { method: 'PATCH', verb: 'apply', code: 200, host, path },
    { method: 'GET', verb: 'watch', code: 200, host, path: '/api/v1/configmaps' },
  ]);
  // The last one: before it there may be one over a connection whose end had not been seen.
  expect(seen.at(-1)).toMatchObject({ method: 'GET', verb: 'get', code: 0, host, path });
  expect(seen.every(({ duration }) => duration >= 0)).toBe(true);
});

it('times out on a server that takes connections and says nothing', async () => {
  const mute = createTcp((socket) => void socket.resume());
  await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
  const transport = createTransport({
    connection: connectionTo({ server: `https://127.0.0.1:${(mute.address() as AddressInfo).port}` }),
    timeout: 50,
  });
  expect(isTimeout(await failureOf(transport.request(get)))).toBe(true);
  transport.close();
  await new Promise((resolve) => mute.close(resolve));
});
