import { DatabaseClaim, IdentityClaim, MessagingClaim } from '@stackwright/api';
import { ApiError, CronJob, Deployment, Job, PersistentVolumeClaim } from '@stackwright/kube';
import { ServiceHarness } from '@stackwright/openstack/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { Glance } from './crd.js';
import { glanceGraph } from './glance.js';

const at = (name: string) => ({ namespace: 'ns', name });

let harness: ServiceHarness<Glance>;

beforeEach(() => {
  harness = new ServiceHarness(glanceGraph);
});

type Spec = Glance['spec'];

const glance = ({
  storage,
  ...spec
}: Partial<Omit<Spec, 'storage'>> & { storage?: Partial<Spec['storage']> } = {}) => ({
  apiVersion: 'glance.stackwright.dev/v1alpha1',
  kind: 'Glance',
  spec: {
    release: '2025.1',
    replicas: 1,
    deletionPolicy: 'Retain' as const,
    notifications: false,
    storage: { size: '10Gi', accessMode: 'ReadWriteOnce' as const, ...storage },
    purge: { schedule: '23 3 * * *', olderThanDays: 30, suspend: false },
    ...spec,
  },
});

const deployment = () => harness.api.peek(Deployment, at('sample'));
const volume = () => harness.api.peek(PersistentVolumeClaim, at('sample-images'));

describe('a Glance', () => {
  it('asks for its place in the catalog, a database and a volume; for a broker only where messages are wanted', async () => {
    await harness.create(glance({ storage: { size: '50Gi', className: 'fast' } }));
    await harness.settle();
    expect(harness.api.peek(IdentityClaim, at('sample-identity'))?.spec.service).toMatchObject({ type: 'image' });
    expect(harness.api.peek(DatabaseClaim, at('sample-database'))?.spec).toMatchObject({ database: 'glance' });
    expect(volume()?.spec).toMatchObject({
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'fast',
      resources: { requests: { storage: '50Gi' } },
    });
    expect(await harness.listed(MessagingClaim)).toEqual([]);
    await harness.edit(Glance, 'sample', { spec: { notifications: true } });
    await harness.settle();
    expect(harness.api.peek(MessagingClaim, at('sample-messaging'))?.spec).toMatchObject({ vhost: 'glance' });
  });

  it('migrates its schema, then loads the metadata definitions while the API starts', async () => {
    await harness.create(glance());
    await harness.settle();
    await harness.provide();
    const commands = async () =>
      ((await harness.listed(Job)) as Job[]).map(({ spec }) => spec?.template.spec?.containers[0]?.command?.join(' '));
    expect(await commands()).toEqual(['glance-manage db_sync']);
    await harness.endJobs();
    expect(await commands()).toContain('glance-manage db_load_metadefs');
    expect(deployment()).toBeDefined();
  });

  it('is Ready when it lists images to its own user, and then writes nothing', async () => {
    harness.http.answer = ({ url }) => (url.endsWith('/healthcheck') ? 200 : 403);
    await harness.standUp(glance());
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'AccessDenied' });
    harness.http.answer = 200;
    await harness.clock.advance(120_000);
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(harness.http.calls.at(-1)?.url).toBe('http://sample.ns.svc:9292/v2/images?limit=1');
    harness.restart();
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
    expect(await harness.said(Deployment, Job, DatabaseClaim, IdentityClaim)).not.toContain('canary');
  });

  it('takes images of any size, sent in pieces', async () => {
    await harness.standUp(glance());
    const uwsgi = harness.text('sample-uwsgi', 'uwsgi.ini');
    expect(uwsgi).toMatch(/^socket-timeout = 60$/m);
    // Clients make the pieces as large as they like; uwsgi's own limit is what many of them send.
    expect(Number(/^chunked-input-limit = (\d+)$/m.exec(uwsgi)?.[1])).toBeGreaterThan(8 * 2 ** 20);
  });

  it('takes many transfers at once, and gives none up because it takes long', async () => {
    await harness.standUp(glance());
    const uwsgi = harness.text('sample-uwsgi', 'uwsgi.ini');
    expect(Number(/^threads = (\d+)$/m.exec(uwsgi)?.[1])).toBeGreaterThan(4);
    expect(uwsgi).not.toContain('harakiri');
  });

  it('is Ready without the properties that clients offer, and says that they could not be loaded', async () => {
    await harness.endpoint('keystone', [{ name: 'http', port: 5000 }], '10.0.0.7');
    await harness.create(glance());
    await harness.settle();
    await harness.provide();
    await harness.endJobs('db-sync');
    await harness.endJobs('load-metadefs', 'Failed');
    await harness.rollOut();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(harness.condition('Ready')?.message).toContain('LoadMetadefs');
    expect(harness.condition('LoadMetadefsReady')).toMatchObject({ status: 'True', reason: 'HousekeepingFailed' });
  });

  it('lets transfers end before it stops', async () => {
    await harness.standUp(glance());
    expect(harness.text('sample-uwsgi', 'uwsgi.ini')).toMatch(/^hook-master-start = .*gracefully/m);
    expect(deployment()?.spec?.template.spec?.terminationGracePeriodSeconds).toBe(60);
  });

  it('tells others of its images where it is asked to', async () => {
    await harness.standUp(glance({ notifications: true }));
    const conf = harness.file('glance-api.conf');
    expect(conf).toContain('transport_url = rabbit://sample:broker-canary@rabbitmq.ns.svc:5672/sample');
    expect(conf).toMatch(/\[oslo_messaging_notifications\]\ndriver = messagingv2/);
    expect(conf).toMatch(/\[DEFAULT\]\nenabled_backends = fs:file/);
  });
});

