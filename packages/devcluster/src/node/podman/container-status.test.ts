import { describe, expect, it } from 'vitest';
import { toStatus } from './container-status.js';
import type { PodmanContainer } from './podman.js';

const container = (state: Partial<PodmanContainer['State']>, memory = 0): PodmanContainer => ({
  Id: 'id',
  Image: 'image-id',
  ImageName: 'localhost/x:1',
  State: {
    Status: 'running',
    Pid: 7,
    ExitCode: 0,
    OOMKilled: false,
    StartedAt: '2026-01-02T04:04:05.987654321+01:00',
    FinishedAt: '2026-01-02T03:05:00Z',
    ...state,
  },
  Config: {
    Labels: { 'dev.stackwright.pod-uid': 'u', 'dev.stackwright.container': 'c', 'dev.stackwright.attempt': '3' },
  },
  HostConfig: { Memory: memory },
});
const stateOf = (state: Partial<PodmanContainer['State']>, memory = 0, killed = false) =>
  toStatus(container(state, memory), killed).state;

describe("a container's status", () => {
  it('has its identity from its labels', () => {
    expect(toStatus(container({}), false)).toMatchObject({
      id: 'id',
      podUid: 'u',
      name: 'c',
      attempt: 3,
      imageId: 'image-id',
    });
  });

  it('has times as Kubernetes writes them', () => {
    expect(stateOf({})).toEqual({ phase: 'running', startedAt: '2026-01-02T03:04:05Z' });
  });

  it.each(['created', 'configured', 'initialized'])('is created, not started, when podman says %s', (Status) => {
    expect(stateOf({ Status })).toEqual({ phase: 'created' });
  });

  it('runs until it has stopped', () => {
    expect(stateOf({ Status: 'stopping' })).toMatchObject({ phase: 'running' });
    expect(stateOf({ Status: 'exited', ExitCode: 4 })).toMatchObject({
      phase: 'exited',
      exitCode: 4,
      oomKilled: false,
    });
  });

  it('takes a SIGKILL under a memory limit for lack of memory, unless it was asked for', () => {
    const killed = { Status: 'exited', ExitCode: 137 };
    expect(stateOf(killed, 1000)).toMatchObject({ oomKilled: true });
    expect(stateOf(killed, 1000, true)).toMatchObject({ oomKilled: false });
    expect(stateOf(killed)).toMatchObject({ oomKilled: false });
  });
});
