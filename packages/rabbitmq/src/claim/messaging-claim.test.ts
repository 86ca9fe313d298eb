import { MessagingClaim, type MessagingConnection } from '@stackwright/api';
import { Secret } from '@stackwright/kube';
import { makeAuthority } from '@stackwright/kube/testing/tls';
import { secretWith } from '@stackwright/openstack';
import { ClaimHarness } from '@stackwright/openstack/testing';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { RabbitMQ } from '../crd.js';
import { FakeBroker } from '../testing/broker.js';
import { isHashOf, passwordHash } from '../management/password-hash.js';
import { connectionOf, messagingClaimGraph } from './messaging-claim.js';

let broker: FakeBroker;
let harness: ClaimHarness<MessagingClaim, MessagingConnection>;

beforeEach(() => {
  broker = new FakeBroker();
  harness = new ClaimHarness(messagingClaimGraph(broker), RabbitMQ);
});

const claim = (spec: Partial<MessagingClaim['spec']> = {}) => ({
  apiVersion: 'claims.stackwright.dev/v1alpha1',
  kind: 'MessagingClaim',
  spec: { provider: 'rabbitmq', vhost: 'nova', deletionPolicy: 'Retain' as const, ...spec },
});

async function runBroker({ external = false } = {}): Promise<void> {
  const elsewhere = external ? { external: { secretRef: { name: 'broker' } } } : {};
  await harness.runProvider({ replicas: 1, storage: { size: '10Gi' }, deletionPolicy: 'Retain', ...elsewhere });
  if (external) return;
  await harness.seedSecret('rabbitmq-admin-password', { password: 'adminpw' });
  await harness.endpoint('rabbitmq', [
    { name: 'amqp', port: 5672 },
    { name: 'management', port: 15672 },
  ]);
}

async function fulfilled(spec: Partial<MessagingClaim['spec']> = {}): Promise<MessagingConnection> {
  await runBroker();
  return harness.fulfilled(claim(spec));
}

