import { ControlPlane } from '@stackwright/api';
import { CacheNotSyncedError, type Reader } from '@stackwright/core';
import { readerOf } from '@stackwright/graph/testing';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { registerMetrics } from './metrics.js';

const plane = {
  apiVersion: 'stackwright.dev/v1alpha1',
  kind: 'ControlPlane',
  metadata: { namespace: 'openstack', name: 'openstack' },
  spec: { release: '2025.1', deletionPolicy: 'Retain' as const },
  status: {
    conditions: [{ type: 'Ready', status: 'False' as const, reason: 'Pending', message: '', lastTransitionTime: '' }],
    services: [
      { name: 'mariadb', kind: 'MariaDB', managed: true, ready: true, available: true },
      { name: 'keystone', kind: 'Keystone', managed: true, ready: false, available: true, release: '2025.1' },
    ],
  },
};

async function samples(reader: Reader): Promise<string[]> {
  const registry = new Registry();
  registerMetrics(registry, reader);
  return (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

describe("the coordinator's metrics", () => {
  it('tell each service of each control plane', async () => {
    expect(await samples(readerOf([ControlPlane, plane]))).toEqual([
      'stackwright_controlplane_info{namespace="openstack",name="openstack",release="2025.1"} 1',
      'stackwright_controlplane_ready{namespace="openstack",name="openstack"} 0',
      'stackwright_controlplane_available{namespace="openstack",name="openstack"} 0',
      'stackwright_controlplane_service_available{namespace="openstack",name="openstack",service="mariadb",release=""} 1',
      'stackwright_controlplane_service_available{namespace="openstack",name="openstack",service="keystone",release="2025.1"} 1',
      'stackwright_controlplane_service_ready{namespace="openstack",name="openstack",service="mariadb",release=""} 1',
      'stackwright_controlplane_service_ready{namespace="openstack",name="openstack",service="keystone",release="2025.1"} 0',
    ]);
  });

  it('leave nothing behind of one that is gone, and nothing fails before the first list', async () => {
    expect(await samples(readerOf())).toEqual([]);
    const unsynced: Reader = {
      get: () => undefined,
      list() {
        throw new CacheNotSyncedError('not yet');
      },
    };
    expect(await samples(unsynced)).toEqual([]);
  });
});
