// What `stackwright plan` says of a cluster that runs, and that saying so writes nothing.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ControlPlane } from '@stackwright/api';
import { exitCodeOf, makePlan, modules, plainColors, renderPlan, type PlanRequest } from '@stackwright/cli';
import { Keystone } from '@stackwright/keystone';
import { ConfigMap, Deployment, toYaml, type KubeObject } from '@stackwright/kube';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { eventually, expectReady } from './support/facts.js';
import { controlPlane, namespace, plane, startWorld, type World } from './support/world.js';

// For slow machines: nothing waits longer than what it waits for.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

const directory = mkdtempSync(join(tmpdir(), 'stackwright-plan-'));

describe('a plan for a cluster', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
    await world.client.create(ControlPlane, controlPlane());
    await eventually(() => expectReady(world.client, ControlPlane, plane), 30_000);
    // What is planned from now on is only planned.
    await Promise.all([...world.controllers.values()].map((controller) => controller.stop()));
  });
  afterAll(async () => {
    await world.stop();
    rmSync(directory, { recursive: true });
  });

  async function planned(request: Partial<PlanRequest>) {
    const from = world.audit.length;
    const { signal } = new AbortController();
    const report = await makePlan({ client: world.client, namespace, modules, signal, ...request });
    const changed = world.audit
      .slice(from)
      .filter(({ changed, dryRun, userAgent }) => changed && !dryRun && userAgent === 'user');
    expect(changed).toEqual([]);
    return { report, text: renderPlan(report, plainColors).join('\n') };
  }

  function fileOf(...objects: readonly KubeObject[]): string {
    const file = join(directory, 'edited.yaml');
    writeFileSync(file, toYaml(...objects));
    return file;
  }

  it('is empty when nothing is to be done, as far as it may look', async () => {
    const { report, text } = await planned({ observe: false });
    expect(report.summary).toMatchObject({ create: 0, change: 0, delete: 0, external: 0, failed: 0 });
    // However many there are.
    expect(text.match(/^Not looked at, outside Kubernetes: .*Database.*\.$/gm)).toHaveLength(1);
    expect(text).toMatch(/^Plan: nothing to change; \d+ steps are not known yet\.$/m);
    const looked = await planned({});
    expect(looked.text).toBe('Plan: nothing to change.');
  });

  it('of an edited ControlPlane goes down to the Deployment of the service', async () => {
    const live = await world.client.get(ControlPlane, plane);
    const edited = { ...live, spec: { ...live.spec, services: { keystone: { replicas: 3 } } } };
    const { report, text } = await planned({ file: fileOf(edited), observe: true });
    expect(text).toMatch(/ControlPlane openstack as in the file\n +spec\.services\.keystone\.replicas: none → 3/);
    expect(text).toMatch(/~ Keystone keystone .*\n +spec\.replicas: \d → 3/);
    expect(text).toMatch(/~ Deployment keystone .*\n +spec\.replicas: \d → 3 {3}\(keystone-controller\)/);
    expect(report.summary).toMatchObject({ create: 0, change: 2, delete: 0 });
  });

  it('says where the only Pod goes before the next one comes, and what no node has room for', async () => {
    const live = await world.client.get(ControlPlane, plane);
    const resources = { requests: { memory: '900Ti' } };
    const infrastructure = { ...live.spec.infrastructure, database: { mariadb: { resources } } };
    const edited = { ...live, spec: { ...live.spec, infrastructure } };
    const { text } = await planned({ file: fileOf(edited) });
    expect(text).toMatch(
      /~ StatefulSet mariadb (.*\n)+? +! its only Pod stops before a new one starts: nobody is served for up to 120 seconds/,
    );
    expect(text).toMatch(/! no node has 900Ti of memory: the largest has \d/);
  });

  it('of an edited service says that its owner would set it back', async () => {
    const live = await world.client.get(Keystone, { namespace, name: 'keystone' });
    const release = { ...live, spec: { ...live.spec, release: '2024.2' } };
    const { text } = await planned({ file: fileOf(release) });
    expect(text).toContain(
      '! ControlPlane openstack would set this back in Keystone keystone; edit ControlPlane openstack instead:',
    );
  });

  it('names who changed what would be repaired, and is confirmed by the server', async () => {
    const key = { namespace, name: 'keystone' };
    const body = { spec: { replicas: 7 } };
    await world.client.patch(Deployment, key, { type: 'merge', body }, { fieldManager: 'somebodys-autoscaler' });
    const { text } = await planned({ target: 'Keystone/keystone', observe: true, confirm: true });
    expect(text).toMatch(
      /~ Deployment keystone {2}somebody has changed what was applied\n +spec\.replicas: 7 → \d {3}\(somebodys-autoscaler\)/,
    );
    expect(text).toMatch(/Plan: 0 to create, 1 to change, 0 to delete/);
  });

  it('says first what the server would refuse, in the fields that are to be mended, and ends with an error', async () => {
    const live = await world.client.get(ControlPlane, plane);
    const mariadb = { podDisruptionBudget: { maxUnavailable: 1, minAvailable: '50%' } };
    const infrastructure = { ...live.spec.infrastructure, database: { mariadb } };
    const edited = { ...live, spec: { ...live.spec, infrastructure } } as unknown as KubeObject;
    const { report, text } = await planned({ file: fileOf(edited) });
    expect(text).toMatch(
      /^! ControlPlane openstack, Mariadb: Rejected: .*spec\.infrastructure\.database\.mariadb\.podDisruptionBudget/,
    );
    expect(exitCodeOf(report)).toBe(1);
    const unasked = await planned({ file: fileOf(edited), confirm: false });
    expect(unasked.report.refused).toEqual([]);
    expect(exitCodeOf(unasked.report)).toBe(2);
  });

  it('says of a misspelt field and service which one may have been meant', async () => {
    const live = await world.client.get(ControlPlane, plane);
    const of = (services: object) => ({ ...live, spec: { ...live.spec, services } }) as unknown as KubeObject;
    const field = await planned({ file: fileOf(of({ keystone: { replica: 2 } })) });
    expect(field.text).toMatch(
      /^! ControlPlane openstack, Keystone: Rejected: spec\.services\.keystone\.replica: no such field; did you mean replicas\?/,
    );
    const service = await planned({ file: fileOf(of({ keystnoe: {} })) });
    expect(service.text).toContain('did you mean keystone?');
    expect(exitCodeOf(service.report)).toBe(1);
  });

  it('of a deletion says what goes, down to the claims, and what data stays', async () => {
    const { report, text } = await planned({ target: 'ControlPlane/openstack', deleted: true });
    expect(report.objects.map(({ object }) => object.kind)).toEqual(
      expect.arrayContaining(['ControlPlane', 'Keystone', 'MariaDB', 'DatabaseClaim']),
    );
    expect(text).toMatch(/^ControlPlane openstack {2}is being deleted\n[^]*- Keystone keystone/);
    expect(text).toMatch(/- StatefulSet mariadb/);
    expect(text).toMatch(/PersistentVolumeClaim \S+ stays/);
    expect(report.summary).toMatchObject({ create: 0, change: 0, failed: 0 });
    await expect(planned({ deleted: true })).rejects.toThrow('Name what shall be deleted');
  });

  it('refuses what the server would refuse, and what nobody reconciles', async () => {
    const live = await world.client.get(ControlPlane, plane);
    const wrong = { ...live, spec: { ...live.spec, release: 7 } } as unknown as KubeObject;
    await expect(planned({ file: fileOf(wrong) })).rejects.toThrow(/spec\.release/);
    const map = { apiVersion: 'v1', kind: ConfigMap.kind, metadata: { name: 'x' } };
    await expect(planned({ file: fileOf(map) })).rejects.toThrow('A ConfigMap cannot be planned');
    await expect(planned({ target: 'nova' })).rejects.toThrow('There is no nova');
  });
});