describe('a MessagingClaim', () => {
  it('becomes a virtual host, a user on it alone, and a Secret that says how to get there; then nothing is written', async () => {
    const { password, ...rest } = await fulfilled();
    expect(password).toMatch(/^[A-Za-z0-9]{32}$/);
    expect(rest).toEqual({
      transport_url: `rabbit://nova:${password}@rabbitmq.ns.svc:5672/nova`,
      hosts: 'rabbitmq.ns.svc:5672',
      vhost: 'nova',
      username: 'nova',
    });
    expect(broker.admits('nova', password, 'nova')).toBe(true);
    expect(broker.vhosts.get('nova')).toMatchObject({
      default_queue_type: 'quorum',
      description: 'stackwright.dev/claim=ns/sample',
    });
    // A word that the broker does not know, and that permits nothing.
    expect(broker.users.get('nova')?.tags).toEqual(['stackwright.dev/claim=ns/sample']);
    expect(harness.object.status).toMatchObject({ secretName: 'sample-connection', username: 'nova' });
    // The controller asks for no name.
    expect([...broker.bases]).toEqual(['http://10.0.0.9:15672']);

    const writes = broker.writes.length;
    expect(await harness.writesOfRestart()).toEqual([]);
    expect(broker.writes).toHaveLength(writes);
  });

  it('limits what is kept of notifications that nobody reads, and brings the limit back', async () => {
    await fulfilled();
    const policies = () => [...broker.vhosts.values()].flatMap((vhost) => [...vhost.policies]);
    expect(policies()).toMatchObject([
      ['stackwright-notifications', { definition: { 'message-ttl': 86_400_000, overflow: 'drop-head' } }],
    ]);
    const [[, policy]] = policies() as [[string, { pattern: string }]];
    const isLimited = (queue: string) => new RegExp(policy.pattern).test(queue);
    expect(['notifications.info', 'versioned_notifications.error', 'compute.notifications'].map(isLimited)).toEqual([
      true,
      true,
      false,
    ]);
    for (const vhost of broker.vhosts.values()) vhost.policies.clear();
    await harness.lookAgain();
    expect(policies()).toHaveLength(1);
  });

  it('says nothing secret in status, events, logs and calls', async () => {
    const { password } = await fulfilled();
    const said = (await harness.said()) + JSON.stringify([broker.writes, [...broker.users]]);
    expect(said).not.toContain(password);
    expect(said).not.toContain('adminpw');
  });

  it('waits for its provider, names it, and goes on by itself', async () => {
    await harness.begin(claim());
    expect(harness.condition('Ready')).toMatchObject({ message: 'RabbitMQ rabbitmq does not exist' });
    expect(harness.object.status).toMatchObject({
      waitingFor: [{ step: 'Provider', kind: 'RabbitMQ', name: 'rabbitmq' }],
    });
    await runBroker();
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });

  it('says that the broker cannot be reached, or does not serve it, and heals when it does', async () => {
    await runBroker();
    broker.down = true;
    await harness.begin(claim());
    expect(harness.condition('VhostReady')).toMatchObject({ status: 'False', reason: 'ServerUnreachable' });
    expect(harness.condition('VhostReady')?.message).toContain('10.0.0.9');
    broker.down = false;
    await harness.lookAgain();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });

    broker.vhosts.get('nova')!.state = 'stopped';
    await harness.lookAgain();
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'BrokerFailed' });
    expect(harness.condition('Ready')?.message).toContain('rabbitmqctl restart_vhost');
  });

  it('is not held up by a cluster that grows, and hears of its brokers when they are there', async () => {
    const before = await fulfilled();
    await harness.edit(RabbitMQ, 'rabbitmq', { spec: { replicas: 3 } });
    await harness.sayProviderReady(false);
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(harness.connection).toEqual(before);
    await harness.sayProviderReady(true);
    expect(harness.connection.hosts.split(',')).toHaveLength(3);
  });

  it('keeps the Secret while the broker is away, and says whom it waits for', async () => {
    const before = await fulfilled();
    await harness.sayProviderReady(false);
    broker.down = true;
    await harness.lookAgain();
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'WaitingForProvider' });
    expect(harness.connection).toEqual(before);
    expect(harness.object.status).toMatchObject({ secretName: 'sample-connection' });
  });

  it('follows a password that was changed in its Secret', async () => {
    await fulfilled();
    await harness.edit(Secret, 'sample-password', { data: { password: Buffer.from('ch/osen').toString('base64') } });
    await harness.settle();
    expect(broker.admits('nova', 'ch/osen', 'nova')).toBe(true);
    expect(harness.connection.transport_url).toBe('rabbit://nova:ch%2Fosen@rabbitmq.ns.svc:5672/nova');
  });

  it("refuses the administrator's name", async () => {
    await runBroker();
    await harness.begin(claim({ vhost: 'admin' }));
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'InvalidSpec' });
    expect(broker.writes).toEqual([]);
  });
});

