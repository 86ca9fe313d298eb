import { ControlPlane, labels } from '@stackwright/api';
import { explain, takeSnapshot } from '@stackwright/cli';
import { rootOf } from '@stackwright/graph';
import { Keystone } from '@stackwright/keystone';
import {
  ControllerRevision,
  Deployment,
  isNotFound,
  Pod,
  PodDisruptionBudget,
  Secret,
  Service,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  type KubeObject,
  type Resource,
} from '@stackwright/kube';
import { MariaDB } from '@stackwright/mariadb';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { conditionOf, eventually, expectReady, treasures } from './support/facts.js';
import { controlPlane, namespace, plane, startWorld, type World } from './support/world.js';

// For slow machines: nothing waits longer than what it waits for.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

const keystone = { namespace, name: 'keystone' };

/** What the tests do and ask, in the words of a user. */
function userOf({ client }: World) {
  return {
    becomesReady: () => eventually(() => expectReady(client, ControlPlane, plane), 60_000),
    becomes: (kind: Resource, name: string, reason: string) =>
      eventually(async () => {
        const condition = await conditionOf(client, kind, { namespace, name });
        expect(condition.reason, condition.message).toBe(reason);
        return condition;
      }, 60_000),
    /** What `stackwright why` names, as "Kind/name". */
    cause: async (kind: string, group: string, name: string) => {
      const root = rootOf(
        explain(await takeSnapshot(client, namespace), { apiVersion: `${group}/v1alpha1`, kind, name }),
      );
      return { object: `${root.object.kind}/${root.object.name}`, state: root.state, message: root.message };
    },
    edit: (spec: object) => client.patch(ControlPlane, plane, { type: 'merge', body: { spec } }),
  };
}

