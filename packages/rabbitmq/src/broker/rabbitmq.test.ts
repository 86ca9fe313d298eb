import { GraphHarness } from '@stackwright/core/testing';
import { EndpointSlice, PersistentVolumeClaim, Secret, Service, StatefulSet } from '@stackwright/kube';
import { secretWith, valuesOf } from '@stackwright/openstack';
import { beforeEach, describe, expect, it } from 'vitest';
import { RabbitMQ } from '../crd.js';
import { isHashOf } from '../management/password-hash.js';
import { FakeBroker } from '../testing/broker.js';
import { rabbitmqGraph } from './rabbitmq.js';

const namespace = 'ns';
const at = (name: string) => ({ namespace, name });

let broker: FakeBroker;
let harness: GraphHarness<RabbitMQ>;

beforeEach(() => {
  broker = new FakeBroker();
  harness = new GraphHarness(rabbitmqGraph(broker), { kinds: [PersistentVolumeClaim] });
});

const rabbitmq = (spec: Partial<RabbitMQ['spec']> = {}) => ({
  apiVersion: 'rabbitmq.stackwright.dev/v1alpha1',
  kind: 'RabbitMQ',
  spec: { replicas: 1, storage: '10Gi', deletionPolicy: 'Retain' as const, ...spec },
});

function secretValue(name: string, key: string): string {
  const secret = harness.api.peek(Secret, at(name));
  const checked = secret && valuesOf(secret, [key]);
  if (!checked || 'missing' in checked) throw new Error(`Secret ${name} has no ${key}`);
  return checked.values[key] ?? '';
}

const podSpec = () => harness.api.peek(StatefulSet, at('sample'))!.spec!.template.spec!;
const env = () => Object.fromEntries((podSpec().containers[0]!.env ?? []).map(({ name, value }) => [name, value]));

interface Definitions {
  users: { name: string; password_hash: string; tags: string[] }[];
}
const definitions = () => JSON.parse(secretValue('sample-config', 'definitions.json')) as Definitions;

/** What the workload controllers and the node would do: the broker comes up with the administrator of its definitions. */
async function comeUp(): Promise<void> {
  const password = secretValue('sample-admin-password', 'password');
  const [user] = definitions().users;
  expect(isHashOf(user!.password_hash, password)).toBe(true);
  broker.administrator = { username: user!.name, password };
  const generation = harness.api.peek(StatefulSet, at('sample'))?.metadata?.generation;
  const { replicas } = harness.object.spec;
  const status = { observedGeneration: generation, replicas, readyReplicas: replicas, updatedReplicas: replicas };
  await harness.edit(StatefulSet, 'sample', { status }, 'status');
  if (!harness.api.peek(EndpointSlice, at('sample-1'))) {
    await harness.api.seed(EndpointSlice, {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { ...at('sample-1'), labels: { 'kubernetes.io/service-name': 'sample' } },
      addressType: 'IPv6',
      endpoints: [{ addresses: ['fd00::9'], conditions: { ready: true } }],
      ports: [{ name: 'management', port: 15672 }],
    });
  }
  await harness.settle();
}

async function running(spec: Partial<RabbitMQ['spec']> = {}): Promise<void> {
  await harness.create(rabbitmq(spec));
  await harness.settle();
  await comeUp();
}

describe('a RabbitMQ', () => {
  it('is a StatefulSet with a volume, Services, and an administrator that it knows from its first start on', async () => {
    await harness.create(rabbitmq({ storage: '20Gi' }));
    await harness.settle();
    const { spec } = harness.api.peek(StatefulSet, at('sample'))!;
    expect(spec?.volumeClaimTemplates?.[0]?.spec?.resources?.requests).toEqual({ storage: '20Gi' });
    expect(harness.api.peek(Service, at('sample'))?.spec?.ports).toMatchObject([
      { name: 'amqp', port: 5672 },
      { name: 'management', port: 15672 },
      { name: 'metrics', port: 15692 },
    ]);
    expect(definitions().users).toMatchObject([{ name: 'admin', tags: ['administrator'] }]);
    expect(secretValue('sample-config', 'rabbitmq.conf')).toContain('default_queue_type = quorum');
  });

  it('has a name of its own among brokers, which is that of its data', async () => {
    await harness.create(rabbitmq());
    await harness.settle();
    const { serviceName } = harness.api.peek(StatefulSet, at('sample'))!.spec!;
    expect(env()['RABBITMQ_NODENAME']).toBe(`rabbit@$(POD_NAME).${serviceName}.ns`);
    expect(harness.api.peek(Service, at(serviceName))?.spec).toMatchObject({
      clusterIP: 'None',
      publishNotReadyAddresses: true,
    });
  });

  it('runs as nobody special: not root, nothing writable but what is mounted, no secret in its spec', async () => {
    await harness.create(rabbitmq());
    await harness.settle();
    expect(podSpec().securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 64102, fsGroup: 64102 });
    expect(podSpec().containers[0]?.securityContext).toMatchObject({ readOnlyRootFilesystem: true });
    const spec = JSON.stringify(podSpec());
    expect(spec).not.toContain(secretValue('sample-admin-password', 'password'));
    expect(spec).not.toContain(secretValue('sample-erlang-cookie', 'password'));
  });

  it.each([
    ['what it requests', {}, 512 * 2 ** 20],
    ['more, where it requests more', { requests: { memory: '2Gi' } }, 2 * 2 ** 30],
    ['a share of its limit', { limits: { memory: '1Gi' } }, Math.floor(0.6 * 2 ** 30)],
  ])('counts on %s, and not on all memory of the node', async (_, resources, watermark) => {
    await harness.create(rabbitmq({ resources }));
    await harness.settle();
    expect(secretValue('sample-config', 'rabbitmq.conf')).toContain(
      `vm_memory_high_watermark.absolute = ${watermark}\n`,
    );
  });

  it('is Ready when the broker answers over a ready endpoint, and then writes nothing', async () => {
    await running();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(harness.object.status).toMatchObject({ endpoint: 'sample.ns.svc:5672', version: '4.0.5' });
    expect([...broker.bases]).toEqual(['http://[fd00::9]:15672']);
    harness.restart();
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
    expect(broker.writes).toEqual([]);
  });

  it('is not Ready when its Pod is, but nobody answers, or it takes no messages; and says why', async () => {
    broker.down = true;
    await running();
    expect(harness.condition('ServerReady')).toMatchObject({ status: 'True' });
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'ServerUnreachable' });
    broker.down = false;
    broker.alarms = ['disk space'];
    await harness.clock.advance(120_000);
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'BrokerFailed' });
    expect(harness.condition('Ready')?.message).toContain('disk space on rabbit@a');
    broker.alarms = [];
    await harness.clock.advance(120_000);
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });

  it('restarts once with a password that was changed in its Secret, and knows it then', async () => {
    await running();
    const hashes = () => harness.api.peek(StatefulSet, at('sample'))!.spec!.template.metadata!.annotations;
    const before = hashes();
    const data = { password: Buffer.from('chosen').toString('base64') };
    await harness.edit(Secret, 'sample-admin-password', { data });
    await harness.settle();
    expect(hashes()).not.toEqual(before);
    await comeUp();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });
});

