import { describe, expect, it } from 'vitest';
import { succeeded, type Answer } from '../support/api.js';
import { bench } from '../support/bench.js';
import { eventually } from '../support/eventually.js';

const api = bench('discovery', { widgets: true });
const { CRDS } = api.paths;

describe('discovery', () => {
  it('lists groups and versions', async () => {
    expect((await api.get('/api')).body.versions).toEqual(['v1']);
    await eventually(async () => {
      const { groups } = (await api.get('/apis')).body as unknown as { groups: { name: string }[] };
      expect(groups.map(({ name }) => name)).toEqual(
        expect.arrayContaining([
          'apps',
          'batch',
          'rbac.authorization.k8s.io',
          'coordination.k8s.io',
          'events.k8s.io',
          api.group,
        ]),
      );
    });
    expect((await api.get(`/apis/${api.group}`)).body).toMatchObject({
      kind: 'APIGroup',
      preferredVersion: { groupVersion: `${api.group}/v1` },
    });
  });

  it('lists the resources of a version, with their subresources', async () => {
    const { resources } = (await api.get(`/apis/${api.group}/v1`)).body;
    expect(resources).toMatchObject([
      { name: 'widgets', singularName: 'widget', kind: 'Widget', namespaced: true, shortNames: ['wd'] },
      { name: 'widgets/status', verbs: expect.arrayContaining(['get', 'patch', 'update']) as unknown },
      { name: 'widgets/scale', group: 'autoscaling', version: 'v1', kind: 'Scale' },
    ]);
    const pods = (await api.get('/api/v1')).body.resources as { name: string; verbs: string[] }[];
    expect(pods.find(({ name }) => name === 'pods')?.verbs).toEqual(
      expect.arrayContaining(['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']),
    );
    expect(pods.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'pods/status',
        'pods/log',
        'pods/binding',
        'pods/eviction',
        'pods/exec',
        'pods/portforward',
      ]),
    );
  });

  it('tells it all at once to those who ask', async () => {
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';
    const answer = await api.get('/apis', { accept });
    expect(answer.headers['content-type']).toBe('application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList');
    const { items } = answer.body as unknown as {
      items: { metadata: { name: string }; versions: { resources: object[] }[] }[];
    };
    expect(items.find(({ metadata }) => metadata.name === api.group)?.versions[0]?.resources).toMatchObject([
      { resource: 'widgets', scope: 'Namespaced', responseKind: { kind: 'Widget' } },
    ]);
  });

  it('knows nothing of what is not there', async () => {
    expect((await api.get('/apis/nowhere.example.com')).code).toBe(404);
  });
});

it('the server says its version, and that it is well', async () => {
  expect((await api.get('/version')).body).toMatchObject({ major: '1' });
  for (const path of ['/healthz', '/livez', '/readyz']) expect((await api.get(path)).text).toBe('ok');
});

describe('OpenAPI', () => {
  type Operation = { parameters?: { name: string }[]; 'x-kubernetes-group-version-kind'?: object };
  type Schema = { properties?: Record<string, object>; 'x-kubernetes-group-version-kind'?: { kind: string }[] };
  interface Document {
    paths: Record<string, Record<string, Operation>>;
    components: { schemas: Record<string, Schema> };
  }
  const document = async (path: string): Promise<Document> =>
    (await api.get(`/openapi/v3/${path}`)).body as unknown as Document;
  const GROUP = `apis/${api.group}/v1`;

  it('has a document per version, under a name that changes with it', async () => {
    // JSON, whatever its type says.
    type Index = { paths: Record<string, { serverRelativeURL: string }> };
    const index = ({ text }: Answer): Index => JSON.parse(text) as Index;
    const url = async (): Promise<string> =>
      index(await api.until('/openapi/v3', (answer) => GROUP in index(answer).paths)).paths[GROUP]?.serverRelativeURL ??
      '';
    expect((await api.get('/openapi/v3')).headers['content-type']).toBe('text/plain; charset=utf-8');
    const before = await url();
    expect(before).toMatch(/^\/openapi\/v3\/apis\/.*\/v1\?hash=/);
    await eventually(async () => {
      const { body } = await api.get(`${CRDS}/widgets.${api.group}`);
      body.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties['more'] = { type: 'string' };
      succeeded('PUT', await api.put(`${CRDS}/widgets.${api.group}`, body));
    });
    await eventually(async () => expect(await url()).not.toBe(before));
    const schemas = Object.values((await document(GROUP)).components.schemas);
    const widget = schemas.find((schema) => schema['x-kubernetes-group-version-kind']?.[0]?.kind === 'Widget');
    expect(widget?.properties?.['spec']).toMatchObject({ properties: { more: {} } });
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
    for (const path of ['api/v1', 'apis/apps/v1', 'apis/batch/v1', 'apis/apiextensions.k8s.io/v1', GROUP]) {
      const text = JSON.stringify(await document(path));
      const { schemas } = (JSON.parse(text) as Document).components;
      const named = [...text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(([, name = '']) => name);
      expect(named.filter((name) => !(name in schemas))).toEqual([]);
    }
    const v2 = JSON.stringify((await api.get('/openapi/v2')).body);
    const { definitions } = JSON.parse(v2) as { definitions: object };
    const named = [...v2.matchAll(/"#\/definitions\/([^"]+)"/g)].map(([, name = '']) => name);
    expect(named.filter((name) => !(name in definitions))).toEqual([]);
  });

  it('says that writes take fieldValidation', async () => {
    const { paths } = await document('apis/apps/v1');
    const patch = paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}']?.['patch'];
    expect(patch?.['x-kubernetes-group-version-kind']).toEqual({ group: 'apps', version: 'v1', kind: 'Deployment' });
    expect(patch?.parameters?.map(({ name }) => name)).toContain('fieldValidation');
  });
});
