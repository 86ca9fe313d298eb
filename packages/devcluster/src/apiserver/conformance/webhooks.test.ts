// Admission webhooks, over TLS as they are on any cluster: about what they are asked, how they are called, and what
// is made of each answer. Which configurations are refused is in `packages/conformance`.
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN } from '../auth/authenticator.js';
import { servingCertificate } from '../auth/tls.js';
import type { Body } from '../testing/body.js';
import { status, TestServer } from '../testing/http.js';
import { CONFIGMAPS, configMap, CRDS, widget, widgetDefinition, WIDGETS } from '../testing/objects.js';

interface Review {
  uid: string;
  [field: string]: unknown;
}
type Answer = (request: Review) => object | string | undefined;

let api: TestServer;
let server: Server;
let caBundle: string;
let url: string;
let answer: Answer;
const asked: Review[] = [];
const MUTATING = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';
const VALIDATING = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';

beforeAll(async () => {
  const { key, certificate: cert, authority } = await servingCertificate({ names: ['127.0.0.1', 'hook.default.svc'] });
  caBundle = Buffer.from(authority).toString('base64');
  server = createServer({ key, cert }, (incoming, outgoing) => {
    let text = '';
    incoming.on('data', (piece) => (text += String(piece)));
    incoming.on('end', () => {
      const { request } = JSON.parse(text) as { request: Review };
      asked.push({ ...request, path: incoming.url });
      const response = answer(request);
      if (response === undefined) return;
      if (typeof response === 'string') return void outgoing.writeHead(500).end(response);
      outgoing.end(
        JSON.stringify({
          apiVersion: 'admission.k8s.io/v1',
          kind: 'AdmissionReview',
          response: { uid: request.uid, ...response },
        }),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/review`;
  api = await TestServer.start({ loopbackEndpointsOf: ADMIN.name });
  await api.create(CRDS, widgetDefinition());
});
afterAll(async () => {
  await api.stop();
  server.closeAllConnections();
  server.close();
});
afterEach(async () => {
  await api.delete(MUTATING);
  await api.delete(VALIDATING);
  asked.length = 0;
});

const RULE = { operations: ['*'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] };

const hook = (given: object = {}): object => ({
  name: 'check.example.com',
  admissionReviewVersions: ['v1'],
  sideEffects: 'None',
  clientConfig: { url, caBundle },
  rules: [RULE],
  ...given,
});

const configure = (path: string, ...webhooks: object[]): Promise<Body> =>
  api.create(path, {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: path === MUTATING ? 'MutatingWebhookConfiguration' : 'ValidatingWebhookConfiguration',
    metadata: { name: 'hooks' },
    webhooks,
  });

const patch = (...operations: object[]): object => ({
  allowed: true,
  patchType: 'JSONPatch',
  patch: Buffer.from(JSON.stringify(operations)).toString('base64'),
});

const no = (given: object = {}): object => ({ allowed: false, status: given });

describe('a validating webhook', () => {
  it('is told everything of the request', async () => {
    await configure(VALIDATING, hook());
    answer = () => ({ allowed: true });
    await api.create(CONFIGMAPS, configMap('told', { a: '1' }));
    await api.merge(`${CONFIGMAPS}/told`, { data: { a: '2' } });
    await api.delete(`${CONFIGMAPS}/told`);
    expect(asked.map(({ operation }) => operation)).toEqual(['CREATE', 'UPDATE', 'DELETE']);
    expect(asked[0]).toMatchObject({
      path: '/review?timeout=10s',
      kind: { group: '', version: 'v1', kind: 'ConfigMap' },
      resource: { group: '', version: 'v1', resource: 'configmaps' },
      requestKind: { kind: 'ConfigMap' },
      name: 'told',
      namespace: 'default',
      userInfo: {
        username: expect.any(String) as string,
        groups: expect.arrayContaining(['system:masters']) as string[],
      },
      object: { apiVersion: 'v1', kind: 'ConfigMap', data: { a: '1' } },
      oldObject: null,
      dryRun: false,
      options: { kind: 'CreateOptions' },
    });
    expect(asked[1]).toMatchObject({ object: { data: { a: '2' } }, oldObject: { data: { a: '1' } } });
    expect(asked[2]).toMatchObject({ object: null, oldObject: { data: { a: '2' } } });
  });

  it.each([
    [
      no({ message: 'too green' }),
      400,
      'admission webhook "check.example.com" denied the request: too green',
      undefined,
    ],
    [
      no({ code: 403, reason: 'Forbidden', message: 'no' }),
      403,
      'admission webhook "check.example.com" denied the request: no',
      'Forbidden',
    ],
    [no({ reason: 'Because' }), 400, 'admission webhook "check.example.com" denied the request: Because', 'Because'],
    [no(), 400, 'admission webhook "check.example.com" denied the request without explanation', undefined],
  ])('refuses with %j', async (response, code, message, reason) => {
    await configure(VALIDATING, hook());
    answer = () => response;
    const refused = await api.post(CONFIGMAPS, configMap('refused'));
    expect([refused.code, status(refused).message]).toEqual([code, message]);
    if (reason !== undefined) expect(status(refused).reason).toBe(reason);
    expect((await api.get(`${CONFIGMAPS}/refused`)).code).toBe(404);
  });

  it('that fails refuses, or is ignored where its configuration says so', async () => {
    answer = () => 'oh no';
    await configure(VALIDATING, hook());
    const failed = await api.post(CONFIGMAPS, configMap('failed'));
    expect(failed.code).toBe(500);
    expect(status(failed).message).toContain(
      'Internal error occurred: failed calling webhook "check.example.com": failed to call webhook: ',
    );
    await api.delete(VALIDATING);
    await configure(VALIDATING, hook({ failurePolicy: 'Ignore' }));
    expect((await api.post(CONFIGMAPS, configMap('ignored'))).code).toBe(201);
  });

  it('is given a second, when that is all it has', async () => {
    answer = () => undefined;
    await configure(VALIDATING, hook({ timeoutSeconds: 1 }));
    const late = await api.post(CONFIGMAPS, configMap('late'));
    expect(status(late).message).toMatch(
      /failed to call webhook: Post "https:.*timeout=1s": context deadline exceeded$/,
    );
  });

  it('whose certificate is not of the given authority is not trusted', async () => {
    const { authority } = await servingCertificate({ names: ['x'] });
    await configure(VALIDATING, hook({ clientConfig: { url, caBundle: Buffer.from(authority).toString('base64') } }));
    answer = () => ({ allowed: true });
    expect((await api.post(CONFIGMAPS, configMap('untrusted'))).code).toBe(500);
    expect(asked).toEqual([]);
  });

  it('must answer the question that it was asked', async () => {
    await configure(VALIDATING, hook());
    answer = () => ({ allowed: true, uid: 'another' });
    expect(status(await api.post(CONFIGMAPS, configMap('another'))).message).toContain('expected response.uid=');
  });

  it('without side effects only is asked of a dry run', async () => {
    answer = () => ({ allowed: true });
    await configure(VALIDATING, hook({ sideEffects: 'NoneOnDryRun' }));
    expect((await api.post(`${CONFIGMAPS}?dryRun=All`, configMap('dry'))).code).toBe(201);
    expect(asked).toMatchObject([{ dryRun: true }]);
  });

  it('can be behind a Service', async () => {
    await api.create('/api/v1/namespaces/default/services', {
      metadata: { name: 'hook' },
      spec: { ports: [{ port: 443, targetPort: 8443 }] },
    });
    await api.create('/api/v1/namespaces/default/endpoints', {
      metadata: { name: 'hook' },
      subsets: [{ addresses: [{ ip: '127.0.0.1' }], ports: [{ port: Number(new URL(url).port) }] }],
    });
    await configure(
      VALIDATING,
      hook({ clientConfig: { service: { namespace: 'default', name: 'hook', path: '/in' }, caBundle } }),
    );
    answer = () => no({ message: 'from the service' });
    expect(status(await api.post(CONFIGMAPS, configMap('s'))).message).toContain('from the service');
    expect(asked).toMatchObject([{ path: '/in?timeout=10s' }]);
  });

  it('behind a Service goes by its endpoint slices, or by whom the server is told to ask', async () => {
    const service = (name: string): object => ({
      metadata: { name },
      spec: { ports: [{ name: 'https', port: 8443 }] },
    });
    const of = (name: string): object =>
      hook({ clientConfig: { service: { namespace: 'default', name, port: 8443 }, caBundle } });
    const port = Number(new URL(url).port);
    answer = () => no({ message: 'asked' });
    await api.create('/api/v1/namespaces/default/services', service('sliced'));
    await configure(VALIDATING, of('sliced'));
    expect(status(await api.post(CONFIGMAPS, configMap('s'))).message).toContain(
      'failed calling webhook "check.example.com": failed to call webhook: Post "https://sliced.default.svc:8443/?timeout=10s": no endpoints available for service "sliced"',
    );
    await api.create('/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
      metadata: { name: 'sliced-1', labels: { 'kubernetes.io/service-name': 'sliced' } },
      addressType: 'IPv4',
      ports: [{ name: 'https', port }],
      endpoints: [{ addresses: ['127.0.0.9'], conditions: { ready: false } }, { addresses: ['127.0.0.1'] }],
    });
    // The certificate is for another name: it was reached, and not believed.
    expect(status(await api.post(CONFIGMAPS, configMap('s'))).message).toContain('sliced.default.svc');

    const told = await TestServer.start({
      resolveService: ({ name }) => (name === 'hook' ? { host: '127.0.0.1', port } : undefined),
    });
    try {
      await told.create(VALIDATING, {
        metadata: { name: 'hooks' },
        webhooks: [hook({ clientConfig: { service: { namespace: 'default', name: 'hook' }, caBundle } })],
      });
      expect(status(await told.post(CONFIGMAPS, configMap('s'))).message).toContain('denied the request: asked');
    } finally {
      await told.stop();
    }
  });
});

describe('which requests', () => {
  it.each([
    ['operations', { rules: [{ ...RULE, operations: ['UPDATE'] }] }, 0],
    ['groups', { rules: [{ ...RULE, apiGroups: ['apps'] }] }, 0],
    ['any group and resource', { rules: [{ ...RULE, apiGroups: ['*'], apiVersions: ['*'], resources: ['*'] }] }, 1],
    ['subresources only', { rules: [{ ...RULE, resources: ['configmaps/status'] }] }, 0],
    ['everything', { rules: [{ ...RULE, resources: ['*/*'] }] }, 1],
    ['the scope', { rules: [{ ...RULE, scope: 'Cluster' }] }, 0],
    [
      'labels of the namespace',
      { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'default' } } },
      1,
    ],
    ['other labels of it', { namespaceSelector: { matchLabels: { nope: 'x' } } }, 0],
    ['labels of the object', { objectSelector: { matchExpressions: [{ key: 'app', operator: 'Exists' }] } }, 0],
    [
      'a condition',
      {
        matchConditions: [
          { name: 'a', expression: 'object.metadata.name == "which" && request.userInfo.username != "x"' },
        ],
      },
      1,
    ],
    [
      'a condition that does not hold',
      { matchConditions: [{ name: 'a', expression: 'has(object.data) && "x" in object.data' }] },
      0,
    ],
  ])('%s', async (_, given, calls) => {
    await configure(VALIDATING, hook(given));
    answer = () => ({ allowed: true });
    expect((await api.post(`${CONFIGMAPS}?dryRun=All`, configMap('which'))).code).toBe(201);
    expect(asked).toHaveLength(calls);
  });

  it('its own configuration never', async () => {
    await configure(VALIDATING, hook({ rules: [{ ...RULE, apiGroups: ['*'], resources: ['*'], apiVersions: ['*'] }] }));
    answer = () => no();
    expect((await api.delete(`${VALIDATING}/hooks`)).code).toBe(200);
  });

  it('the status, for those who ask for it', async () => {
    await configure(
      VALIDATING,
      hook({ rules: [{ ...RULE, apiGroups: ['example.com'], resources: ['widgets/status'] }] }),
    );
    answer = () => no({ message: 'not that' });
    await api.create(WIDGETS, widget('w'));
    const refused = await api.merge(`${WIDGETS}/w/status`, { status: { replicas: 1 } });
    expect(status(refused).message).toContain('not that');
    expect(asked).toMatchObject([{ subResource: 'status', operation: 'UPDATE' }]);
  });
});

describe('a mutating webhook', () => {
  it('changes the object by a patch, and what it adds is decoded like the rest', async () => {
    await configure(MUTATING, hook({ rules: [{ ...RULE, apiGroups: ['example.com'], resources: ['widgets'] }] }));
    answer = () =>
      patch(
        { op: 'add', path: '/spec/mode', value: 'fast' },
        { op: 'add', path: '/spec/parts', value: [{ name: 'a' }] },
        { op: 'add', path: '/spec/unknown', value: 1 },
      );
    const { spec } = await api.create(WIDGETS, widget('mutated'));
    expect(spec).toEqual({ size: 1, replicas: 1, mode: 'fast', parts: [{ name: 'a', count: 1 }] });
    answer = () => patch({ op: 'replace', path: '/spec/size', value: 99 });
    expect((await api.post(WIDGETS, widget('mutated-badly'))).code).toBe(422);
  });

  it('is asked once more when it wants to see what others did', async () => {
    await configure(
      MUTATING,
      hook({ name: 'one.example.com', reinvocationPolicy: 'IfNeeded', clientConfig: { url: `${url}/one`, caBundle } }),
      hook({ name: 'two.example.com', reinvocationPolicy: 'IfNeeded', clientConfig: { url: `${url}/two`, caBundle } }),
    );
    let turn = 0;
    answer = () => patch({ op: 'add', path: `/data/turn${(turn += 1)}`, value: 'x' });
    const created = await api.create(CONFIGMAPS, configMap('again', { a: 'b' }));
    expect(Object.keys(created['data'] as object)).toEqual(['a', 'turn1', 'turn2', 'turn3', 'turn4']);
    expect(asked.map(({ path }) => String(path).slice(8, 11))).toEqual(['one', 'two', 'one', 'two']);
  });
});
