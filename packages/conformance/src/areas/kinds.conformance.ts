import { beforeEach, describe, expect, it } from 'vitest';
import { bench } from '../support/bench.js';
import { eventually } from '../support/eventually.js';
import type { Answer } from '../support/api.js';
import { configMap, deployment, pod, secret, service } from '../support/objects.js';
import { requires, target } from '../support/target.js';

const api = bench('kinds');
const { CONFIGMAPS, DEPLOYMENTS, JOBS, LEASES, NETWORKPOLICIES, PODS, SECRETS, SERVICES, STATEFULSETS } = api.paths;

const fields = ({ body }: Answer): string[] => body.details.causes.map(({ field }) => field);

it.each([
  ['1024Mi', '1Gi'],
  ['0.5', '500m'],
  ['1000m', '1'],
  ['1.5Gi', '1536Mi'],
  ['100000k', '100M'],
  ['12e6', '12e6'],
])('the quantity %s is kept as %s', async (given, kept) => {
  const limits = { memory: given };
  const created = await api.create(
    PODS,
    pod('', { containers: [{ name: 'c', image: 'i', resources: { limits } }] }, { generateName: 'q-' }),
  );
  expect(created.spec.containers[0].resources.limits.memory).toBe(kept);
});

it.each([
  [{ key: 'a', operator: 'Like' }, 'operator', 'not a valid selector operator'],
  [{ key: 'a', operator: 'In' }, 'values', 'must be specified when `operator` is'],
  [{ key: 'a', operator: 'Exists', values: ['x'] }, 'values', 'may not be specified when `operator` is'],
  [{ key: 'a b', operator: 'Exists' }, 'key', 'name part must consist of'],
])('a label selector with %j is refused', async (requirement, name, message) => {
  const selector = { matchLabels: { app: 'selects' }, matchExpressions: [requirement] };
  const { code, body } = await api.post(DEPLOYMENTS, deployment('selects', { selector }));
  expect(code).toBe(422);
  const cause = body.details.causes.find(({ field }) => field === `spec.selector.matchExpressions[0].${name}`);
  expect(cause?.message).toContain(message);
});

describe('a Secret', () => {
  it('takes stringData into data', async () => {
    const data = { a: 'eA==', b: 'eA==' };
    const created = await api.create(SECRETS, secret('strings', {}, { data, stringData: { b: 'new' } }));
    expect(created.stringData).toBeUndefined();
    expect(created.data).toEqual({ a: 'eA==', b: Buffer.from('new').toString('base64') });
    expect(created.type).toBe('Opaque');
  });

  it('that is immutable stays', async () => {
    await api.create(SECRETS, secret('fixed', {}, { data: { a: 'eA==' }, immutable: true }));
    const answer = await api.merge(`${SECRETS}/fixed`, { data: { a: 'eQ==' } });
    expect(answer.code).toBe(422);
    expect(fields(answer)).toEqual(['data']);
    expect((await api.merge(`${SECRETS}/fixed`, { metadata: { labels: { a: 'b' } } })).code).toBe(200);
  });
});

describe('a NetworkPolicy', () => {
  const policy = (name: string, spec: object): object => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name },
    spec: { podSelector: {}, ...spec },
  });

  it('is of the types that its rules make it, and of ports without a protocol of TCP', async () => {
    expect((await api.create(NETWORKPOLICIES, policy('closed', {}))).spec).toEqual({
      podSelector: {},
      policyTypes: ['Ingress'],
    });
    const created = await api.create(NETWORKPOLICIES, policy('out', { egress: [{ ports: [{ port: 53 }] }] }));
    expect(created.spec).toMatchObject({
      policyTypes: ['Ingress', 'Egress'],
      egress: [{ ports: [{ port: 53, protocol: 'TCP' }] }],
    });
    expect(created.metadata.generation).toBe(1);
  });

  it.each([
    [{ ingress: [{ from: [{}] }] }, 'spec.ingress[0].from[0]'],
    [{ ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0/8' }, podSelector: {} }] }] }, 'spec.ingress[0].from[0]'],
    [{ egress: [{ to: [{ ipBlock: { cidr: 'here' } }] }] }, 'spec.egress[0].to[0].ipBlock.cidr'],
    [{ ingress: [{ ports: [{ port: 'http', endPort: 90 }] }] }, 'spec.ingress[0].ports[0].endPort'],
    [{ policyTypes: ['In'] }, 'spec.policyTypes[0]'],
  ])('with %j is refused', async (spec, field) => {
    const answer = await api.post(NETWORKPOLICIES, policy('wrong', spec));
    expect(answer.code).toBe(422);
    expect(fields(answer)).toContain(field);
  });
});

