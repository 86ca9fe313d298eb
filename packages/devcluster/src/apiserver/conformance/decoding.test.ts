// What a server makes of what it is told: as decoding into Go's structs does, and its defaults.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestServer } from '../testing/http.js';

interface Spec {
  [name: string]: unknown;
  containers: Record<string, unknown>[];
}

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server.stop());

const NAMESPACE = '/api/v1/namespaces/default';
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
const JOBS = '/apis/batch/v1/namespaces/default/jobs';

async function dryRun(container: object, spec: object = {}): Promise<Spec> {
  const { code, body } = await server.post(`${NAMESPACE}/pods?dryRun=All`, {
    metadata: { name: 'web' },
    spec: { containers: [{ name: 'web', image: 'web:1', ...container }], ...spec },
  });
  expect(code, JSON.stringify(body)).toBe(201);
  return body['spec'] as unknown as Spec;
}

const causes = (body: object): string[] =>
  (body as { details: { causes: { field: string }[] } }).details.causes.map(({ field }) => field);

describe('a null', () => {
  it('in a map is an empty value', async () => {
    const { body } = await server.post(`${NAMESPACE}/configmaps?dryRun=All`, {
      metadata: { name: 'nulls', labels: { a: null } },
      data: { b: null },
    });
    expect(body.metadata.labels).toEqual({ a: '' });
    expect(body['data']).toEqual({ b: '' });
  });

  it('in a list is an empty value, which is checked as one', async () => {
    expect((await dryRun({ args: ['a', null] })).containers[0]?.['args']).toEqual(['a', '']);
    const { code, body } = await server.post(`${NAMESPACE}/pods`, {
      metadata: { name: 'web' },
      spec: { containers: [null] },
    });
    expect(code).toBe(422);
    expect(causes(body)).toEqual(['spec.containers[0].name', 'spec.containers[0].image']);
  });
});

it.each([
  ['0.1m', '1m'],
  ['1n', '1m'],
  ['1.0005', '1001m'],
  ['100000000000Gi', '9223372036854775807'],
])('of the resource that is asked for as %s there is %s', async (given, kept) => {
  const { containers } = await dryRun({ resources: { requests: { memory: given } } });
  expect(containers[0]?.['resources']).toEqual({ requests: { memory: kept } });
});

it.each([
  ['web', 'Always'],
  ['web:latest', 'Always'],
  ['registry.example:5000/web', 'Always'],
  ['web:1', 'IfNotPresent'],
  [`web@sha256:${'a'.repeat(64)}`, 'IfNotPresent'],
  [`web:latest@sha256:${'a'.repeat(64)}`, 'Always'],
  ['Web', 'IfNotPresent'],
  ['web-', 'IfNotPresent'],
  ['a'.repeat(64), 'IfNotPresent'],
])('the image %s is pulled %s', async (image, policy) => {
  expect((await dryRun({ image })).containers[0]?.['imagePullPolicy']).toBe(policy);
});

it('a whole number of 32 bits may be the least there is', async () => {
  const { code, body } = await server.post(DEPLOYMENTS, deployment('least', { replicas: -(2 ** 31) }));
  expect(code).toBe(422);
  expect(causes(body)).toEqual(['spec.replicas']);
});

it('fields of features that are off are dropped, and a struct that had nothing else', async () => {
  const source = { podCertificate: { signerName: 'a.b/c', keyType: 'ED25519' } };
  const spec = await dryRun(
    { lifecycle: { stopSignal: 'SIGTERM' } },
    { schedulingGroup: { podGroupName: 'a' }, volumes: [{ name: 'p', projected: { sources: [source] } }] },
  );
  expect(spec.containers[0]).not.toHaveProperty('lifecycle');
  expect(spec).not.toHaveProperty('schedulingGroup');
  expect(spec['volumes']).toMatchObject([{ projected: { sources: [{}] } }, {}]);
});

it('a struct is there where there is no pointer to it', async () => {
  const { body } = await server.post('/apis/batch/v1/namespaces/default/cronjobs?dryRun=All', {
    metadata: { name: 'tick' },
    spec: {
      schedule: '* * * * *',
      jobTemplate: {
        spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: 'a' }] } } },
      },
    },
  });
  expect(body['spec']).toMatchObject({ jobTemplate: { metadata: {}, spec: { template: { metadata: {} } } } });
});

describe('a schema in a definition', () => {
  const define = (replicas: object): Promise<{ code: number; body: object }> =>
    server.post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions?dryRun=All', {
      metadata: { name: 'things.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { plural: 'things', kind: 'Thing' },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: { openAPIV3Schema: { type: 'object', properties: { replicas: { type: 'integer', ...replicas } } } },
          },
        ],
      },
    });

  it.each([
    { 'x-kubernetes-validations': {} },
    { 'x-kubernetes-int-or-string': 0 },
    { 'x-kubernetes-list-map-keys': 'a' },
    { 'x-kubernetes-list-type': 5 },
  ])('that is of another type, as %j, cannot be decoded', async (extension) => {
    expect(await define(extension)).toMatchObject({ code: 400 });
  });

  it.each([{ $schema: 'elsewhere' }, { id: 'elsewhere' }])(
    'is looked for nowhere else, as with %j',
    async (keyword) => {
      expect((await define({ ...keyword, default: 1 })).code).toBe(201);
    },
  );

  it('may not have a default beside a rule that cannot be compiled', async () => {
    const { code, body } = await define({ default: 1, 'x-kubernetes-validations': [{ rule: '../x' }] });
    expect(code).toBe(422);
    expect(causes(body)).toEqual(['spec.validation.openAPIV3Schema.properties[replicas].default']);
  });
});

