import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tooManyRequests } from '../errors.js';
import {
  configMap,
  CONFIGMAPS,
  CRDS,
  DEPLOYMENTS,
  deployment,
  status,
  TestServer,
  widgetDefinition,
  WIDGETS,
  widget,
  type Answer,
} from '../testing/http.js';

let api: TestServer;
beforeAll(async () => {
  api = await TestServer.start();
  await api.create(CRDS, widgetDefinition());
});
afterAll(() => api.stop());

/** Every error is a Status that says the same as the code. */
function expectStatus(answer: Answer, code: number, reason: string): void {
  expect(status(answer)).toMatchObject({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason });
  expect(answer.code).toBe(code);
  expect(status(answer).message).not.toBe('');
}

describe('400', () => {
  it.each([
    ['broken JSON', CONFIGMAPS, { raw: '{"kind":' }],
    ['another kind', CONFIGMAPS, { raw: JSON.stringify(deployment('x')) }],
    ['another version', DEPLOYMENTS, { raw: JSON.stringify({ ...deployment('x'), apiVersion: 'apps/v1beta1' }) }],
    ['another namespace', CONFIGMAPS, { raw: JSON.stringify(configMap('x', {}, { namespace: 'other' })) }],
    [
      'a resourceVersion at creation',
      CONFIGMAPS,
      { raw: JSON.stringify(configMap('x', {}, { resourceVersion: '7' })) },
    ],
    ['a list for an object', CONFIGMAPS, { raw: '[]' }],
    ['a custom object without its kind', WIDGETS, { raw: '{"metadata":{"name":"x"}}' }],
  ])('for %s', async (_what, path, options) => {
    expectStatus(await api.post(path, undefined, options), 400, 'BadRequest');
  });

  it('for a name that is not the one of the path', async () => {
    await api.create(CONFIGMAPS, configMap('named'));
    expectStatus(await api.put(`${CONFIGMAPS}/named`, configMap('other')), 400, 'BadRequest');
  });

  it('for a JSON patch that is none', async () => {
    await api.create(CONFIGMAPS, configMap('patched'));
    const answer = await api.send('PATCH', `${CONFIGMAPS}/patched`, [{ op: 'conjure', path: '/data' }], {
      contentType: 'application/json-patch+json',
    });
    expectStatus(answer, 400, 'BadRequest');
  });
});

it('401 for who is not known', async () => {
  expectStatus(await api.get(CONFIGMAPS, { token: 'nobody' }), 401, 'Unauthorized');
  expectStatus(await api.get(CONFIGMAPS, { token: '' }), 401, 'Unauthorized');
});

it('403 for who may not', async () => {
  const strict = await TestServer.start({
    authorizer: {
      authorize: ({ verb }) => (verb === 'get' ? { allowed: true } : { allowed: false, reason: 'no rule' }),
    },
  });
  const answer = await strict.get(CONFIGMAPS);
  expectStatus(answer, 403, 'Forbidden');
  expect(status(answer).message).toBe(
    'configmaps is forbidden: User "kubernetes-admin" cannot list resource "configmaps" in API group "" in the namespace "default": no rule',
  );
  await strict.stop();
});

describe('404', () => {
  it.each([
    ['an object', `${CONFIGMAPS}/none`],
    ['a resource', '/api/v1/namespaces/default/nothings'],
    ['a group', '/apis/nowhere.example.com/v1/things'],
    ['a version', '/apis/apps/v9/namespaces/default/deployments'],
    ['a path', '/somewhere/else'],
    ['a subresource', `${CONFIGMAPS}/none/status`],
  ])('for %s that is not there', async (_what, path) => {
    expectStatus(await api.get(path), 404, 'NotFound');
  });

  it('names what was looked for', async () => {
    expect(status(await api.get(`${DEPLOYMENTS}/none`))).toMatchObject({
      message: 'deployments.apps "none" not found',
      details: { name: 'none', group: 'apps', kind: 'deployments' },
    });
  });
});

it('405 for a method that means nothing here', async () => {
  expectStatus(await api.post(`${CONFIGMAPS}/x`, configMap('x')), 405, 'MethodNotAllowed');
  expectStatus(await api.put(CONFIGMAPS, configMap('x')), 405, 'MethodNotAllowed');
  expectStatus(
    await api.post('/api/v1/configmaps', configMap('x', {}, { namespace: 'default' })),
    405,
    'MethodNotAllowed',
  );
  expectStatus(await api.post('/version', {}), 405, 'MethodNotAllowed');
});

it('413 for a body beyond measure', async () => {
  expectStatus(
    await api.post(CONFIGMAPS, configMap('big', { a: 'x'.repeat(4 * 1024 * 1024) })),
    413,
    'RequestEntityTooLarge',
  );
});

describe('415', () => {
  it('for protobuf of a custom resource', async () => {
    const raw = 'k8s\0\n\x18\n\x0eexample.com/v1\x12\x06Widget';
    expectStatus(
      await api.post(WIDGETS, undefined, { raw, contentType: 'application/vnd.kubernetes.protobuf' }),
      415,
      'UnsupportedMediaType',
    );
  });

  it('for a patch of no known kind', async () => {
    await api.create(CONFIGMAPS, configMap('typed'));
    expectStatus(
      await api.send('PATCH', `${CONFIGMAPS}/typed`, {}, { contentType: 'application/json' }),
      415,
      'UnsupportedMediaType',
    );
  });

  it('for a strategic patch of a custom resource', async () => {
    await api.create(WIDGETS, widget('typed'));
    expectStatus(await api.strategic(`${WIDGETS}/typed`, { spec: {} }), 415, 'UnsupportedMediaType');
  });
});

it('422 for what is understood and wrong', async () => {
  expectStatus(await api.post(CONFIGMAPS, configMap('Wrong')), 422, 'Invalid');
  await api.create(CONFIGMAPS, configMap('test-op'));
  const answer = await api.send('PATCH', `${CONFIGMAPS}/test-op`, [{ op: 'test', path: '/data/a', value: '1' }], {
    contentType: 'application/json-patch+json',
  });
  expectStatus(answer, 422, 'Invalid');
});

it('429 tells when to come back', async () => {
  api.server.interceptors.push({
    before: ({ name }) => {
      if (name === 'busy') throw tooManyRequests('storage is (re)initializing', 7);
    },
  });
  const answer = await api.get(`${CONFIGMAPS}/busy`);
  expectStatus(answer, 429, 'TooManyRequests');
  expect(answer.headers['retry-after']).toBe('7');
  expect(status(answer).details?.retryAfterSeconds).toBe(7);
});

it('500 for a fault of the server, which serves on', async () => {
  const faulty = await TestServer.start();
  faulty.server.admission.push({
    name: 'faulty',
    mutate: () => {
      throw new TypeError('a bug');
    },
  });
  expectStatus(await faulty.post(CONFIGMAPS, configMap('x')), 500, 'InternalError');
  expect((await faulty.get(CONFIGMAPS)).code).toBe(200);
  await faulty.stop();
});

it('YAML is understood', async () => {
  const answer = await api.post(CONFIGMAPS, undefined, {
    raw: 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: yaml\ndata:\n  a: "1"\n',
    contentType: 'application/yaml',
  });
  expect(answer.code).toBe(201);
  expect(answer.body.data).toEqual({ a: '1' });
});