describe('a Deployment', () => {
  it('has the defaults that a real server gives', async () => {
    const { spec } = await api.create(DEPLOYMENTS, deployment('defaults', { replicas: undefined, paused: true }));
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
    expect(answer.body.message).toContain('field is immutable');
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
    expect((await api.merge(`${STATEFULSETS}/sts`, { spec: { minReadySeconds: 5 } })).code).toBe(200);
    const answer = await api.merge(`${STATEFULSETS}/sts`, { spec: { serviceName: 'other' } });
    expect(answer.code).toBe(422);
    expect(answer.body.message).toContain('updates to statefulset spec for fields other than');
  });
});

describe('a Job', () => {
  const job = (name: string): object => ({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name },
    spec: {
      template: {
        spec: {
          restartPolicy: 'Never',
          nodeSelector: { never: 'never' },
          containers: [{ name: 'main', image: 'busybox:1' }],
        },
      },
    },
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
    const apply = () => api.apply(`${JOBS}/applied`, job('applied'), 'me');
    expect((await apply()).code).toBe(201);
    // Its controller has its say first.
    await eventually(async () => {
      const before = (await api.get(`${JOBS}/applied`)).body.metadata.resourceVersion;
      expect((await apply()).body.metadata.resourceVersion).toBe(before);
    });
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
  it('is given an address of its own, and keeps it', async () => {
    const first = await api.create(SERVICES, service('one'));
    const second = await api.create(SERVICES, service('two'));
    expect(first.spec.clusterIP).toMatch(/[.:]/);
    expect(first.spec.clusterIPs).toEqual([first.spec.clusterIP]);
    expect(second.spec.clusterIP).not.toBe(first.spec.clusterIP);
    const put = await api.put(`${SERVICES}/one`, service('one', { ports: [{ port: 81 }] }));
    expect(put.body.spec.clusterIP).toBe(first.spec.clusterIP);
    expect(put.body.spec.ports).toEqual([{ port: 81, protocol: 'TCP', targetPort: 81 }]);
    const moved = await api.merge(`${SERVICES}/one`, { spec: { clusterIP: '203.0.113.1' } });
    expect(moved.code).toBe(422);
  });

  it('may ask for an address that is free and in the range', async () => {
    const { clusterIP } = (await api.create(SERVICES, service('lent'))).spec;
    expect((await api.post(SERVICES, service('taken', { clusterIP }))).body.message).toContain('already allocated');
    await api.delete(`${SERVICES}/lent`);
    await eventually(async () =>
      expect((await api.post(SERVICES, service('asked', { clusterIP }))).body.spec.clusterIP).toBe(clusterIP),
    );
    expect((await api.post(SERVICES, service('outside', { clusterIP: '203.0.113.1' }))).code).toBe(422);
  });

  it('without an address has none', async () => {
    expect((await api.create(SERVICES, service('headless', { clusterIP: 'None', ports: [] }))).spec.clusterIP).toBe(
      'None',
    );
  });

  it('of type NodePort is given ports, each its own', async () => {
    const first = await api.create(SERVICES, service('np1', { type: 'NodePort' }));
    const second = await api.create(SERVICES, service('np2', { type: 'NodePort' }));
    const ports = [first, second].map(({ spec }) => spec.ports[0]?.nodePort);
    expect(new Set(ports).size).toBe(2);
    for (const port of ports) expect(port).toBeGreaterThanOrEqual(30000);
  });

  it('with several ports must name them', async () => {
    expect(fields(await api.post(SERVICES, service('unnamed', { ports: [{ port: 1 }, { port: 2 }] })))).toEqual([
      'spec.ports[0].name',
      'spec.ports[1].name',
    ]);
  });
});

describe('what a Service leads to', () => {
  const SLICES = `/apis/discovery.k8s.io/v1/namespaces/${api.namespace}/endpointslices?dryRun=All`;
  const ENDPOINTS = `/api/v1/namespaces/${api.namespace}/endpoints?dryRun=All`;
  const off = 'may not be in the';

  it.each([
    ['127.0.0.1', `${off} loopback range (127.0.0.0/8, ::1/128)`],
    ['127.8.9.10', `${off} loopback range (127.0.0.0/8, ::1/128)`],
    ['::1', `${off} loopback range (127.0.0.0/8, ::1/128)`],
    ['169.254.169.254', `${off} link-local range (169.254.0.0/16, fe80::/10)`],
    ['fe80::1', `${off} link-local range (169.254.0.0/16, fe80::/10)`],
    ['224.0.0.1', `${off} link-local multicast range (224.0.0.0/24, ff02::/10)`],
    ['0.0.0.0', 'may not be unspecified (0.0.0.0)'],
  ])('is not %s', async (address, problem) => {
    const addressType = address.includes(':') ? 'IPv6' : 'IPv4';
    const slice = { metadata: { name: 'out' }, addressType, ports: [], endpoints: [{ addresses: [address] }] };
    const answers = [
      await api.post(SLICES, { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', ...slice }),
      await api.post(ENDPOINTS, {
        apiVersion: 'v1',
        kind: 'Endpoints',
        metadata: { name: 'out' },
        subsets: [{ addresses: [{ ip: address }] }],
      }),
      await api.post(`${SERVICES}?dryRun=All`, service('out', { externalIPs: [address] })),
    ];
    expect(answers.map(({ code }) => code)).toEqual([422, 422, 422]);
    for (const { body } of answers) expect(body.message).toContain(`Invalid value: "${address}": ${problem}`);
  });
});

describe('a Pod', () => {
  beforeEach((test) => requires(test, 'controllers'));

  it('runs as the default account, and is told its class', async () => {
    const created = await api.create(PODS, pod('plain'));
    expect(created.spec).toMatchObject({ serviceAccountName: 'default', enableServiceLinks: true });
    expect(created.status).toMatchObject({ phase: 'Pending', qosClass: 'BestEffort' });
  });

  it('must not run as somebody who is not there', async () => {
    const answer = await api.post(PODS, pod('somebody', { serviceAccountName: 'somebody' }));
    expect(answer.code).toBe(403);
    expect(answer.body.message).toContain('serviceaccount "somebody" not found');
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
    const bind = (name: string) =>
      api.post(`${PODS}/bound/binding`, {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name: 'bound' },
        target: { apiVersion: 'v1', kind: 'Node', name },
      });
    expect((await bind(`${target.run}-one`)).code).toBe(201);
    const { spec, status } = (await api.get(`${PODS}/bound`)).body;
    expect(spec.nodeName).toBe(`${target.run}-one`);
    expect(status.conditions.find(({ type }) => type === 'PodScheduled')).toMatchObject({ status: 'True' });
    expect((await bind(`${target.run}-two`)).code).toBe(409);
  });
});

describe('what Go writes of nothing', () => {
  const rbac = 'rbac.authorization.k8s.io/v1';

  it.each([
    ['a Role without rules', api.paths.ROLES, { apiVersion: rbac, kind: 'Role' }, 'rules'],
    [
      'an EndpointSlice of no endpoints',
      api.paths.ENDPOINTSLICES,
      { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', addressType: 'IPv4', endpoints: [] },
      'endpoints',
    ],
    [
      'an EndpointSlice without ports',
      api.paths.ENDPOINTSLICES,
      { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', addressType: 'IPv4', endpoints: [], ports: [] },
      'ports',
    ],
  ])('is null, in %s', async (_, path, object, field) => {
    const metadata = { generateName: 'nothing-' };
    const made = await api.create(path, { ...object, metadata });
    expect(made).toHaveProperty(field, null);
    expect((await api.get(`${path}/${made.metadata.name}`)).body).toHaveProperty(field, null);
    const listed = (await api.get(path)).body.items.find(({ metadata: { name } }) => name === made.metadata.name);
    expect(listed).toHaveProperty(field, null);
    // And what is read may be written again.
    expect((await api.put(`${path}/${made.metadata.name}`, made)).code).toBe(200);
  });

  it('is null for a time, too', async () => {
    const event = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { generateName: 'untimed-' },
      involvedObject: { apiVersion: 'v1', kind: 'Pod', namespace: api.namespace, name: 'web' },
      reason: 'Tested',
      type: 'Normal',
    };
    const made = await api.create(api.paths.EVENTS, event);
    expect(made).toMatchObject({ firstTimestamp: null, lastTimestamp: null, eventTime: null });
  });
});

it('a ServiceAccount keeps the names of its Secrets, and nothing else of them', async () => {
  const secrets = [{ name: 'keys', namespace: 'elsewhere', kind: 'Secret' }];
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'named' }, secrets };
  const made = await api.create(api.paths.SERVICEACCOUNTS, account);
  expect(made).toHaveProperty('secrets', [{ name: 'keys' }]);
});

describe('what a claim is filled from', () => {
  const claim = (spec: object): object => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'filled' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
  });
  const made = async (spec: object): Promise<object> =>
    (await api.create(`${api.paths.CLAIMS}?dryRun=All`, claim(spec))).spec;

  it('is in both fields, whichever it was said in', async () => {
    const snapshot = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 'monday' };
    const both = { dataSource: snapshot, dataSourceRef: snapshot };
    expect(await made({ dataSource: snapshot })).toMatchObject(both);
    expect(await made({ dataSourceRef: snapshot })).toMatchObject(both);
  });

  it('is dropped from the older field where that does not know it', async () => {
    const spec = await made({ dataSource: { apiGroup: 'example.com', kind: 'Bucket', name: 'b' } });
    expect(spec).not.toHaveProperty('dataSource');
  });
});

