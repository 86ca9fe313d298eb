import { ControlPlane } from '@stackwright/api';
import { conditionOf, eventually } from '@stackwright/integration';
import { isNotFound, Service } from '@stackwright/kube';
import { Placement } from '@stackwright/placement';
import { expect, it } from 'vitest';
import { namespace, type Cluster } from '../cluster.js';
import { issueToken } from '../identity.js';
import { allReady } from '../observe.js';

const slow = 180_000;
const plane = { namespace, name: 'openstack' };
const placement = { namespace, name: 'placement' };

export function refused(cluster: Cluster): void {
  it('what runs is looked after while a change to it is refused', async () => {
    const { client } = cluster;
    const setConfig = (config: object | null) =>
      client.patch(ControlPlane, plane, { type: 'merge', body: { spec: { services: { placement: { config } } } } });
    const before = await client.get(Service, placement);
    await setConfig({ 'placement.conf': { DEFAULT: { no_such_option: 'x' } } });
    try {
      await eventually(async () => {
        const ready = await conditionOf(client, Placement, placement);
        expect(ready).toMatchObject({ status: 'False', reason: 'InvalidConfig' });
        expect(await conditionOf(client, Placement, placement, 'Available')).toMatchObject({ status: 'True' });
      }, slow);
      await client.delete(Service, placement).catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
      const after = await eventually(async () => {
        const service = await client.get(Service, placement);
        expect(service.metadata?.uid).not.toBe(before.metadata?.uid);
        return service;
      }, slow);
      expect(after.spec?.selector).toEqual(before.spec?.selector);
      expect(after.metadata?.labels).toEqual(before.metadata?.labels);
      expect(await issueToken(client)).toBeTruthy();
    } finally {
      await setConfig(null);
    }
    await eventually(() => allReady(client), slow);
  });
}
