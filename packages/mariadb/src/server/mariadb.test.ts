import { DatabaseClaim } from '@stackwright/api';
import { hashOf } from '@stackwright/graph';
import {
  EndpointSlice,
  Job,
  PersistentVolumeClaim,
  Pod,
  PodDisruptionBudget,
  Secret,
  Service,
  StatefulSet,
} from '@stackwright/kube';
import { secretWith } from '@stackwright/openstack';
import { ServerHarness } from '@stackwright/openstack/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { MariaDB } from '../crd.js';
import { FakeSqlServer } from '../testing/sql-server.js';
import { mariadbGraph } from './mariadb.js';

let server: FakeSqlServer;
let harness: ServerHarness<MariaDB>;

beforeEach(() => {
  server = new FakeSqlServer();
  harness = new ServerHarness(mariadbGraph(server));
});

const mariadb = (spec: Partial<MariaDB['spec']> = {}) => ({
  apiVersion: 'mariadb.stackwright.dev/v1alpha1',
  kind: 'MariaDB',
  spec: { replicas: 1, storage: { size: '10Gi' }, deletionPolicy: 'Retain' as const, ...spec },
});

const rootPassword = () => harness.value('sample-root-password', 'password');

/** The server comes up with the password of its init file. */
async function comeUp(): Promise<void> {
  server.users.get('root')!.password = rootPassword();
  await harness.comeUp({ mysql: 3306 });
}

async function running(spec: Partial<MariaDB['spec']> = {}): Promise<void> {
  await harness.begin(mariadb(spec));
  await comeUp();
}