it.each([
  ['iscsi', { targetPortal: 'a', iqn: 'b', lun: 1 }, 'iqn', 'must be valid format starting with iqn, eui, or naa'],
  ['fc', {}, 'targetWWNs', 'must specify either targetWWNs or wwids'],
  ['azureDisk', { diskName: 'a', diskURI: 'b' }, 'diskURI', 'supported values: "https://'],
  ['awsElasticBlockStore', { volumeID: 'a', partition: -1 }, 'partition', 'must be between 1 and 255'],
  ['cinder', { volumeID: 'a', secretRef: {} }, 'secretRef.name', 'Required value'],
])('a volume of the old type %s is looked at: %j', async (type, source, field, problem) => {
  const workload = deployment('old', {
    template: {
      metadata: { labels: { app: 'old' } },
      spec: { containers: [{ name: 'main', image: 'busybox:1' }], volumes: [{ name: 'v', [type]: source }] },
    },
  });
  const answer = await api.post(`${DEPLOYMENTS}?dryRun=All`, workload);
  expect(answer.code, answer.text).toBe(422);
  const place = `spec.template.spec.volumes[0].${type}.${field}`;
  const cause = answer.body.details.causes.find((found) => found.field === place);
  expect(cause?.message, answer.text).toContain(problem);
});

