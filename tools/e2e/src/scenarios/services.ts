// What users do with the services that stand: images, resource classes, the catalog.
import { eventually } from '@stackwright/integration';
import { expect, it } from 'vitest';
import { namespace, type Cluster } from '../cluster.js';
import {
  downloadImage,
  endpointsOfType,
  extendVolume,
  makeIn,
  removeFrom,
  resourceClasses,
  stateIn,
  uploadImage,
} from '../openstack.js';

const mebibyte = 2 ** 20;

export function services(cluster: Cluster): void {
  it('the catalog lists each service once, with a public and an internal endpoint', async () => {
    for (const [type, url] of [
      ['placement', `http://placement.${namespace}.svc:8778`],
      ['image', `http://glance.${namespace}.svc:9292`],
      ['block-storage', `http://cinder.${namespace}.svc:8776/v3`],
    ] as const) {
      const endpoints = await endpointsOfType(cluster.client, type);
      expect(endpoints.map((endpoint) => `${endpoint.interface} ${endpoint.url}`).sort()).toEqual([
        `internal ${url}`,
        `public ${url}`,
      ]);
    }
  });

  it('an image that is uploaded comes back with the same checksum', async () => {
    const { id, checksum } = await uploadImage(cluster.client, 'random', 64 * mebibyte);
    expect(await downloadImage(cluster.client, id)).toBe(checksum);
  });

  it('a volume is made, grows, and is cloned by a snapshot; then all of it goes', async () => {
    const { client } = cluster;
    const is = (collection: 'volumes' | 'snapshots', id: string, state: string | undefined): Promise<void> =>
      eventually(async () => expect(await stateIn(client, collection, id)).toBe(state), 60_000);
    const volume = await makeIn(client, 'volumes', { name: 'data', size: 1 });
    await is('volumes', volume, 'available 1');
    await extendVolume(client, volume, 2);
    await is('volumes', volume, 'available 2');
    const snapshot = await makeIn(client, 'snapshots', { name: 'before', volume_id: volume });
    await is('snapshots', snapshot, 'available 2');
    const clone = await makeIn(client, 'volumes', { name: 'again', size: 2, snapshot_id: snapshot });
    await is('volumes', clone, 'available 2');
    for (const [collection, id] of [
      ['volumes', clone],
      ['snapshots', snapshot],
      ['volumes', volume],
    ] as const) {
      await removeFrom(client, collection, id);
      await is(collection, id, undefined);
    }
  });

  it('placement lists its resource classes', async () => {
    expect(await resourceClasses(cluster.client)).toEqual(expect.arrayContaining(['VCPU', 'MEMORY_MB', 'DISK_GB']));
  });

  it('the OpenStack client does both', async () => {
    const images = await cluster.stackwright('openstack', '--', 'image', 'list', '-f', 'value', '-c', 'Name');
    expect(images.code, images.stderr).toBe(0);
    expect(images.stdout.trim().split('\n')).toContain('random');
    const classes = await cluster.stackwright('openstack', '--', 'resource', 'class', 'list', '-f', 'value');
    expect(classes.code, classes.stderr).toBe(0);
    expect(classes.stdout.trim().split('\n')).toContain('VCPU');
  });
}
