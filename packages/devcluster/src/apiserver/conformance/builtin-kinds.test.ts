import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { status, TestServer, type Answer } from '../testing/http.js';
import { CONFIGMAPS, configMap, deployment, DEPLOYMENTS, pod, PODS, SECRETS, SERVICES } from '../testing/objects.js';

let api: TestServer;
beforeAll(async () => {
  api = await TestServer.start();
});
afterAll(() => api.stop());

const LEASES = '/apis/coordination.k8s.io/v1/namespaces/default/leases';
const JOBS = '/apis/batch/v1/namespaces/default/jobs';
const STATEFULSETS = '/apis/apps/v1/namespaces/default/statefulsets';
const EVENTS = '/api/v1/namespaces/default/events';
const NEW_EVENTS = '/apis/events.k8s.io/v1/namespaces/default/events';

const fields = (answer: Answer): (string | undefined)[] =>
  (status(answer).details?.causes ?? []).map(({ field }) => field);

it.each([
  [{ key: 'a', operator: 'Like' }, 'operator', 'not a valid selector operator'],
  [{ key: 'a', operator: 'In' }, 'values', 'must be specified when `operator` is'],
  [{ key: 'a', operator: 'Exists', values: ['x'] }, 'values', 'may not be specified when `operator` is'],
  [{ key: 'a b', operator: 'Exists' }, 'key', 'name part must consist of'],
])('a label selector with %j is refused', async (requirement, name, message) => {
  const answer = await api.post(
    DEPLOYMENTS,
    deployment('selects', { selector: { matchLabels: { app: 'selects' }, matchExpressions: [requirement] } }),
  );
  expect(answer.code).toBe(422);
  const causes = status(answer).details?.causes ?? [];
  expect(causes.find(({ field }) => field === `spec.selector.matchExpressions[0].${name}`)?.message).toContain(message);
});

describe('decoding', () => {
  it('leaves out what is empty where Go does, and nowhere else', async () => {
    const spec = {
      paused: false,
      minReadySeconds: 0,
      replicas: 0,
      strategy: { type: 'Recreate' },
      selector: { matchLabels: { app: 'empty' }, matchExpressions: [] },
      template: {
        metadata: { labels: { app: 'empty' }, annotations: {} },
        spec: {
          hostNetwork: false,
          volumes: [{ name: 'data', emptyDir: {} }],
          securityContext: { runAsUser: 0, runAsNonRoot: false },
          containers: [
            { name: 'main', image: 'busybox:1', tty: false, env: [{ name: 'A', value: '' }], args: [], resources: {} },
          ],
        },
      },
    };
    const made = await api.create(DEPLOYMENTS, { ...deployment('empty'), spec });
    expect(made.spec).not.toHaveProperty('paused');
    expect(made.spec).not.toHaveProperty('minReadySeconds');
    expect(made.spec.selector).toEqual({ matchLabels: { app: 'empty' } });
    // Behind a pointer zero is a value.
    expect(made.spec.replicas).toBe(0);
    const { metadata, spec: template } = made.spec.template;
    expect(metadata).not.toHaveProperty('annotations');
    expect(template).not.toHaveProperty('hostNetwork');
    expect(template).toMatchObject({
      volumes: [{ name: 'data', emptyDir: {} }],
      securityContext: { runAsUser: 0, runAsNonRoot: false },
    });
    const [container] = template.containers;
    expect(container).toMatchObject({ env: [{ name: 'A' }], resources: {} });
    expect(container).not.toHaveProperty('args');
    expect(container).not.toHaveProperty('tty');
    expect(container.env?.[0]).not.toHaveProperty('value');
  });

  it('refuses a value of the wrong type, with its path', async () => {
    const answer = await api.post(DEPLOYMENTS, deployment('wrong', { replicas: 'three' }));
    expect(answer.code).toBe(400);
    expect(status(answer).message).toContain('cannot unmarshal string into Go struct field spec.replicas');
  });

  it('treats null as absent', async () => {
    const created = await api.create(CONFIGMAPS, { ...configMap('nulls'), data: null, immutable: null });
    expect(created).not.toHaveProperty('data');
  });

  it.each([
    ['1024Mi', '1Gi'],
    ['0.5', '500m'],
    ['1000m', '1'],
    ['1.5Gi', '1536Mi'],
    ['100000k', '100M'],
    ['12e6', '12e6'],
  ])('keeps the quantity %s as %s', async (given, kept) => {
    const created = await api.create(PODS, {
      ...pod('q'),
      metadata: { generateName: 'q-' },
      spec: { containers: [{ name: 'c', image: 'i', resources: { limits: { memory: given } } }] },
    });
    expect(created.spec.containers[0].resources.limits.memory).toBe(kept);
  });

  it('keeps metav1.Time in whole seconds', async () => {
    await api.create(DEPLOYMENTS, deployment('timed'));
    const condition = { type: 'Available', status: 'True', lastTransitionTime: '2025-03-04T05:06:07.891+02:00' };
    const answer = await api.merge(`${DEPLOYMENTS}/timed/status`, { status: { conditions: [condition] } });
    expect(answer.body.status.conditions[0].lastTransitionTime).toBe('2025-03-04T03:06:07Z');
  });

  it('wants exactly six digits in MicroTime', async () => {
    const lease = (renewTime: string): object => ({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { generateName: 'l-' },
      spec: { renewTime },
    });
    const answer = await api.post(LEASES, lease('2025-01-01T00:00:00.000Z'));
    expect(answer.code).toBe(400);
    expect(status(answer).message).toContain('as "2006-01-02T15:04:05.000000Z07:00"');
    expect((await api.create(LEASES, lease('2025-01-01T00:00:00.000000Z'))).spec.renewTime).toBe(
      '2025-01-01T00:00:00.000000Z',
    );
  });

  it('refuses what is not base64 in a Secret', async () => {
    expect(
      (
        await api.post(SECRETS, {
          apiVersion: 'v1',
          kind: 'Secret',
          metadata: { name: 's' },
          data: { a: 'not base64!' },
        })
      ).code,
    ).toBe(400);
  });
});

