// Members that die while users ask: each is replaced by itself, and what it held is there again.
import { eventually } from '@stackwright/integration';
import { Pod } from '@stackwright/kube';
import { beforeAll, expect, it } from 'vitest';
import { namespace, run, type Cluster } from '../cluster.js';
import { allReady, podsOf } from '../observe.js';
import { downloadImage, uploadImage } from '../openstack.js';
import { whileAsked } from '../request-loop.js';

const slow = 240_000;

const api = (service: string) => `app.kubernetes.io/name=${service},app.kubernetes.io/component=api`;

export function serviceKills(cluster: Cluster): void {
  let image: { id: string; checksum: string };

  beforeAll(async () => {
    image = await uploadImage(cluster.client, 'kept', 2 ** 20);
  }, slow);

  it.each([
    ['a Keystone Pod', api('keystone')],
    ['a placement Pod', api('placement')],
    ['a glance Pod', api('glance')],
    ['RabbitMQ', 'app.kubernetes.io/name=rabbitmq'],
    ['MariaDB', 'app.kubernetes.io/name=mariadb'],
  ])('%s may be killed while users ask', async (_what, selector) => {
    const { client } = cluster;
    const tallies = await whileAsked(client, async () => {
      const [pod] = await podsOf(client, selector);
      if (!pod) throw new Error(`no Pod of ${selector} runs`);
      await killContainer(pod.status?.containerStatuses?.[0]?.containerID);
      await client.delete(Pod, { namespace, name: pod.metadata?.name ?? '' }, { gracePeriodSeconds: 0 });
      await eventually(async () => {
        const pods = await podsOf(client, selector);
        expect(pods.length).toBeGreaterThan(0);
        expect(pods.map(({ metadata }) => metadata?.uid)).not.toContain(pod.metadata?.uid);
        await allReady(client);
      }, slow);
    });
    for (const [service, { answered }] of Object.entries(tallies)) expect(answered, service).toBeGreaterThan(0);
    // All answer again, at the first attempt, and the image is still there.
    const after = await whileAsked(client, async () => {
      expect(await downloadImage(client, image.id)).toBe(image.checksum);
    });
    for (const [service, { failures }] of Object.entries(after)) expect([...failures], service).toEqual([]);
  });
}

async function killContainer(id = ''): Promise<void> {
  const { code, stderr } = await run('podman', ['kill', '--signal', 'KILL', id.replace(/^.*:\/\//, '')]);
  expect(code, stderr).toBe(0);
}