describe('the purge', () => {
  const cronJob = () => harness.api.peek(CronJob, at('sample-purge'))?.spec;
  const commandLine = () => cronJob()?.jobTemplate.spec?.template.spec?.containers[0]?.command?.at(-1);

  it('drops on a schedule what was deleted long ago, and keeps the ids', async () => {
    await harness.standUp(glance({ purge: { schedule: '0 4 * * 0', olderThanDays: 90, suspend: false } }));
    expect(cronJob()).toMatchObject({ schedule: '0 4 * * 0', suspend: false });
    expect(commandLine()).toBe('glance-manage db purge --age_in_days 90 --max_rows 10000');
  });

  it('forgets ids last, and only where that is asked for', async () => {
    const purge = { schedule: '0 4 * * 0', olderThanDays: 90, idsOlderThanDays: 365, suspend: false };
    await harness.standUp(glance({ purge }));
    expect(commandLine()).toMatch(
      /db purge --age_in_days 90 .* && glance-manage db purge_images_table --age_in_days 365 /,
    );
  });
});

describe('stores', () => {
  it('are a directory of the volume, with what is on its way there beside it', async () => {
    await harness.standUp(glance());
    const conf = harness.file('glance-api.conf');
    expect(conf).toMatch(/\[glance_store\]\ndefault_backend = fs\n/);
    expect(conf).toMatch(/\[fs\]\nfilesystem_store_datadir = \/var\/lib\/glance\/images\n/);
    expect(conf).toMatch(/\[os_glance_staging_store\]\nfilesystem_store_datadir = \/var\/lib\/glance\/staging\n/);
    const mounts = deployment()?.spec?.template.spec?.containers[0]?.volumeMounts ?? [];
    const mount = mounts.find(({ mountPath }) => mountPath === '/var/lib/glance');
    expect(mount?.readOnly).toBeUndefined();
    const volumes = deployment()?.spec?.template.spec?.volumes ?? [];
    expect(volumes.find(({ name }) => name === mount?.name)?.persistentVolumeClaim?.claimName).toBe('sample-images');
  });

  it('can be more: a user names them, configures them, and says which is the default', async () => {
    await harness.create(
      glance({
        config: {
          'glance-api.conf': {
            DEFAULT: { enabled_backends: 'fs:file,archive:s3' },
            glance_store: { default_backend: 'archive' },
            archive: { s3_store_host: 'https://s3.example.org', s3_store_bucket: 'images' },
          },
        },
      }),
    );
    await harness.settle();
    await harness.provide();
    await harness.endJobs('config-check');
    expect(harness.condition('ConfigReady')).toMatchObject({ status: 'True' });
    await harness.endJobs('db-sync');
    const conf = harness.file('glance-api.conf');
    expect(conf).toMatch(/\[DEFAULT\]\nenabled_backends = fs:file,archive:s3/);
    expect(conf).toMatch(/\[archive\]\ns3_store_bucket = images/);
    expect(conf).toMatch(/\[fs\]\nfilesystem_store_datadir = \/var\/lib\/glance\/images/);
  });

  it.each([
    [{ fs: { filesystem_store_datadir: '/tmp' } }, 'see spec.storage'],
    [{ os_glance_staging_store: { filesystem_store_datadir: '/tmp' } }, 'see spec.storage'],
    [{ paste_deploy: { flavor: 'trusted-auth' } }, 'anything else would let everybody in'],
  ])('cannot be put elsewhere than on the volume, nor opened to everybody: %o', async (sections, why) => {
    await harness.standUp(glance());
    expect(await harness.refusal(Glance, { 'glance-api.conf': sections })).toContain(why);
  });
});

