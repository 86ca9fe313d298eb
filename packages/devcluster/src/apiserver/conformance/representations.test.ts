import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  configMap,
  CONFIGMAPS,
  CRDS,
  deployment,
  DEPLOYMENTS,
  PODS,
  pod,
  TestServer,
  widget,
  widgetDefinition,
  WIDGETS,
} from '../testing/http.js';

let api: TestServer;
beforeAll(async () => {
  api = await TestServer.start();
  await api.create(CRDS, widgetDefinition());
  await api.create(WIDGETS, widget('w'));
  await api.create(CONFIGMAPS, configMap('c', { a: '1', b: '2' }));
});
afterAll(() => api.stop());

const asTable = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' };

describe('PartialObjectMetadata', () => {
  it('of one object', async () => {
    const answer = await api.get(`${CONFIGMAPS}/c`, {
      accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
    });
    expect(answer.headers['content-type']).toContain('as=PartialObjectMetadata');
    expect(answer.body).toMatchObject({
      kind: 'PartialObjectMetadata',
      apiVersion: 'meta.k8s.io/v1',
      metadata: { name: 'c' },
    });
    expect(answer.body.data).toBeUndefined();
  });

  it('of a list', async () => {
    const answer = await api.get(WIDGETS, {
      accept: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
    });
    expect(answer.body.kind).toBe('PartialObjectMetadataList');
    expect(answer.body.items).toMatchObject([{ kind: 'PartialObjectMetadata', metadata: { name: 'w' } }]);
    expect(answer.body.items[0].spec).toBeUndefined();
  });
});

describe('Table', () => {
  it('of a built-in kind', async () => {
    await api.create(DEPLOYMENTS, deployment('d', { replicas: 3 }));
    const { body } = await api.get(DEPLOYMENTS, asTable);
    const columns = body.columnDefinitions as { name: string; priority: number }[];
    expect(columns.filter(({ priority }) => priority === 0).map(({ name }) => name)).toEqual([
      'Name',
      'Ready',
      'Up-to-date',
      'Available',
      'Age',
    ]);
    expect(body.rows[0].cells.slice(0, 4)).toEqual(['d', '0/3', 0, 0]);
    expect(body.rows[0].object).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: 'd' } });
  });

  it('of a custom resource has its printer columns', async () => {
    await api.merge(`${WIDGETS}/w/status`, {
      status: {
        conditions: [
          { type: 'Ready', status: 'True' },
          { type: 'Odd', status: 'False' },
        ],
      },
    });
    const { body } = await api.get(`${WIDGETS}/w`, asTable);
    expect((body.columnDefinitions as { name: string }[]).map(({ name }) => name)).toEqual([
      'Name',
      'Size',
      'Ready',
      'Born',
    ]);
    expect(body.rows[0].cells.slice(0, 3)).toEqual(['w', 1, 'True']);
  });

  it('can carry the whole object, or none', async () => {
    expect((await api.get(`${CONFIGMAPS}?includeObject=Object`, asTable)).body.rows[0].object.kind).toBe('ConfigMap');
    expect((await api.get(`${CONFIGMAPS}?includeObject=None`, asTable)).body.rows[0].object).toBeUndefined();
  });

  it.each([
    [
      {
        phase: 'Pending',
        containerStatuses: [
          {
            name: 'main',
            ready: false,
            restartCount: 0,
            image: '',
            imageID: '',
            state: { waiting: { reason: 'ErrImagePull' } },
          },
        ],
      },
      'ErrImagePull',
    ],
    [
      {
        phase: 'Running',
        containerStatuses: [
          {
            name: 'main',
            ready: false,
            restartCount: 2,
            image: '',
            imageID: '',
            state: { terminated: { exitCode: 3 } },
          },
        ],
      },
      'ExitCode:3',
    ],
    [
      {
        phase: 'Pending',
        initContainerStatuses: [
          { name: 'i', ready: false, restartCount: 0, image: '', imageID: '', state: { running: {} } },
        ],
      },
      'Init:0/1',
    ],
    [
      {
        phase: 'Succeeded',
        containerStatuses: [
          {
            name: 'main',
            ready: false,
            restartCount: 0,
            image: '',
            imageID: '',
            state: { terminated: { exitCode: 0, reason: 'Completed' } },
          },
        ],
      },
      'Completed',
    ],
  ])('says in one word what is wrong with a Pod: %j', async (given, word) => {
    const name = `p-${word.toLowerCase().replace(/\W/g, '-')}`;
    await api.create(PODS, pod(name, { initContainers: [{ name: 'i', image: 'busybox:1' }] }));
    expect((await api.merge(`${PODS}/${name}/status`, { status: given })).code).toBe(200);
    expect((await api.get(`${PODS}/${name}`, asTable)).body.rows[0].cells[2]).toBe(word);
  });
});

it('what cannot be produced is refused', async () => {
  expect((await api.get(CONFIGMAPS, { accept: 'application/vnd.kubernetes.protobuf' })).code).toBe(406);
  expect((await api.get(CONFIGMAPS, { accept: 'application/vnd.kubernetes.protobuf,application/json' })).code).toBe(
    200,
  );
});
