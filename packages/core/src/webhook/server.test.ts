// The server over HTTPS, as the API server calls it, with certificates made on the spot.
import { request as httpsRequest } from 'node:https';
import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTcp } from 'node:net';
import { connect, type PeerCertificate } from 'node:tls';
import { defineResource, type KubeObject } from '@stackwright/kube';
import { makeAuthority, type Authority, type KeyPair } from '@stackwright/kube/testing/tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newController } from '../controller/builder.js';
import { aborted } from '../seams/wait.js';
import { settle, testManager, type TestManager } from '../testing/index.js';
import { startWebhookServer } from './server.js';
import { AdmissionDenied, newWebhook, type Webhook } from './webhook.js';

interface Widget extends KubeObject {
  spec: { size?: number; color?: string; unknown?: object };
}
const kind = { group: 'apps.example.dev', kind: 'Widget', plural: 'widgets', namespaced: true };
const Widget = defineResource<Widget>({ ...kind, version: 'v1' });
interface OldWidget extends KubeObject {
  spec: { length?: number };
}
const OldWidget = defineResource<OldWidget>({ ...kind, version: 'v1alpha1' });

const paths = {
  validate: '/validate-apps-example-dev-v1-widget',
  mutate: '/mutate-apps-example-dev-v1-widget',
  convert: '/convert',
};

interface Answer {
  code: number;
  body: {
    apiVersion?: string;
    kind?: string;
    response: {
      uid: string;
      allowed: boolean;
      patch?: string;
      patchType?: string;
      warnings?: string[];
      status?: { code: number; reason: string; message: string; details?: object };
      result?: { status: string; message?: string };
      convertedObjects?: KubeObject[];
    };
  };
}

