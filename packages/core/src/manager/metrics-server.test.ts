import { get } from 'node:https';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeAuthority, type Authority } from '@stackwright/kube/testing/tls';
import { Registry } from 'prom-client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  apiError,
  FakeClient,
  FakeClock,
  recordingLogger,
  settle,
  testManager,
  type TestManager,
} from '../testing/index.js';
import { exposition, text } from './http-server.js';
import { MetricsAuth } from './metrics-auth.js';

const reviews = { token: 'tokenreviews.authentication.k8s.io', access: 'subjectaccessreviews.authorization.k8s.io' };

/** Knows two users, of whom one may read metrics. */
function answerReviews(client: FakeClient): void {
  client.answers.set(reviews.token, (review) => {
    const { token } = (review as { spec: { token: string } }).spec;
    const user = { username: token, groups: ['scrapers'] };
    return { ...review, status: token === 'stranger' ? {} : { authenticated: true, user } } as object;
  });
  client.answers.set(reviews.access, (review) => {
    const { user } = (review as { spec: { user: string } }).spec;
    return { ...review, status: { allowed: user === 'prometheus' } } as object;
  });
}

describe('metrics behind TLS', () => {
  let authority: Authority;
  let directory: string;
  let test: TestManager;

  beforeAll(async () => {
    authority = await makeAuthority();
    directory = mkdtempSync(join(tmpdir(), 'stackwright-metrics-'));
    const { cert, key } = await authority.issue('metrics', ['127.0.0.1']);
    writeFileSync(join(directory, 'tls.crt'), cert);
    writeFileSync(join(directory, 'tls.key'), key);
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  beforeEach(async () => {
    test = testManager({
      http: { host: '127.0.0.1', port: 0 },
      metricsServer: { host: '127.0.0.1', port: 0, certDirectory: directory, auth: true },
    });
    answerReviews(test.client);
    await test.start();
    while (!test.manager.metricsAddress) await settle();
  });
  afterEach(() => test.stop());

  const scrape = (token?: string, path = '/metrics', method = 'GET') =>
    new Promise<{ code: number; body: string }>((resolve, reject) => {
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const url = `${test.manager.metricsAddress}${path}`;
      get(url, { ca: authority.ca, agent: false, headers, method }, (response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => (body += chunk.toString()));
        response.on('end', () => resolve({ code: response.statusCode ?? 0, body }));
      }).on('error', reject);
    });

  it('are for those whom the API knows and allows', async () => {
    const { code, body } = await scrape('prometheus');
    expect(code).toBe(200);
    expect(body).toContain('certwatcher_read_certificate_total 1');
    expect((await scrape()).code).toBe(401);
    expect((await scrape('stranger')).code).toBe(401);
    expect((await scrape('jane')).code).toBe(403);
    expect((await scrape('prometheus', '/healthz')).code).toBe(404);
    expect((await scrape('prometheus', '/metrics', 'POST')).code).toBe(405);
    const access = test.client.calls.find(({ resource }) => resource === reviews.access);
    expect(access?.body).toEqual({
      spec: { user: 'prometheus', groups: ['scrapers'], nonResourceAttributes: { path: '/metrics', verb: 'get' } },
    });
  });

  it('are not open elsewhere, while the health checks are', async () => {
    expect((await fetch(`${test.manager.address}/metrics`)).status).toBe(404);
    expect((await fetch(`${test.manager.address}/healthz`)).status).toBe(200);
    expect((await fetch(`${test.manager.address}/readyz`)).status).toBe(200);
  });
});

describe('access to metrics', () => {
  let clock: FakeClock;
  let client: FakeClient;
  let auth: MetricsAuth;
  beforeEach(() => {
    clock = new FakeClock();
    client = new FakeClient(clock);
    answerReviews(client);
    auth = new MetricsAuth({ client, clock, log: recordingLogger() });
  });
  const read = async (token: string) => {
    const request = { headers: { authorization: `Bearer ${token}` } } as Parameters<ReturnType<typeof exposition>>[0];
    return (await auth.guard('/metrics', () => text(200, 'numbers'))(request)).code;
  };

  it('asks the API once a minute and token, once in ten seconds for who was refused', async () => {
    for (let n = 0; n < 10; n++) expect(await read('prometheus')).toBe(200);
    expect(client.calls).toHaveLength(2);
    for (let n = 0; n < 10; n++) expect(await read('stranger')).toBe(401);
    expect(client.calls).toHaveLength(3);
    await clock.advance(59_000);
    await read('prometheus');
    expect(client.calls).toHaveLength(3);
    await read('stranger');
    expect(client.calls).toHaveLength(4);
    await clock.advance(1_000);
    await read('prometheus');
    expect(client.calls).toHaveLength(6);
  });

  it('lets nobody in while the API cannot be asked, and asks again at once', async () => {
    client.before = () => {
      throw apiError(500, 'InternalError');
    };
    expect(await read('prometheus')).toBe(503);
    client.before = undefined;
    expect(await read('prometheus')).toBe(200);
  });

  it('asks of few strangers at once, and of who is let in no more for them', async () => {
    expect(await read('prometheus')).toBe(200);
    const asked = client.calls.length;
    let answer = (): void => undefined;
    const silence = new Promise<void>((resolve) => (answer = resolve));
    client.before = () => silence;
    const codes = Array.from({ length: 1000 }, (_, n) => read(`stranger-${n}`));
    expect(await read('prometheus')).toBe(200);
    client.before = undefined;
    answer();
    const said = await Promise.all(codes);
    expect(said.filter((code) => code === 503).length).toBeGreaterThanOrEqual(992);
    expect(said).not.toContain(200);
    // Whose token it is, and whether they may.
    expect(client.calls.length - asked).toBeLessThanOrEqual(16);
    for (let n = 0; n < 300; n++) expect(await read(`stranger-too-${n}`)).not.toBe(200);
    const before = client.calls.length;
    expect(await read('prometheus')).toBe(200);
    expect(client.calls).toHaveLength(before);
  });

  it('remembers only so many tokens (pitfall 15)', async () => {
    for (let n = 0; n < 10_000; n++) await read(`stranger-${n}`);
    expect(auth.size).toBeLessThanOrEqual(100);
  });

  it('serves what the registry holds', async () => {
    const answer = await exposition(new Registry())({} as Parameters<ReturnType<typeof exposition>>[0]);
    expect(answer).toMatchObject({ code: 200, type: expect.stringContaining('text/plain') as string });
  });
});
