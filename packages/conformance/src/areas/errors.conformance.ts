import { describe, expect, it } from 'vitest';
import { bench } from '../support/bench.js';
import type { Answer } from '../support/api.js';
import { configMap, deployment } from '../support/objects.js';

const api = bench('errors', { widgets: true });
const { CONFIGMAPS, DEPLOYMENTS, WIDGETS } = api.paths;

/** Every error is a Status that says the same as the code. */
function expectStatus(answer: Answer, code: number, reason: string): void {
  expect(answer.body).toMatchObject({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason });
  expect(answer.code).toBe(code);
  expect(answer.body.message).not.toBe('');
}

describe('400', () => {
  it.each([
    ['broken JSON', CONFIGMAPS, { raw: '{"kind":' }],
    ['another kind', CONFIGMAPS, { raw: JSON.stringify(deployment('x')) }],
    ['another version', DEPLOYMENTS, { raw: JSON.stringify({ ...deployment('x'), apiVersion: 'apps/v1beta1' }) }],
    ['another namespace', CONFIGMAPS, { raw: JSON.stringify(configMap('x', {}, { namespace: 'other' })) }],
    ['a list for an object', CONFIGMAPS, { raw: '[]' }],
    ['a custom object without its kind', WIDGETS, { raw: '{"metadata":{"name":"x"}}' }],
  ])('for %s', async (_what, path, options) => {
    expectStatus(await api.post(path, undefined, options), 400, 'BadRequest');
  });

  it('for a name that is not the one of the path', async () => {
    await api.create(CONFIGMAPS, configMap('named'));
    expectStatus(await api.put(`${CONFIGMAPS}/named`, configMap('other')), 400, 'BadRequest');
  });

  it('for a JSON patch that is no list of operations', async () => {
    await api.create(CONFIGMAPS, configMap('patched'));
    expectStatus(await api.json(`${CONFIGMAPS}/patched`, { op: 'add', path: '/data' }), 400, 'BadRequest');
  });
});

it('an operation that JSON patches do not know is refused', async () => {
  await api.create(CONFIGMAPS, configMap('operated'));
  const { code } = await api.json(`${CONFIGMAPS}/operated`, [{ op: 'conjure', path: '/data' }]);
  expect([400, 422]).toContain(code);
});

it('a resourceVersion at creation is refused', async () => {
  const answer = await api.post(CONFIGMAPS, configMap('x', {}, { resourceVersion: '7' }));
  expect(answer.code).toBeGreaterThanOrEqual(400);
  expect(answer.body.message).toContain('resourceVersion should not be set on objects to be created');
});

it('401 for a token that is not known', async () => {
  expectStatus(await api.get(CONFIGMAPS, { token: 'nobody' }), 401, 'Unauthorized');
});

it('401 or 403 for who brings no token', async () => {
  const answer = await api.get(CONFIGMAPS, { token: '' });
  expectStatus(answer, answer.code, answer.code === 401 ? 'Unauthorized' : 'Forbidden');
});

describe('404', () => {
  it('for an object that is not there', async () => {
    expectStatus(await api.get(`${CONFIGMAPS}/none`), 404, 'NotFound');
  });

  it.each([
    ['a resource', `/api/v1/namespaces/${api.namespace}/nothings`],
    ['a group', '/apis/nowhere.example.com/v1/things'],
    ['a version', `/apis/apps/v9/namespaces/${api.namespace}/deployments`],
    ['a path', '/somewhere/else'],
    ['a subresource', `${CONFIGMAPS}/none/status`],
  ])('for %s that is not there', async (_what, path) => {
    expect((await api.get(path)).code).toBe(404);
  });

  it('names what was looked for', async () => {
    expect((await api.get(`${DEPLOYMENTS}/none`)).body).toMatchObject({
      message: 'deployments.apps "none" not found',
      details: { name: 'none', group: 'apps', kind: 'deployments' },
    });
  });
});

it('405 for a method that means nothing here', async () => {
  expect((await api.post(`${CONFIGMAPS}/x`, configMap('x'))).code).toBe(405);
  expect((await api.put(CONFIGMAPS, configMap('x'))).code).toBe(405);
  expect((await api.post('/api/v1/configmaps', configMap('x', {}, { namespace: api.namespace }))).code).toBe(405);
});

it('413 for a body beyond measure', async () => {
  expectStatus(
    await api.post(CONFIGMAPS, configMap('big', { a: 'x'.repeat(4 * 1024 * 1024) })),
    413,
    'RequestEntityTooLarge',
  );
});

describe('415', () => {
  it('for a body of no known type', async () => {
    expectStatus(
      await api.post(CONFIGMAPS, undefined, { raw: 'a: b', contentType: 'application/x-unknown' }),
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
    await api.create(WIDGETS, api.widget('typed'));
    expectStatus(await api.strategic(`${WIDGETS}/typed`, { spec: {} }), 415, 'UnsupportedMediaType');
  });
});

it('422 for what is understood and wrong', async () => {
  expectStatus(await api.post(CONFIGMAPS, configMap('Wrong')), 422, 'Invalid');
  await api.create(CONFIGMAPS, configMap('test-op'));
  const answer = await api.json(`${CONFIGMAPS}/test-op`, [{ op: 'test', path: '/data/a', value: '1' }]);
  expectStatus(answer, 422, 'Invalid');
});

it('YAML is understood', async () => {
  const answer = await api.post(CONFIGMAPS, undefined, {
    raw: 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: yaml\ndata:\n  a: "1"\n',
    contentType: 'application/yaml',
  });
  expect(answer.code).toBe(201);
  expect(answer.body.data).toEqual({ a: '1' });
});
