// What every service's spec has, as it shows in what is made of it.
import { IdentityClaim } from '@stackwright/api';
import {
  ConfigMap,
  Deployment,
  HTTPRoute,
  Ingress,
  Job,
  PersistentVolumeClaim,
  PodDisruptionBudget,
  Secret,
} from '@stackwright/kube';
import { beforeEach, describe, expect, it } from 'vitest';
import { Sample, sample, sampleService } from '../testing/sample-service.js';
import { ServiceHarness } from '../testing/service-harness.js';

const at = (name: string) => ({ namespace: 'ns', name });
const offered = { 'stackwright.dev/usable-by': 'sample' };

let harness: ServiceHarness<Sample>;
beforeEach(() => {
  harness = new ServiceHarness(sampleService);
});

const ready = () => harness.condition('Ready');
const deployment = () => harness.api.peek(Deployment, at('sample'))?.spec;
const hash = () => deployment()?.template.metadata?.annotations?.['stackwright.dev/config-hash'];
const podSpecs = async () => [
  deployment()?.template.spec,
  ...((await harness.listed(Job)) as Job[]).map(({ spec }) => spec?.template.spec),
];

async function edit(spec: object): Promise<void> {
  await harness.edit(Sample, 'sample', { spec });
  await harness.settle();
}

describe('Pods', () => {
  it('are spread and evicted one at a time, without being told', async () => {
    await harness.standUp(sample({ replicas: 2 }));
    const { selector, template } = deployment() ?? {};
    expect(template?.spec?.topologySpreadConstraints).toEqual(
      ['kubernetes.io/hostname', 'topology.kubernetes.io/zone'].map(
        (topologyKey) =>
          expect.objectContaining({
            topologyKey,
            whenUnsatisfiable: 'ScheduleAnyway',
            labelSelector: selector,
          }) as object,
      ),
    );
    expect(harness.api.peek(PodDisruptionBudget, at('sample'))?.spec).toMatchObject({ maxUnavailable: 1, selector });
  });

  it('run where the spec says, those of Jobs too', async () => {
    const said = {
      priorityClassName: 'control-plane',
      nodeSelector: { role: 'control' },
      tolerations: [{ key: 'role', operator: 'Exists' as const }],
    };
    await harness.standUp(sample({ ...said, podDisruptionBudget: { minAvailable: 1 } }));
    const pods = await podSpecs();
    expect(pods).toHaveLength(2);
    for (const pod of pods) expect(pod).toMatchObject(said);
    expect(harness.api.peek(PodDisruptionBudget, at('sample'))?.spec).not.toHaveProperty('maxUnavailable');
  });
});

