// What a cluster leaves on the host; part of `npm run e2e`. Needs root and the image `base`.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pod } from '@stackwright/kube';
import { expect, it, vi } from 'vitest';
import { startDevcluster, teardownPodman } from '../../cluster.js';

it('a cluster that is torn down leaves no memory mounted, so that its directory can be removed', async () => {
  const home = await mkdtemp(join(tmpdir(), 'teardown-live-'));
  const stateDirectory = join(home, 'state');
  const mounts = async (): Promise<string[]> =>
    (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').filter((line) => line.includes(home));
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
    expect(await mounts()).not.toEqual([]);
  } finally {
    await cluster.stop();
    await teardownPodman(stateDirectory);
  }
  expect(await mounts()).toEqual([]);
  await rm(home, { recursive: true });
});
