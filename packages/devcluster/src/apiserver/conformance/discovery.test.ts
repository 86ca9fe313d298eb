import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CRDS, TestServer, widgetDefinition } from '../testing/http.js';

let api: TestServer;
beforeAll(async () => {
  api = await TestServer.start();
  await api.create(CRDS, widgetDefinition());
});
afterAll(() => api.stop());

describe('discovery', () => {
  it('lists groups and versions', async () => {
    expect((await api.get('/api')).body.versions).toEqual(['v1']);
    const groups = (await api.get('/apis')).body.groups as {
      name: string;
      preferredVersion: { groupVersion: string };
    }[];
    expect(groups.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['apps', 'batch', 'example.com', 'events.k8s.io']),
    );
    expect((await api.get('/apis/example.com')).body).toMatchObject({
      kind: 'APIGroup',
      preferredVersion: { groupVersion: 'example.com/v1' },
    });
  });

  it('lists the resources of a version, with their subresources', async () => {
    const { body } = await api.get('/apis/example.com/v1');
    expect(body.resources).toMatchObject([
      {
        name: 'widgets',
        singularName: 'widget',
        kind: 'Widget',
        namespaced: true,
        shortNames: ['wd'],
        categories: ['toys'],
      },
      { name: 'widgets/status', verbs: ['get', 'patch', 'update'] },
      { name: 'widgets/scale', group: 'autoscaling', version: 'v1', kind: 'Scale' },
    ]);
    expect((await api.get('/apis/apps/v1/')).body.kind).toBe('APIResourceList');
  });

  it('tells it all at once to those who ask', async () => {
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';
    const answer = await api.get('/apis', { accept });
    expect(answer.headers['content-type']).toBe('application/json;as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io');
    const groups = answer.body.items as {
      metadata: { name: string };
      versions: { resources: { resource: string; scope: string }[] }[];
    }[];
    const own = groups.find(({ metadata }) => metadata.name === 'example.com');
    expect(own?.versions[0]?.resources).toMatchObject([
      { resource: 'widgets', scope: 'Namespaced', responseKind: { kind: 'Widget' } },
    ]);
  });
});

describe('OpenAPI', () => {
  interface Document {
    paths: Record<
      string,
      Record<string, { parameters?: { name: string }[]; 'x-kubernetes-group-version-kind'?: object }>
    >;
    components: {
      schemas: Record<string, { properties?: Record<string, object>; 'x-kubernetes-group-version-kind'?: object[] }>;
    };
  }
  const document = async (path: string): Promise<Document> =>
    (await api.get(`/openapi/v3/${path}`)).body as unknown as Document;

  it('has a document per version, under a name that changes with it', async () => {
    const url = async (path: string): Promise<string> =>
      ((await api.get('/openapi/v3')).body.paths as Record<string, { serverRelativeURL: string }>)[path]
        ?.serverRelativeURL ?? '';
    const before = await url('apis/example.com/v1');
    expect(before).toMatch(/^\/openapi\/v3\/apis\/example\.com\/v1\?hash=/);
    const { body } = await api.get(`${CRDS}/widgets.example.com`);
    body.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties['more'] = { type: 'string' };
    await api.put(`${CRDS}/widgets.example.com`, body);
    expect(await url('apis/example.com/v1')).not.toBe(before);
    expect(
      (await document('apis/example.com/v1')).components.schemas['com.example.v1.Widget']?.properties?.['spec'],
    ).toMatchObject({ properties: { more: {} } });
  });

  it('describes built-in kinds, with how their lists merge', async () => {
    const { schemas } = (await document('api/v1')).components;
    expect(schemas['io.k8s.api.core.v1.Pod']?.['x-kubernetes-group-version-kind']).toEqual([
      { group: '', version: 'v1', kind: 'Pod' },
    ]);
    expect(schemas['io.k8s.api.core.v1.PodSpec']?.properties?.['containers']).toMatchObject({
      'x-kubernetes-list-map-keys': ['name'],
      'x-kubernetes-patch-merge-key': 'name',
    });
  });

  it('refers to nothing that is not there', async () => {
    for (const path of [
      'api/v1',
      'apis/apps/v1',
      'apis/batch/v1',
      'apis/apiextensions.k8s.io/v1',
      'apis/example.com/v1',
      'apis/discovery.k8s.io/v1',
    ]) {
      const text = JSON.stringify(await document(path));
      const { schemas } = (JSON.parse(text) as Document).components;
      for (const [, name = ''] of text.matchAll(/"#\/components\/schemas\/([^"]+)"/g))
        expect(schemas).toHaveProperty([name]);
    }
    const v2 = JSON.stringify((await api.get('/openapi/v2')).body);
    const { definitions } = JSON.parse(v2) as { definitions: object };
    for (const [, name = ''] of v2.matchAll(/"#\/definitions\/([^"]+)"/g)) expect(definitions).toHaveProperty([name]);
  });

  it('says that writes take fieldValidation', async () => {
    const patch = (await document('apis/apps/v1')).paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}']?.[
      'patch'
    ];
    expect(patch?.['x-kubernetes-group-version-kind']).toEqual({ group: 'apps', version: 'v1', kind: 'Deployment' });
    expect(patch?.parameters?.map(({ name }) => name)).toContain('fieldValidation');
  });
});