describe('a Secret', () => {
  it('takes stringData into data', async () => {
    const created = await api.create(SECRETS, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'strings' },
      data: { a: 'eA==', b: 'eA==' },
      stringData: { b: 'new' },
    });
    expect(created.stringData).toBeUndefined();
    expect(created.data).toEqual({ a: 'eA==', b: Buffer.from('new').toString('base64') });
    expect(created.type).toBe('Opaque');
  });

  it('that is immutable stays', async () => {
    await api.create(SECRETS, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'fixed' },
      data: { a: 'eA==' },
      immutable: true,
    });
    const answer = await api.merge(`${SECRETS}/fixed`, { data: { a: 'eQ==' } });
    expect(answer.code).toBe(422);
    expect(fields(answer)).toEqual(['data']);
    expect((await api.merge(`${SECRETS}/fixed`, { metadata: { labels: { a: 'b' } } })).code).toBe(200);
  });
});

describe('a Deployment', () => {
  it('has the defaults that a real server gives', async () => {
    const { spec } = await api.create(DEPLOYMENTS, deployment('defaults'));
    expect(spec).toMatchObject({
      replicas: 1,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
    });
    expect(spec.template.spec).toMatchObject({
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      schedulerName: 'default-scheduler',
      securityContext: {},
      containers: [
        {
          imagePullPolicy: 'IfNotPresent',
          terminationMessagePath: '/dev/termination-log',
          terminationMessagePolicy: 'File',
          resources: {},
        },
      ],
    });
  });

  it('must select what it makes', async () => {
    const answer = await api.post(DEPLOYMENTS, deployment('selects', { selector: { matchLabels: { app: 'other' } } }));
    expect(fields(answer)).toEqual(['spec.template.metadata.labels']);
  });

  it('keeps its selector', async () => {
    await api.create(DEPLOYMENTS, deployment('keeps'));
    const answer = await api.merge(`${DEPLOYMENTS}/keeps`, {
      spec: { selector: { matchLabels: { b: 'c' } }, template: { metadata: { labels: { b: 'c' } } } },
    });
    expect(fields(answer)).toEqual(['spec.selector']);
    expect(status(answer).message).toContain('field is immutable');
  });

  it.each([
    [{ replicas: -1 }, 'spec.replicas'],
    [{ template: { metadata: { labels: { app: 'x' } }, spec: { containers: [] } } }, 'spec.template.spec.containers'],
    [
      { template: { metadata: { labels: { app: 'x' } }, spec: { containers: [{ name: 'Bad_Name', image: 'i' }] } } },
      'spec.template.spec.containers[0].name',
    ],
    [
      { template: { metadata: { labels: { app: 'x' } }, spec: { containers: [{ name: 'a' }] } } },
      'spec.template.spec.containers[0].image',
    ],
    [
      {
        template: {
          metadata: { labels: { app: 'x' } },
          spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: 'i' }] },
        },
      },
      'spec.template.spec.restartPolicy',
    ],
    [
      {
        template: {
          metadata: { labels: { app: 'x' } },
          spec: { containers: [{ name: 'a', image: 'i', volumeMounts: [{ name: 'v', mountPath: '/v' }] }] },
        },
      },
      'spec.template.spec.containers[0].volumeMounts[0].name',
    ],
    [{ selector: undefined }, 'spec.selector'],
    [
      { template: { metadata: { labels: { 'a b': 'x' } }, spec: { containers: [{ name: 'a', image: 'i' }] } } },
      'spec.template.metadata.labels',
    ],
  ])('is refused with %j', async (spec, field) => {
    const answer = await api.post(DEPLOYMENTS, deployment('x', spec));
    expect(answer.code).toBe(422);
    expect(fields(answer)).toContain(field);
  });

  it('without a specification is refused, not a fault of the server', async () => {
    expect(
      (await api.post(DEPLOYMENTS, { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'x' } })).code,
    ).toBe(422);
  });

  it('is scaled by its subresource', async () => {
    await api.create(DEPLOYMENTS, deployment('scaled'));
    const answer = await api.merge(`${DEPLOYMENTS}/scaled/scale`, { spec: { replicas: 4 } });
    expect(answer.body).toMatchObject({ kind: 'Scale', spec: { replicas: 4 }, status: { selector: 'app=scaled' } });
    expect((await api.get(`${DEPLOYMENTS}/scaled`)).body.spec.replicas).toBe(4);
  });
});