describe('what was changed on the broker by hand is set right', () => {
  it.each<[string, () => void]>([
    ['the password', () => (broker.users.get('nova')!.password_hash = 'AAAAAAAA')],
    ['how it is hashed', () => (broker.users.get('nova')!.hashing_algorithm = 'rabbit_password_hashing_md5')],
    ["the user's tags", () => broker.users.get('nova')!.tags.push('administrator')],
    ['the permission', () => (broker.vhosts.get('nova')!.permissions.get('nova')!.read = '')],
    ['the user, deleted', () => (broker.users.delete('nova'), broker.vhosts.get('nova')!.permissions.clear())],
    ['the virtual host, deleted', () => broker.vhosts.delete('nova')],
    ['all of it, deleted', () => (broker.vhosts.clear(), broker.users.clear())],
    ['the default queue type', () => (broker.vhosts.get('nova')!.default_queue_type = 'classic')],
    ['the mark', () => (broker.vhosts.get('nova')!.description = 'ours')],
  ])('%s', async (_what, byHand) => {
    const before = await fulfilled();
    broker.vhosts.get('nova')!.tags.push('production');
    broker.vhosts.get('nova')!.queues = ['compute'];
    byHand();
    await harness.lookAgain();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(harness.connection).toEqual(before);
    expect(broker.admits('nova', before.password, 'nova')).toBe(true);
    expect(broker.users.get('nova')?.tags).toEqual(['stackwright.dev/claim=ns/sample']);
    expect(broker.vhosts.get('nova')).toMatchObject({
      default_queue_type: 'quorum',
      description: 'stackwright.dev/claim=ns/sample',
    });
    const writes = broker.writes.length;
    await harness.lookAgain();
    expect(broker.writes).toHaveLength(writes);
  });

  it('a virtual host that is made again is told: what was in it is lost', async () => {
    await fulfilled();
    expect(harness.events.filter(({ reason }) => reason === 'MadeAgain')).toEqual([]);
    broker.vhosts.delete('nova');
    await harness.lookAgain();
    expect(harness.events.filter(({ reason }) => reason === 'MadeAgain')).toMatchObject([
      { type: 'Warning', note: expect.stringContaining('queues and messages that were in it are lost') as string },
    ]);
  });

  describe('the id of a virtual host', () => {
    const idOf = () => (harness.object.status as { vhostId?: string }).vhostId ?? '';
    const tagOf = (id: string) => `stackwright.dev/id=${id}`;
    const told = () => harness.events.filter(({ reason }) => reason === 'MadeAgain').length;

    it('stands in the status and among its tags, and comes back where somebody took it out', async () => {
      await fulfilled();
      const id = idOf();
      expect(id).toMatch(/^[0-9a-f]{32}$/);
      expect(broker.vhosts.get('nova')?.tags).toEqual([tagOf(id)]);
      Object.assign(broker.vhosts.get('nova')!, { tags: [], queues: ['compute'] });
      await harness.lookAgain();
      expect(broker.vhosts.get('nova')?.tags).toEqual([tagOf(id)]);
      expect(told()).toBe(0);
      broker.vhosts.clear();
      await harness.lookAgain();
      expect([broker.vhosts.get('nova')?.tags, idOf(), told()]).toEqual([[tagOf(id)], id, 1]);
    });

    it.each([
      ['with another id', { tags: [tagOf('another')] }, { tags: [tagOf('another')] }],
      ['with queues, and without an id', { queues: ['theirs-1'] }, {}],
    ])('keeps it from being taken for another one of its name, %s, until somebody says so', async (_, given, then) => {
      const { password } = await fulfilled();
      const id = idOf();
      broker.vhost('nova', { description: 'stackwright.dev/claim=ns/sample', ...given });
      const writes = broker.writes.length;
      await harness.startAgain();
      expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'VhostLost' });
      expect(broker.writes).toHaveLength(writes);
      await harness.annotate({ 'stackwright.dev/accept-virtual-host': id });
      expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
      expect(broker.vhosts.get('nova')).toMatchObject(then);
      expect(broker.admits('nova', password, 'nova')).toBe(true);
      expect(idOf()).not.toBe(id);
      // It is said once.
      broker.vhost('nova', { description: 'stackwright.dev/claim=ns/sample', tags: [tagOf('a third')] });
      await harness.lookAgain();
      expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'VhostLost' });
    });

    it('is that of before on an empty one that somebody has made in its place, which is told', async () => {
      await fulfilled();
      const id = idOf();
      broker.vhost('nova');
      await harness.lookAgain();
      expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
      expect([broker.vhosts.get('nova')?.tags, idOf(), told()]).toEqual([[tagOf(id)], id, 1]);
    });

    it('is given to what an earlier version of ours has made', async () => {
      await fulfilled();
      Object.assign(broker.vhosts.get('nova')!, { tags: [], queues: ['compute'] });
      await harness.edit(MessagingClaim, 'sample', { status: { vhostId: null } }, 'status');
      const metadata = { annotations: { 'stackwright.dev/vhost-id': null } };
      await harness.edit(Secret, 'sample-password', { metadata });
      await harness.startAgain();
      expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
      expect(broker.vhosts.get('nova')?.tags).toEqual([tagOf(idOf())]);
      expect(told()).toBe(0);
    });

    it('is known, too, by a claim that was deleted, with Retain, and made again', async () => {
      await fulfilled();
      await harness.delete();
      broker.vhost('nova', { description: 'stackwright.dev/claim=ns/sample', tags: [tagOf('another')] });
      await harness.begin(claim());
      expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'VhostLost' });
    });
  });

  it("leaves the virtual host's own tags alone", async () => {
    await fulfilled();
    Object.assign(broker.vhosts.get('nova')!, { tags: ['production'], default_queue_type: 'classic' });
    await harness.lookAgain();
    expect(broker.vhosts.get('nova')).toMatchObject({ default_queue_type: 'quorum' });
    expect(broker.vhosts.get('nova')?.tags).toContain('production');
  });
});

