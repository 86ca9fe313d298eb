// Versions of a custom resource that differ in more than their name: what a webhook is asked, what it may answer, and
// what stored versions are. Lists, watches and changes in each version are in `packages/conformance`.
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { servingCertificate } from '../auth/tls.js';
import { status, TestServer, type Answer } from '../testing/http.js';
import { CRDS } from '../testing/objects.js';

interface Body {
  apiVersion: string;
  kind: string;
  metadata: { name?: string; labels?: Record<string, string>; finalizers?: string[]; [field: string]: unknown };
  spec: Record<string, unknown>;
  status?: Record<string, unknown>;
}

interface Request {
  uid: string;
  desiredAPIVersion: string;
  objects: Body[];
}

let api: TestServer;
let server: Server;
let clientConfig: object;
let asked: Request[] = [];
let broken: ((objects: Body[]) => object) | undefined;

// v1 has `spec.host` and `spec.port`; v2 has `spec.address`.
function convert(object: Body, wanted: string): Body {
  const copy = structuredClone(object);
  const { spec } = copy;
  if (wanted.endsWith('/v2')) copy.spec = { address: `${String(spec['host'])}:${String(spec['port'])}` };
  else {
    const [host, port] = String(spec['address']).split(':');
    copy.spec = { host, port: Number(port), unknown: true };
  }
  copy.metadata.labels = { ...copy.metadata.labels, converted: wanted.slice(-2) };
  copy.metadata.finalizers = ['must.not/come-through'];
  return { ...copy, apiVersion: wanted };
}