describe('a StatefulSet', () => {
  const statefulSet = (spec: object = {}): object => ({
    ...deployment('sts'),
    kind: 'StatefulSet',
    spec: {
      ...(deployment('sts') as { spec: object }).spec,
      serviceName: 'sts',
      volumeClaimTemplates: [
        {
          metadata: { name: 'data' },
          spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1024Mi' } } },
        },
      ],
      ...spec,
    },
  });

  it('may not change what its Pods stand on', async () => {
    const { spec } = await api.create(STATEFULSETS, statefulSet());
    expect(spec.volumeClaimTemplates[0]).toMatchObject({
      spec: { volumeMode: 'Filesystem', resources: { requests: { storage: '1Gi' } } },
    });
    expect((await api.merge(`${STATEFULSETS}/sts`, { spec: { replicas: 3 } })).code).toBe(200);
    const answer = await api.merge(`${STATEFULSETS}/sts`, { spec: { serviceName: 'other' } });
    expect(answer.code).toBe(422);
    expect(status(answer).message).toContain('updates to statefulset spec for fields other than');
  });
});

describe('a Job', () => {
  const job = (name: string): object => ({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name },
    spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'busybox:1' }] } } },
  });

  it('gets its selector and the labels for it', async () => {
    const created = await api.create(JOBS, job('selected'));
    const uid = created.metadata.uid;
    expect(created.spec.selector.matchLabels).toEqual({ 'batch.kubernetes.io/controller-uid': uid });
    expect(created.spec.template.metadata.labels).toMatchObject({
      'batch.kubernetes.io/controller-uid': uid,
      'batch.kubernetes.io/job-name': 'selected',
    });
    expect(created.spec).toMatchObject({
      completions: 1,
      parallelism: 1,
      backoffLimit: 6,
      completionMode: 'NonIndexed',
      suspend: false,
    });
  });

  it('is applied again without a change', async () => {
    const first = await api.apply(`${JOBS}/applied`, job('applied'), 'me');
    const second = await api.apply(`${JOBS}/applied`, job('applied'), 'me');
    expect(first.code).toBe(201);
    expect(second.code).toBe(200);
    expect(second.body.metadata.resourceVersion).toBe(first.body.metadata.resourceVersion);
  });

  it('keeps its template', async () => {
    await api.create(JOBS, job('fixed'));
    const answer = await api.strategic(`${JOBS}/fixed`, {
      spec: { template: { spec: { containers: [{ name: 'main', image: 'busybox:2' }] } } },
    });
    expect(fields(answer)).toEqual(['spec.template']);
  });
});