describe('a MariaDB', () => {
  it('is a StatefulSet with a volume, two Services and its configuration', async () => {
    await harness.begin(mariadb({ storage: { size: '20Gi' } }));
    const { spec } = harness.statefulSet;
    expect(spec?.volumeClaimTemplates?.[0]?.spec?.resources?.requests).toEqual({ storage: '20Gi' });
    expect(harness.api.peek(Service, harness.at('sample'))?.spec?.ports).toMatchObject([{ name: 'mysql', port: 3306 }]);
    expect(harness.api.peek(Service, harness.at(spec!.serviceName))?.spec?.clusterIP).toBe('None');
    const { selector, maxUnavailable } = harness.api.peek(PodDisruptionBudget, harness.at('sample'))!.spec!;
    expect([maxUnavailable, selector]).toEqual([1, spec?.selector]);
    expect(spec?.template.spec?.topologySpreadConstraints).toHaveLength(2);
    expect(harness.value('sample-config', 'init.sql')).toContain(`IDENTIFIED BY '${rootPassword()}'`);
  });

  it('runs as nobody special: not root, nothing writable but what is mounted, no secret in its spec', async () => {
    await harness.begin(mariadb());
    const pod = harness.podSpec;
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 64100, fsGroup: 64100 });
    for (const container of [...pod.containers, ...pod.initContainers!]) {
      expect(container.securityContext).toMatchObject({
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
      });
    }
    expect(JSON.stringify(pod)).not.toContain(rootPassword());
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
    await harness.later(120_000);
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });

  it('shows what keeps its Pod from starting, and waits for a Pod that has not', async () => {
    await harness.begin(mariadb({ image: 'nowhere/mariadb:0' }));
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'RolloutInProgress' });
    const set = harness.statefulSet;
    await harness.api.seed(Pod, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { ...harness.at('sample-0'), labels: set.spec!.template.metadata!.labels! },
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
    const before = harness.version;
    await harness.edit(Secret, 'sample-root-password', {
      data: { password: Buffer.from('chosen').toString('base64') },
    });
    await harness.settle();
    expect(harness.version).not.toEqual(before);
    await comeUp();
    // It was asked while it had the old one yet, and is again.
    await harness.later(10_000);
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });

  describe('that has a volume', () => {
    const claim = () => harness.api.peek(PersistentVolumeClaim, harness.at('data-sample-0'))!;
    const asked = () => claim().spec?.resources?.requests?.['storage'];
    const template = () => harness.statefulSet.spec?.volumeClaimTemplates?.[0]?.spec;
    const bind = (storage: string) =>
      harness.edit(
        PersistentVolumeClaim,
        'data-sample-0',
        { status: { phase: 'Bound', capacity: { storage } } },
        'status',
      );

    beforeEach(async () => {
      await running({ storage: { size: '10Gi', className: 'fast' } });
      await harness.makeVolume();
      await bind('10Gi');
      await harness.settle();
    });

    it('lets it grow, and leaves Pods and the template of volumes alone', async () => {
      const before = [harness.version, template()];
      expect(template()).toMatchObject({ storageClassName: 'fast' });
      await harness.set({ storage: { size: '20Gi' } });
      expect(asked()).toBe('20Gi');
      await bind('20Gi');
      await harness.settle();
      expect(harness.condition('Ready')).toMatchObject({ status: 'True', reason: 'Ready' });
      expect([harness.version, template()]).toEqual(before);
      expect(await harness.writesOf(() => harness.settle())).toEqual([]);
    });

    it('is not held up by a size that the class refuses, which can be taken back', async () => {
      await harness.set({ storage: { size: '900Ti' } });
      expect(asked()).toBe('900Ti');
      await harness.set({ storage: { size: '20Gi' } });
      expect(asked()).toBe('20Gi');
      await harness.set({ storage: { size: '10Gi' } });
      // As far as Kubernetes lets anybody go back.
      expect(asked()).toBe(String(10 * 2 ** 30 + 1));
      expect(harness.condition('Ready')).toMatchObject({ status: 'True', reason: 'Ready' });
      expect(await harness.writesOf(() => harness.settle())).toEqual([]);
    });

    it('says where the volume is larger than is asked for, and goes on', async () => {
      await bind('20Gi');
      await harness.edit(PersistentVolumeClaim, 'data-sample-0', {
        spec: { resources: { requests: { storage: '20Gi' } } },
      });
      await harness.settle();
      expect(asked()).toBe('20Gi');
      expect(harness.condition('Ready')?.status).toBe('True');
      expect(harness.condition('VolumesReady')).toMatchObject({ status: 'True', reason: 'VolumeLarger' });
      expect(harness.condition('VolumesReady')?.message).toContain('has 20Gi and cannot shrink to 10Gi');
    });

    it('does not ask for anything of a volume that is not there yet', async () => {
      await harness.edit(
        PersistentVolumeClaim,
        'data-sample-0',
        { status: { phase: 'Pending', capacity: null } },
        'status',
      );
      await harness.set({ storage: { size: '20Gi' } });
      expect(asked()).toBe('10Gi');
      await bind('10Gi');
      await harness.settle();
      expect(asked()).toBe('20Gi');
    });

    it('takes a kept one of another class for a fault', async () => {
      await harness.edit(PersistentVolumeClaim, 'data-sample-0', { spec: { storageClassName: 'slow' } });
      await harness.settle();
      expect(harness.condition('VolumesReady')).toMatchObject({ status: 'False', reason: 'InvalidSpec' });
      expect(harness.condition('VolumesReady')?.message).toContain('its StorageClass is "slow", not "fast"');
    });
  });

  describe('with options of the user', () => {
    const jobs = async () => (await harness.listed(Job)) as Job[];
    const ended = async (condition: string, log = '') => {
      const [job] = await jobs();
      const { name = '', uid = '' } = job!.metadata!;
      const labels = job!.spec!.template.metadata!.labels!;
      await harness.api.seed(Pod, {
        metadata: {
          ...harness.at(`${name}-x`),
          labels,
          ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name, uid }],
        },
        spec: { containers: [] },
        status: {
          phase: 'Failed',
          containerStatuses: [
            {
              name: 'c',
              image: '',
              imageID: '',
              ready: false,
              restartCount: 0,
              state: { terminated: { exitCode: 65, message: log } },
            },
          ],
        },
      });
      await harness.edit(Job, name, { status: { conditions: [{ type: condition, status: 'True' }] } }, 'status');
      await harness.settle();
    };

    it('asks the server of the image about them before Pods get them', async () => {
      await running();
      const before = [harness.version, harness.value('sample-config', 'my.cnf')];
      await harness.set({ config: { max_connections: 2000 } });
      const [job] = await jobs();
      expect(job?.spec?.template.spec?.containers[0]?.command?.slice(-3)).toEqual([
        '65',
        '/tmp',
        '--max_connections=2000',
      ]);
      expect([harness.version, harness.value('sample-config', 'my.cnf')]).toEqual(before);
      await ended('Complete');
      expect(harness.value('sample-config', 'my.cnf')).toContain('max_connections = 2000\n');
      expect(harness.version).not.toEqual(before[0]);
    });

    it('takes as many connections as a server can where more are asked for', async () => {
      await running();
      await harness.set({ config: { max_connections: 200_000 } });
      await ended('Complete');
      await harness.comeUp();
      expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
      expect(server.maxConnections).toBe(100_000);
    });

    it('names one that the server does not know, and what runs stays', async () => {
      await running();
      const before = [harness.version, harness.value('sample-config', 'my.cnf')];
      await harness.set({ config: { max_conections: 2000 } });
      await ended('Failed', "mariadbd: unknown variable 'max_conections=2000'");
      expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'InvalidConfig' });
      expect(harness.condition('Ready')?.message).toContain("unknown variable 'max_conections=2000'");
      expect([harness.version, harness.value('sample-config', 'my.cnf')]).toEqual(before);
      await harness.set({ config: null });
      expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
      expect(await jobs()).toEqual([]);
    });

    it('refuses one that is its own by name', async () => {
      await running();
      await harness.set({ config: { datadir: '/tmp' } });
      await ended('Complete');
      expect(harness.condition('Ready')).toMatchObject({
        status: 'False',
        reason: 'InvalidConfig',
        message: expect.stringContaining('spec.config.datadir cannot be set') as string,
      });
    });
  });

  it('takes as many connections as claims may open and its memory holds, without being started anew', async () => {
    const claim = (name: string, connections: number) =>
      harness.api.seed(DatabaseClaim, {
        ...{ apiVersion: 'claims.stackwright.dev/v1alpha1', kind: 'DatabaseClaim' },
        metadata: { ...harness.at(name), annotations: { 'stackwright.dev/connections': String(connections) } },
        spec: { provider: 'sample', database: name, deletionPolicy: 'Retain' },
      });
    await running({ resources: { limits: { memory: '1Gi' } } });
    const before = harness.version;
    const limits = () => [
      harness.value('sample-config', 'my.cnf').match(/max_connections = (\d+)/)?.[1],
      server.maxConnections,
    ];
    expect(limits()).toEqual(['1024', 1024]);
    await claim('nova', 1000);
    await claim('neutron', 100);
    await harness.settle();
    expect(limits()).toEqual(['1280', 1280]);
    expect(harness.condition('ConnectionsReady')).toMatchObject({ reason: 'Done' });
    // One more changes nothing; what its memory does not hold is said.
    await claim('cinder', 100);
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
    await claim('heat', 1000);
    await harness.settle();
    expect(limits()).toEqual(['2048', 2048]);
    expect(harness.condition('ConnectionsReady')).toMatchObject({ reason: 'ConnectionsScarce' });
    // Whoever has connections keeps them, and the next start reads what is wanted then.
    await harness.api.delete(DatabaseClaim, harness.at('heat'));
    await harness.settle();
    expect(limits()).toEqual(['1280', 2048]);
    expect(harness.version).toEqual(before);
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });

  it('tells when the claims may open more connections than it takes', async () => {
    await running();
    const claim = (name: string, connections: string) =>
      harness.api.seed(DatabaseClaim, {
        ...{ apiVersion: 'claims.stackwright.dev/v1alpha1', kind: 'DatabaseClaim' },
        metadata: { ...harness.at(name), annotations: { 'stackwright.dev/connections': connections } },
        spec: { provider: 'sample', database: name, deletionPolicy: 'Retain' },
      });
    await claim('nova', '900');
    await claim('odd', 'many');
    await harness.settle();
    expect(harness.condition('ConnectionsReady')).toMatchObject({ status: 'True', reason: 'Done' });
    await claim('neutron', '100');
    await harness.settle();
    expect(harness.condition('ConnectionsReady')).toMatchObject({ status: 'True', reason: 'ConnectionsScarce' });
    expect(harness.condition('ConnectionsReady')?.message).toBe(
      'The claims may open 1060 connections, and the server takes 1024: give it more memory (spec.resources), or raise ' +
        'spec.config.max_connections (the largest: nova 900, neutron 100, odd 50)',
    );
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });

  it.each(['registry/mariadb:10.11', 'registry:5000/mariadb:10.11.6@sha256:abc', 'mariadb:v11.4'])(
    'refuses %s, which is older than what has the data, before its Pod is replaced',
    async (image) => {
      await running();
      const before = harness.statefulSet.spec;
      await harness.set({ image });
      expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'InvalidSpec' });
      expect(harness.condition('Ready')?.message).toContain('older than the MariaDB 11.8.6');
      expect(harness.statefulSet.spec).toEqual(before);
    },
  );

  it.each(['registry/mariadb:12.1', 'registry:5000/mariadb:latest', 'registry:5000/mariadb'])(
    'takes %s',
    async (image) => {
      await running();
      await harness.set({ image });
      expect(harness.podSpec.containers[0]?.image).toBe(image);
      expect(harness.podSpec.initContainers?.map((container) => container.image)).toEqual([image, image]);
    },
  );
});

