import type { CacheClaim } from '@stackwright/api';
import { GraphHarness } from '@stackwright/core/testing';
import { Secret, Service, StatefulSet } from '@stackwright/kube';
import { valuesOf } from '@stackwright/openstack';
import { describe, expect, it } from 'vitest';
import { cacheClaimGraph } from './cache-claim.js';
import { Memcached } from './crd.js';
import { memcachedGraph } from './memcached.js';

const at = (name: string) => ({ namespace: 'ns', name });

const memcached = (spec: Partial<Memcached['spec']> = {}) => ({
  apiVersion: 'memcached.stackwright.dev/v1alpha1',
  kind: 'Memcached',
  spec: { replicas: 1, memory: '64Mi', deletionPolicy: 'Retain' as const, ...spec },
});

describe('a Memcached', () => {
  const start = async (spec: Partial<Memcached['spec']> = {}) => {
    const harness = new GraphHarness(memcachedGraph);
    await harness.create(memcached(spec));
    await harness.settle();
    return harness;
  };

  it('is a StatefulSet whose Pods have names, and no root', async () => {
    const harness = await start({ replicas: 2, memory: '1Gi' });
    const { spec } = harness.api.peek(StatefulSet, at('sample'))!;
    expect(spec?.replicas).toBe(2);
    expect(spec?.template.spec).toMatchObject({ securityContext: { runAsNonRoot: true, runAsUser: 64101 } });
    const { command } = spec!.template.spec!.containers[0]!;
    expect(command![command!.indexOf('-m') + 1]).toBe('1024');
    expect(harness.api.peek(Service, at(spec!.serviceName))?.spec?.clusterIP).toBe('None');
  });

  it('is Ready when all its Pods are, says where they are, and then writes nothing', async () => {
    const harness = await start({ replicas: 2 });
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'RolloutInProgress' });
    const status = { observedGeneration: 1, replicas: 2, readyReplicas: 2, updatedReplicas: 2 };
    await harness.edit(StatefulSet, 'sample', { status }, 'status');
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(harness.object.status).toMatchObject({
      endpoint: 'sample-0.sample.ns.svc:11211,sample-1.sample.ns.svc:11211',
    });
    harness.restart();
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
  });
});

describe('a CacheClaim', () => {
  async function start(): Promise<GraphHarness<CacheClaim>> {
    const harness = new GraphHarness(cacheClaimGraph);
    await harness.create({
      apiVersion: 'claims.stackwright.dev/v1alpha1',
      kind: 'CacheClaim',
      spec: { provider: 'memcached' },
    });
    await harness.settle();
    return harness;
  }
  const servers = (harness: GraphHarness<CacheClaim>) =>
    valuesOf(harness.api.peek(Secret, at('sample-connection')) ?? {}, ['servers']);

  it('waits for its provider by name, and then says where the servers are', async () => {
    const harness = await start();
    expect(harness.condition('Ready')).toMatchObject({
      reason: 'WaitingForProvider',
      message: 'Memcached memcached does not exist',
    });
    await harness.api.seed(Memcached, { ...memcached({ replicas: 2 }), metadata: at('memcached') });
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ message: 'Memcached memcached is not ready' });
    expect(servers(harness)).toEqual({ missing: ['servers'] });

    const ready = {
      type: 'Ready',
      status: 'True',
      reason: 'Ready',
      message: '',
      observedGeneration: 1,
      lastTransitionTime: '2025-01-01T00:00:00Z',
    };
    await harness.edit(Memcached, 'memcached', { status: { conditions: [ready] } }, 'status');
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(harness.object.status).toMatchObject({ secretName: 'sample-connection' });
    expect(servers(harness)).toEqual({
      values: { servers: 'memcached-0.memcached.ns.svc:11211,memcached-1.memcached.ns.svc:11211' },
    });

    // To pause is a change of its spec that nobody answers to; what runs goes on running.
    await harness.edit(Memcached, 'memcached', { spec: { paused: true } });
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });
});