describe('a controller that dies', () => {
  const calls = ['PUT /api/vhosts/nova', 'PUT /api/users/nova', 'PUT /api/permissions/nova/nova'];

  it.each(calls.flatMap((call) => (['beforeWrite', 'afterWrite'] as const).map((when) => [when, call] as const)))(
    '%s of %s leaves a state from which the next one goes on',
    async (when, deadly) => {
      await runBroker();
      broker[when] = (call) => {
        if (call === deadly) throw new Error('killed');
      };
      await harness.begin(claim());
      expect(harness.condition('Ready')).toMatchObject({ status: 'False' });
      broker[when] = () => undefined;
      await harness.startAgain();
      expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
      expect(broker.admits('nova', harness.connection.password, 'nova')).toBe(true);
      expect([broker.vhosts.size, broker.users.size]).toEqual([1, 1]);
    },
  );
});

describe('rotation', () => {
  it('hands out a new user beside the old one, which goes when nobody uses it', async () => {
    const before = await fulfilled();
    await harness.rotate('2026-11');
    const after = harness.connection;
    expect(after.username).toMatch(/^nova\/[0-9a-f]{8}$/);
    expect(broker.admits(before.username, before.password, 'nova')).toBe(true);
    expect(broker.admits(after.username, after.password, 'nova')).toBe(true);
    expect(harness.object.status).toMatchObject({ username: after.username, superseded: ['nova'] });

    await harness.use(after.username);
    expect([...broker.users.keys()]).toEqual([after.username]);
    expect(broker.admits(after.username, after.password, 'nova')).toBe(true);
    expect(harness.api.peek(Secret, harness.at('sample-password'))).toBeUndefined();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
  });

  it.each([
    ['another claim has asked for beforehand', 'nova-54e124cc'],
    ['another claim will ask for', undefined],
  ])('hands out no user whom %s', async (_what, vhost) => {
    const theirs = { password_hash: 'AAAAAAAA', hashing_algorithm: '', tags: ['stackwright.dev/claim=ns/theirs'] };
    if (vhost !== undefined) {
      broker.vhost(vhost, { description: 'stackwright.dev/claim=ns/theirs' });
      broker.users.set(vhost, theirs);
    }
    await fulfilled();
    await harness.rotate('2026-11');
    const { username } = harness.connection;
    // What follows the name of the first one can be foreseen; whom it names, nobody else can ask for.
    expect(username).toBe('nova/54e124cc');
    expect(username).not.toMatch(new RegExp(MessagingClaim.definition.spec.properties['vhost']?.pattern as string));
    if (vhost !== undefined) expect(broker.users.get(vhost)).toBe(theirs);
    await harness.use(username);
    expect([...broker.users.keys()].sort()).toEqual([...(vhost === undefined ? [] : [vhost]), username].sort());
  });

  it('takes over no user without a mark whom nobody has let into the virtual host', async () => {
    await fulfilled();
    const theirs = { password_hash: 'AAAAAAAA', hashing_algorithm: '', tags: [] };
    broker.users.set('nova/54e124cc', theirs);
    await harness.rotate('2026-11');
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'UserTaken' });
    expect(broker.users.get('nova/54e124cc')).toBe(theirs);
  });

  it("keeps the old user's password right as long as it may be in use", async () => {
    const before = await fulfilled();
    await harness.rotate('a');
    broker.users.delete('nova');
    await harness.lookAgain();
    expect(broker.admits('nova', before.password, 'nova')).toBe(true);
  });

  it('leaves an old user as it is whose Secret has lost the password', async () => {
    const before = await fulfilled();
    await harness.rotate('a');
    await harness.edit(Secret, 'sample-password', { data: { password: '' } });
    await harness.lookAgain();
    expect(broker.admits('nova', before.password, 'nova')).toBe(true);
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });

  it("leaves a user of somebody else's that has the name of one to be dropped", async () => {
    await fulfilled();
    await harness.rotate('a');
    broker.users.set('nova', { password_hash: 'AAAAAAAA', hashing_algorithm: '', tags: ['administrator'] });
    await harness.use(harness.connection.username);
    expect(broker.users.has('nova')).toBe(true);
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });
});