describe('extra volumes', () => {
  const secret = { mountPath: '/etc/ceph', readOnly: true, secret: { secretName: 'ceph' } };
  const seedSecret = (value: string, labels: Record<string, string> = offered) =>
    harness.api.seed(Secret, { metadata: { ...at('ceph'), labels }, data: { keyring: value } });

  it('are in all containers, and replace the Pods when what they hold changes', async () => {
    await seedSecret('YQ==');
    await harness.api.seed(ConfigMap, { metadata: at('motd'), data: { motd: 'hello' } });
    const file = { mountPath: '/etc/motd', subPath: 'motd', readOnly: true, configMap: { name: 'motd' } };
    await harness.standUp(sample({ extraVolumes: [secret, file] }));
    expect(ready()).toMatchObject({ status: 'True' });
    for (const pod of await podSpecs()) {
      expect(pod?.containers[0]?.volumeMounts).toEqual(
        expect.arrayContaining([
          { name: 'secret-ceph', mountPath: '/etc/ceph', readOnly: true },
          { name: 'config-motd', mountPath: '/etc/motd', subPath: 'motd', readOnly: true },
        ]),
      );
    }
    const before = hash();
    await harness.edit(ConfigMap, 'motd', { data: { motd: 'bye' } });
    await harness.settle();
    expect(hash()).not.toBe(before);
    await harness.rollOut();
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
  });

  it('of data keep Pods from being on two nodes at once, unless the volume allows it', async () => {
    const claim = (mode: string) => ({
      metadata: { ...at('data'), labels: offered },
      spec: { accessModes: [mode], resources: { requests: { storage: '1Gi' } } },
    });
    await harness.api.seed(PersistentVolumeClaim, claim('ReadWriteOnce'));
    const volume = { mountPath: '/srv', readOnly: false, persistentVolumeClaim: { claimName: 'data' } };
    await harness.standUp(sample({ extraVolumes: [volume] }));
    expect(deployment()?.strategy?.type).toBe('Recreate');
    await harness.edit(PersistentVolumeClaim, 'data', { spec: { accessModes: ['ReadWriteMany'] } });
    await harness.settle();
    expect(deployment()?.strategy?.type).toBe('RollingUpdate');
  });

  it.each<[string, object, string, RegExp]>([
    ['a Secret that is not there', { ...secret, secret: { secretName: 'none' } }, 'WaitingForObject', /Secret none/],
    [
      'a Secret of somebody else',
      secret,
      'SecretNotOffered',
      /\(spec\.extraVolumes\[\/etc\/ceph\]\).*usable-by=sample/,
    ],
    [
      "somebody else's data",
      { mountPath: '/srv', readOnly: true, persistentVolumeClaim: { claimName: 'data-mariadb-0' } },
      'SecretNotOffered',
      /PersistentVolumeClaim data-mariadb-0/,
    ],
    ...[
      '/etc/sample/sample.conf',
      '/etc/sample',
      '/etc/stackwright',
      '/etc/stackwright/x',
      '/run',
      '/usr',
      '/proc/x',
    ].map(
      (mountPath) =>
        [
          `something at ${mountPath}`,
          { mountPath, readOnly: true, configMap: { name: 'motd' } },
          'InvalidSpec',
          /^spec\.extraVolumes\[.*(controller's own|nothing can be mounted|programs)/,
        ] as [string, object, string, RegExp],
    ),
  ])('refuse %s, and what runs stays', async (_what, volume, reason, message) => {
    await harness.standUp(sample());
    await seedSecret('YQ==', { 'stackwright.dev/usable-by': 'other' });
    await harness.api.seed(ConfigMap, { metadata: at('motd'), data: { motd: 'hello' } });
    await harness.api.seed(PersistentVolumeClaim, { metadata: at('data-mariadb-0'), spec: {} });
    const before = deployment();
    await edit({ extraVolumes: [volume] });
    expect(ready()).toMatchObject({ status: 'False', reason });
    expect(ready()?.message).toMatch(message);
    expect(deployment()).toEqual(before);
  });
});

describe('a route', () => {
  const hostname = 'sample.example.org';
  const gateway = { parentRefs: [{ name: 'edge', namespace: 'infra' }] };
  const urls = () => harness.api.peek(IdentityClaim, at('sample-identity'))?.spec.service?.endpoints;

  it('by Ingress leads to the Service, and is what users are told', async () => {
    const ingress = { className: 'nginx', tls: { secretName: 'edge-cert' }, annotations: { a: 'b' } };
    await harness.standUp(sample({ route: { hostname, scheme: 'https', ingress } }));
    expect(harness.api.peek(Ingress, at('sample'))).toMatchObject({
      metadata: { annotations: { a: 'b' } },
      spec: {
        ingressClassName: 'nginx',
        tls: [{ hosts: [hostname], secretName: 'edge-cert' }],
        rules: [
          { host: hostname, http: { paths: [{ backend: { service: { name: 'sample', port: { number: 8000 } } } }] } },
        ],
      },
    });
    expect(urls()).toEqual({ public: `https://${hostname}/v2`, internal: 'http://sample.ns.svc:8000/v2' });
    expect(ready()).toMatchObject({ status: 'True' });
    await edit({ route: null, endpoints: { public: 'https://api.example.org/sample/' } });
    expect(await harness.listed(Ingress)).toEqual([]);
    expect(urls()).toMatchObject({ public: 'https://api.example.org/sample/v2' });
  });

  it('by Gateway counts when a Gateway has accepted it', async () => {
    await harness.standUp(sample({ route: { hostname, scheme: 'https', gateway } }));
    const route = harness.api.peek(HTTPRoute, at('sample'));
    expect(route?.spec).toMatchObject({
      parentRefs: gateway.parentRefs,
      hostnames: [hostname],
      rules: [{ backendRefs: [{ name: 'sample', port: 8000 }] }],
    });
    expect(harness.condition('RouteReady')).toMatchObject({ reason: 'Pending' });
    const internal = { public: 'http://sample.ns.svc:8000/v2' };
    const external = { public: `https://${hostname}/v2` };
    expect(urls()).toMatchObject(internal);
    const say = async (accepted: string, reason: string, resolved = 'True') => {
      const observedGeneration = route?.metadata?.generation;
      const conditions = [
        { type: 'Accepted', status: accepted, reason, message: '', observedGeneration },
        { type: 'ResolvedRefs', status: resolved, reason: 'BackendNotFound', message: '', observedGeneration },
      ];
      const parents = [{ parentRef: { name: 'edge' }, controllerName: 'x', conditions }];
      await harness.edit(HTTPRoute, 'sample', { status: { parents } }, 'status');
      await harness.settle();
    };
    await say('False', 'NoMatchingListenerHostname');
    expect(ready()).toMatchObject({ reason: 'Rejected' });
    expect(ready()?.message).toContain('Gateway edge: NoMatchingListenerHostname');
    expect(urls()).toMatchObject(internal);
    await say('True', 'Accepted', 'False');
    expect(ready()).toMatchObject({ reason: 'Rejected' });
    expect(ready()?.message).toContain('Gateway edge: BackendNotFound');
    expect(urls()).toMatchObject(internal);
    await say('True', 'Accepted');
    await harness.provide();
    expect(ready()).toMatchObject({ status: 'True' });
    expect(urls()).toMatchObject(external);
    // A Gateway that has not looked at a change yet has not refused it; one that takes it no more has.
    await edit({ route: { hostname, scheme: 'https', gateway: { ...gateway, annotations: { a: 'b' } } } });
    expect(urls()).toMatchObject(external);
    await say('False', 'NotAllowedByListeners');
    expect(urls()).toMatchObject(internal);
  });

  it('is named when the cluster has no Gateway API; what else there is runs, and without a route nothing is missed', async () => {
    harness.reader.missing.add('httproutes');
    await harness.standUp(sample());
    expect(ready()).toMatchObject({ status: 'True' });
    await edit({ route: { hostname, scheme: 'https', gateway } });
    await harness.provide();
    expect(ready()).toMatchObject({ status: 'False', reason: 'KindMissing' });
    expect(urls()).toMatchObject({ public: 'http://sample.ns.svc:8000/v2' });
    expect(harness.condition('EndpointReady')).toMatchObject({ status: 'True' });
  });
});

it('paused, nothing is written whatever changes; and then all of it is', async () => {
  await harness.standUp(sample());
  await edit({ paused: true });
  expect(await harness.writesOf(() => edit({ replicas: 3, tls: { secretRef: { name: 'x' } } }))).toEqual([
    'patch samples.sample.dev ns/sample',
  ]);
  await edit({ paused: false, tls: null });
  expect(deployment()?.replicas).toBe(3);
});