describe('deletion', () => {
  async function withVolume(deletionPolicy: 'Retain' | 'Delete'): Promise<void> {
    await running({ deletionPolicy });
    const { metadata } = harness.statefulSet.spec!.volumeClaimTemplates![0]!;
    // The garbage collector follows ownerReferences.
    expect(metadata?.ownerReferences).toBeUndefined();
    expect(harness.api.peek(Secret, harness.at('sample-root-password'))?.metadata?.ownerReferences).toBeUndefined();
    await harness.makeVolume();
    await harness.remove();
  }

  it('with Retain keeps the volume and the root password', async () => {
    await withVolume('Retain');
    expect(harness.hasVolume).toBe(true);
    expect(harness.values('sample-root-password')).toHaveProperty('password');
  });

  it('with Delete removes both', async () => {
    await withVolume('Delete');
    expect(harness.hasVolume).toBe(false);
    expect(harness.api.peek(Secret, harness.at('sample-root-password'))).toBeUndefined();
  });
});

describe('the root password', () => {
  it.each([true, false])(
    'that is deleted is missed, and the server is not started with another one (noted %s)',
    async (isNoted) => {
      await running();
      const before = harness.version;
      await harness.loseSecret('sample-root-password', { isNoted });
      expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'PasswordLost' });
      expect(harness.condition('Ready')?.message).toContain('init.sql of the Secret sample-config has it');
      expect(harness.version).toEqual(before);
      expect(harness.value('sample-config', 'init.sql')).toContain("IDENTIFIED BY '");
    },
  );

  it('cannot be guessed from what the Pods show', async () => {
    await harness.create(mariadb());
    await harness.seedSecret(
      'sample-root-password',
      { password: 'Winter2025!' },
      { 'stackwright.dev/usable-by': 'mariadb' },
    );
    await harness.settle();
    const files = harness.values('sample-config');
    const shown = JSON.stringify([harness.statefulSet.metadata, harness.statefulSet.spec, harness.object.status]);
    for (const guess of [files, ['', files], Object.values(files), files['init.sql'], 'Winter2025!']) {
      expect(shown).not.toContain(hashOf(guess));
      expect(shown).not.toContain(hashOf(guess, 8));
    }
    expect(harness.version?.['stackwright.dev/config-hash']).toMatch(/^[0-9a-f]{32}$/);
  });
});

