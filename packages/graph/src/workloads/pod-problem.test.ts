import type { Pod } from '@stackwright/kube';
import { describe, expect, it } from 'vitest';
import { failureOfPods, isStarted, podProblem } from './pod-problem.js';

const pod = (status: object, more: object = {}): Pod => ({
  metadata: { namespace: 'ns', name: 'p-1', creationTimestamp: '2025-01-01T00:00:00Z', ...more },
  status,
});
const container = (state: object, more: object = {}) => ({
  name: 'app',
  image: 'app:1',
  ready: false,
  restartCount: 0,
  imageID: '',
  state,
  ...more,
});

const now = Date.parse('2025-01-03T00:00:00Z');

describe('the problem of a Pod', () => {
  it.each<[string, object, string, RegExp]>([
    [
      'an image that cannot be pulled',
      { containerStatuses: [container({ waiting: { reason: 'ImagePullBackOff', message: 'manifest unknown' } })] },
      'ImagePullFailed',
      /^Pod p-1: container app: image app:1 cannot be pulled: manifest unknown$/,
    ],
    [
      'a Secret that is not there',
      {
        containerStatuses: [
          container({ waiting: { reason: 'CreateContainerConfigError', message: 'secret "s" not found' } }),
        ],
      },
      'ContainerConfigInvalid',
      /secret "s" not found/,
    ],
    [
      'a container that crashes, with the end of its log',
      {
        containerStatuses: [
          container(
            { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 10s' } },
            { lastState: { terminated: { exitCode: 22, reason: 'Error', message: 'Traceback\nno module named x\n' } } },
          ),
        ],
      },
      'ContainerCrashed',
      /container app ended with exit code 22: Traceback\nno module named x$/,
    ],
    [
      'a container that ends well at once, and should run',
      { phase: 'Running', containerStatuses: [container({ terminated: { exitCode: 0, reason: 'Completed' } })] },
      'ContainerCrashed',
      /container app ended with exit code 0$/,
    ],
    [
      'an init container that failed',
      { initContainerStatuses: [container({ terminated: { exitCode: 1, reason: 'OOMKilled' } }, { name: 'init' })] },
      'ContainerCrashed',
      /container init ended with exit code 1 \(OOMKilled\)/,
    ],
    [
      'no node that takes it',
      { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes' }] },
      'Unschedulable',
      /0\/3 nodes/,
    ],
    [
      'an eviction',
      { phase: 'Failed', reason: 'Evicted', message: 'disk pressure' },
      'ContainerCrashed',
      /Evicted: disk pressure/,
    ],
  ])('is %s', (_what, status, reason, message) => {
    const problem = podProblem([pod(status)], now);
    expect(problem).toMatchObject({ reason, on: { kind: 'Pod', name: 'p-1', namespace: 'ns' } });
    expect(problem?.message).toMatch(message);
  });

  it.each<[string, Pod]>([
    ['runs', pod({ phase: 'Running', containerStatuses: [container({ running: {} })] })],
    [
      'runs again after a crash',
      pod({ containerStatuses: [container({ running: {} }, { lastState: { terminated: { exitCode: 1 } } })] }),
    ],
    [
      'is being created',
      pod({ phase: 'Pending', containerStatuses: [container({ waiting: { reason: 'ContainerCreating' } })] }),
    ],
    [
      'has done its init containers',
      pod({ initContainerStatuses: [container({ terminated: { exitCode: 0, reason: 'Completed' } })] }),
    ],
    [
      'has waited for a node only for a moment',
      pod({
        conditions: [
          {
            type: 'PodScheduled',
            status: 'False',
            reason: 'Unschedulable',
            lastTransitionTime: '2025-01-02T23:59:50Z',
          },
        ],
      }),
    ],
    [
      'has done its work, and is not to do it again',
      {
        ...pod({
          phase: 'Running',
          containerStatuses: [container({ terminated: { exitCode: 0, reason: 'Completed' } })],
        }),
        spec: { restartPolicy: 'Never', containers: [] },
      },
    ],
    ['is being deleted', pod({ phase: 'Failed' }, { deletionTimestamp: '2025-01-01T00:00:00Z' })],
  ])('is none when it %s', (_what, one) => expect(podProblem([one], now)).toBeUndefined());

  it('is that of the newest Pod', () => {
    const old = pod({ phase: 'Failed', reason: 'Old' }, { name: 'old' });
    const fresh = pod({ phase: 'Failed', reason: 'New' }, { name: 'new', creationTimestamp: '2025-01-02T00:00:00Z' });
    expect(podProblem([old, fresh], now)?.message).toBe('Pod new: New');
  });

  it('keeps to the last lines of a log', () => {
    const message = Array.from({ length: 50 }, (_, line) => `line ${line}`).join('\n');
    const failure =
      failureOfPods([pod({ containerStatuses: [container({ terminated: { exitCode: 1, message } })] })]) ?? '';
    expect(failure.split('\n')).toHaveLength(10);
    expect(failure).toMatch(/line 49$/);
  });

  it('knows whether anything of it has run', () => {
    expect(isStarted(pod({ phase: 'Pending' }))).toBe(false);
    expect(
      isStarted(pod({ phase: 'Pending', containerStatuses: [container({ waiting: { reason: 'ErrImagePull' } })] })),
    ).toBe(false);
    expect(isStarted(pod({ phase: 'Pending', initContainerStatuses: [container({ running: {} })] }))).toBe(true);
    expect(isStarted(pod({ phase: 'Running' }))).toBe(true);
  });
});
