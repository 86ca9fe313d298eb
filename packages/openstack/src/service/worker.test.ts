// A service of several workloads: an engine, a worker for each backend of a list, an agent on every node.
import { annotations, IdentityClaim, type WorkerSpec } from '@stackwright/api';
import {
  ControllerRevision,
  DaemonSet,
  Deployment,
  PodDisruptionBudget,
  Secret,
  Service,
  StatefulSet,
} from '@stackwright/kube';
import { beforeEach, describe, expect, it } from 'vitest';
import { defineCatalog } from '../catalog/catalog.js';
import { sample, sampleKind, sampleService } from '../testing/sample-service.js';
import { ServiceHarness } from '../testing/service-harness.js';
import type { ServiceObject } from './builder.js';
import { defineObjectService, type ServiceOptions } from './define-service.js';

interface Volumes extends ServiceObject {
  spec: ServiceObject['spec'] & { engine?: WorkerSpec; backends?: { name: string; replicas?: number }[] };
}

const Volumes = sampleKind<Volumes>('Volumes');

const catalog = defineCatalog({
  service: 'volumes',
  user: { uid: 100, gid: 101 },
  releases: {
    '2025.1': {
      image: 'volumes',
      tag: '2025.1',
      commands: { dbSync: ['volumes-manage', 'db', 'sync'], engine: ['volumes-engine'], agent: ['volumes-agent'] },
      wsgi: { api: 'volumes.wsgi.api:application' },
    },
  },
});

const volumes = (spec: Partial<Volumes['spec']> = {}): Omit<Volumes, 'metadata'> => ({
  ...sample(spec),
  apiVersion: 'volumes.dev/v1',
  kind: 'Volumes',
});

const pascal = (name: string) => name.charAt(0).toUpperCase() + name.slice(1);

function volumesService(options: ServiceOptions<Volumes> = {}) {
  return defineObjectService(
    Volumes,
    catalog,
    (s, object) => {
      const identity = s.identity({ type: 'volumes', port: 8000 });
      const config = s.config({
        directory: '/etc/volumes',
        files: { 'volumes.conf': (scope) => ({ login: { username: scope.output(identity).username } }) },
        after: [identity],
      });
      s.worker({ name: 'Engine', config, scale: ({ spec }) => spec.engine });
      for (const { name, replicas } of object.spec.backends ?? []) {
        s.worker({
          name: `Backend${pascal(name)}`,
          as: 'StatefulSet',
          command: ['volumes-backend', name],
          env: [{ name: 'OS_DEFAULT__HOST', fieldPath: 'metadata.name' }],
          config,
          scale: () => (replicas === undefined ? undefined : { replicas }),
        });
      }
      s.worker({ name: 'Agent', as: 'DaemonSet', config });
      s.api({ port: 8000, probe: '/', config });
    },
    { ...options, examples: [volumes({ backends: [{ name: 'one' }] })] },
  );
}

let harness: ServiceHarness<Volumes>;
const at = (name: string) => ({ namespace: 'ns', name });
const engine = () => harness.api.peek(Deployment, at('sample-engine'));
const backend = (name: string) => harness.api.peek(StatefulSet, at(`sample-backend-${name}`));
const agent = () => harness.api.peek(DaemonSet, at('sample-agent'));
const inUse = () => harness.api.peek(IdentityClaim, at('sample-identity'))?.metadata?.annotations?.[annotations.inUse];

beforeEach(() => {
  harness = new ServiceHarness(volumesService, { kinds: [Volumes] });
});

