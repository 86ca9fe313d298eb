import { access, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PersistentVolume, PersistentVolumeClaim, Pod, StorageClass } from '@stackwright/kube';
import type { PersistentVolumeClaimSpec } from 'kubernetes-types/core/v1.d.ts';
import { pod, web } from '../../testing/manifests.js';
import { TestCluster } from '../../testing/test-cluster.js';
import { HostPathProvisioner, PROVISIONER } from './provisioner.js';

const claim = (name: string, spec: Partial<PersistentVolumeClaimSpec> = {}): PersistentVolumeClaim => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name, namespace: 'test' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
});

describe('a claim', () => {
  let cluster: TestCluster;
  beforeEach(async () => {
    cluster = await TestCluster.start();
  });
  afterEach(() => cluster.stop());

  const bound = (name: string): Promise<PersistentVolumeClaim> =>
    cluster.untilObject(PersistentVolumeClaim, name, ({ status }) => status?.phase === 'Bound');
  const volumeOf = async (name: string): Promise<PersistentVolume> => {
    const { spec } = await bound(name);
    return (await cluster.get(PersistentVolume, spec!.volumeName!))!;
  };

  it('is bound to a new directory of the default class, which goes with it', async () => {
    await cluster.client.create(PersistentVolumeClaim, claim('data'));
    expect(await bound('data')).toMatchObject({
      spec: { storageClassName: 'hostpath' },
      status: { capacity: { storage: '1Gi' } },
    });
    const volume = await volumeOf('data');
    expect(volume.status?.phase).toBe('Bound');
    const path = volume.spec!.hostPath!.path;
    await writeFile(join(path, 'row'), 'x');

    await cluster.client.delete(PersistentVolumeClaim, { namespace: 'test', name: 'data' });
    await cluster.untilGone(PersistentVolumeClaim, 'data');
    await cluster.untilGone(PersistentVolume, volume.metadata!.name!);
    await expect(access(path)).rejects.toThrow('ENOENT');
  });

  it('grows when its class lets it, and never shrinks', async () => {
    await cluster.client.create(PersistentVolumeClaim, claim('data'));
    await bound('data');
    const resize = (name: string, storage: string): Promise<PersistentVolumeClaim> =>
      cluster.client.patch(
        PersistentVolumeClaim,
        { namespace: 'test', name },
        { type: 'merge', body: { spec: { resources: { requests: { storage } } } } },
      );
    await resize('data', '2Gi');
    await cluster.untilObject(PersistentVolumeClaim, 'data', ({ status }) => status?.capacity?.['storage'] === '2Gi');
    expect((await volumeOf('data')).spec?.capacity).toEqual({ storage: '2Gi' });
    await expect(resize('data', '1Gi')).rejects.toThrow('field can not be less than status.capacity');
    await cluster.client.create(StorageClass, {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: 'fixed' },
      provisioner: PROVISIONER,
    });
    await cluster.client.create(PersistentVolumeClaim, claim('small', { storageClassName: 'fixed' }));
    await bound('small');
    await expect(resize('small', '2Gi')).rejects.toThrow(
      'persistentvolumeclaims "small" is forbidden: only dynamically provisioned pvc can be resized',
    );
  });

  it('leaves the data where the volume is to be retained', async () => {
    await cluster.client.create(PersistentVolumeClaim, claim('data'));
    const { metadata, spec } = await volumeOf('data');
    const body = { spec: { persistentVolumeReclaimPolicy: 'Retain' } };
    await cluster.client.patch(PersistentVolume, { name: metadata!.name! }, { type: 'merge', body });
    await cluster.client.delete(PersistentVolumeClaim, { namespace: 'test', name: 'data' });
    await cluster.untilObject(PersistentVolume, metadata!.name!, ({ status }) => status?.phase === 'Released');
    await cluster.pass(60_000);
    await access(spec!.hostPath!.path);
    // Another claim of the same name is another claim: it gets no old data.
    await cluster.client.create(PersistentVolumeClaim, claim('data'));
    expect((await volumeOf('data')).metadata?.name).not.toBe(metadata!.name);
  });

  it('takes the smallest volume that fits', async () => {
    const make = (name: string, storage: string, accessModes = ['ReadWriteOnce']): Promise<PersistentVolume> =>
      cluster.client.create(PersistentVolume, {
        apiVersion: 'v1',
        kind: 'PersistentVolume',
        metadata: { name },
        spec: {
          capacity: { storage },
          accessModes,
          storageClassName: 'manual',
          hostPath: { path: `/nowhere/${name}` },
        },
      });
    await make('large', '10Gi');
    await make('small', '500Mi');
    await make('shared', '1Gi', ['ReadWriteMany']);
    await make('right', '2Gi');
    await cluster.client.create(PersistentVolumeClaim, claim('data', { storageClassName: 'manual' }));
    expect((await volumeOf('data')).metadata?.name).toBe('right');
  });

  it('waits for a volume when its class makes none', async () => {
    await cluster.client.create(PersistentVolumeClaim, claim('data', { storageClassName: 'manual' }));
    await cluster.untilObject(PersistentVolumeClaim, 'data', ({ status }) => status?.phase === 'Pending');
    await cluster.client.create(PersistentVolume, {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: 'late' },
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'manual',
        hostPath: { path: '/nowhere' },
      },
    });
    await bound('data');
  });

  it('is not deleted under a Pod that uses it', async () => {
    await cluster.client.create(PersistentVolumeClaim, claim('data'));
    const user = pod('user', {
      containers: [web({ volumeMounts: [{ name: 'data', mountPath: '/data' }] })],
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }],
      terminationGracePeriodSeconds: 1,
    });
    await cluster.client.create(Pod, user);
    await cluster.untilObject(Pod, 'user', ({ status }) => status?.phase === 'Running');
    await cluster.client.delete(PersistentVolumeClaim, { namespace: 'test', name: 'data' });
    await cluster.pass(30_000);
    expect((await cluster.get(PersistentVolumeClaim, 'data'))?.metadata?.deletionTimestamp).toBeDefined();
    await cluster.client.delete(Pod, { namespace: 'test', name: 'user' });
    await cluster.untilGone(PersistentVolumeClaim, 'data');
  });
});

describe('the provisioner', () => {
  it.each(['/etc', '/volumes/../etc', '/volumes', '/volumes/a/b'])(
    'deletes nothing outside of its directory: %s',
    async (path) => {
      const volume: PersistentVolume = { apiVersion: 'v1', kind: 'PersistentVolume', spec: { hostPath: { path } } };
      await expect(new HostPathProvisioner('/volumes').remove(volume)).rejects.toThrow('not a volume of this cluster');
    },
  );
});