describe('what exists already', () => {
  async function refused(reason: string): Promise<string | undefined> {
    await harness.begin(claim());
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason });
    expect(broker.writes).toEqual([]);
    return harness.condition('Ready')?.message;
  }

  it('by an older claim on the same broker: the later one is refused, by name', async () => {
    await runBroker();
    const older = { ...claim(), metadata: { ...harness.at('older'), creationTimestamp: '2020-01-01T00:00:00Z' } };
    await harness.api.seed(MessagingClaim, older);
    expect(await refused('VhostTaken')).toContain('the MessagingClaim older has the virtual host "nova"');
    expect(harness.api.peek(Secret, harness.at('sample-password'))).toBeUndefined();
  });

  it('by a claim of another namespace: the mark on the virtual host tells', async () => {
    await runBroker();
    broker.vhost('nova', { description: 'stackwright.dev/claim=elsewhere/nova-messaging' });
    expect(await refused('VhostTaken')).toContain('belongs to the MessagingClaim elsewhere/nova-messaging');
  });

  it('and holds queues is not taken over', async () => {
    await runBroker();
    broker.vhost('nova', { queues: ['compute'] });
    expect(await refused('VhostTaken')).toContain('holds queues and is not of our making');
  });

  it('as a user of somebody else: is not taken over, even where the virtual host is free', async () => {
    await runBroker();
    broker.vhost('nova');
    broker.users.set('nova', { password_hash: 'AAAAAAAA', hashing_algorithm: '', tags: [] });
    expect(await refused('UserTaken')).toContain('User "nova" exists on the broker');
  });

  it('as a user whose mark names another claim: is not taken over, though virtual host and name are ours', async () => {
    await fulfilled();
    broker.users.get('nova')!.tags = ['stackwright.dev/claim=elsewhere/nova-messaging'];
    broker.writes.length = 0;
    await harness.later(600_000);
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'UserTaken' });
    expect(harness.condition('Ready')?.message).toContain('belongs to the MessagingClaim elsewhere/nova-messaging');
    expect(broker.writes).toEqual([]);
  });

  it('with words of an administrator beside the mark: they stay', async () => {
    await fulfilled();
    const words = `${broker.vhosts.get('nova')?.description ?? ''} (asked for by Ada)`;
    broker.vhost('nova', { ...broker.vhosts.get('nova'), description: words, default_queue_type: 'classic' });
    await harness.later(600_000);
    expect(broker.vhosts.get('nova')).toMatchObject({ description: words, default_queue_type: 'quorum' });
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });

  it('as an empty virtual host: is taken', async () => {
    broker.vhost('nova');
    await fulfilled();
    expect(broker.vhosts.get('nova')).toMatchObject({ default_queue_type: 'quorum' });
  });
});