describe('a worker', () => {
  it('runs the catalog’s command with the service’s configuration, and the service is Ready with it and not before', async () => {
    await harness.create(volumes());
    await harness.settle();
    await harness.provide();
    const pod = engine()?.spec?.template.spec;
    expect(pod?.containers[0]?.command).toEqual(['volumes-engine']);
    expect(pod?.containers[0]?.volumeMounts?.map(({ mountPath }) => mountPath)).toContain('/etc/volumes/volumes.conf');
    expect(pod?.containers[0]?.securityContext).toMatchObject({ allowPrivilegeEscalation: false });
    expect(pod?.terminationGracePeriodSeconds).toBe(60);
    expect(harness.api.peek(PodDisruptionBudget, at('sample-engine'))?.spec?.maxUnavailable).toBe(1);
    expect(harness.condition('EngineReady')).toMatchObject({ status: 'False', reason: 'RolloutInProgress' });
    await harness.rollOut();
    expect(harness.condition('EngineReady')).toMatchObject({ status: 'True' });
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    harness.restart();
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
  });

  it('has its own number, resources and nodes, and where it says nothing those of the object', async () => {
    const resources = { requests: { cpu: '2' } };
    const spec = { resources, nodeSelector: { pool: 'all' }, priorityClassName: 'high' };
    await harness.standUp(volumes({ ...spec, engine: { replicas: 3, nodeSelector: { pool: 'fast' } } }));
    expect(engine()?.spec?.replicas).toBe(3);
    const pod = engine()?.spec?.template.spec;
    expect(pod).toMatchObject({ nodeSelector: { pool: 'fast' }, priorityClassName: 'high' });
    expect(pod?.containers[0]?.resources?.requests).toEqual({ cpu: '2', memory: '256Mi' });
    expect(agent()?.spec?.template.spec?.nodeSelector).toEqual({ pool: 'all' });
    const [spread] = pod?.topologySpreadConstraints ?? [];
    expect(spread?.labelSelector?.matchLabels).toMatchObject({ 'app.kubernetes.io/component': 'engine' });
  });

  it('that nobody gives a number is scaled by whoever does, and stays so; one that is given counts', async () => {
    await harness.standUp(volumes());
    expect(engine()?.spec?.replicas).toBe(1);
    await harness.edit(Deployment, 'sample-engine', { spec: { replicas: 5 } });
    await harness.rollOut();
    expect(engine()?.spec?.replicas).toBe(5);
    await harness.set({ engine: { replicas: 2 } });
    expect(engine()?.spec?.replicas).toBe(2);
  });

  it('with a volume that is on one node at a time stops before the next one starts, which may come to another node', async () => {
    const rolling = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } };
    await harness.standUp(volumes());
    expect(engine()?.spec?.strategy).toEqual(rolling);
    const storage = { size: '1Gi', accessMode: 'ReadWriteOnce' as const };
    const graph = (options: ServiceOptions<Volumes>) =>
      defineObjectService(
        Volumes,
        catalog,
        (s) => void s.worker({ name: 'Engine', volumes: [s.volume({ path: '/data', storage })] }),
        { ...options, examples: [volumes()] },
      );
    harness = new ServiceHarness(graph, { kinds: [Volumes] });
    await harness.begin(volumes());
    expect(engine()?.spec?.strategy).toEqual({ type: 'Recreate' });
  });

  it('is scaled also while another change is refused', async () => {
    await harness.standUp(volumes({ engine: { replicas: 1 } }));
    await harness.set({ release: '2099.1', engine: { replicas: 4 } });
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'UnsupportedRelease' });
    expect(engine()?.spec?.replicas).toBe(4);
  });

  it('without a command in the catalog is refused by name', async () => {
    const graph = (options: ServiceOptions<Volumes>) =>
      defineObjectService(Volumes, catalog, (s) => void s.worker({ name: 'NoSuch' }), {
        ...options,
        examples: [volumes()],
      });
    harness = new ServiceHarness(graph, { kinds: [Volumes] });
    await harness.begin(volumes());
    expect(harness.condition('NoSuchReady')?.message).toBe('The catalog has no command "noSuch" for release 2025.1');
  });
});

