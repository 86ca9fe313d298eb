import { beforeAll, describe, expect, it } from 'vitest';
import { bench } from '../support/bench.js';
import type { Answer } from '../support/api.js';
import type { Container } from '../support/body.js';
import { configMap, deployment } from '../support/objects.js';

const api = bench('patches');
const { CONFIGMAPS, DEPLOYMENTS } = api.paths;

it('a merge patch sets, replaces and removes', async () => {
  await api.create(CONFIGMAPS, configMap('merge', { a: '1', b: '1' }));
  const answer = await api.merge(`${CONFIGMAPS}/merge`, { data: { a: null, b: '2', c: '3' } });
  expect(answer.body.data).toEqual({ b: '2', c: '3' });
});

it('a JSON patch does what its operations say, all or none', async () => {
  await api.create(CONFIGMAPS, configMap('json', { a: '1' }, { labels: { 'x/y': '1' } }));
  const answer = await api.json(`${CONFIGMAPS}/json`, [
    { op: 'test', path: '/data/a', value: '1' },
    { op: 'replace', path: '/data/a', value: '2' },
    { op: 'remove', path: '/metadata/labels/x~1y' },
    { op: 'add', path: '/metadata/annotations', value: { n: 'x' } },
  ]);
  expect(answer.body).toMatchObject({ data: { a: '2' }, metadata: { annotations: { n: 'x' } } });
  const refused = await api.json(`${CONFIGMAPS}/json`, [
    { op: 'replace', path: '/data/a', value: '3' },
    { op: 'test', path: '/data/a', value: 'never' },
  ]);
  expect(refused.code).toBe(422);
  expect((await api.get(`${CONFIGMAPS}/json`)).body.data).toEqual({ a: '2' });
});

describe('a JSON patch', () => {
  const patched = async (...operations: object[]): Promise<number> =>
    (await api.json(`${CONFIGMAPS}/operated?dryRun=All`, operations)).code;
  beforeAll(async () => {
    await api.create(CONFIGMAPS, configMap('operated', { a: '1' }, { finalizers: ['example.com/a'] }));
    return () => api.merge(`${CONFIGMAPS}/operated`, { metadata: { finalizers: null } });
  });

  it.each([
    { op: 'remove', path: '/data/missing' },
    { op: 'remove', path: '/metadata/labels/constructor' },
    { op: 'remove', path: '/nothing/in/here' },
    { op: 'remove', path: '/metadata/finalizers/1' },
    { op: 'remove', path: '/metadata/finalizers/-' },
    { op: 'remove', path: '' },
    { op: 'add', path: '/metadata/finalizers/2', value: 'example.com/b' },
    { op: 'add', path: '/nothing/in/here', value: '1' },
    { op: 'replace', path: '/metadata/finalizers/1', value: 'example.com/b' },
    { op: 'move', from: '/data/missing', path: '/data/b' },
    { op: 'move', path: '/data/b' },
    { op: 'copy', from: '/nothing/in', path: '/data/b' },
    { op: 'test', path: '/data/missing', value: '1' },
    { op: 'test', path: '/data/a', value: null },
    { op: 'test', path: '/data/a' },
    { path: '/data/a', value: '2' },
    { op: 'add', value: '1' },
    { op: 'conjure', path: '/data' },
  ])('that does not apply is refused: %j', async (operation) => {
    expect(await patched(operation)).toBe(422);
    // All or none.
    expect(await patched({ op: 'replace', path: '/data/a', value: '2' }, operation)).toBe(422);
  });

  it.each([
    { op: 'add', path: '/metadata/finalizers/1', value: 'example.com/b' },
    { op: 'add', path: '/metadata/finalizers/-', value: 'example.com/b' },
    { op: 'remove', path: '/metadata/finalizers/-1' },
    { op: 'replace', path: '/data/missing', value: '1' },
    { op: 'copy', from: '/data/missing', path: '/data/b' },
    { op: 'test', path: '/data/missing', value: null },
    { op: 'test', path: '/data/missing' },
  ])('may say %j', async (operation) => {
    expect(await patched(operation)).toBe(200);
  });

  it('of what are no operations is refused', async () => {
    for (const operations of [[5], ['remove'], [{ op: {}, path: '/data' }], [{ op: 'remove', path: 1 }]])
      expect((await api.json(`${CONFIGMAPS}/operated`, operations)).code, JSON.stringify(operations)).toBe(400);
    expect((await api.json(`${CONFIGMAPS}/operated`, [null])).code).toBe(422);
  });
});

