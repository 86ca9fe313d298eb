import { MessagingClaim } from '@stackwright/api';
import { Job, Secret, Service, StatefulSet } from '@stackwright/kube';
import { secretWith } from '@stackwright/openstack';
import { ServerHarness } from '@stackwright/openstack/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import type { RabbitMQ } from '../crd.js';
import { isHashOf } from '../management/password-hash.js';
import { FakeBroker } from '../testing/broker.js';
import { rabbitmqGraph } from './rabbitmq.js';

let broker: FakeBroker;
let harness: ServerHarness<RabbitMQ>;

beforeEach(() => {
  broker = new FakeBroker();
  harness = new ServerHarness(rabbitmqGraph(broker));
});

const rabbitmq = (spec: Partial<RabbitMQ['spec']> = {}) => ({
  apiVersion: 'rabbitmq.stackwright.dev/v1alpha1',
  kind: 'RabbitMQ',
  spec: { replicas: 1, storage: { size: '10Gi' }, deletionPolicy: 'Retain' as const, ...spec },
});

const env = () =>
  Object.fromEntries((harness.podSpec.containers[0]!.env ?? []).map(({ name, value }) => [name, value]));

interface Definitions {
  users: { name: string; password_hash: string; tags: string[] }[];
}
const definitions = () => JSON.parse(harness.value('sample-config', 'definitions.json')) as Definitions;

/** The broker comes up with the administrator of its definitions. */
async function comeUp(): Promise<void> {
  const password = harness.value('sample-admin-password', 'password');
  const [user] = definitions().users;
  expect(isHashOf(user!.password_hash, password)).toBe(true);
  broker.administrator = { username: user!.name, password };
  await harness.comeUp({ management: 15672 }, 'fd00::9');
}

async function running(spec: Partial<RabbitMQ['spec']> = {}): Promise<void> {
  await harness.begin(rabbitmq(spec));
  await comeUp();
}

describe('a RabbitMQ', () => {
  it('is a StatefulSet with a volume, Services, and an administrator that it knows from its first start on', async () => {
    await harness.begin(rabbitmq({ storage: { size: '20Gi' } }));
    const { spec } = harness.statefulSet;
    expect(spec?.volumeClaimTemplates?.[0]?.spec?.resources?.requests).toEqual({ storage: '20Gi' });
    expect(harness.api.peek(Service, harness.at('sample'))?.spec?.ports).toMatchObject([
      { name: 'amqp', port: 5672 },
      { name: 'management', port: 15672 },
      { name: 'metrics', port: 15692 },
    ]);
    expect(definitions().users).toMatchObject([{ name: 'admin', tags: ['administrator'] }]);
    expect(harness.value('sample-config', 'rabbitmq.conf')).toContain('default_queue_type = quorum');
  });

  it('has a name of its own among brokers, which is that of its data', async () => {
    await harness.begin(rabbitmq());
    const { serviceName } = harness.statefulSet.spec!;
    expect(env()['RABBITMQ_NODENAME']).toBe(`rabbit@$(POD_NAME).${serviceName}.ns`);
    expect(harness.api.peek(Service, harness.at(serviceName))?.spec).toMatchObject({
      clusterIP: 'None',
      publishNotReadyAddresses: true,
    });
  });

  it('runs as nobody special: not root, nothing writable but what is mounted, no secret in its spec', async () => {
    await harness.begin(rabbitmq());
    expect(harness.podSpec.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 64102, fsGroup: 64102 });
    expect(harness.podSpec.containers[0]?.securityContext).toMatchObject({ readOnlyRootFilesystem: true });
    const spec = JSON.stringify(harness.podSpec);
    expect(spec).not.toContain(harness.value('sample-admin-password', 'password'));
    expect(spec).not.toContain(harness.value('sample-erlang-cookie', 'password'));
  });

  it.each([
    ['what it requests', {}, 512 * 2 ** 20],
    ['more, where it requests more', { requests: { memory: '2Gi' } }, 2 * 2 ** 30],
    ['a share of its limit', { limits: { memory: '1Gi' } }, Math.floor(0.6 * 2 ** 30)],
  ])('counts on %s, and not on all memory of the node', async (_, resources, watermark) => {
    await harness.begin(rabbitmq({ resources }));
    expect(harness.value('sample-config', 'rabbitmq.conf')).toContain(
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
    await harness.later(120_000);
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'BrokerFailed' });
    expect(harness.condition('Ready')?.message).toContain('disk space on rabbit@a');
    broker.alarms = [];
    await harness.later(120_000);
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });

  it('restarts once with a password that was changed in its Secret, and knows it then', async () => {
    await running();
    const before = harness.version;
    const data = { password: Buffer.from('chosen').toString('base64') };
    await harness.edit(Secret, 'sample-admin-password', { data });
    await harness.settle();
    expect(harness.version).not.toEqual(before);
    await comeUp();
    // It was asked while it had the old one yet, and is again.
    await harness.later(10_000);
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });
});

