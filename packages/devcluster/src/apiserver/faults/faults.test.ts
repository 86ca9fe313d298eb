import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connectionTo, createTransport } from '@stackwright/kube';
import { TestServer } from '../testing/http.js';
import { CONFIGMAPS, configMap } from '../testing/objects.js';
import type { Effect } from './effects.js';

let api: TestServer;
beforeAll(async () => {
  api = await TestServer.start();
});
afterEach(() => api.server.faults.clear());
afterAll(() => api.stop());

const inject = (effect: Effect, times = 1) => api.server.faults.inject(effect, { resource: 'configmaps' }, { times });
const there = async (name: string): Promise<boolean> => (await api.get(`${CONFIGMAPS}/${name}`)).code === 200;

describe('refusals', () => {
  it('say what a server says, with Retry-After, and are over after the times that were asked for', async () => {
    const fault = inject({ fault: 'status', code: 429, retryAfter: 7, message: 'too many' }, 2);
    for (let time = 0; time < 2; time += 1) {
      const answer = await api.get(CONFIGMAPS);
      expect(answer.code).toBe(429);
      expect(answer.headers['retry-after']).toBe('7');
      expect(answer.body).toMatchObject({ kind: 'Status', reason: 'TooManyRequests', message: 'too many' });
    }
    expect((await api.get(CONFIGMAPS)).code).toBe(200);
    expect(fault.hits).toBe(2);
    expect(api.server.faults.counts.get('status 429')).toBe(2);
  });

  it('meet only the requests that match', async () => {
    api.server.faults.inject(
      { fault: 'status', code: 500 },
      { verb: ['create', 'delete'], resource: 'configmaps', namespace: 'default', userAgent: /^test\// },
    );
    expect((await api.get(CONFIGMAPS)).code).toBe(200);
    expect((await api.post(CONFIGMAPS, configMap('matched'))).code).toBe(500);
    expect((await api.post(CONFIGMAPS, configMap('other'), { userAgent: 'other' })).code).toBe(201);
    expect((await api.get('/api/v1/namespaces')).code).toBe(200);
  });

  it('may come after the effect', async () => {
    inject({ fault: 'status', code: 504, after: true });
    expect((await api.post(CONFIGMAPS, configMap('late'))).code).toBe(504);
    expect(await there('late')).toBe(true);
  });
});

describe('connections', () => {
  it('are closed before the request or after it', async () => {
    inject({ fault: 'drop' });
    await expect(api.post(CONFIGMAPS, configMap('before'))).rejects.toThrow();
    inject({ fault: 'drop', after: true });
    await expect(api.post(CONFIGMAPS, configMap('after'))).rejects.toThrow();
    expect(await there('before')).toBe(false);
    expect(await there('after')).toBe(true);
  });

  it('hang without an answer until the client goes', async () => {
    const fault = inject({ fault: 'hang' });
    const request = new AbortController();
    const answer = fetch(`${api.server.url}${CONFIGMAPS}`, {
      headers: { authorization: `Bearer ${api.token}` },
      signal: request.signal,
    });
    await expect.poll(() => fault.hits).toBe(1);
    request.abort();
    await expect(answer).rejects.toThrow();
  });
});

it('connections that are forgotten answer nothing any more, and new ones do', async () => {
  const transport = createTransport({
    connection: connectionTo({ server: api.server.url, token: api.token }),
    timeout: 200,
  });
  const get = () => transport.request({ method: 'GET', path: CONFIGMAPS });
  await get();
  api.server.faults.deafen({ userAgent: /^stackwright/ });
  await expect(get()).rejects.toThrow('no answer within 200 ms');
  expect(await get()).toContain('ConfigMapList');
  transport.close();
});

describe('answers', () => {
  it('end in the middle', async () => {
    inject({ fault: 'truncate', bytes: 10 });
    await expect(api.get(CONFIGMAPS)).rejects.toThrow('aborted');
  });

  it('come in pieces, and whole', async () => {
    inject({ fault: 'slow', bytes: 100, milliseconds: 0 });
    expect((await api.get(CONFIGMAPS)).body.kind).toBe('ConfigMapList');
  });
});

describe('watches', () => {
  const open = async () => {
    const { resourceVersion } = (await api.get(CONFIGMAPS)).body.metadata;
    return await api.watch(`${CONFIGMAPS}?resourceVersion=${resourceVersion}`);
  };

  it('tell every event twice, or hold a line that is no JSON', async () => {
    inject({ fault: 'duplicate' });
    const watch = await open();
    await api.create(CONFIGMAPS, configMap('twice'));
    expect(await watch.take(2)).toEqual(['ADDED twice', 'ADDED twice']);
    watch.close();
    inject({ fault: 'garbage', lines: 0 });
    const spoiled = await open();
    await api.create(CONFIGMAPS, configMap('unreadable'));
    expect(await spoiled.take(2)).toEqual(['GARBAGE', 'ADDED unreadable']);
    spoiled.close();
  });

  it('end in good order after so many lines', async () => {
    inject({ fault: 'short', lines: 1 });
    const watch = await open();
    await api.create(CONFIGMAPS, configMap('last'));
    expect(await watch.rest()).toEqual(['ADDED last']);
    inject({ fault: 'short', lines: 0 });
    expect(await (await open()).rest()).toEqual([]);
  });

  it.each([
    ['drop', []],
    ['close', []],
    ['expire', ['ERROR']],
  ] as const)('end by %s while they are open', async (how, seen) => {
    const watch = await open();
    expect(api.server.faults.openWatches({ resource: 'configmaps' })).toBe(1);
    expect(api.server.faults.endWatches(how, { resource: 'configmaps' })).toBe(1);
    expect(await watch.rest()).toEqual(seen);
    expect(api.server.faults.openWatches()).toBe(0);
  });

  it('stall: nothing comes any more, and they do not end', async () => {
    const one = await open();
    const another = await open();
    expect(api.server.faults.endWatches('stall')).toBe(2);
    const next = await open();
    await api.create(CONFIGMAPS, configMap('unseen'));
    expect(await next.take(1)).toEqual(['ADDED unseen']);
    expect([one.unread, another.unread]).toEqual([0, 0]);
    for (const watch of [one, another, next]) watch.close();
  });
});
