import { GraphHarness } from '@stackwright/core/testing';
import {
  EndpointSlice,
  PersistentVolumeClaim,
  Pod,
  PodDisruptionBudget,
  Secret,
  Service,
  StatefulSet,
} from '@stackwright/kube';
import { secretWith, valuesOf } from '@stackwright/openstack';
import { beforeEach, describe, expect, it } from 'vitest';
import { MariaDB } from '../crd.js';
import { FakeSqlServer } from '../testing/sql-server.js';
import { mariadbGraph } from './mariadb.js';

const namespace = 'ns';
const at = (name: string) => ({ namespace, name });

let server: FakeSqlServer;
let harness: GraphHarness<MariaDB>;

beforeEach(() => {
  server = new FakeSqlServer();
  harness = new GraphHarness(mariadbGraph(server), { kinds: [PersistentVolumeClaim] });
});

const mariadb = (spec: Partial<MariaDB['spec']> = {}) => ({
  apiVersion: 'mariadb.stackwright.dev/v1alpha1',
  kind: 'MariaDB',
  spec: { replicas: 1, storage: '10Gi', deletionPolicy: 'Retain' as const, ...spec },
});

const secretValues = (name: string, ...keys: string[]) => {
  const secret = harness.api.peek(Secret, at(name));
  const checked = secret && valuesOf(secret, keys);
  return checked && 'values' in checked ? checked.values : undefined;
};

/** What the workload controllers and the node would do: the server comes up with the password of its init file. */
async function comeUp(): Promise<void> {
  const set = harness.api.peek(StatefulSet, at('sample'));
  server.users.get('root')!.password = secretValues('sample-root-password', 'password')!['password']!;
  await harness.edit(
    StatefulSet,
    'sample',
    {
      status: {
        observedGeneration: set?.metadata?.generation,
        replicas: 1,
        readyReplicas: 1,
        updatedReplicas: 1,
        currentRevision: 'a',
        updateRevision: 'a',
      },
    },
    'status',
  );
  if (!harness.api.peek(EndpointSlice, at('sample-1'))) {
    await harness.api.seed(EndpointSlice, {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { ...at('sample-1'), labels: { 'kubernetes.io/service-name': 'sample' } },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['10.0.0.9'], conditions: { ready: true } }],
      ports: [{ name: 'mysql', port: 3306 }],
    });
  }
  await harness.settle();
}

async function running(spec: Partial<MariaDB['spec']> = {}): Promise<void> {
  await harness.create(mariadb(spec));
  await harness.settle();
  await comeUp();
}

describe('a MariaDB', () => {
  it('is a StatefulSet with a volume, two Services and its configuration', async () => {
    await harness.create(mariadb({ storage: '20Gi' }));
    await harness.settle();
    const { spec } = harness.api.peek(StatefulSet, at('sample'))!;
    expect(spec?.volumeClaimTemplates?.[0]?.spec?.resources?.requests).toEqual({ storage: '20Gi' });
    expect(harness.api.peek(Service, at('sample'))?.spec?.ports).toMatchObject([{ name: 'mysql', port: 3306 }]);
    expect(harness.api.peek(Service, at(spec!.serviceName))?.spec?.clusterIP).toBe('None');
    const { selector, maxUnavailable } = harness.api.peek(PodDisruptionBudget, at('sample'))!.spec!;
    expect([maxUnavailable, selector]).toEqual([1, spec?.selector]);
    expect(spec?.template.spec?.topologySpreadConstraints).toHaveLength(2);
    const { password } = secretValues('sample-root-password', 'password')!;
    expect(secretValues('sample-config', 'init.sql')?.['init.sql']).toContain(`IDENTIFIED BY '${password}'`);
  });

  it('runs as nobody special: not root, nothing writable but what is mounted, no secret in its spec', async () => {
    await harness.create(mariadb());
    await harness.settle();
    const pod = harness.api.peek(StatefulSet, at('sample'))!.spec!.template.spec!;
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 64100, fsGroup: 64100 });
    for (const container of [...pod.containers, ...pod.initContainers!]) {
      expect(container.securityContext).toMatchObject({
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
      });
    }
    expect(JSON.stringify(pod)).not.toContain(secretValues('sample-root-password', 'password')!['password']);
  });

  it('is Ready when the server answers over a ready endpoint, and then writes nothing', async () => {
    await running();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(harness.object.status).toMatchObject({ endpoint: 'sample.ns.svc:3306', version: '11.8.6-MariaDB' });
    expect([...server.hosts]).toEqual(['10.0.0.9']);
    harness.restart();
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
  });

  it('is not Ready when its Pod is, but nobody answers', async () => {
    server.down = true;
    await running();
    expect(harness.condition('ServerReady')).toMatchObject({ status: 'True' });
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'ServerUnreachable' });
    server.down = false;
    await harness.clock.advance(120_000);
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });

  it('shows what keeps its Pod from starting, and waits for a Pod that has not', async () => {
    await harness.create(mariadb({ image: 'nowhere/mariadb:0' }));
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'RolloutInProgress' });
    const set = harness.api.peek(StatefulSet, at('sample'))!;
    await harness.api.seed(Pod, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { ...at('sample-0'), labels: set.spec!.template.metadata!.labels! },
      spec: { containers: [] },
      status: {
        phase: 'Pending',
        initContainerStatuses: [
          {
            name: 'install',
            image: 'nowhere/mariadb:0',
            imageID: '',
            ready: false,
            restartCount: 0,
            state: { waiting: { reason: 'ErrImagePull', message: 'no such image' } },
          },
        ],
      },
    });
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'ImagePullFailed' });
    expect(harness.condition('Ready')?.message).toContain('nowhere/mariadb:0');
  });

  it('restarts once when the configuration changes, and follows a root password that was changed in its Secret', async () => {
    await running();
    const hashOf = () => harness.api.peek(StatefulSet, at('sample'))!.spec!.template.metadata!.annotations;
    const before = hashOf();
    await harness.edit(Secret, 'sample-root-password', {
      data: { password: Buffer.from('chosen').toString('base64') },
    });
    await harness.settle();
    expect(hashOf()).not.toEqual(before);
    await comeUp();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });

  it('refuses another size for a volume that exists, and changes nothing', async () => {
    await running();
    await harness.edit(MariaDB, 'sample', { spec: { storage: '20Gi' } });
    expect(await harness.writesOf(() => harness.settle())).toEqual([
      'patch mariadbs.mariadb.stackwright.dev/status ns/sample',
    ]);
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'InvalidSpec' });
    expect(harness.condition('Ready')?.message).toContain('10Gi');
    await harness.edit(MariaDB, 'sample', { spec: { storage: '10240Mi' } });
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });
});