describe('a server in use, and another one named for it', () => {
  const offered = { 'stackwright.dev/usable-by': 'mariadb' };
  const elsewhere = { external: { secretRef: { name: 'outside' } } };
  const databaseClaim = {
    apiVersion: 'claims.stackwright.dev/v1alpha1',
    kind: 'DatabaseClaim',
    spec: { provider: 'sample', database: 'keystone', deletionPolicy: 'Retain' as const },
    status: { secretName: 'keystone-database-connection', databaseId: 'an-id' },
  };

  async function inUse(): Promise<void> {
    await running();
    await harness.api.seed(DatabaseClaim, { ...databaseClaim, metadata: harness.at('keystone-database') });
    const values = { host: 'db.example.org', port: '3306', username: 'root', password: rootPassword() };
    await harness.seedSecret('outside', values, offered);
    await harness.settle();
  }
  const moved = () => server.databases.set('keystone', { comment: '', tables: true, id: 'an-id' });
  const runsHere = () => harness.api.peek(StatefulSet, harness.at('sample')) !== undefined;

  it('is refused as long as that does not hold what claims have: what runs, runs on', async () => {
    await inUse();
    const before = JSON.stringify([await harness.listed(StatefulSet), await harness.listed(Service)]);
    await harness.set(elsewhere);
    await harness.later(600_000);
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'DataNotMoved' });
    expect(harness.condition('Ready')?.message).toContain(
      'db.example.org:3306 does not hold what claims have on the server before, which serves on: database "keystone" with the id an-id',
    );
    expect(JSON.stringify([await harness.listed(StatefulSet), await harness.listed(Service)])).toBe(before);
    // Who serves meanwhile is the one before, and says so; and that it is not there any more.
    expect(harness.condition('Available')).toMatchObject({ status: 'True' });
    await harness.edit(EndpointSlice, 'sample-1', { endpoints: [] });
    await harness.later(600_000);
    expect(harness.condition('Available')).toMatchObject({ status: 'False', reason: 'NoReadyEndpoint' });
    expect(harness.object.status).toMatchObject({ endpoint: 'sample.ns.svc:3306' });
    expect(harness.object.status).not.toHaveProperty('externalSecret');
  });

  it('is looked after meanwhile', async () => {
    await inUse();
    await harness.set(elsewhere);
    await harness.api.delete(Service, harness.at('sample'));
    await harness.settle();
    expect(harness.api.peek(Service, harness.at('sample'))).toBeDefined();
  });

  it('is not given up for one that does not answer', async () => {
    await inUse();
    server.down = true;
    await harness.set(elsewhere);
    await harness.later(600_000);
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'ServerUnreachable' });
    expect(runsHere()).toBe(true);
  });

  it('gives way to one that holds what claims have; and takes over again only when it has all of it', async () => {
    await inUse();
    moved();
    await harness.set(elsewhere);
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(harness.object.status).toMatchObject({ endpoint: 'db.example.org:3306', externalSecret: 'outside' });
    expect(runsHere()).toBe(false);

    server.databases.clear();
    await harness.set({ external: null });
    await harness.comeUp({ mysql: 3306 });
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'DataNotMoved' });
    expect(harness.object.status).toMatchObject({ endpoint: 'db.example.org:3306', externalSecret: 'outside' });
    moved();
    await harness.later(120_000);
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(harness.object.status).not.toHaveProperty('externalSecret');
  });

  it('may come back from a newer one: only what had the data here says which image may have it', async () => {
    await inUse();
    moved();
    await harness.set(elsewhere);
    server.version = '13.1.2-MariaDB';
    await harness.later(120_000);
    expect(harness.object.status).toMatchObject({ version: '13.1.2-MariaDB' });
    server.version = '11.8.6-MariaDB';
    await harness.set({ external: null });
    await harness.comeUp({ mysql: 3306 });
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(harness.object.status).toMatchObject({ version: '11.8.6-MariaDB' });
  });

  it('does not give way to a copy that stayed behind when databases moved from there', async () => {
    await inUse();
    await harness.edit(DatabaseClaim, 'keystone-database', { status: { databaseId: 'an-id.1' } }, 'status');
    moved();
    await harness.set(elsewhere);
    await harness.later(600_000);
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'DataNotMoved' });
    expect(runsHere()).toBe(true);
    server.databases.set('keystone', { comment: '', tables: true, id: 'an-id.1' });
    await harness.later(120_000);
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });

  it('also gives way where what is missing was given up', async () => {
    await inUse();
    const annotations = { 'stackwright.dev/accept-new-database': 'an-id' };
    await harness.edit(DatabaseClaim, 'keystone-database', { metadata: { annotations } });
    await harness.set(elsewhere);
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });

  describe('and an earlier version has left it without a note of who serves', () => {
    const forget = () => harness.edit(MariaDB, 'sample', { status: { externalSecret: null, kept: null } }, 'status');

    it.each([
      ['which ran here once', true],
      ['which never did', false],
    ])('is taken for the external one that served, %s: nothing is run here though that is away', async (_, ran) => {
      await inUse();
      moved();
      await harness.set(elsewhere);
      expect(runsHere()).toBe(false);
      await forget();
      if (!ran) await harness.api.delete(Secret, harness.at('sample-root-password'));
      server.down = true;
      harness.restart();
      await harness.later(120_000);
      expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'ServerUnreachable' });
      expect(runsHere()).toBe(false);
      expect(harness.object.status).toMatchObject({ endpoint: 'db.example.org:3306', externalSecret: 'outside' });
    });

    it('does not take over again without what claims have, either', async () => {
      await inUse();
      moved();
      await harness.set(elsewhere);
      await forget();
      server.databases.clear();
      await harness.edit(MariaDB, 'sample', { spec: { external: null } });
      harness.restart();
      await harness.settle();
      await harness.comeUp({ mysql: 3306 });
      await harness.later(120_000);
      expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'DataNotMoved' });
    });

    it('goes on where it runs', async () => {
      await inUse();
      await forget();
      server.down = true;
      await harness.edit(MariaDB, 'sample', { spec: elsewhere });
      harness.restart();
      await harness.later(120_000);
      expect(runsHere()).toBe(true);
    });
  });

  it('is not run here where its status is lost, and the Secret with a password is there from an earlier time', async () => {
    await harness.seedSecret('sample-root-password', { password: 'rootpw' });
    await harness.seedSecret(
      'outside',
      { host: 'db.example.org', port: '3306', username: 'root', password: 'rootpw' },
      offered,
    );
    server.down = true;
    await harness.begin(mariadb(elsewhere));
    await harness.later(120_000);
    expect(runsHere()).toBe(false);
  });

  it('is not another external one either, nor another address in the same Secret', async () => {
    await inUse();
    moved();
    await harness.set(elsewhere);
    await harness.seedSecret('third', { ...harness.values('outside'), host: 'third.example.org' }, offered);
    server.databases.clear();
    await harness.set({ external: { secretRef: { name: 'third' } } });
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'DataNotMoved' });
    expect(harness.object.status).toMatchObject({ endpoint: 'db.example.org:3306', externalSecret: 'outside' });
    expect(runsHere()).toBe(false);

    await harness.set(elsewhere);
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    await harness.edit(
      Secret,
      'outside',
      secretWith('outside', { ...harness.values('outside'), host: 'third.example.org' }),
    );
    await harness.later(600_000);
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'DataNotMoved' });
    expect(harness.object.status).toMatchObject({ endpoint: 'db.example.org:3306' });
  });
});

