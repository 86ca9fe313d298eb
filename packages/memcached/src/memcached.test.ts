import { CacheClaim } from '@stackwright/api';
import { Service } from '@stackwright/kube';
import { ClaimHarness, ServerHarness } from '@stackwright/openstack/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { cacheClaimGraph } from './cache-claim.js';
import { Memcached } from './crd.js';
import { memcachedGraph } from './memcached.js';

const memcached = (spec: Partial<Memcached['spec']> = {}) => ({
  apiVersion: 'memcached.stackwright.dev/v1alpha1',
  kind: 'Memcached',
  spec: { replicas: 1, memory: '64Mi', deletionPolicy: 'Retain' as const, ...spec },
});

describe('a Memcached', () => {
  const start = async (spec: Partial<Memcached['spec']> = {}) => {
    const harness = new ServerHarness(memcachedGraph);
    await harness.begin(memcached(spec));
    return harness;
  };

  it('is a StatefulSet whose Pods have names, and no root', async () => {
    const harness = await start({ replicas: 2, memory: '1Gi' });
    const { spec } = harness.statefulSet;
    expect(spec?.replicas).toBe(2);
    expect(spec?.template.spec).toMatchObject({ securityContext: { runAsNonRoot: true, runAsUser: 64101 } });
    const { command } = spec!.template.spec!.containers[0]!;
    expect(command![command!.indexOf('-m') + 1]).toBe('1024');
    expect(harness.api.peek(Service, harness.at(spec!.serviceName))?.spec?.clusterIP).toBe('None');
  });

  it('is Ready when all its Pods are, says where they are, and then writes nothing', async () => {
    const harness = await start({ replicas: 2 });
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'RolloutInProgress' });
    await harness.comeUp();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(harness.object.status).toMatchObject({
      endpoint: 'sample-0.sample.ns.svc:11211,sample-1.sample.ns.svc:11211',
    });
    harness.restart();
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
  });
});

describe('a CacheClaim', () => {
  const claim = { apiVersion: 'claims.stackwright.dev/v1alpha1', kind: 'CacheClaim', spec: { provider: 'memcached' } };
  let harness: ClaimHarness<CacheClaim>;

  beforeEach(async () => {
    harness = new ClaimHarness(cacheClaimGraph, Memcached);
    await harness.begin(claim);
  });

  it('waits for its provider by name, and then says where the servers are', async () => {
    expect(harness.condition('Ready')).toMatchObject({
      reason: 'WaitingForProvider',
      message: 'Memcached memcached does not exist',
    });
    await harness.runProvider(memcached({ replicas: 2 }).spec, { ready: false });
    await harness.settle();
    expect(harness.condition('Ready')?.message).toContain('Memcached memcached is not ready');
    expect(harness.connection).toEqual({});

    await harness.sayProviderReady(true);
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(harness.object.status).toMatchObject({ secretName: 'sample-connection' });
    expect(harness.connection).toEqual({
      servers: 'memcached-0.memcached.ns.svc:11211,memcached-1.memcached.ns.svc:11211',
    });

    // One server is away, or more are to come: nobody who has a cache waits for that.
    await harness.edit(Memcached, 'memcached', { spec: { replicas: 3 } });
    await harness.sayProviderReady(false);
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(harness.connection['servers']).not.toContain('memcached-2');
    await harness.sayProviderReady(true);
    expect(harness.connection['servers']).toContain('memcached-2');
    await harness.sayProviderReady(false);
    await harness.edit(CacheClaim, 'sample', { spec: { provider: 'other' } });
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ message: 'Memcached other does not exist' });
    await harness.edit(CacheClaim, 'sample', { spec: { provider: 'memcached' } });
    await harness.settle();
    expect(harness.condition('Ready')?.message).toContain('Memcached memcached is not ready');
    await harness.sayProviderReady(true);

    // To pause is a change of its spec that nobody answers to; what runs goes on running.
    await harness.edit(Memcached, 'memcached', { spec: { paused: true } });
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });

    // But it does not outlive itself.
    await harness.edit(Memcached, 'memcached', { metadata: { finalizers: ['example.com/hold'] } });
    await harness.api.delete(Memcached, harness.at('memcached'));
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ message: 'Memcached memcached is being deleted' });
  });
});