describe('deletion', () => {
  const volume = () => harness.api.peek(PersistentVolumeClaim, at('data-sample-0'));
  async function withVolume(deletionPolicy: 'Retain' | 'Delete'): Promise<void> {
    await running({ deletionPolicy });
    const template = harness.api.peek(StatefulSet, at('sample'))!.spec!.volumeClaimTemplates![0]!;
    // The garbage collector follows ownerReferences.
    expect(template.metadata?.ownerReferences).toBeUndefined();
    expect(harness.api.peek(Secret, at('sample-root-password'))?.metadata?.ownerReferences).toBeUndefined();
    await harness.api.seed(PersistentVolumeClaim, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { ...at('data-sample-0'), labels: template.metadata!.labels! },
      spec: template.spec!,
    });
    await harness.settle();
    await harness.api.delete(MariaDB, harness.key);
    for (let turn = 0; turn < 4 && !harness.isGone; turn++) {
      await harness.clock.advance(5_000);
      await harness.reconcile();
    }
    expect(harness.isGone).toBe(true);
  }

  it('with Retain keeps the volume and the root password', async () => {
    await withVolume('Retain');
    expect(volume()).toBeDefined();
    expect(secretValues('sample-root-password', 'password')).toBeDefined();
  });

  it('with Delete removes both', async () => {
    await withVolume('Delete');
    expect(volume()).toBeUndefined();
    expect(secretValues('sample-root-password', 'password')).toBeUndefined();
  });
});

describe('an external MariaDB', () => {
  const offered = { 'stackwright.dev/usable-by': 'mariadb' };
  const values = { host: 'db.example.org', port: '3307', username: 'root', password: 'rootpw' };

  async function given(secret: Record<string, string>): Promise<void> {
    const made = secretWith('server', secret);
    await harness.api.seed(Secret, {
      apiVersion: 'v1',
      kind: 'Secret',
      ...made,
      metadata: { ...at('server'), labels: offered },
    });
    await harness.create(mariadb({ external: { secretRef: { name: 'server' } } }));
    await harness.settle();
  }

  it('runs nothing here and is Ready when it answers', async () => {
    await given(values);
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(harness.object.status).toMatchObject({ endpoint: 'db.example.org:3307' });
    expect(await harness.listed(StatefulSet)).toEqual([]);
    expect(await harness.listed(Service)).toEqual([]);
  });

  it('says that it is refused', async () => {
    await given({ ...values, password: 'wrong' });
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'AccessDenied' });
    expect(harness.condition('Ready')?.message).not.toContain('wrong');
  });
});