describe('a Service', () => {
  const service = (name: string, spec: object = {}): object => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name },
    spec: { ports: [{ port: 80 }], ...spec },
  });

  it('is given an address of the range, and keeps it', async () => {
    const first = await api.create(SERVICES, service('one'));
    const second = await api.create(SERVICES, service('two'));
    expect(first.spec.clusterIP).toMatch(/^10\.96\.\d+\.\d+$/);
    expect(first.spec.clusterIPs).toEqual([first.spec.clusterIP]);
    expect(second.spec.clusterIP).not.toBe(first.spec.clusterIP);
    const put = await api.put(`${SERVICES}/one`, service('one', { ports: [{ port: 81 }] }));
    expect(put.body.spec.clusterIP).toBe(first.spec.clusterIP);
    expect(put.body.spec.ports).toEqual([{ port: 81, protocol: 'TCP', targetPort: 81 }]);
    expect((await api.merge(`${SERVICES}/one`, { spec: { clusterIP: '10.96.9.9' } })).code).toBe(422);
  });

  it('may ask for an address that is free and in the range', async () => {
    expect((await api.create(SERVICES, service('asked', { clusterIP: '10.96.7.7' }))).spec.clusterIP).toBe('10.96.7.7');
    expect(status(await api.post(SERVICES, service('taken', { clusterIP: '10.96.7.7' }))).message).toContain(
      'provided IP is already allocated',
    );
    expect((await api.post(SERVICES, service('outside', { clusterIP: '10.1.0.1' }))).code).toBe(422);
  });

  it('without an address has none', async () => {
    expect((await api.create(SERVICES, service('headless', { clusterIP: 'None', ports: [] }))).spec.clusterIP).toBe(
      'None',
    );
  });

  it('of type NodePort is given ports, each its own', async () => {
    const first = await api.create(SERVICES, service('np1', { type: 'NodePort' }));
    const second = await api.create(SERVICES, service('np2', { type: 'NodePort' }));
    const ports = [first, second].map(({ spec }) => (spec as { ports: { nodePort: number }[] }).ports[0]?.nodePort);
    expect(new Set(ports).size).toBe(2);
    for (const port of ports) expect(port).toBeGreaterThanOrEqual(30000);
  });

  it('with several ports must name them', async () => {
    expect(fields(await api.post(SERVICES, service('unnamed', { ports: [{ port: 1 }, { port: 2 }] })))).toEqual([
      'spec.ports[0].name',
      'spec.ports[1].name',
    ]);
  });

  it('called kubernetes leads to this server', async () => {
    const { body } = await api.get(`${SERVICES}/kubernetes`);
    expect(body.spec.clusterIP).toBe('10.96.0.1');
    const slice = await api.get('/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes');
    expect(slice.body.ports[0].port).toBe(api.server.port);
  });
});

describe('a Pod', () => {
  it('runs as the default account, and is told its class', async () => {
    const created = await api.create(PODS, pod('plain'));
    expect(created.spec).toMatchObject({ serviceAccountName: 'default', enableServiceLinks: true });
    expect(created.status).toMatchObject({ phase: 'Pending', qosClass: 'BestEffort' });
  });

  it('must not run as somebody who is not there', async () => {
    const answer = await api.post(PODS, pod('somebody', { serviceAccountName: 'somebody' }));
    expect(answer.code).toBe(403);
    expect(status(answer).message).toContain('serviceaccount "somebody" not found');
  });

  it('may change its images and little else', async () => {
    await api.create(PODS, pod('settled'));
    expect(
      (await api.strategic(`${PODS}/settled`, { spec: { containers: [{ name: 'main', image: 'busybox:2' }] } })).code,
    ).toBe(200);
    expect(
      (await api.strategic(`${PODS}/settled`, { spec: { containers: [{ name: 'main', command: ['x'] }] } })).code,
    ).toBe(422);
  });

  it('is bound to a node once', async () => {
    await api.create(PODS, pod('bound'));
    expect((await api.post(`${PODS}/bound/binding`, { target: { name: 'n1' } })).code).toBe(201);
    expect((await api.get(`${PODS}/bound`)).body).toMatchObject({
      spec: { nodeName: 'n1' },
      status: { conditions: [{ type: 'PodScheduled', status: 'True' }] },
    });
    expect((await api.post(`${PODS}/bound/binding`, { target: { name: 'n2' } })).code).toBe(409);
  });
});