describe('an external MariaDB', () => {
  const offered = { 'stackwright.dev/usable-by': 'mariadb' };
  const values = { host: 'db.example.org', port: '3307', username: 'root', password: 'rootpw' };

  async function given(secret: Record<string, string>): Promise<void> {
    await harness.seedSecret('server', secret, offered);
    await harness.begin(mariadb({ external: { secretRef: { name: 'server' } } }));
  }

  it('runs nothing here and is Ready when it answers', async () => {
    await given(values);
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(harness.object.status).toMatchObject({ endpoint: 'db.example.org:3307' });
    expect(await harness.listed(StatefulSet)).toEqual([]);
    expect(await harness.listed(Service)).toEqual([]);
  });

  it.each(Object.keys(values))(
    'whose Secret loses %s says so, asks no more than now and then, and heals',
    async (key) => {
      await given(values);
      await harness.loseKey('server', key);
      await harness.settle();
      expect(harness.condition('Ready')).toMatchObject({
        ...{ status: 'False', reason: 'SecretIncomplete' },
        message: `Secret server (spec.external.secretRef) lacks ${key}`,
      });
      expect(harness.object.status).toMatchObject({ waitingFor: [{ kind: 'Secret', name: 'server' }] });
      server.hosts.clear();
      expect(await harness.reconcilesIn(3_600_000)).toBeLessThan(100);
      expect([...server.hosts]).toEqual([]);
      await harness.edit(Secret, 'server', secretWith('server', values));
      await harness.settle();
      expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    },
  );

  it.each([
    ['port', 'http', 'no port number'],
    ['port', '0x10', 'no port number'],
    ['port', '65536', 'no port number'],
    ['host', 'https://db.example.org', 'no host name'],
  ])('whose Secret has %s %o is not asked', async (key, value, message) => {
    await given({ ...values, [key]: value });
    expect(harness.condition('Ready')).toMatchObject({
      ...{ status: 'False', reason: 'SecretIncomplete' },
      message: `Secret server (spec.external.secretRef) has ${message} in "${key}"`,
    });
    expect([...server.hosts]).toEqual([]);
  });

  it('is asked without the line breaks that files end with', async () => {
    const lines = Object.entries(values).map(([key, value]) => [key, `${value}\n`]);
    await given(Object.fromEntries(lines) as typeof values);
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect([...server.hosts]).toEqual(['db.example.org']);
  });

  it.each(Object.keys(values))('whose Secret has two lines under %s is not asked', async (key) => {
    await given({ ...values, [key]: 'one\ntwo' });
    expect(harness.condition('Ready')).toMatchObject({
      ...{ status: 'False', reason: 'SecretIncomplete' },
      message: `Secret server (spec.external.secretRef) cannot be used: "${key}" has more than one line`,
    });
    expect([...server.hosts]).toEqual([]);
  });

  it('says that it is refused', async () => {
    await given({ ...values, password: 'wrong' });
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'AccessDenied' });
    expect(harness.condition('Ready')?.message).not.toContain('wrong');
  });
});