describe('an update', () => {
  it('can neither begin a deletion nor give it time', async () => {
    const path = `${NAMESPACE}/configmaps/lasting`;
    await server.post(`${NAMESPACE}/configmaps`, { metadata: { name: 'lasting' } });
    const marks = { deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 5 };
    const { code, body } = await server.put(path, { metadata: { name: 'lasting', ...marks } });
    expect(code).toBe(422);
    expect(causes(body)).toEqual(['metadata.deletionTimestamp', 'metadata.deletionGracePeriodSeconds']);
  });

  it('may say from what a name was generated, if it is one', async () => {
    const path = `${NAMESPACE}/configmaps/made`;
    await server.post(`${NAMESPACE}/configmaps`, { metadata: { name: 'made' } });
    const good = await server.put(path, { metadata: { name: 'made', generateName: 'ma' } });
    expect(good.body.metadata).toMatchObject({ generateName: 'ma' });
    const bad = await server.put(path, { metadata: { name: 'made', generateName: 'A/' } });
    expect(bad.code).toBe(422);
    expect(causes(bad.body)).toContain('metadata.generateName');
  });

  it('of the annotations of a Deployment makes a new generation', async () => {
    const { body: made } = await server.post(DEPLOYMENTS, deployment('noted'));
    const { body } = await server.put(`${DEPLOYMENTS}/noted`, deployment('noted', {}, { annotations: { a: 'b' } }));
    expect(made.metadata.generation).toBe(1);
    expect(body.metadata.generation).toBe(2);
  });

  it('of a DaemonSet makes a new generation', async () => {
    const path = '/apis/apps/v1/namespaces/default/daemonsets';
    await server.post(path, deployment('everywhere'));
    const { body } = await server.put(`${path}/everywhere`, deployment('everywhere', { revisionHistoryLimit: 3 }));
    expect(body.metadata.generation).toBe(2);
  });

  it('of a Job that has not begun may change where its Pods would like to be, not beside whom', async () => {
    const spec = { restartPolicy: 'Never', containers: [{ name: 'a', image: 'a' }] };
    const { body } = await server.post(JOBS, {
      metadata: { name: 'beside' },
      spec: { suspend: true, template: { spec } },
    });
    const job = body as unknown as { spec: { template: { spec: object } } };
    const put = async (affinity: object): Promise<number> => {
      const template = { ...job.spec.template, spec: { ...job.spec.template.spec, affinity } };
      return (await server.put(`${JOBS}/beside?dryRun=All`, { ...job, spec: { ...job.spec, template } })).code;
    };
    const nodeSelectorTerms = [{ matchExpressions: [{ key: 'a', operator: 'Exists' }] }];
    const required = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } };
    expect(await put({ nodeAffinity: required })).toBe(200);
    expect(await put({ podAntiAffinity: {} })).toBe(422);
  });

  it('of a Job that has not begun may take the annotations from its template, not its labels', async () => {
    const template = {
      metadata: { annotations: { a: 'b' } },
      spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: 'a' }] },
    };
    const { body } = await server.post(JOBS, { metadata: { name: 'waiting' }, spec: { suspend: true, template } });
    const job = body as unknown as { spec: { template: { metadata: Record<string, unknown> } } };
    delete job.spec.template.metadata['annotations'];
    expect(await server.put(`${JOBS}/waiting`, job)).toMatchObject({ code: 200 });
    delete job.spec.template.metadata['labels'];
    const { resourceVersion: _, ...metadata } = body.metadata;
    expect(await server.put(`${JOBS}/waiting`, { ...job, metadata })).toMatchObject({ code: 422 });
  });

  it('of what is not to be written over blindly needs a revision', async () => {
    const path = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';
    await server.post(path, { metadata: { name: 'none' } });
    const { code, body } = await server.put(`${path}/none`, { metadata: { name: 'none' } });
    expect(code).toBe(422);
    expect(causes(body)).toEqual(['metadata.resourceVersion']);
  });

  it('does not place a Pod', async () => {
    const spec = { containers: [{ name: 'web', image: 'web:1' }] };
    const { body } = await server.post(`${NAMESPACE}/pods`, { metadata: { name: 'placed' }, spec });
    const placed = { ...body, spec: { ...(body['spec'] as object), nodeName: 'n1' } };
    expect(await server.put(`${NAMESPACE}/pods/placed`, placed)).toMatchObject({ code: 422 });
  });
});

function deployment(name: string, spec: object = {}, metadata: object = {}): object {
  const labels = { app: name };
  return {
    metadata: { name, ...metadata },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'web:1' }] } },
      ...spec,
    },
  };
}
