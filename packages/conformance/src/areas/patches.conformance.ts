import { describe, expect, it } from 'vitest';
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

it('a patch cannot make an object another one', async () => {
  await api.create(CONFIGMAPS, configMap('self'));
  expect((await api.merge(`${CONFIGMAPS}/self`, { metadata: { name: 'other' } })).code).toBe(400);
  expect((await api.merge(`${CONFIGMAPS}/self`, { metadata: { namespace: 'other' } })).code).toBe(400);
  expect((await api.merge(`${CONFIGMAPS}/self`, { kind: 'Secret' })).code).toBe(400);
});

it('a patch of what is not there is refused', async () => {
  expect((await api.merge(`${CONFIGMAPS}/nothing`, { data: {} })).code).toBe(404);
});

it('a patch with unknown fields is refused when it is to be strict', async () => {
  await api.create(DEPLOYMENTS, deployment('strict'));
  const answer = await api.merge(`${DEPLOYMENTS}/strict?fieldValidation=Strict`, { spec: { replica: 2 } });
  expect(answer.code).toBe(400);
  expect(answer.body.message).toContain('unknown field "spec.replica"');
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
    expect(await containers('smp')).toMatchObject([
      {
        name: 'main',
        image: 'busybox:1',
        env: [
          { name: 'A', value: '1' },
          { name: 'B', value: '2' },
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

  it('orders elements, and leaves those of others where they were', async () => {
    await api.create(DEPLOYMENTS, deployment('order'));
    await patch('order', {
      containers: [
        { name: 'b', image: 'b' },
        { name: 'c', image: 'c' },
      ],
    });
    await patch('order', {
      '$setElementOrder/containers': [{ name: 'c' }, { name: 'main' }],
      containers: [{ name: 'c', image: 'c:2' }],
    });
    expect((await containers('order')).map(({ name }) => name)).toEqual(['c', 'main', 'b']);
  });

  it('keeps only the named keys of a union', async () => {
    await api.create(DEPLOYMENTS, deployment('union'));
    await api.strategic(`${DEPLOYMENTS}/union`, { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } });
    expect((await api.get(`${DEPLOYMENTS}/union`)).body.spec.strategy).toEqual({ type: 'Recreate' });
  });

  it('replaces lists without a key, and unites sets', async () => {
    await api.create(CONFIGMAPS, configMap('sets', {}, { finalizers: ['example.com/a'] }));
    await api.strategic(`${CONFIGMAPS}/sets`, { metadata: { finalizers: ['example.com/b'] } });
    expect((await api.get(`${CONFIGMAPS}/sets`)).body.metadata.finalizers).toEqual(['example.com/a', 'example.com/b']);
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