describe('options of the user', () => {
  const conf = () => harness.value('sample-config', 'rabbitmq.conf');
  const jobs = async () => (await harness.listed(Job)) as Job[];
  /** The Job that asks the broker of the image about them has ended. */
  const checked = async (): Promise<void> => {
    const [job] = await jobs();
    const { name = '' } = job?.metadata ?? {};
    await harness.edit(Job, name, { status: { conditions: [{ type: 'Complete', status: 'True' }] } }, 'status');
    await harness.settle();
  };
  const configured = async (config: NonNullable<RabbitMQ['spec']['config']>): Promise<void> => {
    await running();
    await harness.set({ config });
    await checked();
  };

  it('are shown to the broker of the image before its Pods get them', async () => {
    await running();
    const before = [conf(), harness.version];
    await harness.set({ config: { heartbeat: 30 } });
    const [job] = await jobs();
    expect(job?.spec?.template.spec?.containers[0]?.command?.slice(-3)).toEqual(['65', '/tmp', 'heartbeat = 30']);
    expect([conf(), harness.version]).toEqual(before);
  });

  it('are in the configuration, in the place of ours', async () => {
    await configured({ heartbeat: 30, cluster_partition_handling: 'autoheal', 'log.console.level': 'debug' });
    expect(conf()).toContain('heartbeat = 30\n');
    expect(conf()).toContain('cluster_partition_handling = autoheal\n');
    expect(conf()).not.toContain('pause_minority');
  });

  it.each([
    ['vm_memory_high_watermark', '0.5'],
    ['disk_free_limit', '1.5'],
  ])('say %s in the one way or in the other', async (key, value) => {
    await configured({ [`${key}.relative`]: value });
    expect(conf()).toContain(`${key}.relative = ${value}\n`);
    expect(conf()).not.toContain(`${key}.absolute`);
  });

  it.each([
    ['load_definitions', 'it holds the administrator'],
    ['listeners.tcp.1', 'it is where the Pod has it'],
    ['management.ssl.port', 'it is where the Pod has it'],
    ['default_pass', 'the controller makes users'],
    ['cluster_formation.peer_discovery_backend', 'brokers find each other'],
    ['auth_backends.1', 'the controller logs in'],
    ['default_queue_type', 'quorum queues'],
    ['a b', 'is no name of an option'],
  ])('may not be %s, and what runs stays as it is', async (key, why) => {
    await running();
    const before = [conf(), harness.version];
    await harness.set({ config: { [key]: 'x' } });
    if ((await jobs()).length > 0) await checked();
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'InvalidConfig' });
    expect(harness.condition('Ready')?.message).toContain(`spec.config.${key}`);
    expect(harness.condition('Ready')?.message).toContain(why);
    expect([conf(), harness.version]).toEqual(before);
  });
});

it('a volume that grows stops no broker', async () => {
  await running();
  const before = harness.version;
  await harness.set({ storage: { size: '50Gi' } });
  expect(harness.version).toEqual(before);
  expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
});