describe('two clusters, where namespace and name are the same, on one broker', () => {
  let password: string;
  let writes: number;

  beforeEach(async () => {
    ({ password } = await fulfilled());
    // Its services have declared no queues yet: that it has a user is enough.
    expect(broker.vhosts.get('nova')?.queues).toEqual([]);
    harness = new ClaimHarness(messagingClaimGraph(broker), RabbitMQ);
    await runBroker();
    await harness.seedSecret(
      'sample-password',
      { password: 'another-password' },
      { 'stackwright.dev/usable-by': 'rabbitmq' },
    );
    writes = broker.writes.length;
  });

  const untouched = () => {
    expect(broker.writes).toHaveLength(writes);
    expect(broker.admits('nova', password, 'nova')).toBe(true);
  };

  it.each<[string, Partial<MessagingClaim['spec']>, () => void]>([
    ['of the first user', {}, () => undefined],
    ['of a later user', { rotation: 'two' }, () => undefined],
    ['whose description was changed by hand', {}, () => (broker.vhosts.get('nova')!.description = 'ours')],
  ])('a claim %s: the later one is refused, and changes nothing', async (_what, spec, byHand) => {
    byHand();
    await harness.begin(claim(spec));
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'VhostTaken' });
    untouched();
  });

  it('where only the virtual host with its queues is left, or only the user, it is refused, too', async () => {
    const user = broker.users.get('nova')!;
    broker.users.delete('nova');
    broker.vhosts.get('nova')!.queues = ['compute'];
    await harness.begin(claim());
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'VhostTaken' });
    broker.users.set('nova', user);
    broker.vhosts.clear();
    await harness.later(600_000);
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'VhostTaken' });
    expect(broker.writes).toHaveLength(writes);
  });

  it('with Delete, the later one takes nothing along', async () => {
    await harness.begin(claim({ deletionPolicy: 'Delete' }));
    await harness.delete();
    expect(harness.isGone).toBe(true);
    untouched();
  });

  it("with Delete, one of another virtual host takes along none of the other cluster's users", async () => {
    await harness.fulfilled(claim({ vhost: 'cinder', deletionPolicy: 'Delete' }));
    await harness.delete();
    expect([[...broker.vhosts.keys()], [...broker.users.keys()]]).toEqual([['nova'], ['nova']]);
    expect(broker.admits('nova', password, 'nova')).toBe(true);
  });

  it('it is taken up where somebody says that it is this one', async () => {
    await harness.begin(claim());
    expect(harness.condition('Ready')?.message).toContain(
      "It may be another cluster's. Choose another name; or, where it is this one's: " +
        'kubectl annotate messagingclaim -n ns sample stackwright.dev/accept-virtual-host=nova',
    );
    await harness.annotate({ 'stackwright.dev/accept-virtual-host': 'nova' });
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(broker.admits('nova', harness.connection.password, 'nova')).toBe(true);
  });
});

describe('the password Secret', () => {
  it('that is deleted is missed by name: nothing changes on the broker', async () => {
    const before = await fulfilled();
    const writes = broker.writes.length;
    await harness.api.delete(Secret, harness.at('sample-password'));
    await harness.startAgain();
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'PasswordLost' });
    expect(broker.writes).toHaveLength(writes);
    expect(harness.connection).toEqual(before);
  });

  it.each(['50% @home', 'a/b?c#d', '"', '\\', '$x'])(
    'may hold %o, and ends with a line break or not',
    async (password) => {
      await fulfilled();
      for (const end of ['', '\n']) {
        const data = { password: Buffer.from(password + end).toString('base64') };
        await harness.edit(Secret, 'sample-password', { data });
        await harness.settle();
        expect(broker.admits('nova', password, 'nova')).toBe(true);
        const { transport_url: url } = harness.connection;
        expect(decodeURIComponent(new URL(url).password)).toBe(password);
      }
    },
  );
});

