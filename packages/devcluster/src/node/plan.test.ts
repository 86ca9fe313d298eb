import { describe, expect, it } from 'vitest';
import type { Pod } from '@stackwright/kube';
import type { Container } from 'kubernetes-types/core/v1.d.ts';
import { planContainers } from './plan.js';
import type { ContainerStatus } from './runtime.js';

type Phase = 'running' | 'created' | number;

const time = '2025-01-01T00:00:00Z';

function status(name: string, phase: Phase): ContainerStatus {
  const state: ContainerStatus['state'] =
    phase === 'created'
      ? { phase }
      : phase === 'running'
        ? { phase, startedAt: time }
        : { phase: 'exited', startedAt: time, finishedAt: time, exitCode: phase, oomKilled: false };
  return { id: name, podUid: 'p', name, attempt: 0, image: 'i', imageId: '', state };
}

interface Case {
  policy?: 'Always' | 'OnFailure' | 'Never';
  init?: string[];
  main?: string[];
  phases?: Record<string, Phase>;
  unstarted?: string[];
  failed?: Record<string, 'liveness' | 'startup'>;
  images?: Record<string, string>;
}

/** Names with a trailing "*" are sidecars. */
function plan({
  policy = 'Always',
  init = [],
  main = ['m'],
  phases = {},
  unstarted = [],
  failed = {},
  images = {},
}: Case): [string[], string[]] {
  const container = (text: string): Container => {
    const name = text.replace('*', '');
    return { name, image: images[name] ?? 'i', ...(text.endsWith('*') ? { restartPolicy: 'Always' } : {}) };
  };
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    spec: { restartPolicy: policy, initContainers: init.map(container), containers: main.map(container) },
  };
  const { start, kill } = planContainers(pod, {
    history: (name) => (phases[name] === undefined ? [] : [status(name, phases[name])]),
    isStarted: ({ name }) => !unstarted.includes(name),
    failedProbe: ({ name }) => failed[name],
    imageOf: () => 'i',
  });
  return [start.map(({ name }) => name), kill.map((item) => item.container.name)];
}

describe('the next steps of a Pod', () => {
  it.each<[string, Case, string[], string[]]>([
    ['starts all containers', { main: ['a', 'b'] }, ['a', 'b'], []],
    ['starts what was made and never started', { phases: { m: 'created' } }, ['m'], []],
    ['leaves running ones alone', { phases: { m: 'running' } }, [], []],
    ['restarts what ended', { phases: { m: 0 } }, ['m'], []],
    ['restarts failures with OnFailure', { policy: 'OnFailure', main: ['a', 'b'], phases: { a: 0, b: 1 } }, ['b'], []],
    ['restarts nothing with Never', { policy: 'Never', phases: { m: 1 } }, [], []],
    ['starts the first init container alone', { init: ['a', 'b'] }, ['a'], []],
    ['waits for it', { init: ['a', 'b'], phases: { a: 'running' } }, [], []],
    ['goes on to the second', { init: ['a', 'b'], phases: { a: 0 } }, ['b'], []],
    ['goes on to the containers', { init: ['a', 'b'], phases: { a: 0, b: 0 } }, ['m'], []],
    ['tries a failed init container again', { init: ['a', 'b'], phases: { a: 1 } }, ['a'], []],
    ['gives up on it with Never', { policy: 'Never', init: ['a', 'b'], phases: { a: 1 } }, [], []],
    ['does not look back once containers ran', { init: ['a'], phases: { m: 1 } }, ['m'], []],
    ['starts a sidecar first', { init: ['s*', 'a'] }, ['s'], []],
    ['waits until it has started', { init: ['s*', 'a'], phases: { s: 'running' }, unstarted: ['s'] }, [], []],
    ['goes on beside it', { init: ['s*', 'a'], phases: { s: 'running' } }, ['a'], []],
    ['restarts a sidecar at any time', { policy: 'Never', init: ['s*'], phases: { s: 0, m: 'running' } }, ['s'], []],
    [
      'ends sidecars when the work is done',
      { policy: 'Never', init: ['s*'], phases: { s: 'running', m: 0 } },
      [],
      ['s'],
    ],
    ['does not restart them then', { policy: 'Never', init: ['s*'], phases: { s: 0, m: 0 } }, [], []],
    ['ends what fails its liveness probe', { phases: { m: 'running' }, failed: { m: 'liveness' } }, [], ['m']],
    ['ends what never starts up', { phases: { m: 'running' }, failed: { m: 'startup' } }, [], ['m']],
    ['ends what runs another image than it should', { phases: { m: 'running' }, images: { m: 'j' } }, [], ['m']],
  ])('%s', (_name, given, start, kill) => {
    expect(plan(given)).toEqual([start, kill]);
  });
});