describe('feature flags', () => {
  const enabled = () => [...broker.flags].filter(([, flag]) => flag.enabled).map(([name]) => name);
  beforeEach(() => {
    broker.nodes = ['rabbit@a', 'rabbit@b', 'rabbit@c'];
    broker.flags.set('old', { enabled: true, stability: 'required' });
    broker.flags.set('new', { enabled: false, stability: 'stable' });
    broker.flags.set('try', { enabled: false, stability: 'experimental' });
  });

  it('are enabled when all brokers run one version, but for those that are experiments', async () => {
    broker.versions.set('rabbit@c', '3.13.7');
    await running({ replicas: 3 });
    expect(enabled()).toEqual(['old']);
    broker.versions.clear();
    await harness.later(600_000);
    expect(enabled()).toEqual(['old', 'new']);
    const { length } = broker.writes;
    await harness.later(600_000);
    expect(broker.writes).toHaveLength(length);
  });

  it('are left alone while a broker is away', async () => {
    broker.nodes = ['rabbit@a', 'rabbit@b'];
    await running({ replicas: 3 });
    await harness.later(600_000);
    expect(enabled()).toEqual(['old']);
  });

  it("of a broker elsewhere are somebody else's", async () => {
    await harness.seedSecret(
      'broker',
      { management_url: 'https://rabbit.example.org', hosts: 'a:5672', username: 'admin', password: 'adminpw' },
      { 'stackwright.dev/usable-by': 'rabbitmq' },
    );
    await harness.begin(rabbitmq({ external: { secretRef: { name: 'broker' } } }));
    await harness.later(600_000);
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(enabled()).toEqual(['old']);
  });
});

describe('a cluster', () => {
  it('is named broker by broker, and Ready when all of them have joined it', async () => {
    await running({ replicas: 3 });
    expect(harness.condition('ServerReady')).toMatchObject({ status: 'True' });
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'BrokerFailed' });
    expect(harness.condition('Ready')?.message).toContain('1 of 3 brokers: rabbit@a');
    broker.nodes = ['rabbit@a', 'rabbit@b', 'rabbit@c'];
    await harness.later(120_000);
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    const service = 'sample-headless.ns.svc:5672';
    expect(harness.object.status).toMatchObject({
      endpoint: `sample-0.${service},sample-1.${service},sample-2.${service}`,
    });
  });

  it('grows: who joins finds the first broker by its name, which stays what it is', async () => {
    await running();
    const config = () => harness.value('sample-config', 'rabbitmq.conf');
    const before = [config(), env()];
    await harness.set({ replicas: 3 });
    expect(harness.statefulSet.spec?.replicas).toBe(3);
    expect([config(), env()]).toEqual(before);
  });
});

describe('deletion', () => {
  it.each([
    ['Retain', true],
    ['Delete', false],
  ] as const)('with %s: volume, password and cookie are kept: %s', async (deletionPolicy, kept) => {
    await running({ deletionPolicy });
    await harness.makeVolume();
    await harness.remove();
    const secrets = ['sample-admin-password', 'sample-erlang-cookie'].map((name) => harness.at(name));
    const there = secrets.map((at) => harness.api.peek(Secret, at) !== undefined);
    expect([harness.hasVolume, ...there]).toEqual([kept, kept, kept]);
  });
});