describe('a cluster', () => {
  it('is named broker by broker, and Ready when all of them have joined it', async () => {
    await running({ replicas: 3 });
    expect(harness.condition('ServerReady')).toMatchObject({ status: 'True' });
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'BrokerFailed' });
    expect(harness.condition('Ready')?.message).toContain('1 of 3 brokers: rabbit@a');
    broker.nodes = ['rabbit@a', 'rabbit@b', 'rabbit@c'];
    await harness.clock.advance(120_000);
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    const service = 'sample-headless.ns.svc:5672';
    expect(harness.object.status).toMatchObject({
      endpoint: `sample-0.${service},sample-1.${service},sample-2.${service}`,
    });
  });

  it('grows: who joins finds the first broker by its name, which stays what it is', async () => {
    await running();
    const config = () => secretValue('sample-config', 'rabbitmq.conf');
    const before = [config(), env()];
    await harness.edit(RabbitMQ, 'sample', { spec: { replicas: 3 } });
    await harness.settle();
    expect(harness.api.peek(StatefulSet, at('sample'))?.spec?.replicas).toBe(3);
    expect([config(), env()]).toEqual(before);
  });
});

describe('deletion', () => {
  it.each([
    ['Retain', true],
    ['Delete', false],
  ] as const)('with %s: volume, password and cookie are kept: %s', async (deletionPolicy, kept) => {
    await running({ deletionPolicy });
    const template = harness.api.peek(StatefulSet, at('sample'))!.spec!.volumeClaimTemplates![0]!;
    await harness.api.seed(PersistentVolumeClaim, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { ...at('data-sample-0'), labels: template.metadata!.labels! },
      spec: template.spec!,
    });
    await harness.settle();
    await harness.api.delete(RabbitMQ, harness.key);
    for (let turn = 0; turn < 4 && !harness.isGone; turn++) {
      await harness.clock.advance(5_000);
      await harness.reconcile();
    }
    expect(harness.isGone).toBe(true);
    const there = [
      harness.api.peek(PersistentVolumeClaim, at('data-sample-0')),
      harness.api.peek(Secret, at('sample-admin-password')),
      harness.api.peek(Secret, at('sample-erlang-cookie')),
    ].map((object) => object !== undefined);
    expect(there).toEqual([kept, kept, kept]);
  });
});

describe('an external RabbitMQ', () => {
  const values = {
    management_url: 'https://rabbit.example.org',
    hosts: 'a.example.org:5672,b.example.org:5672',
    username: 'admin',
    password: 'adminpw',
  };

  async function given(secret: Record<string, string>): Promise<void> {
    const labels = { 'stackwright.dev/usable-by': 'rabbitmq' };
    const made = secretWith('broker', secret);
    await harness.api.seed(Secret, {
      apiVersion: 'v1',
      kind: 'Secret',
      ...made,
      metadata: { ...at('broker'), labels },
    });
    await harness.create(rabbitmq({ external: { secretRef: { name: 'broker' } } }));
    await harness.settle();
  }

  it('runs nothing here and is Ready when it answers', async () => {
    await given(values);
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(harness.object.status).toMatchObject({ endpoint: 'a.example.org:5672,b.example.org:5672' });
    expect(await harness.listed(StatefulSet)).toEqual([]);
  });

  it('says that it refuses the administrator', async () => {
    await given({ ...values, password: 'wrong' });
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'AccessDenied' });
    expect(harness.condition('Ready')?.message).not.toContain('wrong');
  });
});
