import { ControlPlane } from '@stackwright/api';
import { Keystone } from '@stackwright/keystone';
import { Deployment, Ingress, Secret } from '@stackwright/kube';
import { makeAuthority } from '@stackwright/kube/testing/tls';
import { secretWith } from '@stackwright/openstack';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { eventually, expectReady } from './support/facts.js';
import { controlPlane, namespace, plane, startWorld, type World } from './support/world.js';

// For slow machines: nothing waits longer than what it waits for.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

describe('a Keystone with a certificate', () => {
  // The tests go on from each other.
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.stop());

  const keystone = () => world.client.get(Keystone, { namespace, name: 'keystone' });
  const template = async () => (await world.client.get(Deployment, { namespace, name: 'keystone' })).spec?.template;

  it('is served, probed and asked over HTTPS, and reached from outside by its route', async () => {
    const { client } = world;
    const authority = await makeAuthority();
    const { cert, key } = await authority.issue('keystone', [`keystone.${namespace}.svc`]);
    const labels = { 'stackwright.dev/usable-by': 'keystone' };
    await client.create(Secret, {
      ...secretWith('certificate', { 'tls.crt': cert, 'tls.key': key, 'ca.crt': authority.ca }),
      ...{ apiVersion: 'v1', kind: 'Secret', metadata: { namespace, name: 'certificate', labels } },
    });
    const tls = { secretRef: { name: 'certificate' } };
    const route = { hostname: 'identity.example.org', ingress: {} };
    await client.create(ControlPlane, controlPlane({ services: { keystone: { tls, route } } }));
    await eventually(() => expectReady(client, ControlPlane, plane), 60_000);
    expect((await keystone()).status?.endpoint).toBe(`https://keystone.${namespace}.svc:5000`);
    const ingress = await client.get(Ingress, { namespace, name: 'keystone' });
    expect(ingress.spec?.rules?.[0]?.host).toBe('identity.example.org');
  });

  it('runs on with the certificate that it has when its Secret is gone, and says so', async () => {
    const before = await template();
    await world.client.delete(Secret, { namespace, name: 'certificate' });
    await eventually(async () => {
      const ready = (await keystone()).status?.conditions?.find(({ type }) => type === 'Ready');
      expect(ready).toMatchObject({ status: 'False', reason: 'WaitingForObject' });
      expect(ready?.message).toContain('Secret certificate (spec.tls.secretRef) does not exist');
    }, 60_000);
    expect(await template()).toEqual(before);
    const deployment = await world.client.get(Deployment, { namespace, name: 'keystone' });
    expect(deployment.status?.readyReplicas).toBe(1);
  });
});
