import { ControlPlane, IdentityClaim } from '@stackwright/api';
import { modules } from '@stackwright/cli';
import { Keystone } from '@stackwright/keystone';
import { Placement } from '@stackwright/placement';
import { Deployment, Secret } from '@stackwright/kube';
import { makeAuthority } from '@stackwright/kube/testing/tls';
import { expect, it, vi } from 'vitest';
import { eventually, expectReady } from './support/facts.js';
import { controlPlane, namespace, plane, startWorld } from './support/world.js';
vi.setConfig({ testTimeout: 200_000, hookTimeout: 90_000 });
it('tls', async () => {
  const world = await startWorld({ modules: modules.filter(({ name }) => ['coordinator','mariadb','memcached','keystone','placement'].includes(name)) });
  const { client } = world;
  const authority = await makeAuthority();
  for (const name of ['keystone', 'placement']) {
    const { cert, key } = await authority.issue(name, [`${name}.${namespace}.svc`]);
    const data = Object.fromEntries(Object.entries({ 'tls.crt': cert, 'tls.key': key, 'ca.crt': authority.ca }).map(([k, v]) => [k, Buffer.from(v).toString('base64')]));
    await client.create(Secret, { apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/tls', metadata: { namespace, name: `${name}-cert`, labels: { 'stackwright.dev/usable-by': name } }, data });
  }
  const cp = controlPlane();
  const tls = (name: string) => ({ tls: { secretRef: { name: `${name}-cert` } } });
  await client.create(ControlPlane, { ...cp, spec: { ...cp.spec, services: { keystone: tls('keystone'), placement: { ...tls('placement'), route: { hostname: 'placement.example.org', ingress: {} } } } } } as never);
  const t = Date.now();
  await eventually(() => expectReady(client, ControlPlane, plane), 120_000).catch(async (e) => {
    for (const k of [Keystone, Placement]) console.log(k.kind, JSON.stringify((await client.listAll(k, { namespace })).items.map((o) => (o as never as {status: unknown}).status), null, 1));
    throw e;
  });
  console.log('ready after', Date.now() - t);
  console.log((await client.get(Keystone, { namespace, name: 'keystone' })).status?.endpoint, (await client.get(Placement, { namespace, name: 'placement' })).status?.endpoint);
  console.log(JSON.stringify((await client.listAll(IdentityClaim, { namespace })).items.map(({ spec, status }) => [spec.service, status?.secretName])));
  const hash = async () => (await client.get(Deployment, { namespace, name: 'placement' })).spec?.template.metadata?.annotations?.['stackwright.dev/config-hash'];
  const before = await hash();
  const { cert, key } = await authority.issue('p2', [`placement.${namespace}.svc`]);
  await client.patch(Secret, { namespace, name: 'placement-cert' }, { type: 'merge', body: { data: { 'tls.crt': Buffer.from(cert).toString('base64'), 'tls.key': Buffer.from(key).toString('base64') } } });
  await eventually(async () => { expect(await hash()).not.toBe(before); await expectReady(client, ControlPlane, plane); }, 60_000);
  const count = world.audit.length;
  await new Promise((r) => setTimeout(r, 5000));
  console.log('writes at rest', world.audit.slice(count).filter((e) => !['get', 'list', 'watch'].includes((e as never as {verb: string}).verb)).map((e) => JSON.stringify(e)).filter((s) => !s.includes('leases') && !s.includes('/events')).slice(0, 5));
  await world.stop();
});