describe('any password', () => {
  // As oslo.messaging reads a URL of several brokers (oslo_messaging/transport.py).
  const passwords = (url: string) =>
    (/^rabbit:\/\/([^/]*)\/([^/]*)$/.exec(url)?.[1] ?? '')
      .split(',')
      .map((host) => decodeURIComponent(host.slice(host.indexOf(':') + 1, host.lastIndexOf('@'))));

  it('that is taken reaches clients as it is, by the URL of each broker', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 24 }), (password) => {
        const hosts = ['rabbitmq-0.rabbitmq.ns.svc:5672', '[fd00::1]:5672'];
        const connection = connectionOf(hosts, 'nova', { username: 'nova', password });
        expect(passwords(connection.transport_url)).toEqual([password, password]);
        expect(isHashOf(passwordHash('nova', password), password)).toBe(true);
      }),
    );
  });
});

describe('deletion', () => {
  it('with Retain keeps all of it, and the same claim takes it up again', async () => {
    const before = await fulfilled();
    await harness.delete();
    expect(harness.isGone).toBe(true);
    expect(broker.admits('nova', before.password, 'nova')).toBe(true);
    const writes = broker.writes.length;
    await harness.begin(claim());
    expect(harness.connection).toEqual(before);
    expect(broker.writes).toHaveLength(writes);
  });

  it('with Delete drops virtual host, users of all generations and passwords, and nothing of others', async () => {
    await fulfilled({ deletionPolicy: 'Delete' });
    await harness.rotate('a');
    broker.vhost('cinder', { description: 'stackwright.dev/claim=ns/cinder' });
    broker.users.set('cinder', {
      password_hash: 'x',
      hashing_algorithm: '',
      tags: ['stackwright.dev/claim=ns/cinder'],
    });
    await harness.delete();
    expect(harness.isGone).toBe(true);
    expect([[...broker.vhosts.keys()], [...broker.users.keys()]]).toEqual([['cinder'], ['cinder']]);
    expect(harness.api.peek(Secret, harness.at('sample-password'))).toBeUndefined();
  });

  it('with Delete waits for a broker that is away, says so, and ends when it is gone for good', async () => {
    await fulfilled({ deletionPolicy: 'Delete' });
    broker.down = true;
    expect(await harness.deleteWithProvider()).toBe('ServerUnreachable');
  });

  it.each(['DELETE /api/users/nova', 'DELETE /api/vhosts/nova'])('that dies at %s goes on', async (deadly) => {
    await fulfilled({ deletionPolicy: 'Delete' });
    broker.afterWrite = (call) => {
      if (call === deadly) throw new Error('killed');
    };
    await harness.delete();
    broker.afterWrite = () => undefined;
    await harness.startAgain();
    expect(harness.isGone).toBe(true);
    expect([broker.vhosts.size, broker.users.size]).toEqual([0, 0]);
  });

  it("with Delete leaves another's virtual host, whose name this claim was refused", async () => {
    await runBroker();
    broker.vhost('nova', { description: 'stackwright.dev/claim=elsewhere/nova' });
    broker.users.set('nova', {
      password_hash: 'x',
      hashing_algorithm: '',
      tags: ['stackwright.dev/claim=elsewhere/nova'],
    });
    await harness.begin(claim({ deletionPolicy: 'Delete' }));
    await harness.delete();
    expect(harness.isGone).toBe(true);
    expect([broker.vhosts.size, broker.users.size]).toEqual([1, 1]);
  });
});