describe('names', () => {
  it.each(['Upper', 'under_score', '-dash', 'a..b', 'x'.repeat(254)])('like %s are refused', async (name) => {
    const answer = await api.post(CONFIGMAPS, configMap(name));
    expect(answer.code).toBe(422);
    expect(fields(answer)).toEqual(['metadata.name']);
  });

  it('are generated on demand', async () => {
    const created = await api.create(CONFIGMAPS, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { generateName: 'gen-' },
    });
    expect(created.metadata.name).toMatch(/^gen-[a-z0-9]{5}$/);
  });

  it('are needed', async () => {
    expect(fields(await api.post(CONFIGMAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata: {} }))).toEqual([
      'metadata.name',
    ]);
  });

  it('of labels have rules, too', async () => {
    expect(fields(await api.post(CONFIGMAPS, configMap('l', {}, { labels: { ok: 'not ok!' } })))).toEqual([
      'metadata.labels',
    ]);
  });
});

describe('a dry run', () => {
  it('answers as if, and stores nothing', async () => {
    const created = await api.post(`${SERVICES}?dryRun=All`, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'dry' },
      spec: { ports: [{ port: 1 }] },
    });
    expect(created.code).toBe(201);
    expect(created.body.spec.clusterIP).toBeDefined();
    expect((await api.get(`${SERVICES}/dry`)).code).toBe(404);
    await api.create(CONFIGMAPS, configMap('wet', { a: '1' }));
    expect((await api.merge(`${CONFIGMAPS}/wet?dryRun=All`, { data: { a: '2' } })).body.data.a).toBe('2');
    expect((await api.delete(`${CONFIGMAPS}/wet?dryRun=All`)).code).toBe(200);
    expect((await api.get(`${CONFIGMAPS}/wet`)).body.data.a).toBe('1');
  });

  it('is refused where it would be', async () => {
    expect((await api.post(`${CONFIGMAPS}?dryRun=All`, configMap('Bad'))).code).toBe(422);
    expect((await api.post(`${CONFIGMAPS}?dryRun=Some`, configMap('x'))).code).toBe(422);
  });
});

describe('Events', () => {
  it('are the same objects under both groups', async () => {
    await api.create(NEW_EVENTS, {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name: 'e' },
      eventTime: '2025-01-01T00:00:00.000000Z',
      regarding: { kind: 'Pod', name: 'p', namespace: 'default' },
      note: 'it happened',
      reason: 'Happened',
      type: 'Normal',
      action: 'Happen',
      reportingController: 'test',
      reportingInstance: 'test-0',
    });
    const core = await api.get(`${EVENTS}?fieldSelector=involvedObject.name%3Dp,reason%3DHappened`);
    expect(core.body.items).toMatchObject([
      { message: 'it happened', involvedObject: { kind: 'Pod' }, reportingComponent: 'test' },
    ]);
    await api.merge(`${EVENTS}/e`, { count: 3 });
    expect((await api.get(`${NEW_EVENTS}/e`)).body).toMatchObject({ note: 'it happened', deprecatedCount: 3 });
  });
});

it('a PUT of some kinds creates, of others not', async () => {
  const lease = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'put' },
    spec: { holderIdentity: 'a' },
  };
  expect((await api.put(`${LEASES}/put`, lease)).code).toBe(201);
  expect((await api.put(`${CONFIGMAPS}/put`, configMap('put'))).code).toBe(404);
});
