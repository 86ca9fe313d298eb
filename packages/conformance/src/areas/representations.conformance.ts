import { beforeAll, describe, expect, it } from 'vitest';
import { bench } from '../support/bench.js';
import { configMap, deployment, pod } from '../support/objects.js';
import { missing, target } from '../support/target.js';

const api = bench('tables', { widgets: true });
const { CONFIGMAPS, DEPLOYMENTS, PODS, WIDGETS } = api.paths;

beforeAll(async () => {
  if (missing(['rights']) !== undefined) return;
  await api.create(WIDGETS, api.widget('w'));
  await api.create(CONFIGMAPS, configMap('c', { a: '1', b: '2' }));
});

const as = (kind: string, rest = '') => ({ accept: `application/json;as=${kind};v=v1;g=meta.k8s.io${rest}` });
const asTable = as('Table', ',application/json');

describe('PartialObjectMetadata', () => {
  it('of one object', async () => {
    const answer = await api.get(`${CONFIGMAPS}/c`, as('PartialObjectMetadata'));
    expect(answer.headers['content-type']).toContain('application/json');
    expect(answer.body).toMatchObject({
      kind: 'PartialObjectMetadata',
      apiVersion: 'meta.k8s.io/v1',
      metadata: { name: 'c' },
    });
    expect(answer.body.data).toBeUndefined();
  });

  it('of a list', async () => {
    const { body } = await api.get(WIDGETS, as('PartialObjectMetadataList'));
    expect(body.kind).toBe('PartialObjectMetadataList');
    expect(body.items).toMatchObject([{ metadata: { name: 'w' } }]);
    expect(body.items[0].spec).toBeUndefined();
  });

  it('answers writes, too', async () => {
    const { body } = await api.send(
      'PATCH',
      `${CONFIGMAPS}/c`,
      { metadata: { labels: { seen: 'yes' } } },
      {
        ...as('PartialObjectMetadata'),
        contentType: 'application/merge-patch+json',
      },
    );
    expect(body).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { labels: { seen: 'yes' } } });
  });
});

describe('Table', () => {
  it('of a built-in kind', async () => {
    await api.create(DEPLOYMENTS, deployment('d'));
    const { body } = await api.get(DEPLOYMENTS, asTable);
    expect(body.columnDefinitions.filter(({ priority }) => priority === 0).map(({ name }) => name)).toEqual([
      'Name',
      'Ready',
      'Up-to-date',
      'Available',
      'Age',
    ]);
    expect(body.rows[0].cells.slice(0, 4)).toEqual(['d', '0/0', 0, 0]);
    expect(body.rows[0].object).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: 'd' } });
  });

  it('of a custom resource has its printer columns', async () => {
    const conditions = [
      { type: 'Ready', status: 'True' },
      { type: 'Odd', status: 'False' },
    ];
    await api.merge(`${WIDGETS}/w/status`, { status: { conditions } });
    const { body } = await api.get(`${WIDGETS}/w`, asTable);
    expect(body.columnDefinitions.map(({ name }) => name)).toEqual(['Name', 'Size', 'Ready', 'Born']);
    expect(body.rows[0].cells.slice(0, 3)).toEqual(['w', 1, 'True']);
  });

  it('can carry the whole object, or none', async () => {
    const rows = async (include: string) =>
      (await api.get(`${CONFIGMAPS}/c?includeObject=${include}`, asTable)).body.rows[0];
    expect((await rows('Object')).object.kind).toBe('ConfigMap');
    expect((await rows('None')).object ?? null).toBeNull();
  });

  const container = (name: string, state: object): object => ({
    name,
    ready: false,
    restartCount: 0,
    image: '',
    imageID: '',
    state,
  });
  it.each([
    ['ErrImagePull', 'Pending', { containerStatuses: [container('main', { waiting: { reason: 'ErrImagePull' } })] }],
    ['ExitCode:3', 'Running', { containerStatuses: [container('main', { terminated: { exitCode: 3 } })] }],
    ['Init:0/1', 'Pending', { initContainerStatuses: [container('i', { running: {} })] }],
    [
      'Completed',
      'Succeeded',
      { containerStatuses: [container('main', { terminated: { exitCode: 0, reason: 'Completed' } })] },
    ],
  ])('says in one word what is wrong with a Pod: %s', async (word, phase, given) => {
    const name = `p-${word.toLowerCase().replace(/\W/g, '-')}`;
    await api.create(
      PODS,
      pod(name, { nodeName: `${target.run}-node`, initContainers: [{ name: 'i', image: 'busybox:1' }] }),
    );
    expect((await api.merge(`${PODS}/${name}/status`, { status: { phase, ...given } })).code).toBe(200);
    expect((await api.get(`${PODS}/${name}`, asTable)).body.rows[0].cells[2]).toBe(word);
  });
});

describe('content negotiation', () => {
  it('refuses what cannot be produced', async () => {
    expect((await api.get(CONFIGMAPS, { accept: 'text/html-of-the-nineties' })).code).toBe(406);
  });

  it('takes the first of several that can', async () => {
    const answer = await api.get(CONFIGMAPS, { accept: 'application/x-unknown,application/json' });
    expect(answer.body.kind).toBe('ConfigMapList');
  });

  it('answers YAML to who asks for it', async () => {
    const answer = await api.get(`${CONFIGMAPS}/c`, { accept: 'application/yaml' });
    expect(answer.headers['content-type']).toContain('application/yaml');
    expect(answer.text).toContain('kind: ConfigMap');
  });
});
