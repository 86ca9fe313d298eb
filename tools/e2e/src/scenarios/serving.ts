// How APIs serve: many and slow clients at once, images in pieces of any size, more Pods on request, and what clients are told
// of an API while something else is wanted of it.
import { ControlPlane } from '@stackwright/api';
import { Glance } from '@stackwright/glance';
import { conditionOf, eventually } from '@stackwright/integration';
import { Keystone } from '@stackwright/keystone';
import type { Client } from '@stackwright/kube';
import { Placement } from '@stackwright/placement';
import { expect, it } from 'vitest';
import { hasKubectl, namespace, type Cluster } from '../cluster.js';
import { lockOut } from '../database.js';
import { secretOf } from '../identity.js';
import { allReady, containersOf, podsOf } from '../observe.js';
import { downloadImage, endpointsOfType, resourceClasses } from '../openstack.js';
import { uploadInPieces } from '../upload.js';

const slow = 180_000;
const mebibyte = 2 ** 20;

export function serving(cluster: Cluster): void {
  it.each([
    [1, 8],
    [8, 4],
    [32, 2],
  ])('an image may come in pieces of %i MiB', async (size, count) => {
    const { client } = cluster;
    const { id, checksum, status } = await uploadInPieces(client, `pieces-${size}`, { size: size * mebibyte, count });
    expect(status).toBe(204);
    expect(await downloadImage(client, id)).toBe(checksum);
  });

  it('as many slow uploads as there are threads end no Pod, and all of them arrive', async () => {
    const { client } = cluster;
    const threads = 4;
    await configure(client, 'glance', { api: { threads } });
    await eventually(async () => {
      const { spec } = await client.get(Glance, { namespace, name: 'glance' });
      expect(spec.api?.threads).toBe(threads);
      await allReady(client);
    }, slow);
    const before = await containersOf(client);
    // Longer than it takes a kubelet to give up a container that does not answer.
    const pieces = { size: 64 * 1024, count: 150, every: 1_000 };
    const uploads = Array.from({ length: threads }, (_, one) => uploadInPieces(client, `slow-${one}`, pieces));
    const done = await Promise.all(uploads);
    expect(done.map(({ status }) => status)).toEqual(done.map(() => 204));
    const glance = ([pod]: [string, string]) => pod.startsWith('glance-') && pod.endsWith('/api');
    const of = (containers: Record<string, string>) => Object.entries(containers).filter(glance);
    expect(of(await containersOf(client))).toEqual(of(before));
    await configure(client, 'glance', { api: null });
    await eventually(() => allReady(client), slow);
  });

  it('`kubectl scale` makes more Pods, and nobody sets that back', async ({ skip }) => {
    if (!(await hasKubectl())) skip();
    const { client } = cluster;
    const scale = async (replicas: number) => {
      const { code, stderr } = await cluster.kubectl(
        undefined,
        ...['--namespace', namespace, 'scale', 'placement/placement', `--replicas=${replicas}`],
      );
      expect(code, stderr).toBe(0);
      await eventually(async () => {
        const pods = await podsOf(client, 'app.kubernetes.io/name=placement,app.kubernetes.io/component=api');
        expect(pods).toHaveLength(replicas);
        const { status } = await client.get(Placement, { namespace, name: 'placement' });
        expect(status?.replicas).toBe(replicas);
        await allReady(client);
      }, slow);
    };
    await scale(2);
    await scale(1);
  });

  it('a Keystone that its database does not let in is not available, whatever its cache still answers', async () => {
    const { client } = cluster;
    const keystone = { namespace, name: 'keystone' };
    const { username = '' } = await secretOf(client, 'keystone-database-connection');
    await lockOut(client, username, true);
    try {
      await eventually(async () => {
        const { status } = await conditionOf(client, Keystone, keystone, 'Available');
        expect(status).toBe('False');
      }, slow);
    } finally {
      await lockOut(client, username, false);
    }
    await eventually(() => allReady(client), slow);
  });

  it('a certificate that is not there takes the API from nobody', async () => {
    const { client } = cluster;
    await configure(client, 'placement', { tls: { secretRef: { name: 'not-there' } } });
    await eventually(async () => {
      const { reason } = await conditionOf(client, Placement, { namespace, name: 'placement' });
      expect(reason).toBe('WaitingForObject');
    }, slow);
    const urls = (await endpointsOfType(client, 'placement')).map(({ url }) => url);
    expect(new Set(urls)).toEqual(new Set([`http://placement.${namespace}.svc:8778`]));
    expect(await resourceClasses(client)).toContain('VCPU');
    await configure(client, 'placement', { tls: null });
    await eventually(() => allReady(client), slow);
  });
}

/** As a user does, in the control plane. */
async function configure(client: Client, service: string, spec: object): Promise<void> {
  await client.patch(
    ControlPlane,
    { namespace, name: 'openstack' },
    { type: 'merge', body: { spec: { services: { [service]: spec } } } },
  );
}
