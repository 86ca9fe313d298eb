import { describe, expect, it } from 'vitest';
import { ContainerCache } from './container-cache.js';
import type { Podman, PodmanContainer } from './podman.js';

const container = (Id: string, labels: Record<string, string> | null): PodmanContainer =>
  ({
    Id,
    Image: 'sha256:1',
    ImageName: 'localhost/stackwright/keystone:2025.1',
    Config: { Labels: labels },
    State: {
      Status: 'exited',
      Pid: 0,
      StartedAt: '2025-06-01T12:00:00Z',
      FinishedAt: '2025-06-01T12:00:01Z',
      ExitCode: 0,
      OOMKilled: false,
    },
  }) as unknown as PodmanContainer;

const there = [
  container('ours', { 'dev.stackwright.devcluster': 'a', 'dev.stackwright.pod-uid': 'u' }),
  container('of-another-cluster', { 'dev.stackwright.devcluster': 'b', 'dev.stackwright.pod-uid': 'v' }),
  container('of-the-user', null),
];
const podman = {
  list: () => Promise.resolve(['ours']),
  inspect: (ids: readonly string[]) => Promise.resolve(there.filter(({ Id }) => ids.includes(Id))),
} as unknown as Podman;

describe('ContainerCache', () => {
  it('knows nothing of containers that are not of its cluster, whoever tells of their end', async () => {
    const cache = new ContainerCache(podman, 'dev.stackwright.devcluster=a');
    for (const { Id } of there) cache.touch(Id);
    expect((await cache.all()).map(({ id }) => id)).toEqual(['ours']);
    expect(await cache.get('of-the-user')).toBeUndefined();
  });
});
