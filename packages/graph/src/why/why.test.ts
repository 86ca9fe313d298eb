import type { KubeObject } from '@stackwright/kube';
import { describe, expect, it } from 'vitest';
import { rootOf, type Observed, type WhyOptions } from './chain.js';
import { why } from './why.js';

const at = '2025-06-01T12:00:00Z';

function observed(...objects: KubeObject[]): Observed {
  return {
    find: ({ kind, name, namespace }) =>
      objects.find((one) => one.kind === kind && one.metadata?.name === name && one.metadata.namespace === namespace),
    list: <T extends KubeObject>(kind: string) => objects.filter((one): one is T => one.kind === kind),
  };
}

const object = (apiVersion: string, kind: string, name: string, rest: object = {}): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name, namespace: 'ns', generation: 1, labels: { app: name } },
  ...rest,
});

function widget(name: string, reason: string, step: string, on: object, message = ''): KubeObject {
  const condition = (type: string) => ({ type, status: 'False', reason, message, lastTransitionTime: at });
  const status = {
    observedGeneration: 1,
    conditions: [condition('Ready'), condition(`${step}Ready`)],
    waitingFor: [{ step, reason, apiVersion: 'v1', ...on }],
  };
  return object('test.dev/v1', 'Widget', name, { status });
}

const set = object('apps/v1', 'StatefulSet', 'db', { spec: { selector: { matchLabels: { app: 'db' } } }, status: {} });
const ask = (seen: Observed, options: WhyOptions = {}) =>
  why(seen, { apiVersion: 'test.dev/v1', kind: 'Widget', name: 'w', namespace: 'ns' }, options);
const say = (chain: ReturnType<typeof why>) =>
  chain.map(({ object: { kind, name }, state, reason }) => `${kind}/${name} ${state} ${reason}`);

describe('why', () => {
  it('walks from any object with a Ready condition to the volume that a Pod waits for', () => {
    const chain = ask(
      observed(
        widget('w', 'RolloutInProgress', 'Server', { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db' }),
        set,
        object('v1', 'Pod', 'db', {
          spec: { containers: [], volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }] },
          status: { phase: 'Pending' },
        }),
        object('v1', 'PersistentVolumeClaim', 'data', { status: { phase: 'Pending' } }),
      ),
    );
    expect(say(chain)).toEqual([
      'Widget/w Waiting RolloutInProgress',
      'StatefulSet/db Waiting PodsNotReady',
      'Pod/db Waiting Pending',
      'PersistentVolumeClaim/data Waiting Unbound',
    ]);
    expect(chain[0]).toMatchObject({ step: 'Server', since: at });
  });

  it('looks in the namespace that is named, and says what is not there', () => {
    const elsewhere = { ...set, metadata: { ...set.metadata, namespace: 'other' } };
    const on = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db' };
    expect(rootOf(ask(observed(widget('w', 'R', 'S', on), elsewhere)))).toMatchObject({
      state: 'Missing',
      object: { kind: 'StatefulSet', namespace: 'ns' },
    });
    expect(rootOf(ask(observed(widget('w', 'R', 'S', { ...on, namespace: 'other' }), elsewhere)))).toMatchObject({
      state: 'Waiting',
      object: { kind: 'StatefulSet', namespace: 'other' },
    });
  });

  it('knows trouble from patience by the reasons that it is told of', () => {
    const seen = observed(
      widget('w', 'WaitingForPart', 'Part', { apiVersion: 'test.dev/v1', kind: 'Widget', name: 'bad' }),
      widget('bad', 'Broken', 'Part', { kind: 'Secret', name: 'there' }, 'it is broken'),
      object('v1', 'Secret', 'there'),
    );
    const chain = ask(seen, { isPatient: (reason) => reason.startsWith('Waiting') });
    expect(say(chain)).toEqual(['Widget/w Waiting WaitingForPart', 'Widget/bad Failed Broken']);
    expect(rootOf(chain).message).toBe('it is broken');
  });

  it('quotes the last words of a container, without the password in them and what stands before them', () => {
    const terminated = { exitCode: 1, message: '12:00 INFO start\n12:01 ERROR no mysql://root:hunter2@db' };
    const chain = ask(
      observed(
        widget('w', 'ContainerCrashed', 'Server', { kind: 'Pod', name: 'p' }),
        object('v1', 'Pod', 'p', {
          spec: { containers: [] },
          status: { containerStatuses: [{ name: 'main', state: { terminated } }] },
        }),
      ),
      { line: (text) => text.replace(/^\S+ [A-Z]+ /, '') },
    );
    expect(rootOf(chain)).toMatchObject({
      state: 'Failed',
      message: 'container main exited with 1: no mysql://***@db',
      container: 'main',
    });
  });

  it.each<[string, object, string]>([
    [
      'ends well, at once, and should run',
      { state: { terminated: { exitCode: 0, reason: 'Completed' } } },
      'Failed Completed container main exited with 0',
    ],
    [
      'runs again, and is not ready',
      {
        state: { running: {} },
        ready: false,
        restartCount: 1,
        lastState: { terminated: { exitCode: 1, message: 'no such table' } },
      },
      'Waiting NotReady container main runs but is not ready yet; before, it exited with 1: no such table',
    ],
  ])('says of a container that %s how it ended', (_what, status, says) => {
    const pod = object('v1', 'Pod', 'p', {
      spec: { containers: [] },
      status: { phase: 'Running', containerStatuses: [{ name: 'main', ...status }] },
    });
    const chain = ask(observed(widget('w', 'ContainerCrashed', 'Server', { kind: 'Pod', name: 'p' }), pod));
    const { state, reason, message } = rootOf(chain);
    expect(`${state} ${reason} ${message}`).toBe(says);
  });
});
