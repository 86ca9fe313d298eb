import { CacheClaim, DatabaseClaim, IdentityClaim, MessagingClaim } from '@stackwright/api';
import { crdOf, Deployment, Job, PersistentVolumeClaim, Service, StatefulSet } from '@stackwright/kube';
import { ServiceHarness } from '@stackwright/openstack/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { cinderGraph } from './cinder.js';
import { Cinder, type Backend } from './crd.js';

const at = (name: string) => ({ namespace: 'ns', name });
const onFiles = (name: string, size = '10Gi'): Backend => ({ name, storage: { size, accessMode: 'ReadWriteOnce' } });

let harness: ServiceHarness<Cinder>;

beforeEach(() => {
  harness = new ServiceHarness(cinderGraph, { kinds: [Cinder] });
});

const cinder = (spec: Partial<Cinder['spec']> = {}) => ({
  apiVersion: 'cinder.stackwright.dev/v1alpha1',
  kind: 'Cinder',
  spec: {
    release: '2025.1',
    replicas: 1,
    deletionPolicy: 'Retain' as const,
    backends: [onFiles('files')],
    purge: { schedule: '23 3 * * *', olderThanDays: 30, suspend: false },
    ...spec,
  },
});

const backend = (name: string) => harness.api.peek(StatefulSet, at(`sample-backend-${name}`));
const volume = (name: string) => harness.api.peek(PersistentVolumeClaim, at(`sample-volumes-${name}`));
const containerOf = (workload: Deployment | StatefulSet | undefined) => workload?.spec?.template.spec?.containers[0];

describe('a Cinder', () => {
  it('asks for a database, a cache, a virtual host and its place in the catalog, and waits for them', async () => {
    await harness.begin(cinder());
    expect(harness.api.peek(DatabaseClaim, at('sample-database'))?.spec).toMatchObject({ database: 'cinder' });
    expect(harness.api.peek(CacheClaim, at('sample-cache'))).toBeDefined();
    expect(harness.api.peek(MessagingClaim, at('sample-messaging'))?.spec).toMatchObject({ vhost: 'cinder' });
    const url = 'http://sample.ns.svc:8776/v3';
    expect(harness.api.peek(IdentityClaim, at('sample-identity'))?.spec).toMatchObject({
      user: { name: 'cinder', roles: ['reader', 'service'] },
      service: { type: 'block-storage', name: 'cinder', endpoints: { public: url, internal: url } },
    });
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'WaitingForClaim' });
    expect(await harness.listed(Job)).toEqual([]);
  });

  it('is Ready when it lists types of volumes to its own user, all that works beside it runs, and not before', async () => {
    await harness.standUp(cinder());
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    const asked = harness.http.calls.filter(({ url }) => url.endsWith('/v3/types')).at(-1);
    expect(asked?.headers).toMatchObject({ 'OpenStack-API-Version': 'volume 3.67' });
    const conf = harness.file('cinder.conf');
    expect(conf).toMatch(/\[service_user\]\n(.*\n)*send_service_user_token = true/);
    expect(conf).toMatch(/\[coordination\]\nbackend_url = mysql:\/\/sample:db-canary@mariadb.ns.svc:3306\/sample/);
    expect(conf).toMatch(/\ntransport_url = rabbit:\/\/sample:broker-canary@/);
    harness.restart();
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
    expect(await harness.said(Deployment, StatefulSet, Job, DatabaseClaim, IdentityClaim)).not.toContain('canary');
  });

  it('has schedulers with one name for all, and as many as are wanted', async () => {
    await harness.standUp(cinder({ scheduler: { replicas: 2 } }));
    const scheduler = harness.api.peek(Deployment, at('sample-scheduler'));
    expect(scheduler?.spec?.replicas).toBe(2);
    expect(containerOf(scheduler)).toMatchObject({
      command: ['cinder-scheduler'],
      env: expect.arrayContaining([{ name: 'OS_DEFAULT__HOST', value: 'sample-scheduler' }]) as object,
    });
  });
});