it('a subresource is patched as strictly as its object', async () => {
  await api.create(DEPLOYMENTS, deployment('scaled'));
  const path = `${DEPLOYMENTS}/scaled/scale`;
  expect((await api.merge(`${path}?fieldValidation=Strict`, { spec: { replica: 1 } })).code).toBe(422);
  const uid = '11111111-1111-1111-1111-111111111111';
  expect((await api.merge(path, { metadata: { uid } })).code).toBe(409);
  expect((await api.merge(`${DEPLOYMENTS}/scaled/status`, { metadata: { uid } })).code).toBe(422);
});

it('a patch cannot make an object another one', async () => {
  await api.create(CONFIGMAPS, configMap('self'));
  expect((await api.merge(`${CONFIGMAPS}/self`, { metadata: { name: 'other' } })).code).toBe(400);
  expect((await api.merge(`${CONFIGMAPS}/self`, { metadata: { namespace: 'other' } })).code).toBe(400);
  expect((await api.merge(`${CONFIGMAPS}/self`, { metadata: { name: null } })).code).toBe(400);
});

it.each([
  ['another kind', { kind: 'Secret' }],
  ['another version', { apiVersion: 'v2' }],
  ['values of another type', { data: 'text' }],
])('a patch that leaves %s is understood, and refused as wrong', async (what, patch) => {
  const name = `left-${what.split(' ').at(-1) ?? ''}`;
  await api.create(CONFIGMAPS, configMap(name, { a: '1' }));
  const operations = Object.entries(patch).map(([field, value]) => ({ op: 'add', path: `/${field}`, value }));
  for (const answer of [
    await api.merge(`${CONFIGMAPS}/${name}`, patch),
    await api.json(`${CONFIGMAPS}/${name}`, operations),
  ]) {
    expect(answer.code).toBe(422);
    expect(answer.body.details.causes).toMatchObject([{ reason: 'FieldValueInvalid', field: 'patch' }]);
  }
});

it('a patch keeps the UID, or names the right one', async () => {
  const { metadata } = await api.create(CONFIGMAPS, configMap('same'));
  const uid = '11111111-1111-1111-1111-111111111111';
  const path = `${CONFIGMAPS}/same`;
  for (const answer of [
    await api.merge(path, { metadata: { uid } }),
    await api.strategic(path, { metadata: { uid } }),
    await api.json(path, [{ op: 'replace', path: '/metadata/uid', value: uid }]),
    await api.apply(path, configMap('same', {}, { uid }), 'me'),
  ]) {
    expect(answer.code).toBe(422);
    expect(answer.body.message).toContain(`metadata.uid: Invalid value: "${uid}": field is immutable`);
  }
  expect((await api.merge(path, { metadata: { uid: metadata.uid }, data: { a: '1' } })).code).toBe(200);
});

it('a patch of what is not there is refused', async () => {
  expect((await api.merge(`${CONFIGMAPS}/nothing`, { data: {} })).code).toBe(404);
});

it('a patch with unknown fields is refused when it is to be strict', async () => {
  await api.create(DEPLOYMENTS, deployment('strict'));
  const path = `${DEPLOYMENTS}/strict?fieldValidation=Strict`;
  for (const answer of [
    await api.merge(path, { spec: { replica: 2 } }),
    await api.strategic(path, { spec: { replica: 2 } }),
    await api.json(path, [{ op: 'add', path: '/spec/replica', value: 2 }]),
  ]) {
    expect(answer.code).toBe(422);
    expect(answer.body.message).toContain(' "" is invalid: patch: Invalid value: ');
    expect(answer.body.message).toContain('strict decoding error: unknown field "spec.replica"');
  }
  // A whole object that has them cannot be read.
  const { body } = await api.get(`${DEPLOYMENTS}/strict`);
  expect((await api.put(path, { ...body, replica: 2 })).code).toBe(400);
});