describe('an external broker', () => {
  const offered = { 'stackwright.dev/usable-by': 'rabbitmq' };
  const values = {
    management_url: 'https://rabbit.example.org:15671/mgmt/',
    hosts: 'a.example.org:5672, [2001:db8::1]:5673',
    username: 'admin',
    password: 'adminpw',
  };

  it('is used when its Secret is offered for it; all its hosts are named', async () => {
    await runBroker({ external: true });
    const { ca } = await makeAuthority();
    await harness.seedSecret('broker', { ...values, 'ca.crt': `${ca}\n` }, offered);
    await harness.begin(claim());
    const { password, ...rest } = harness.connection;
    expect([...broker.bases]).toEqual([`https://rabbit.example.org:15671/mgmt with ${ca}\n`]);
    expect(rest).toMatchObject({
      transport_url: `rabbit://nova:${password}@a.example.org:5672,nova:${password}@[2001:db8::1]:5673/nova`,
      hosts: 'a.example.org:5672,[2001:db8::1]:5673',
    });
  });

  describe('whose Secret comes to name another one', () => {
    const serves = (endpoint: string) =>
      harness.edit(RabbitMQ, 'rabbitmq', { status: { externalSecret: 'broker', endpoint } }, 'status');
    const elsewhere = { ...values, management_url: 'https://b.example.org:15671', hosts: 'b.example.org:5672' };

    it('by its management URL alone: makes nothing there before that has taken over', async () => {
      const administeredAt = values.management_url;
      await harness.edit(RabbitMQ, 'rabbitmq', { status: { administeredAt } }, 'status');
      const { management_url } = elsewhere;
      await harness.edit(Secret, 'broker', secretWith('broker', { ...values, management_url }));
      await harness.lookAgain();
      expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'WaitingForProvider' });
      expect(harness.condition('Ready')?.message).toContain(`has not taken over ${management_url}`);
      expect([broker.writes, [...broker.bases]]).toEqual([[], []]);
    });

    beforeEach(async () => {
      await runBroker({ external: true });
      await harness.seedSecret('broker', values, offered);
      await harness.fulfilled(claim());
      await serves('a.example.org:5672,[2001:db8::1]:5673');
      await harness.lookAgain();
      expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
      // Nothing was moved there.
      broker.vhosts.clear();
      broker.users.clear();
      broker.writes.length = 0;
      broker.bases.clear();
      await harness.edit(Secret, 'broker', secretWith('broker', elsewhere));
    });

    it('makes nothing there, and tells nobody of it, before that one has taken over', async () => {
      const before = harness.connection;
      await harness.lookAgain();
      expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'WaitingForProvider' });
      expect(harness.condition('Ready')?.message).toContain('has not taken over b.example.org:5672');
      await harness.sayProviderReady(false);
      await harness.lookAgain();
      expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'WaitingForProvider' });
      expect([broker.writes, [...broker.bases]]).toEqual([[], []]);
      expect(harness.connection).toEqual(before);
    });

    it('goes on there when it has', async () => {
      await serves('b.example.org:5672');
      await harness.sayProviderReady(true);
      await harness.lookAgain();
      expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
      expect(harness.connection.hosts).toBe('b.example.org:5672');
      expect(broker.admits('nova', harness.connection.password, 'nova')).toBe(true);
    });

    it('with Delete deletes nothing there', async () => {
      await harness.set({ deletionPolicy: 'Delete' });
      broker.vhost('nova', { description: 'stackwright.dev/claim=ns/sample' });
      await harness.delete();
      expect(broker.writes).toEqual([]);
      expect(harness.isGone).toBe(false);
    });
  });

  it.each([
    [
      'does not exist',
      undefined,
      offered,
      'WaitingForObject',
      'Secret broker (spec.external.secretRef) does not exist',
    ],
    ['is not offered', values, {}, 'SecretNotOffered', 'stackwright.dev/usable-by=rabbitmq'],
    ['lacks a key', { ...values, password: '' }, offered, 'SecretIncomplete', 'lacks password'],
    ['has no URL', { ...values, management_url: 'rabbit' }, offered, 'SecretIncomplete', '"management_url"'],
    [
      'has a URL with credentials',
      { ...values, management_url: 'http://admin:adminpw@rabbit:15672' },
      offered,
      'SecretIncomplete',
      '"management_url"',
    ],
    ['has a host without a port', { ...values, hosts: 'a:5672,b' }, offered, 'SecretIncomplete', 'number 2 of "hosts"'],
  ])('whose Secret %s is not spoken to', async (_, given, labels, reason, message) => {
    await runBroker({ external: true });
    if (given) await harness.seedSecret('broker', given, labels);
    await harness.begin(claim());
    expect(harness.condition('ProviderReady')).toMatchObject({ status: 'False', reason });
    expect(harness.condition('ProviderReady')?.message).toContain(message);
    expect(harness.condition('ProviderReady')?.message).not.toContain('adminpw');
    expect([...broker.bases]).toEqual([]);
  });
});
