import type { ServerResponse } from 'node:http';
import { afterEach, expect, it, vi } from 'vitest';
import type { WatchEvent, WatchOptions } from './client.js';
import { connectionTo } from './connection.js';
import { isConnectionFailed, isGone, isTimeout } from './errors.js';
import { createClient } from './http-client.js';
import type { KubeObject } from './meta.js';
import { ConfigMap } from './resources/builtin.js';
import { configMap, line, sendStatus, startServer, statusOf, type Answer, type TestServer } from './testing/server.js';
import { createTransport, type Transport } from './transport.js';
import { watch } from './watch.js';

let server: TestServer;
let transport: Transport;

async function serve(answer: Answer): Promise<void> {
  server = await startServer(answer);
  transport = createTransport({ connection: connectionTo({ server: server.url }) });
}

/** What came before the watch ended, and how it ended. */
async function drain(events: AsyncIterable<WatchEvent<KubeObject>>): Promise<{ seen: string[]; error?: unknown }> {
  const seen: string[] = [];
  try {
    for await (const event of events) {
      seen.push(
        event.type === 'BOOKMARK'
          ? `BOOKMARK ${event.resourceVersion} ${event.initialEventsEnd}`
          : `${event.type} ${event.object.metadata?.name}`,
      );
    }
    return { seen };
  } catch (error) {
    return { seen, error };
  }
}

const watchAll = (options?: WatchOptions) => drain(watch(transport, ConfigMap, options));

afterEach(async () => {
  vi.useRealTimers();
  transport.close();
  await server.stop();
});

it('yields events and bookmarks in order and ends when the server ends it', async () => {
  await serve((_, response) => {
    response.write(line('ADDED', configMap('a')) + line('MODIFIED', configMap('a', '2')) + '\n');
    response.write(line('DELETED', configMap('a', '3')));
    response.write(line('BOOKMARK', { metadata: { resourceVersion: '5' } }));
    response.end(
      line('BOOKMARK', { metadata: { resourceVersion: '6', annotations: { 'k8s.io/initial-events-end': 'true' } } }),
    );
  });
  expect(await watchAll()).toEqual({
    seen: ['ADDED a', 'MODIFIED a', 'DELETED a', 'BOOKMARK 5 false', 'BOOKMARK 6 true'],
  });
});

it('asks for bookmarks, and for initial events the way the API wants it', async () => {
  await serve((_, response) => response.end());
  await watchAll({ namespace: 'x', resourceVersion: '4', labelSelector: 'a', timeoutSeconds: 300 });
  await watchAll({ sendInitialEvents: true });
  expect(server.asked.map(({ url }) => url)).toEqual([
    '/api/v1/namespaces/x/configmaps?watch=true&allowWatchBookmarks=true&labelSelector=a&resourceVersion=4&timeoutSeconds=300',
    '/api/v1/configmaps?watch=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan&sendInitialEvents=true',
  ]);
});

it('puts together events and characters that were cut anywhere', async () => {
  const bytes = Buffer.from(line('ADDED', configMap('größe-€-😀')) + line('ADDED', configMap('b')));
  await serve((_, response) => {
    let at = 0;
    // One byte at a time, each in a chunk of its own.
    const next = (): void => {
      if (at === bytes.length) response.end();
      else response.write(bytes.subarray(at, ++at), () => setImmediate(next));
    };
    next();
  });
  expect(await watchAll()).toEqual({ seen: ['ADDED größe-€-😀', 'ADDED b'] });
});

it('reports an ERROR event as the ApiError it is', async () => {
  await serve((_, response) =>
    response.end(
      line('ADDED', configMap('a')) + line('ERROR', statusOf(410, 'Expired')) + line('ADDED', configMap('b')),
    ),
  );
  const { seen, error } = await watchAll();
  expect(seen).toEqual(['ADDED a']);
  expect(isGone(error)).toBe(true);
});

it('bounds what an ERROR event says of when to come again', async () => {
  const status = { ...statusOf(429, 'TooManyRequests'), details: { retryAfterSeconds: 3600 } };
  await serve((_, response) => response.end(line('ERROR', status)));
  expect((await watchAll()).error).toMatchObject({ code: 429, retryAfter: 60_000 });
});

it('reports a refusal before the first event', async () => {
  await serve((_, response) => sendStatus(response, 410, 'Gone'));
  const { seen, error } = await watchAll();
  expect(seen).toEqual([]);
  expect(isGone(error)).toBe(true);
});

it('is dead after the idle time-out without a byte, and closes the connection', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  await serve((_, response) => response.write(line('ADDED', configMap('a'))));
  const seen: string[] = [];
  const watching = (async () => {
    for await (const event of watch(transport, ConfigMap, { idleTimeout: 90_000 })) {
      seen.push(event.type);
      // The reader waits for the next event by then.
      setImmediate(() => vi.advanceTimersByTime(90_000));
    }
  })();
  const error: unknown = await watching.catch((e: unknown) => e);
  expect(seen).toEqual(['ADDED']);
  expect(isTimeout(error)).toBe(true);
  expect(error).toMatchObject({ code: 0, message: expect.stringContaining('not a byte within 90000 ms') as string });
  await expect.poll(() => server.open()).toBe(0);
});