describe('a broker in use', () => {
  it.each([
    ['sample-admin-password', true],
    ['sample-admin-password', false],
    ['sample-erlang-cookie', true],
    ['sample-erlang-cookie', false],
  ])('misses %s by name, and keeps what it runs with (noted %s)', async (name, isNoted) => {
    await running();
    const before = [harness.version, harness.values('sample-config')];
    await harness.loseSecret(name, { isNoted });
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'PasswordLost' });
    expect(harness.condition('Ready')?.message).toContain(`Secret ${name} was deleted`);
    expect([harness.version, harness.values('sample-config')]).toEqual(before);
  });

  it('is not given up for one that lacks virtual hosts of claims, or does not answer', async () => {
    await running();
    await harness.api.seed(MessagingClaim, {
      ...{
        apiVersion: 'claims.stackwright.dev/v1alpha1',
        kind: 'MessagingClaim',
        metadata: harness.at('nova-messaging'),
      },
      spec: { provider: 'sample', vhost: 'nova', deletionPolicy: 'Retain' },
      status: { secretName: 'nova-messaging-connection' },
    });
    const values = {
      management_url: 'https://rabbit.example.org',
      hosts: 'a.example.org:5672',
      ...broker.administrator,
    };
    await harness.seedSecret('outside', values, { 'stackwright.dev/usable-by': 'rabbitmq' });
    await harness.set({ external: { secretRef: { name: 'outside' } } });
    await harness.later(120_000);
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'DataNotMoved' });
    expect(harness.condition('Ready')?.message).toContain(
      `virtual host "nova" with the description 'stackwright.dev/claim=ns/nova-messaging'`,
    );
    expect(await harness.listed(StatefulSet)).toHaveLength(1);

    broker.vhost('nova', { description: 'stackwright.dev/claim=ns/nova-messaging' });
    broker.down = true;
    await harness.later(120_000);
    expect(await harness.listed(StatefulSet)).toHaveLength(1);
    broker.down = false;
    await harness.later(120_000);
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(harness.object.status).toMatchObject({ endpoint: 'a.example.org:5672', externalSecret: 'outside' });
    expect(await harness.listed(StatefulSet)).toEqual([]);
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
    await harness.seedSecret('broker', secret, { 'stackwright.dev/usable-by': 'rabbitmq' });
    await harness.begin(rabbitmq({ external: { secretRef: { name: 'broker' } } }));
  }

  it('runs nothing here and is Ready when it answers', async () => {
    await given(values);
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(harness.object.status).toMatchObject({ endpoint: 'a.example.org:5672,b.example.org:5672' });
    expect(await harness.listed(StatefulSet)).toEqual([]);
  });

  it.each(Object.keys(values))(
    'whose Secret loses %s says so, asks no more than now and then, and heals',
    async (key) => {
      await given(values);
      await harness.loseKey('broker', key);
      await harness.settle();
      expect(harness.condition('Ready')).toMatchObject({
        ...{ status: 'False', reason: 'SecretIncomplete' },
        message: `Secret broker (spec.external.secretRef) lacks ${key}`,
      });
      broker.bases.clear();
      expect(await harness.reconcilesIn(3_600_000)).toBeLessThan(100);
      expect([...broker.bases]).toEqual([]);
      await harness.edit(Secret, 'broker', secretWith('broker', values));
      await harness.settle();
      expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    },
  );

  it.each([
    ['no authority under ca.crt', { 'ca.crt': 'PEM' }, 'has no certificate in PEM in "ca.crt"'],
    ['two lines under hosts', { hosts: 'a:5672\nb:5672' }, 'cannot be used: "hosts" has more than one line'],
  ])('whose Secret has %s is not asked', async (_, wrong, message) => {
    await given({ ...values, ...wrong });
    expect(harness.condition('Ready')).toMatchObject({
      ...{ status: 'False', reason: 'SecretIncomplete' },
      message: `Secret broker (spec.external.secretRef) ${message}`,
    });
    expect([...broker.bases]).toEqual([]);
  });

  it('is asked without the line breaks that files end with', async () => {
    const lines = Object.entries(values).map(([key, value]) => [key, `${value}\n`]);
    await given(Object.fromEntries(lines) as typeof values);
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(harness.object.status).toMatchObject({ endpoint: 'a.example.org:5672,b.example.org:5672' });
  });

  it.each([
    ['hosts', 'c.example.org:5672'],
    ['management_url', 'https://c.example.org'],
  ])(
    'whose Secret comes to name another one, by %s alone, has taken over when that holds what claims have',
    async (key, value) => {
      await given(values);
      await harness.api.seed(MessagingClaim, {
        ...{ apiVersion: 'claims.stackwright.dev/v1alpha1', kind: 'MessagingClaim', metadata: harness.at('nova') },
        spec: { provider: 'sample', vhost: 'nova', deletionPolicy: 'Retain' },
        status: { secretName: 'nova-connection', vhostId: 'its-id' },
      });
      const vhost = { description: 'stackwright.dev/claim=ns/nova' };
      for (const missing of [{}, { ...vhost, tags: ['stackwright.dev/id=another'] }]) {
        broker.vhost('nova', missing);
        await harness.edit(Secret, 'broker', secretWith('broker', { ...values, [key]: value }));
        await harness.later(120_000);
        expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'DataNotMoved' });
      }
      broker.vhost('nova', { ...vhost, tags: ['stackwright.dev/id=its-id'] });
      await harness.later(120_000);
      expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
      const { endpoint, administeredAt } = harness.object.status as { endpoint?: string; administeredAt?: string };
      expect({ hosts: endpoint, management_url: administeredAt }).toMatchObject({ [key]: value });
    },
  );

  it('says that it refuses the administrator', async () => {
    await given({ ...values, password: 'wrong' });
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'AccessDenied' });
    expect(harness.condition('Ready')?.message).not.toContain('wrong');
  });
});