describe('a strategic merge patch', () => {
  const containers = async (name: string): Promise<Container[]> =>
    (await api.get(`${DEPLOYMENTS}/${name}`)).body.spec.template.spec.containers;
  const patch = (name: string, spec: object): Promise<Answer> =>
    api.strategic(`${DEPLOYMENTS}/${name}`, { spec: { template: { spec } } });

  it('merges lists by their key', async () => {
    await api.create(DEPLOYMENTS, deployment('smp'));
    await patch('smp', {
      containers: [
        { name: 'main', env: [{ name: 'A', value: '1' }] },
        { name: 'side', image: 'side:1' },
      ],
    });
    await patch('smp', { containers: [{ name: 'main', env: [{ name: 'B', value: '2' }] }] });
    // What is new comes first.
    expect(await containers('smp')).toMatchObject([
      {
        name: 'main',
        image: 'busybox:1',
        env: [
          { name: 'B', value: '2' },
          { name: 'A', value: '1' },
        ],
      },
      { name: 'side' },
    ]);
  });

  it('deletes and replaces elements on demand', async () => {
    await api.create(DEPLOYMENTS, deployment('directives'));
    await patch('directives', {
      containers: [
        {
          name: 'main',
          env: [
            { name: 'A', value: '1' },
            { name: 'B', value: '1' },
          ],
        },
      ],
    });
    await patch('directives', { containers: [{ name: 'main', env: [{ name: 'A', $patch: 'delete' }] }] });
    expect((await containers('directives'))[0]?.env).toEqual([{ name: 'B', value: '1' }]);
    await patch('directives', { containers: [{ $patch: 'replace' }, { name: 'new', image: 'new:1' }] });
    expect((await containers('directives')).map(({ name }) => name)).toEqual(['new']);
  });

  it('orders elements, and leaves those of others before what they stood before', async () => {
    await api.create(DEPLOYMENTS, deployment('order'));
    await patch('order', {
      containers: [
        { name: 'b', image: 'b' },
        { name: 'c', image: 'c' },
      ],
    });
    expect((await containers('order')).map(({ name }) => name)).toEqual(['b', 'c', 'main']);
    await patch('order', {
      '$setElementOrder/containers': [{ name: 'c' }, { name: 'main' }],
      containers: [{ name: 'c', image: 'c:2' }],
    });
    expect((await containers('order')).map(({ name }) => name)).toEqual(['b', 'c', 'main']);
    await patch('order', { '$setElementOrder/containers': [{ name: 'main' }, { name: 'c' }] });
    expect((await containers('order')).map(({ name }) => name)).toEqual(['b', 'main', 'c']);
  });

  it('takes a new element as it is: directives inside of it are fields that nobody knows', async () => {
    await api.create(DEPLOYMENTS, deployment('raw'));
    const added = { name: 'new', image: 'new:1', securityContext: { $patch: 'replace', runAsUser: 1 } };
    const answer = await patch('raw', { containers: [added] });
    expect(answer.headers['warning']).toContain('securityContext.$patch');
    expect((await containers('raw'))[0]).toMatchObject({ name: 'new', securityContext: { runAsUser: 1 } });
  });

  it('keeps only the named keys of a union', async () => {
    await api.create(DEPLOYMENTS, deployment('union'));
    await api.strategic(`${DEPLOYMENTS}/union`, { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } });
    expect((await api.get(`${DEPLOYMENTS}/union`)).body.spec.strategy).toEqual({ type: 'Recreate' });
  });

  it('replaces lists without a key, and unites sets', async () => {
    await api.create(CONFIGMAPS, configMap('sets', {}, { finalizers: ['example.com/a'] }));
    await api.strategic(`${CONFIGMAPS}/sets`, { metadata: { finalizers: ['example.com/b'] } });
    expect((await api.get(`${CONFIGMAPS}/sets`)).body.metadata.finalizers).toEqual(['example.com/b', 'example.com/a']);
    await api.strategic(`${CONFIGMAPS}/sets`, {
      metadata: { '$deleteFromPrimitiveList/finalizers': ['example.com/a'] },
    });
    expect((await api.get(`${CONFIGMAPS}/sets`)).body.metadata.finalizers).toEqual(['example.com/b']);
    await api.create(
      DEPLOYMENTS,
      deployment('atomic', {
        template: {
          metadata: { labels: { app: 'atomic' } },
          spec: { containers: [{ name: 'main', image: 'i', args: ['a', 'b'] }] },
        },
      }),
    );
    await patch('atomic', { containers: [{ name: 'main', args: ['c'] }] });
    expect((await containers('atomic'))[0]).toMatchObject({ args: ['c'] });
  });
});