it('counts the wait for the headers as idle, which some servers send with the first event', async () => {
  await serve(() => undefined);
  expect(isTimeout((await watchAll({ idleTimeout: 50 })).error)).toBe(true);
});

it('has an idle time-out that may be longer than a timer can be', async () => {
  await serve((_, response) => {
    response.write('\n');
    setTimeout(() => response.end(line('ADDED', configMap('a'))), 20);
  });
  expect(await watchAll({ idleTimeout: 2 ** 40 })).toEqual({ seen: ['ADDED a'] });
});

it('does not take a slow reader for a dead server', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  let response: ServerResponse | undefined;
  await serve((_, r) => void (response = r).write(line('ADDED', configMap('a')) + line('ADDED', configMap('b'))));
  const seen: string[] = [];
  for await (const event of watch(transport, ConfigMap, { idleTimeout: 100 })) {
    seen.push(event.type);
    vi.advanceTimersByTime(1000);
    if (seen.length === 2) response?.end();
  }
  expect(seen).toEqual(['ADDED', 'ADDED']);
});

it('holds the server back while nobody reads', async () => {
  const event = line('ADDED', { ...configMap('a'), data: { filler: 'x'.repeat(100_000) } } as KubeObject);
  let written = 0;
  let response: ServerResponse | undefined;
  await serve((_, r) => {
    response = r;
    while (r.write(event)) written++;
    const more = (): void => {
      while (written < 2000 && r.write(event)) written++;
      if (written >= 2000) r.end();
    };
    r.on('drain', more);
  });
  const events = watch(transport, ConfigMap)[Symbol.asyncIterator]();
  await events.next();
  // Kernel buffers fill up, then the server must wait: it has 200 MB to send.
  let before = -1;
  await expect
    .poll(
      () => {
        const still = written === before;
        before = written;
        return still;
      },
      { interval: 100 },
    )
    .toBe(true);
  expect(written).toBeLessThan(1000);
  await events.return?.(undefined);
  expect(response).toBeDefined();
});

it('reports a broken connection', async () => {
  await serve((_, response) => response.write(line('ADDED', configMap('a')), () => server.hangUp()));
  const { error } = await watchAll();
  expect(isConnectionFailed(error)).toBe(true);
  expect(error).toMatchObject({ reason: 'ConnectionFailed' });
});

it('reports an event that was cut off', async () => {
  await serve((_, response) => response.end(line('ADDED', configMap('a')) + '{"type":"ADDED","obj'));
  const { seen, error } = await watchAll();
  expect(seen).toEqual(['ADDED a']);
  expect(error).toMatchObject({
    reason: 'InvalidResponse',
    message: expect.stringContaining('cut off after 20 bytes') as string,
  });
});

it.each([
  ['no JSON', 'hello\n'],
  ['no object', '{"type":"ADDED"}\n'],
  ['unknown type', '{"type":"RENAMED","object":{}}\n'],
  ['no Status', '{"type":"ERROR","object":{}}\n'],
  ['null', 'null\n'],
])('refuses an event with %s', async (_, text) => {
  await serve((_, response) => response.end(text));
  expect((await watchAll()).error).toMatchObject({ code: 0, reason: 'InvalidResponse' });
});

it('does not collect a line without an end', async () => {
  await serve((_, response) => {
    response.on('error', () => undefined);
    const flood = (): void => {
      while (!response.destroyed && response.write('x'.repeat(1000)));
    };
    response.on('drain', flood);
    flood();
  });
  const { error } = await drain(watch(transport, ConfigMap, {}, { maxLine: 10_000 }));
  expect(error).toMatchObject({
    reason: 'InvalidResponse',
    message: expect.stringContaining('longer than 10000 bytes') as string,
  });
  await expect.poll(() => server.open()).toBe(0);
});

it('ends without an error and without another event when it is aborted', async () => {
  await serve((_, response) => response.write(line('ADDED', configMap('a')) + line('ADDED', configMap('b'))));
  const abort = new AbortController();
  const seen: string[] = [];
  for await (const event of watch(transport, ConfigMap, { signal: abort.signal })) {
    seen.push(event.type);
    abort.abort();
  }
  expect(seen).toEqual(['ADDED']);
  await expect.poll(() => server.open()).toBe(0);
});

it('ends when it is aborted while it waits for an event', async () => {
  await serve((_, response) => response.write(line('ADDED', configMap('a'))));
  const abort = new AbortController();
  const seen: string[] = [];
  for await (const event of watch(transport, ConfigMap, { signal: abort.signal })) {
    seen.push(event.type);
    setImmediate(() => abort.abort());
  }
  expect(seen).toEqual(['ADDED']);
});

it('ends when it is aborted while it waits for the headers, or before it began', async () => {
  const abort = new AbortController();
  await serve(() => abort.abort());
  expect(await watchAll({ signal: abort.signal })).toEqual({ seen: [] });
  expect(await watchAll({ signal: AbortSignal.abort() })).toEqual({ seen: [] });
  expect(server.asked).toHaveLength(1);
  await expect.poll(() => server.open()).toBe(0);
});

it('closes its connection when the reader leaves', async () => {
  await serve((_, response) => response.write(line('ADDED', configMap('a'))));
  for await (const event of createClient(transport).watch(ConfigMap)) {
    expect(event.type).toBe('ADDED');
    break;
  }
  await expect.poll(() => server.open()).toBe(0);
});