describe('a worker for each of a list', () => {
  it('is a StatefulSet whose Pods have names that stay, which they are told', async () => {
    await harness.standUp(volumes({ backends: [{ name: 'one' }, { name: 'two', replicas: 2 }] }));
    expect([backend('one'), backend('two')].map((set) => set?.spec?.replicas)).toEqual([1, 2]);
    const { serviceName = '', template } = backend('one')!.spec!;
    expect(template.spec?.containers[0]?.env).toEqual([
      { name: 'OS_DEFAULT__HOST', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } },
    ]);
    const service = harness.api.peek(Service, at(serviceName))?.spec;
    expect(service).toMatchObject({ clusterIP: 'None', selector: template.metadata?.labels });
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    harness.restart();
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
  });

  it('comes and goes with its entry, and the others stay as they are', async () => {
    await harness.standUp(volumes({ backends: [{ name: 'one' }] }));
    const before = JSON.stringify(backend('one'));
    await harness.set({ backends: [{ name: 'one' }, { name: 'two' }] });
    await harness.rollOut();
    expect(backend('two')).toBeDefined();
    await harness.set({ backends: [{ name: 'one' }] });
    expect(backend('two')).toBeUndefined();
    expect(harness.api.peek(Service, at('sample-backend-two'))).toBeUndefined();
    expect(JSON.stringify({ ...backend('one'), status: undefined })).toBe(
      JSON.stringify({ ...(JSON.parse(before) as StatefulSet), status: undefined }),
    );
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });
});

describe('a worker on every node', () => {
  it('is a DaemonSet without a disruption budget', async () => {
    await harness.standUp(volumes());
    expect(agent()?.spec?.template.spec?.containers[0]?.command).toEqual(['volumes-agent']);
    expect(harness.api.peek(PodDisruptionBudget, at('sample-agent'))).toBeUndefined();
    expect(harness.condition('AgentReady')).toMatchObject({ status: 'True' });
  });
});

describe('what is in use', () => {
  const login = (username: string) => ({ username, password: `password of ${username}` });

  async function rotate(username: string): Promise<void> {
    await harness.set({ credentialRotation: username });
    const data = Object.entries(login(username)).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
    await harness.edit(Secret, 'sample-identity-connection', { data: Object.fromEntries(data) as object });
    await harness.provide();
  }

  it.each([
    ['Deployment', StatefulSet, DaemonSet],
    ['StatefulSet', Deployment, DaemonSet],
    ['DaemonSet', Deployment, StatefulSet],
  ] as const)('counts the Pods of a %s: a user is not in use before its rollout is over', async (_, one, other) => {
    await harness.standUp(volumes({ backends: [{ name: 'one' }] }));
    expect(inUse()).toBe('sample');
    await rotate('sample-a');
    await harness.replacePods([one, other]);
    expect(inUse()).toBeUndefined();
    await harness.replacePods();
    expect(inUse()).toBe('sample-a');
  });

  it('is what an earlier revision of a StatefulSet mounts, too: one may go back to that', async () => {
    await harness.standUp(volumes({ backends: [{ name: 'one' }] }));
    const { labels } = backend('one')!.spec!.template.metadata!;
    const first = backend('one')!.spec!.template.spec!.volumes!.find(({ secret }) => secret)!.secret!.secretName!;
    await harness.api.seed(ControllerRevision, {
      metadata: { ...at('sample-backend-one-1'), labels: labels! },
      revision: 1,
      data: { spec: { template: backend('one')!.spec!.template } },
    });
    await rotate('sample-a');
    await harness.rollOut();
    const second = backend('one')!.spec!.template.spec!.volumes!.find(({ secret }) => secret)!.secret!.secretName!;
    expect(second).not.toBe(first);
    expect(harness.api.peek(Secret, at(first))).toBeDefined();
    await harness.api.delete(ControllerRevision, at('sample-backend-one-1'));
    await harness.settle();
    expect(harness.api.peek(Secret, at(first))).toBeUndefined();
  });

  it('is no reason for a plain service to see StatefulSets or DaemonSets: it neither owns nor reads any', () => {
    const kindsOf = ({ owns, reads }: ReturnType<typeof sampleService>) =>
      [...owns, ...reads.map((read) => ('resource' in read ? read.resource : read))].map(({ kind }) => kind);
    const more = ['StatefulSet', 'DaemonSet', 'ControllerRevision'];
    expect(kindsOf(sampleService()).filter((kind) => more.includes(kind))).toEqual([]);
    expect(more.filter((kind) => !kindsOf(volumesService()).includes(kind))).toEqual([]);
  });
});