describe('trouble', () => {
  // The tests go on from each other: the first ones from what was wrong when the control plane was made.
  const missing = 'localhost/stackwright/mariadb:missing';
  let world: World;
  let mend: () => void;
  beforeAll(async () => {
    world = await startWorld();
    mend = world.simulated.script.when(
      { command: /db_sync/ },
      { exitCode: 1, logs: ['Traceback', 'Table is marked as crashed'] },
    );
    const infrastructure = { database: { mariadb: { image: missing } }, cache: { memcached: {} } };
    await world.client.create(ControlPlane, controlPlane({ infrastructure }));
  });
  afterAll(() => world.stop());

  it('of a database server that never came up is over when its image is right', async () => {
    const { becomes, edit } = userOf(world);
    expect((await becomes(MariaDB, 'mariadb', 'ImagePullFailed')).message).toContain('mariadb:missing');
    await edit({ infrastructure: { database: { mariadb: { image: null } } } });
    await becomes(MariaDB, 'mariadb', 'Ready');
  });

  it('of a failing Job is named by its last words, and over when its cause is', async () => {
    const { becomes, becomesReady, cause } = userOf(world);
    const { message } = await becomes(Keystone, 'keystone', 'JobFailed');
    expect(message).toContain('Table is marked as crashed');
    expect(await cause('Keystone', 'keystone.stackwright.dev', 'keystone')).toMatchObject({
      state: 'Failed',
      message: expect.stringContaining('Table is marked as crashed') as string,
    });
    mend();
    await becomesReady();
  });

  it('of a wrong image is named up to the control plane, and over when the image is right', async () => {
    const { becomes, becomesReady, cause, edit } = userOf(world);
    await edit({ services: { keystone: { image: 'localhost/stackwright/keystone:missing' } } });
    await becomes(Keystone, 'keystone', 'ImagePullFailed');
    const { message } = await becomes(ControlPlane, 'openstack', 'ImagePullFailed');
    expect(message).toContain('keystone:missing');
    expect(await cause('ControlPlane', 'stackwright.dev', 'openstack')).toMatchObject({
      object: expect.stringMatching(/^Pod\/keystone-/) as string,
      state: 'Failed',
    });
    await edit({ services: { keystone: { image: null } } });
    await becomesReady();
  });

  it('of an external server is named step by step: no Secret, not offered, wrong password', async () => {
    const { becomes, cause } = userOf(world);
    await world.client.create<KubeObject>(MariaDB, {
      apiVersion: 'mariadb.stackwright.dev/v1alpha1',
      kind: 'MariaDB',
      metadata: { namespace, name: 'external' },
      ...{ spec: { external: { secretRef: { name: 'server' } } } },
    });
    await becomes(MariaDB, 'external', 'WaitingForObject');
    expect(await cause('MariaDB', 'mariadb.stackwright.dev', 'external')).toMatchObject({
      object: 'Secret/server',
      state: 'Missing',
    });

    const server = { namespace, name: 'server' };
    const { status } = await world.client.get(Pod, { namespace, name: 'mariadb-0' });
    const { data = {} } = await world.client.get(Secret, { namespace, name: 'mariadb-root-password' });
    const stringData = { host: status?.podIP ?? '', port: '3306', username: 'root', password: 'wrong' };
    await world.client.create(Secret, { apiVersion: 'v1', kind: 'Secret', metadata: server, stringData });
    await becomes(MariaDB, 'external', 'SecretNotOffered');
    await world.client.patch(Secret, server, {
      type: 'merge',
      body: { metadata: { labels: { [labels.usableBy]: 'mariadb' } } },
    });
    await becomes(MariaDB, 'external', 'AccessDenied');
    await world.client.patch(Secret, server, { type: 'merge', body: { data: { password: data['password'] } } });
    await becomes(MariaDB, 'external', 'Ready');
  });

  it('with a change that is refused takes nothing from what runs: it is looked after, by a controller that begins anew, too', async () => {
    const { becomes, becomesReady, edit } = userOf(world);
    const kinds = [Deployment, Service, PodDisruptionBudget] as const;
    const applied = async (kind: Resource) => {
      const { metadata, ...rest } = await world.client.get(kind, keystone);
      const { annotations, labels: marks, ownerReferences } = metadata ?? {};
      const { spec } = rest as { spec?: { clusterIP?: string; clusterIPs?: unknown } };
      const { clusterIP: _address, clusterIPs: _addresses, ...wanted } = spec ?? {};
      return { annotations: annotations?.['stackwright.dev/desired-hash'], marks, ownerReferences, wanted };
    };
    const all = () => Promise.all(kinds.map(applied));
    const removeAll = async () => {
      for (const kind of kinds) await world.client.delete(kind, keystone, { propagationPolicy: 'Background' });
    };
    const comeBack = (before: unknown) => eventually(async () => expect(await all()).toEqual(before), 60_000);
    const before = await all();

    const config = { 'keystone.conf': { database: { connection: 'mine' } } };
    await edit({ services: { keystone: { config } } });
    await becomes(Keystone, 'keystone', 'InvalidConfig');
    await removeAll();
    await comeBack(before);
    for (const [field, value] of Object.entries({ targetPort: 'nowhere', port: 5001 })) {
      const body = [{ op: 'replace', path: `/spec/ports/0/${field}`, value }];
      await world.client.patch(Service, keystone, { type: 'json', body });
      await comeBack(before);
    }

    await world.controllers.get('keystone')?.kill();
    await removeAll();
    await world.start('keystone');
    await comeBack(before);
    expect(await conditionOf(world.client, Keystone, keystone)).toMatchObject({ reason: 'InvalidConfig' });

    await edit({ services: { keystone: { config: null } } });
    await becomesReady();
    const record = { namespace, name: 'keystone-keystone-last-applied' };
    await eventually(async () => {
      const left = await world.client.get(ControllerRevision, record).catch((error: unknown) => error);
      expect(isNotFound(left)).toBe(true);
    }, 60_000);
  });

  it('of Pods that a policy refuses is what the server says, and why ends with it', async () => {
    const { becomes, becomesReady, cause } = userOf(world);
    const policy = { name: 'needs-team' };
    const pods = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] };
    await world.client.create(ValidatingAdmissionPolicy, {
      metadata: policy,
      spec: {
        matchConstraints: { resourceRules: [pods] },
        validations: [{ expression: "'team' in object.metadata.labels", message: 'every Pod needs the label team' }],
      },
    });
    await world.client.create(ValidatingAdmissionPolicyBinding, {
      metadata: policy,
      spec: { policyName: policy.name, validationActions: ['Deny'] },
    });
    await world.client.delete(Pod, { namespace, name: 'mariadb-0' });
    expect((await becomes(MariaDB, 'mariadb', 'Rejected')).message).toContain('every Pod needs the label team');
    expect((await cause('MariaDB', 'mariadb.stackwright.dev', 'mariadb')).message).toContain('label team');
    await world.client.delete(ValidatingAdmissionPolicyBinding, policy);
    await world.client.delete(ValidatingAdmissionPolicy, policy);
    await becomesReady();
  });

  it('of containers that crash passes by itself, and costs no password or key', async () => {
    const before = await treasures(world.client, namespace);
    for (const pod of [/^mariadb-/, /^memcached-/, /^keystone-/])
      expect(world.simulated.crash({ pod })).toBeGreaterThan(0);
    await eventually(async () => {
      const { items } = await world.client.listAll(Pod, { namespace });
      const restarts = items.reduce((sum, { status }) => sum + (status?.containerStatuses?.[0]?.restartCount ?? 0), 0);
      expect(restarts).toBeGreaterThanOrEqual(3);
      await expectReady(world.client, Keystone, keystone);
      await expectReady(world.client, ControlPlane, plane);
    }, 60_000);
    expect(await treasures(world.client, namespace)).toEqual(before);
  });
});