describe('a backend', () => {
  it('is one Pod with a name that stays, and a volume where its driver looks for what is mounted', async () => {
    await harness.standUp(cinder());
    expect(backend('files')?.spec?.replicas).toBe(1);
    const container = containerOf(backend('files'));
    expect(container?.command).toEqual(['cinder-volume']);
    expect(container?.env).toEqual(
      expect.arrayContaining([
        { name: 'OS_DEFAULT__HOST', value: 'sample' },
        { name: 'OS_DEFAULT__ENABLED_BACKENDS', value: 'files' },
      ]),
    );
    // The MD5 of what the file of shares names.
    const mountPoint = '/var/lib/cinder/mnt/4ecf68a3ccd4163395c06d85b38eef31';
    expect(container?.volumeMounts?.map(({ mountPath }) => mountPath)).toContain(mountPoint);
    expect(harness.file('shares-files')).toBe('files:/volumes\n');
    const conf = harness.file('cinder.conf');
    expect(conf).toMatch(/\[files\]\n(.*\n)*nfs_shares_config = \/etc\/cinder\/shares-files\n/);
    expect(conf).toMatch(/\nenabled_backends = files\n/);
  });

  it('comes beside others, and each runs only its own', async () => {
    await harness.standUp(cinder({ backends: [onFiles('files'), onFiles('fast', '1Gi')] }));
    expect(volume('fast')?.spec?.resources?.requests).toEqual({ storage: '1Gi' });
    expect(containerOf(backend('fast'))?.env).toEqual(
      expect.arrayContaining([{ name: 'OS_DEFAULT__ENABLED_BACKENDS', value: 'fast' }]),
    );
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });

  it('that is taken away leaves its volumes, and finds them when it is there again', async () => {
    await harness.standUp(cinder({ backends: [onFiles('files'), onFiles('fast')] }));
    const { uid } = volume('fast')!.metadata!;
    await harness.set({ backends: [onFiles('files')] });
    await harness.rollOut();
    expect([backend('fast'), harness.api.peek(Service, at('sample-backend-fast'))]).toEqual([undefined, undefined]);
    expect(volume('fast')?.metadata?.uid).toBe(uid);
    await harness.set({ backends: [onFiles('files'), onFiles('fast')] });
    await harness.rollOut();
    expect(backend('fast')).toBeDefined();
    expect(volume('fast')?.metadata?.uid).toBe(uid);
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });

  it('without a volume has the driver that the configuration says, and needs no PersistentVolumeClaim', async () => {
    const config = { 'cinder.conf': { ceph: { volume_driver: 'cinder.volume.drivers.rbd.RBDDriver', rbd_pool: 'p' } } };
    await harness.standUp(cinder({ backends: [{ name: 'ceph' }], config, configValidation: 'Off' }));
    await harness.endJobs();
    await harness.rollOut();
    expect(volume('ceph')).toBeUndefined();
    expect(harness.file('cinder.conf')).toMatch(/\[ceph\]\n(.*\n)*volume_driver = cinder.volume.drivers.rbd.RBDDriver/);
    expect(containerOf(backend('ceph'))?.command).toEqual(['cinder-volume']);
  });

  it('has nodes and resources of its own', async () => {
    const fast = { ...onFiles('fast'), nodeSelector: { disk: 'fast' }, resources: { limits: { memory: '1Gi' } } };
    await harness.standUp(cinder({ backends: [fast], nodeSelector: { disk: 'any' } }));
    expect(backend('fast')?.spec?.template.spec).toMatchObject({ nodeSelector: { disk: 'fast' } });
    expect(harness.api.peek(Deployment, at('sample'))?.spec?.template.spec).toMatchObject({
      nodeSelector: { disk: 'any' },
    });
  });
});

describe('spec.config', () => {
  it.each([
    ['database', 'connection', 'it comes from the database claim'],
    ['DEFAULT', 'auth_strategy', 'anything else would let everybody in'],
    ['coordination', 'backend_url', 'it comes from the database claim'],
    ['files', 'nfs_mount_point_base', 'its volumes are files on the volume of the backend, see spec.backends'],
  ])('[%s] %s is refused with its reason, and what runs stays', async (section, option, why) => {
    await harness.standUp(cinder());
    const refusal = await harness.refusal(Cinder, { 'cinder.conf': { [section]: { [option]: 'mine' } } });
    expect(refusal).toContain(`${section}.${option} cannot be set: ${why}`);
  });
});

it('has a kind whose backends are told apart by their names, and have a volume only where it is asked for', () => {
  const { spec } = crdOf(Cinder).spec.versions[0]?.schema?.openAPIV3Schema?.properties ?? {};
  const backends = spec?.properties?.['backends'];
  expect(backends).toMatchObject({ 'x-kubernetes-list-map-keys': ['name'] });
  const items = backends?.items as { properties: Record<string, { default?: unknown }> };
  expect(items.properties['storage']?.default).toBeUndefined();
});