beforeAll(async () => {
  const { key, certificate: cert, authority } = await servingCertificate({ names: ['127.0.0.1'] });
  server = createServer({ key, cert }, (incoming, outgoing) => {
    let text = '';
    incoming.on('data', (piece) => (text += String(piece)));
    incoming.on('end', () => {
      const { request } = JSON.parse(text) as { request: Request };
      asked.push(request);
      const convertedObjects = request.objects.map((object) => convert(object, request.desiredAPIVersion));
      const response = {
        uid: request.uid,
        result: { status: 'Success' },
        convertedObjects,
        ...broken?.(convertedObjects),
      };
      outgoing.end(JSON.stringify({ apiVersion: 'apiextensions.k8s.io/v1', kind: 'ConversionReview', response }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  clientConfig = {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/convert`,
    caBundle: Buffer.from(authority).toString('base64'),
  };
  api = await TestServer.start();
  await api.create(CRDS, definition('peers', clientConfig));
});
afterAll(async () => {
  await api.stop();
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  asked = [];
  broken = undefined;
});

const definition = (plural: string, config: object, storage = 'v1'): object => ({
  metadata: { name: `${plural}.example.com` },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural, kind: kindOf(plural) },
    conversion: { strategy: 'Webhook', webhook: { clientConfig: config, conversionReviewVersions: ['v1'] } },
    versions: [
      version('v1', storage, {
        host: { type: 'string' },
        port: { type: 'integer' },
        tls: { type: 'boolean', default: true },
      }),
      version('v2', storage, { address: { type: 'string', pattern: ':' } }),
    ],
  },
});

const version = (name: string, storage: string, properties: object): object => ({
  name,
  served: true,
  storage: name === storage,
  subresources: { status: {} },
  schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties } } } },
});

const bodyOf = (answer: Answer): Body => answer.body as unknown as Body;

const kindOf = (plural: string): string => `${plural.charAt(0).toUpperCase()}${plural.slice(1, -1)}`;

const V1 = '/apis/example.com/v1/namespaces/default/peers';
const V2 = V1.replace('v1', 'v2');
const peer = (name: string, spec: object, apiVersion = 'v1', kind = 'Peer'): object => ({
  apiVersion: `example.com/${apiVersion}`,
  kind,
  metadata: { name },
  spec,
});

describe('an object', () => {
  it('is read in each version, whichever it was written in', async () => {
    await api.create(V1, peer('a', { host: 'x', port: 1 }));
    expect((await api.get(`${V2}/a`)).body).toMatchObject({ apiVersion: 'example.com/v2', spec: { address: 'x:1' } });
    const made = await api.create(V2, peer('b', { address: 'y:2' }, 'v2'));
    expect(made).toMatchObject({ apiVersion: 'example.com/v2', spec: { address: 'y:2' }, metadata: { generation: 1 } });
    const { body } = await api.get(`${V1}/b`);
    // Pruned and defaulted by the schema of the version that it is shown in.
    expect((await api.get(`${V2}/b`)).body.spec).toEqual({ address: 'y:2' });
    expect(body).toMatchObject({ apiVersion: 'example.com/v1', spec: { host: 'y', port: 2 } });
    // Labels and annotations are the only metadata that a conversion may change.
    expect((await api.get(`${V2}/a`)).body.metadata).toMatchObject({ labels: { converted: 'v2' } });
    expect((await api.get(`${V2}/a`)).body.metadata.finalizers).toBeUndefined();
  });

  it('is validated in the version that it is written in', async () => {
    expect((await api.post(V2, peer('c', { address: 'nowhere' }, 'v2'))).code).toBe(422);
  });

  it('is converted once, and not at all in the version that it is stored in', async () => {
    await api.create(V1, peer('once', { host: 'x', port: 1 }));
    expect(asked).toEqual([]);
    for (let turn = 0; turn < 3; turn += 1) await api.get(`${V2}/once`);
    expect(asked).toHaveLength(1);
  });
});

describe('a webhook that', () => {
  it.each([
    [
      'fails',
      () => ({ result: { status: 'Failed', message: 'no idea' } }),
      'conversion webhook for example.com/v1, Kind=Peer failed: no idea',
    ],
    [
      'loses objects',
      () => ({ convertedObjects: [] }),
      'conversion webhook for example.com/v1, Kind=Peer returned 0 objects, expected 1',
    ],
    [
      'answers in another version',
      ([one]: Body[]) => ({ convertedObjects: [{ ...one, apiVersion: 'example.com/v9' }] }),
      'invalid groupVersion (expected example.com/v2, received example.com/v9)',
    ],
    [
      'gives another name',
      ([one]: Body[]) => ({ convertedObjects: [{ ...one, metadata: { ...one?.metadata, name: 'z' } }] }),
      'must have the same name: z != ',
    ],
    ['answers somebody else', () => ({ uid: 'x' }), 'expected response.uid='],
  ])('%s makes the request fail', async (name, answer, message) => {
    const path = `failing-${name.replaceAll(' ', '-')}`;
    await api.create(V1, peer(path, { host: 'x', port: 1 }));
    broken = answer;
    const failed = await api.get(`${V2}/${path}`);
    expect(failed.code).toBe(500);
    expect(status(failed).message).toContain(message);
    expect((await api.get(`${V1}/${path}`)).code).toBe(200);
    broken = undefined;
    expect((await api.get(`${V2}/${path}`)).code).toBe(200);
  });

  it('cannot be reached says so', async () => {
    await api.create(CRDS, definition('loners', { url: 'https://127.0.0.1:1/convert' }));
    await api.create(V1.replace('peers', 'loners'), peer('a', { host: 'x', port: 1 }, 'v1', 'Loner'));
    const failed = await api.get(`${V2.replace('peers', 'loners')}/a`);
    expect(status(failed).message).toMatch(
      /^Internal error occurred: conversion webhook for example.com\/v1, Kind=Loner failed: .*Post "https:\/\/127.0.0.1:1\/convert\?timeout=30s".*ECONNREFUSED/,
    );
  });
});

describe('the storage version', () => {
  it('may change; who has rewritten all objects takes the old one from the status', async () => {
    await api.create(CRDS, definition('movers', clientConfig));
    const path = `${CRDS}/movers.example.com`;
    const movers = V1.replace('peers', 'movers');
    await api.create(movers, peer('old', { host: 'x', port: 1 }, 'v1', 'Mover'));
    const body = bodyOf(await api.get(path));
    body.spec['versions'] = (definition('movers', clientConfig, 'v2') as { spec: { versions: object } }).spec.versions;
    expect(bodyOf(await api.put(path, body)).status?.['storedVersions']).toEqual(['v1', 'v2']);
    expect((await api.get(`${movers}/old`)).body.spec).toMatchObject({ host: 'x', port: 1 });
    expect((await api.get(`${movers.replace('v1', 'v2')}/old`)).body.spec).toEqual({ address: 'x:1' });

    const only = (body.spec['versions'] as { name: string }[]).filter(({ name }) => name === 'v2');
    const refused = await api.merge(path, { spec: { versions: only } });
    expect(status(refused).message).toContain(
      'status.storedVersions[0]: Invalid value: "v1": must appear in spec.versions',
    );
    await api.merge(`${movers}/old`, { metadata: { annotations: { touched: 'yes' } } });
    expect((await api.merge(`${path}/status`, { status: { storedVersions: ['v2'] } })).code).toBe(200);
    expect(bodyOf(await api.merge(path, { spec: { versions: only } })).status?.['storedVersions']).toEqual(['v2']);
  });
});

it.each([
  [{ strategy: 'Webhook' }, 'spec.conversion.webhook.clientConfig', 'required when strategy is set to Webhook'],
  [{ strategy: 'Magic' }, 'spec.conversion.strategy', 'Unsupported value: "Magic"'],
  [{ strategy: 'None', webhook: { conversionReviewVersions: ['v1'] } }, 'spec.conversion.webhook', 'should not be set'],
  [
    { strategy: 'Webhook', webhook: { clientConfig: { url: 'http://x' }, conversionReviewVersions: ['v1'] } },
    'spec.conversion.webhook.clientConfig.url',
    'https',
  ],
])('a conversion by %j is refused', async (conversion, field, message) => {
  const given = definition('bads', {}) as { spec: object };
  const refused = await api.post(CRDS, { ...given, spec: { ...given.spec, conversion } });
  expect(refused.code).toBe(422);
  expect(status(refused).details?.causes?.[0]).toMatchObject({
    field,
    message: expect.stringContaining(message) as string,
  });
});

it('settles, on a server that takes a moment', async () => {
  const slow = await TestServer.start({ settlingTime: 60_000 });
  try {
    await slow.create(CRDS, definition('peers', clientConfig));
    for (const path of [V1, `${V1}?watch=true`]) {
      const refused = await slow.get(path);
      expect([refused.code, refused.headers['retry-after'], status(refused).message]).toEqual([
        429,
        '1',
        'storage is (re)initializing',
      ]);
    }
    const later = Date.now() + 60_000;
    slow.server.context.now = () => later;
    expect((await slow.get(V1)).code).toBe(200);
  } finally {
    await slow.stop();
  }
});
