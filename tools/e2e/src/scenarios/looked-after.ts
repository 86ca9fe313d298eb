// What runs goes on running and is looked after, whatever somebody wants next; and who does not look after it is named.
import { ControlPlane } from '@stackwright/api';
import { conditionOf, eventually } from '@stackwright/integration';
import { Deployment, Service } from '@stackwright/kube';
import { Glance } from '@stackwright/glance';
import { Placement } from '@stackwright/placement';
import { expect, it } from 'vitest';
import { namespace, type Cluster } from '../cluster.js';
import { issueToken } from '../identity.js';
import { allReady } from '../observe.js';

const slow = 180_000;
const plane = { namespace, name: 'openstack' };
const placement = { namespace, name: 'placement' };
const glance = { namespace, name: 'glance' };

export function lookedAfter(cluster: Cluster): void {
  it('what runs is set right while a change to it is refused', async () => {
    const { client } = cluster;
    const setConfig = (config: object | null) =>
      client.patch(ControlPlane, plane, { type: 'merge', body: { spec: { services: { placement: { config } } } } });
    const before = await client.get(Service, placement);
    await setConfig({ 'placement.conf': { DEFAULT: { no_such_option: 'x' } } });
    try {
      await eventually(async () => {
        expect(await conditionOf(client, Placement, placement)).toMatchObject({
          status: 'False',
          reason: 'InvalidConfig',
        });
      }, slow);
      await client.delete(Service, placement);
      const after = await eventually(async () => {
        const service = await client.get(Service, placement);
        expect(service.metadata?.uid).not.toBe(before.metadata?.uid);
        return service;
      }, slow);
      expect(after.spec?.selector).toEqual(before.spec?.selector);
      expect(after.metadata?.labels).toEqual(before.metadata?.labels);
      expect(await issueToken(client)).not.toBe('');
    } finally {
      await setConfig(null);
    }
    await eventually(() => allReady(client), slow);
  });

  it('a service that is left out of the control plane by mistake keeps running, and is asked about', async () => {
    const { client } = cluster;
    const before = await client.get(Glance, glance);
    const { spec } = await client.get(ControlPlane, plane);
    const dropped = { op: 'remove', path: '/spec/services/glance' } as const;
    await client.patch(ControlPlane, plane, { type: 'json', body: [dropped] });
    try {
      await eventually(async () => {
        const ready = await conditionOf(client, ControlPlane, plane);
        expect(ready).toMatchObject({ status: 'False', reason: 'ServiceDropped' });
        expect(ready.message).toContain('spec.removeServices');
      }, slow);
      const { stdout } = await cluster.stackwright('status');
      expect(stdout).toContain('spec.removeServices');
      const after = await client.get(Glance, glance);
      expect(after.metadata?.uid).toBe(before.metadata?.uid);
      expect((await conditionOf(client, Glance, glance)).status).toBe('True');
    } finally {
      const { glance: again } = spec.services as Record<string, object>;
      await client.patch(ControlPlane, plane, { type: 'merge', body: { spec: { services: { glance: again ?? {} } } } });
    }
    await eventually(() => allReady(client), slow);
    expect((await client.get(Glance, glance)).metadata?.uid).toBe(before.metadata?.uid);
  });

  it('a controller that is scaled to zero is named, and nothing is said to be ready that nobody looks after', async () => {
    const { client } = cluster;
    const controller = { namespace, name: 'placement-controller' };
    const scale = (replicas: number) =>
      client.patch(Deployment, controller, { type: 'merge', body: { spec: { replicas } } });
    await scale(0);
    try {
      await eventually(async () => {
        const { stdout } = await cluster.stackwright('status');
        expect(stdout).toMatch(/placement .*unknown|\? +placement/);
        expect(stdout).toContain('placement-controller');
      }, slow);
      const { stdout } = await cluster.stackwright('why', 'placement');
      expect(stdout).toContain('scaled to zero');
    } finally {
      await scale(1);
    }
    await eventually(async () => {
      const { code, stdout } = await cluster.stackwright('status');
      expect(code, stdout).toBe(0);
    }, slow);
  });
}
