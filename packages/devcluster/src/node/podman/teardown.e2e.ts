// What a cluster leaves on the host; part of `npm run e2e`. Needs root and the image `base`.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pod } from '@stackwright/kube';
import { expect, it, vi } from 'vitest';
import { startDevcluster, teardownPodman, type Devcluster } from '../../cluster.js';
import { findClusters, removeCluster } from './host-clusters.js';

const mountsIn = async (home: string): Promise<string[]> =>
  (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').filter((line) => line.includes(home));

/** With a Pod that has memory for a volume. */
async function withPod(stateDirectory: string): Promise<Devcluster> {
  const cluster = await startDevcluster({ node: 'podman', stateDirectory });
  try {
    const key = { namespace: 'default', name: 'remembers' };
    await cluster.client.create(Pod, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: key,
      spec: {
        containers: [
          {
            name: 'main',
            image: 'localhost/stackwright/base:trixie',
            command: ['sleep', 'infinity'],
            volumeMounts: [{ name: 'run', mountPath: '/run/secrets' }],
          },
        ],
        volumes: [{ name: 'run', emptyDir: { medium: 'Memory' } }],
      },
    });
    await vi.waitFor(async () => expect((await cluster.client.get(Pod, key)).status?.phase).toBe('Running'), {
      timeout: 60_000,
      interval: 100,
    });
    return cluster;
  } catch (error) {
    await cluster.stop();
    await teardownPodman(stateDirectory);
    throw error;
  }
}

it('a cluster that is torn down leaves no memory mounted, so that its directory can be removed', async () => {
  const home = await mkdtemp(join(tmpdir(), 'teardown-live-'));
  const stateDirectory = join(home, 'state');
  const cluster = await withPod(stateDirectory);
  try {
    expect(await mountsIn(home)).not.toEqual([]);
  } finally {
    await cluster.stop();
    await teardownPodman(stateDirectory);
  }
  expect(await mountsIn(home)).toEqual([]);
  await rm(home, { recursive: true });
});

it('what is left of a cluster whose state was deleted is found, and removed with all of it', async () => {
  const home = await mkdtemp(join(tmpdir(), 'teardown-lost-'));
  const stateDirectory = join(home, 'state');
  const cluster = await withPod(stateDirectory);
  await cluster.stop();
  // What is mounted keeps its directory from going.
  await rm(stateDirectory, { recursive: true, force: true }).catch(() => undefined);
  const ofHome = async () => (await findClusters()).filter((one) => one.stateDirectory === stateDirectory);
  const [left, ...others] = await ofHome();
  expect(others).toEqual([]);
  expect(left).toMatchObject({
    hasState: false,
    containers: [expect.any(String)],
    bridge: expect.any(String) as string,
  });
  if (left) await removeCluster(left);
  expect(await ofHome()).toEqual([]);
  expect(await mountsIn(home)).toEqual([]);
  await rm(home, { recursive: true });
});
