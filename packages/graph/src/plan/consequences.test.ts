import { ConfigMap, Deployment, StatefulSet, type Node } from '@stackwright/kube';
import { describe, expect, it } from 'vitest';
import { consequencesOf } from './consequences.js';

const template = (image: string, requests: Record<string, string> = {}) => ({
  spec: { terminationGracePeriodSeconds: 60, containers: [{ name: 'api', image, resources: { requests } }] },
});
const selector = { matchLabels: { a: 'b' } };

function deployment(image: string, { replicas = 1, type = 'Recreate', requests = {} } = {}): Deployment {
  return { metadata: {}, spec: { replicas, strategy: { type }, selector, template: template(image, requests) } };
}

function statefulSet(image: string, replicas: number): StatefulSet {
  return { metadata: {}, spec: { replicas, serviceName: 's', selector, template: template(image) } };
}

const node = (memory: string, spec: Node['spec'] = {}): Node => ({
  metadata: {},
  spec,
  status: { allocatable: { memory, cpu: '4' } },
});

describe('what a change of a workload means', () => {
  const away = /^its only Pod stops before a new one starts: nobody is served for up to 60 seconds/;

  it('is said where the only Pod has to go first, with how long that takes', () => {
    expect(consequencesOf(Deployment, deployment('a'), deployment('b'))).toEqual([expect.stringMatching(away)]);
    expect(consequencesOf(StatefulSet, statefulSet('a', 1), statefulSet('b', 1))).toEqual([
      expect.stringMatching(away),
    ]);
    expect(consequencesOf(Deployment, deployment('a', { replicas: 3 }), deployment('b', { replicas: 3 }))).toEqual([
      expect.stringMatching(/^all 3 Pods stop/),
    ]);
  });

  it('is nothing where others serve meanwhile, nothing ran, or no Pod is replaced', () => {
    const rolling = { type: 'RollingUpdate' };
    expect(consequencesOf(Deployment, deployment('a', rolling), deployment('b', rolling))).toEqual([]);
    expect(consequencesOf(StatefulSet, statefulSet('a', 3), statefulSet('b', 3))).toEqual([]);
    expect(consequencesOf(Deployment, undefined, deployment('b'))).toEqual([]);
    expect(consequencesOf(Deployment, deployment('a', { replicas: 0 }), deployment('b'))).toEqual([]);
    expect(consequencesOf(Deployment, deployment('a'), deployment('a', { replicas: 2 }))).toEqual([]);
    expect(consequencesOf(Deployment, deployment('a'), undefined)).toEqual([]);
    expect(consequencesOf(ConfigMap, { metadata: {} }, { metadata: {} })).toEqual([]);
  });

  it('is said of requests that no node has, however empty it is', () => {
    const large = deployment('b', { type: 'RollingUpdate', requests: { memory: '64Gi', cpu: '500m' } });
    const before = deployment('a', { type: 'RollingUpdate' });
    const nodes = [node('8Gi'), node('16Gi'), node('128Gi', { unschedulable: true })];
    expect(consequencesOf(Deployment, before, large, nodes)).toEqual([
      'no node has 64Gi of memory: the largest has 16Gi',
    ]);
    expect(consequencesOf(Deployment, undefined, large, nodes)).toHaveLength(1);
    expect(consequencesOf(Deployment, before, large, [node('64Gi')])).toEqual([]);
    // Who may see none knows nothing of them.
    expect(consequencesOf(Deployment, before, large)).toEqual([]);
  });
});