describe('the webhook server', () => {
  let authority: Authority;
  let pairs: KeyPair[];
  let directory: string;
  let test: TestManager;
  /** What the validator and the defaulter were given last. */
  let seen: object[];
  /** Why the signal of a slow request was aborted. */
  let abortedBy: unknown;

  beforeAll(async () => {
    authority = await makeAuthority();
    pairs = [await authority.issue('first', ['127.0.0.1']), await authority.issue('second', ['127.0.0.1'])];
    directory = mkdtempSync(join(tmpdir(), 'stackwright-webhook-'));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  beforeEach(async () => {
    install(pairs[0]!);
    seen = [];
    abortedBy = undefined;
    test = testManager({
      http: { host: '127.0.0.1', port: 0 },
      webhooks: { host: '127.0.0.1', port: 0, certDirectory: join(directory, 'tls') },
    });
    test.manager.addWebhook(
      newWebhook(Widget)
        .default((widget) => {
          widget.spec.color ??= 'red';
        })
        .validate({
          create: async ({ spec }, context) => {
            const { user, dryRun, operation } = context;
            seen.push({ user: user.username, dryRun, operation });
            if (spec.color === 'beige') context.warn('beige is out of fashion');
            if (spec.color === 'bug') throw new TypeError('no such colour: https://me:secret@host');
            if (spec.color === 'slow') {
              await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
              abortedBy = context.signal.reason;
            }
            return [
              ...((spec.size ?? 0) < 0 ? [{ path: 'spec.size', message: 'must not be negative' }] : []),
              ...(spec.color === 'none' ? ['a widget has a colour'] : []),
            ];
          },
          update: (widget, previous) => {
            if (widget.spec.size !== previous.spec.size)
              throw new AdmissionDenied('the size of a widget never changes');
          },
        })
        .convert(OldWidget, {
          toHub: ({ spec, metadata }) => {
            if (spec.length === 13) throw new RangeError('unlucky');
            return {
              metadata: { ...metadata, name: 'another', labels: { from: 'v1alpha1' } },
              spec: { size: spec.length ?? 0 },
            };
          },
          fromHub: ({ spec, metadata }) => ({ ...(metadata && { metadata }), spec: { length: spec.size ?? 0 } }),
        }),
    );
    await test.start();
    await until(() => test.manager.webhookAddress !== undefined);
  });
  afterEach(() => test.stop());

  /** As the kubelet does: a new directory, and a link that is swapped. */
  function install({ cert, key }: KeyPair): void {
    const version = mkdtempSync(join(directory, 'version-'));
    writeFileSync(join(version, 'tls.crt'), cert);
    writeFileSync(join(version, 'tls.key'), key);
    symlinkSync(version, join(directory, 'next'));
    renameSync(join(directory, 'next'), join(directory, 'tls'));
  }

  function post(path: string, body: string | object, headers: Record<string, string> = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const request = httpsRequest(
        `${test.manager.webhookAddress}${path}`,
        { method: 'POST', ca: authority.ca, agent: false, headers: { 'content-type': 'application/json', ...headers } },
        (response) => {
          let text = '';
          response.on('data', (chunk: Buffer) => (text += chunk.toString()));
          response.on('end', () =>
            resolve({ code: response.statusCode ?? 0, body: JSON.parse(text) as Answer['body'] }),
          );
        },
      );
      request.on('error', reject);
      request.end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  }

  const review = (request: object) => ({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: { uid: 'u1', userInfo: { username: 'jane' }, namespace: 'ns', name: 'a', ...request },
  });
  const widget = (spec: Widget['spec']): Widget => ({
    apiVersion: 'apps.example.dev/v1',
    kind: 'Widget',
    metadata: { namespace: 'ns', name: 'a' },
    spec,
  });
  const create = (spec: Widget['spec'], more: object = {}) =>
    post(paths.validate, review({ operation: 'CREATE', object: widget(spec), ...more }));

  it('lets a valid object pass and tells the handler who asks for what', async () => {
    const { code, body } = await create({ size: 1, color: 'beige' }, { dryRun: true });
    expect(code).toBe(200);
    expect(body).toMatchObject({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' });
    expect(body.response).toEqual({ uid: 'u1', allowed: true, warnings: ['beige is out of fashion'] });
    expect(seen).toEqual([{ user: 'jane', dryRun: true, operation: 'CREATE' }]);
  });

  it('refuses an invalid object with every problem and its field', async () => {
    const { response } = (await create({ size: -1, color: 'none' })).body;
    expect(response.allowed).toBe(false);
    expect(response.status).toEqual({
      code: 422,
      reason: 'Invalid',
      message: 'Widget.apps.example.dev "a" is invalid: [spec.size: must not be negative, a widget has a colour]',
      details: {
        name: 'a',
        group: 'apps.example.dev',
        kind: 'Widget',
        causes: [
          { reason: 'FieldValueInvalid', message: 'must not be negative', field: 'spec.size' },
          { reason: 'FieldValueInvalid', message: 'a widget has a colour' },
        ],
      },
    });
  });

  it('compares with the object before, and denies for other reasons than fields', async () => {
    const update = { operation: 'UPDATE', object: widget({ size: 2 }), oldObject: widget({ size: 1 }) };
    const { response } = (await post(paths.validate, review(update))).body;
    expect(response).toMatchObject({
      allowed: false,
      status: { code: 403, reason: 'Forbidden', message: 'the size of a widget never changes' },
    });
    const deletion = { operation: 'DELETE', object: null, oldObject: widget({}) };
    expect((await post(paths.validate, review(deletion))).body.response.allowed).toBe(true);
  });

  it('sets defaults by a patch that leaves what it does not know alone', async () => {
    const mutate = (spec: Widget['spec']) => post(paths.mutate, review({ operation: 'CREATE', object: widget(spec) }));
    const { response } = (await mutate({ size: 1, unknown: { kept: true } })).body;
    expect(response).toMatchObject({ allowed: true, patchType: 'JSONPatch' });
    expect(JSON.parse(Buffer.from(response.patch ?? '', 'base64').toString())).toEqual([
      { op: 'add', path: '/spec/color', value: 'red' },
    ]);
    expect((await mutate({ color: 'blue' })).body.response).toEqual({ uid: 'u1', allowed: true });
  });

  it('survives a bug in a handler: refused, counted, logged without secrets', async () => {
    const { response } = (await create({ color: 'bug' })).body;
    expect(response.allowed).toBe(false);
    expect(response.status?.code).toBe(500);
    expect(response.status?.message).toContain('panic');
    expect(response.status?.message).not.toContain('secret');
    expect(await test.sample('controller_runtime_webhook_panics_total')).toBe(1);
    expect((await create({ size: 1 })).body.response.allowed).toBe(true);
  });

  it('ends when the API server does not wait any longer', async () => {
    const answer = post(
      `${paths.validate}?timeout=3s`,
      review({ operation: 'CREATE', object: widget({ color: 'slow' }) }),
    );
    await until(() => seen.length === 1);
    await test.clock.advance(2_900);
    expect(abortedBy).toBeUndefined();
    await test.clock.advance(100);
    expect((await answer).body.response.status).toMatchObject({ code: 504, reason: 'Timeout' });
    expect(abortedBy).toBeInstanceOf(Error);
  });

  it('refuses what is no review, has no uid, is of another kind, is no JSON or too large', async () => {
    const codes = async (path: string, body: string | object, headers?: Record<string, string>) =>
      (await post(path, body, headers)).code;
    expect(await codes(paths.validate, {})).toBe(400);
    expect(await codes(paths.validate, review({ uid: '' }))).toBe(400);
    expect(await codes(paths.validate, { ...review({}), apiVersion: 'admission.k8s.io/v1beta1' })).toBe(400);
    expect(await codes(paths.validate, review({ object: { kind: 'Gadget' } }))).toBe(400);
    expect(await codes(paths.convert, review({}))).toBe(400);
    expect(await codes(paths.validate, '{')).toBe(400);
    expect(await codes(paths.validate, 'a=b', { 'content-type': 'application/x-www-form-urlencoded' })).toBe(415);
    expect(await codes(paths.validate, `"${'x'.repeat(7 * 1024 * 1024)}"`)).toBe(413);
    expect(await codes('/elsewhere', review({}))).toBe(404);
    expect(seen).toEqual([]);
  });

  it('counts requests by path and code', async () => {
    await create({ size: 1 });
    await post(paths.validate, {});
    const requests = (code: string) =>
      test.sample('controller_runtime_webhook_requests_total', { webhook: paths.validate, code });
    await until(async () => (await requests('400')) === 1);
    expect(await requests('200')).toBe(1);
    expect(await test.sample('controller_runtime_webhook_requests_in_flight', { webhook: paths.validate })).toBe(0);
    const latency =
      (await test.manager.metrics.getSingleMetric('controller_runtime_webhook_latency_seconds')?.get())?.values ?? [];
    expect(latency.find(({ labels }) => labels['webhook'] === paths.validate && !('le' in labels))).toBeDefined();
  });

  describe('conversion', () => {
    const convert = (desiredAPIVersion: string, ...objects: object[]) =>
      post(paths.convert, {
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'ConversionReview',
        request: { uid: 'c1', desiredAPIVersion, objects },
      });
    const old = (length: number) => ({
      apiVersion: 'apps.example.dev/v1alpha1',
      kind: 'Widget',
      metadata: { namespace: 'ns', name: 'a', uid: 'x', annotations: { kept: 'no' } },
      spec: { length },
    });

    it('takes lists of whatever size: the API server sends them whole', async () => {
      const page = 'x'.repeat(20_000);
      const list = Array.from({ length: 600 }, (_, n) => ({ ...old(n + 100), status: { page } }));
      const { code, body } = await convert('apps.example.dev/v1', ...list);
      expect(code).toBe(200);
      expect(body.response.convertedObjects).toHaveLength(600);
    });

    it('goes by way of the hub in both directions and keeps the metadata but labels and annotations', async () => {
      const { body } = await convert('apps.example.dev/v1', old(5), widget({ size: 7 }));
      expect(body.response).toEqual({
        uid: 'c1',
        result: { status: 'Success' },
        convertedObjects: [
          {
            apiVersion: 'apps.example.dev/v1',
            kind: 'Widget',
            metadata: {
              namespace: 'ns',
              name: 'a',
              uid: 'x',
              labels: { from: 'v1alpha1' },
              annotations: { kept: 'no' },
            },
            spec: { size: 5 },
          },
          widget({ size: 7 }),
        ],
      });
      const back = (await convert('apps.example.dev/v1alpha1', widget({ size: 7 }))).body.response.convertedObjects;
      expect(back).toEqual([{ ...widget({}), apiVersion: 'apps.example.dev/v1alpha1', spec: { length: 7 } }]);
    });

    it('fails as a whole, with the cause; a bug is counted', async () => {
      expect((await convert('apps.example.dev/v9', old(1))).body.response.result).toEqual({
        status: 'Failed',
        message: 'Widget.apps.example.dev has no version apps.example.dev/v9',
      });
      expect(await test.sample('controller_runtime_conversion_webhook_panics_total')).toBe(0);
      const { response } = (await convert('apps.example.dev/v1', old(1), old(13))).body;
      expect(response).toMatchObject({ result: { status: 'Failed', message: 'unlucky' }, convertedObjects: [] });
      expect(await test.sample('controller_runtime_conversion_webhook_panics_total')).toBe(1);
    });
  });

  it('takes a renewed certificate within ten seconds, and keeps the old one while the files do not fit', async () => {
    const served = () =>
      new Promise<PeerCertificate>((resolve, reject) => {
        const { port } = new URL(test.manager.webhookAddress ?? '');
        const socket = connect({ host: '127.0.0.1', port: Number(port), ca: authority.ca }, () => {
          resolve(socket.getPeerCertificate());
          socket.destroy();
        });
        socket.on('error', reject);
      });
    const errors = () => test.sample('certwatcher_read_certificate_errors_total');
    expect((await served()).subject.CN).toBe('first');
    install({ cert: pairs[1]!.cert, key: pairs[0]!.key });
    await test.clock.advance(10_000);
    await until(async () => (await errors()) === 1);
    expect((await served()).subject.CN).toBe('first');
    install(pairs[1]!);
    await until(async () => {
      await test.clock.advance(10_000);
      return (await served()).subject.CN === 'second';
    });
    expect(await errors()).toBe(1);
    expect(await test.sample('certwatcher_read_certificate_total')).toBeGreaterThanOrEqual(3);
  });

  it('is a condition of being ready', async () => {
    expect(await (await fetch(`${test.manager.address}/readyz`)).text()).toContain('[+]webhooks ok');
  });
});

describe('a manager with webhooks', () => {
  const certDirectory = join(tmpdir(), 'stackwright-no-such-directory');

  it('does not start without a certificate, or without being told where to serve them', async () => {
    const without = testManager({ webhooks: { host: '127.0.0.1', port: 0, certDirectory } });
    without.manager.addWebhook(newWebhook(Widget).validate(() => []));
    await without.start();
    await expect(without.ended()).rejects.toThrow(`No certificate in ${certDirectory}`);
    const nowhere = testManager({ webhooks: undefined });
    nowhere.manager.addWebhook(newWebhook(Widget).validate(() => []));
    await nowhere.start();
    await expect(nowhere.ended()).rejects.toThrow('was not told where');
  });

  it('listens before the first list, which may need a conversion, and until the caches have ended', async () => {
    const authority = await makeAuthority();
    const directory = mkdtempSync(join(tmpdir(), 'stackwright-webhook-'));
    const { cert, key } = await authority.issue('server', ['127.0.0.1']);
    writeFileSync(join(directory, 'tls.crt'), cert);
    writeFileSync(join(directory, 'tls.key'), key);
    const test = testManager({ webhooks: { host: '127.0.0.1', port: 0, certDirectory: directory } });
    const listening = () =>
      new Promise<boolean>((resolve) => {
        const socket = connectTcp(
          Number(new URL(test.manager.webhookAddress ?? 'https://127.0.0.1:1').port),
          '127.0.0.1',
        );
        socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
        socket.on('connect', () => socket.destroy());
      });
    test.manager.addWebhook(newWebhook(Widget).validate(() => []));
    let first: boolean | undefined;
    test.client.before = async () => void (first ??= await listening());
    let last: boolean | undefined;
    newController(test.manager, 'widget')
      .for(Widget)
      .complete(async () => undefined);
    test.manager.add({
      start: async (signal) => {
        await aborted(signal);
        last = await listening();
      },
    });
    await test.start();
    await until(() => first !== undefined && test.manager.cache.hasSynced());
    expect(first).toBe(true);
    await test.stop();
    expect(last).toBe(true);
    expect(await listening()).toBe(false);
    rmSync(directory, { recursive: true });
  });

  it('listens nowhere when none are declared', async () => {
    const test = testManager({ webhooks: { host: '127.0.0.1', port: 0, certDirectory } });
    await test.start();
    await settle();
    expect(test.manager.webhookAddress).toBeUndefined();
    await test.stop();
  });

  it('refuses two of one kind, and ones that come too late', async () => {
    const test = testManager({ webhooks: false });
    test.manager.addWebhook(newWebhook(Widget).validate(() => []));
    expect(() => test.manager.addWebhook(newWebhook(OldWidget).validate(() => []))).toThrow('already');
    await test.start();
    const Gadget = defineResource<KubeObject>({ ...kind, kind: 'Gadget', plural: 'gadgets', version: 'v1' });
    expect(() => test.manager.addWebhook(newWebhook(Gadget))).toThrow('before the manager runs');
    await test.stop();
  });
});

/** Waits for what happens outside the fake clock. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await settle();
}

it('does not wait for ever for a sender that is slow on purpose', async () => {
  const authority = await makeAuthority();
  const directory = mkdtempSync(join(tmpdir(), 'stackwright-webhook-'));
  const { cert, key } = await authority.issue('server', ['127.0.0.1']);
  writeFileSync(join(directory, 'tls.crt'), cert);
  writeFileSync(join(directory, 'tls.key'), key);
  const { client, cache, clock, log, metrics, tracer } = testManager().manager;
  const webhook = newWebhook(Widget).validate({ create: () => [] }) as Webhook;
  const server = await startWebhookServer({
    host: '127.0.0.1',
    port: 0,
    certDirectory: directory,
    webhooks: [{ webhook, client, cache, log }],
    clock,
    log,
    metrics,
    tracer,
    receiveTimeout: 300,
  });
  const socket = connect({ port: Number(new URL(server.address).port), host: '127.0.0.1', ca: authority.ca });
  let answer = '';
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
  socket.write(
    `POST ${paths.validate} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{`,
  );
  await new Promise((resolve) => socket.on('close', resolve));
  expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  await server.close();
  rmSync(directory, { recursive: true });
});
