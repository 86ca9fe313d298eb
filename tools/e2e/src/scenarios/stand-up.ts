import { ControlPlane } from '@stackwright/api';
import { expectReady } from '@stackwright/integration';
import { expect, it } from 'vitest';
import { hasKubectl, namespace, type Cluster } from '../cluster.js';

export function standUp(cluster: Cluster): void {
  it('npm start stands the control plane up and shows a token', { timeout: 1_800_000 }, async () => {
    const { code, stdout, stderr } = await cluster.npmStart('--timeout', '25m');
    expect(code).toBe(0);
    expect(stderr).toContain('Time of each stage:');
    expect(stdout).toMatch(/Keystone issued a token:\n\s+token\s+gAAAA/);
    await cluster.connect();
    await expectReady(cluster.client, ControlPlane, { namespace, name: 'openstack' });
  });

  it('the OpenStack client gets a token and the catalog', async () => {
    const token = await cluster.stackwright('openstack', '--', 'token', 'issue', '-f', 'value', '-c', 'id');
    expect(token.code, token.stderr).toBe(0);
    expect(token.stdout).toMatch(/^gAAAA\S+\n$/);
    const catalog = await cluster.stackwright('openstack', '--', 'catalog', 'list', '-f', 'value', '-c', 'Type');
    expect(catalog.code, catalog.stderr).toBe(0);
    expect(catalog.stdout.trim().split('\n')).toEqual(
      expect.arrayContaining(['block-storage', 'identity', 'image', 'placement']),
    );
  });

  it('an error of the OpenStack client is its exit code', async () => {
    expect((await cluster.stackwright('openstack', '--', 'user', 'show', 'nobody')).code).toBe(1);
  });

  it('kubectl works with the printed kubeconfig', async ({ skip }) => {
    if (!(await hasKubectl())) skip('kubectl is not installed');
    const listed = await cluster.kubectl(
      undefined,
      '-n',
      namespace,
      'get',
      'controlplanes,keystones,placements,glances,cinders,mariadbs,memcacheds,rabbitmqs,deployments,pods',
    );
    expect(listed.code, listed.stderr).toBe(0);
    expect(listed.stdout).toMatch(/keystone\.keystone\.stackwright\.dev\/keystone\s+True\s+Ready/);
  });

  it('kubectl takes the printed manifests', async ({ skip }) => {
    if (!(await hasKubectl())) skip('kubectl is not installed');
    const { stdout } = await cluster.stackwright('manifests');
    const applied = await cluster.kubectl(stdout, 'apply', '--dry-run=server', '-f', '-');
    expect(applied.code, applied.stderr).toBe(0);
    expect(applied.stdout).toMatch(/deployment\.apps\/keystone-controller configured \(server dry run\)/);
  });

  it('status and why say that all is well', async () => {
    const status = await cluster.stackwright('status');
    expect(status.code, status.stdout).toBe(0);
    for (const service of ['keystone', 'placement', 'glance', 'cinder', 'rabbitmq'])
      expect(status.stdout).toMatch(new RegExp(`✓ {2}${service}`));
    expect((await cluster.stackwright('why')).stdout).toMatch(/ControlPlane openstack is ready/);
  });
}