it.each([
  [
    'a storage class that reclaims in no way',
    '/apis/storage.k8s.io/v1/storageclasses',
    { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', provisioner: 'a', reclaimPolicy: 'Recycle' },
    'reclaimPolicy',
  ],
  [
    'an ingress class with parameters of no kind',
    api.paths.INGRESSCLASSES,
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'IngressClass',
      spec: { controller: 'a.example/b', parameters: { name: 'a' } },
    },
    'spec.parameters.kind',
  ],
  [
    'a namespace held by nobody in particular',
    api.paths.NAMESPACES,
    { apiVersion: 'v1', kind: 'Namespace', spec: { finalizers: ['mine'] } },
    'spec.finalizers',
  ],
])('%s is refused', async (_, path, object, field) => {
  const answer = await api.post(`${path}?dryRun=All`, { ...object, metadata: { name: api.clusterWide('odd') } });
  expect(answer.code, answer.text).toBe(422);
  expect(fields(answer)).toEqual([field]);
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

it('a reference without a name is taken where nobody needs it, and costs the object its managers', async () => {
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'nameless' }, secrets: [{}] };
  const answer = await api.post(api.paths.SERVICEACCOUNTS, account);
  expect(answer.code, answer.text).toBe(201);
  expect(answer.body).toMatchObject({ secrets: [{}] });
  expect(answer.body.metadata.managedFields).toBeUndefined();
  const changed = await api.merge(`${api.paths.SERVICEACCOUNTS}/nameless`, { metadata: { labels: { a: 'b' } } });
  expect(changed.code).toBe(200);
});