describe('the volume', () => {
  it.each([
    ['ReadWriteOnce', 'Recreate'],
    ['ReadWriteMany', 'RollingUpdate'],
  ] as const)('with %s: a rollout is a %s', async (accessMode, type) => {
    await harness.standUp(glance({ storage: { accessMode } }));
    expect(deployment()?.spec?.strategy?.type).toBe(type);
  });

  it('grows, and what somebody has made larger is left so', async () => {
    await harness.standUp(glance());
    await harness.edit(Glance, 'sample', { spec: { storage: { size: '20Gi' } } });
    await harness.settle();
    expect(volume()?.spec?.resources?.requests).toEqual({ storage: '20Gi' });
    await harness.edit(PersistentVolumeClaim, 'sample-images', {
      spec: { resources: { requests: { storage: '30Gi' } } },
    });
    await harness.settle();
    expect(volume()?.spec?.resources?.requests).toEqual({ storage: '30Gi' });
  });

  it('is not stuck with a size that its class refuses: it is said, what runs goes on, and the size is taken back', async () => {
    await harness.standUp(glance());
    const status = { phase: 'Bound', capacity: { storage: '10Gi' } };
    await harness.edit(PersistentVolumeClaim, 'sample-images', { status }, 'status');
    await harness.settle();
    const message = 'only dynamically provisioned pvc can be resized and the storageclass must support resize';
    harness.api.before = ({ verb, resource }) => {
      if (verb === 'apply' && resource === 'persistentvolumeclaims')
        throw new ApiError({ code: 403, reason: 'Forbidden', message });
    };
    await harness.edit(Glance, 'sample', { spec: { storage: { size: '900Ti' } } });
    await harness.reconcile();
    expect(harness.condition('ImagesReady')).toMatchObject({
      status: 'False',
      message: expect.stringContaining(message) as string,
    });
    expect(harness.object.status).toMatchObject({ storage: '10Gi' });
    await harness.edit(Glance, 'sample', { spec: { storage: { size: '10Gi' } } });
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
  });

  it('outlives its Glance, and the next one of that name takes it up, if it is what that one asks for', async () => {
    await harness.standUp(glance({ storage: { size: '20Gi', className: 'fast' } }));
    await harness.remove();
    const kept = volume();
    expect(kept?.metadata?.ownerReferences).toBeUndefined();

    await harness.create(glance({ storage: { className: 'slow' } }));
    await harness.settle();
    expect(harness.condition('ImagesReady')).toMatchObject({ status: 'False', reason: 'InvalidSpec' });
    expect(harness.condition('ImagesReady')?.message).toContain('its StorageClass is "fast", not "slow"');
    await harness.remove();

    await harness.create(glance());
    await harness.settle();
    expect(harness.condition('ImagesReady')).toMatchObject({ status: 'True' });
    expect(volume()?.metadata?.uid).toBe(kept?.metadata?.uid);
    expect(volume()?.spec?.resources?.requests).toEqual({ storage: '20Gi' });
  });

  it('goes with it where that is asked for', async () => {
    await harness.standUp(glance({ deletionPolicy: 'Delete' }));
    await harness.remove();
    expect(volume()).toBeUndefined();
  });
});
