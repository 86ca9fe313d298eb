import { ControlPlane } from '@stackwright/api';
import { GraphHarness } from '@stackwright/graph/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { controlPlaneGraph } from './control-plane.js';
import { serviceKinds, type ServiceKind } from './discovery.js';
import { crdOfService } from './testing/kinds.js';

const crds = [
  crdOfService({ service: 'keystone', provides: 'identity', requires: ['database'] }, { release: true }),
  crdOfService({ service: 'mariadb', provides: 'database' }),
  crdOfService({ service: 'horizon', requires: ['identity'] }, { release: true }),
];

let kinds: ServiceKind[];
let harness: GraphHarness<ControlPlane>;
const kindOf = (service: string) => kinds.find((kind) => kind.service === service)!.resource;
const objectOf = (service: string) => harness.api.peek(kindOf(service), { namespace: 'ns', name: service });

async function start(spec: object): Promise<void> {
  kinds = serviceKinds(crds);
  harness = new GraphHarness(
    controlPlaneGraph(() => kinds),
    { kinds: kinds.map(({ resource }) => resource) },
  );
  await harness.create({
    apiVersion: 'stackwright.dev/v1alpha1',
    kind: 'ControlPlane',
    spec: { release: '2025.1', deletionPolicy: 'Retain', ...spec },
  });
}

const managed = { managed: true };

/** What the service's own controller would say. */
async function say(service: string, status: 'True' | 'False', reason = 'Ready', message = ''): Promise<void> {
  const { generation = 1 } = objectOf(service)?.metadata ?? {};
  const condition = {
    type: 'Ready',
    status,
    reason,
    message,
    observedGeneration: generation,
    lastTransitionTime: '2025-01-01T00:00:00Z',
  };
  const body = { status: { observedGeneration: generation, conditions: [condition], endpoint: `http://${service}` } };
  await harness.edit(kindOf(service), service, body, 'status');
  await harness.settle();
}

describe('a ControlPlane', () => {
  beforeEach(() =>
    start({
      infrastructure: { database: { mariadb: { ...managed, storage: '20Gi' } } },
      services: { keystone: { ...managed, replicas: 2 } },
    }),
  );

  it('makes all its services at once, each owning nothing but what it was told', async () => {
    await harness.reconcile();
    expect(objectOf('mariadb')).toMatchObject({ spec: { storage: '20Gi', deletionPolicy: 'Retain' } });
    expect(objectOf('mariadb')?.spec).not.toHaveProperty('release');
    expect(objectOf('keystone')?.spec).toEqual({ replicas: 2, release: '2025.1', deletionPolicy: 'Retain' });
    expect(objectOf('keystone')?.metadata?.ownerReferences?.[0]).toMatchObject({
      kind: 'ControlPlane',
      name: 'sample',
    });
  });

  it('is Ready when all are, and then writes nothing', async () => {
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'Pending' });
    await say('mariadb', 'True');
    await say('keystone', 'True');
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(harness.object.status).toMatchObject({
      readyServices: '2/2',
      services: [
        { name: 'mariadb', kind: 'Mariadb', managed: true, ready: true, endpoint: 'http://mariadb' },
        {
          name: 'keystone',
          kind: 'Keystone',
          managed: true,
          ready: true,
          release: '2025.1',
          endpoint: 'http://keystone',
        },
      ],
    });
    harness.restart();
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
  });

  it("says the root's reason: what failed before what waits, what is needed before what needs it", async () => {
    await harness.settle();
    await say('keystone', 'False', 'WaitingForClaim', 'DatabaseClaim keystone-database is not ready');
    await say('mariadb', 'False', 'RolloutInProgress', 'Pod mariadb-0 is starting');
    expect(harness.condition('Ready')).toMatchObject({
      reason: 'RolloutInProgress',
      message: 'Mariadb mariadb: Pod mariadb-0 is starting',
    });
    await say('keystone', 'False', 'JobFailed', 'Job keystone-db-sync failed: no such table');
    expect(harness.condition('Ready')).toMatchObject({
      reason: 'JobFailed',
      message: 'Keystone keystone: Job keystone-db-sync failed: no such table',
    });
    expect(harness.object.status).toMatchObject({
      waitingFor: [
        { step: 'Keystone', kind: 'Keystone', name: 'keystone' },
        { step: 'Mariadb', kind: 'Mariadb', name: 'mariadb' },
      ],
    });
  });

  it('does not take a Ready for an older spec for an answer', async () => {
    await harness.settle();
    await say('mariadb', 'True');
    await say('keystone', 'True');
    await harness.edit(ControlPlane, 'sample', { spec: { services: { keystone: { replicas: 3 } } } });
    await harness.settle();
    expect(objectOf('keystone')?.spec).toMatchObject({ replicas: 3 });
    expect(harness.condition('KeystoneReady')).toMatchObject({ status: 'False', reason: 'Pending' });
  });

  it('says of a service that is paused just that', async () => {
    await harness.settle();
    await say('mariadb', 'True');
    await say('keystone', 'True');
    await harness.edit(kindOf('keystone'), 'keystone', { spec: { paused: true } });
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({
      reason: 'Paused',
      message: expect.stringContaining('keystone') as string,
    });
  });

  it('removes the object of a service that is no longer named, also after a restart', async () => {
    await harness.settle();
    await harness.edit(ControlPlane, 'sample', { spec: { services: { keystone: null } } });
    harness.restart();
    // Nothing is removed on the strength of what waits: mariadb is not ready, but its kind is not keystone's.
    await harness.settle();
    expect(objectOf('keystone')).toBeUndefined();
    expect(objectOf('mariadb')).toBeDefined();
  });

  it('removes nothing as long as a name is wrong: it may be a slip', async () => {
    await harness.settle();
    await harness.edit(ControlPlane, 'sample', { spec: { services: { keystone: null, keystoen: managed } } });
    await harness.settle();
    expect(objectOf('keystone')).toBeDefined();
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'UnknownService' });
    expect(harness.condition('ServicesReady')?.message).toContain('spec.services.keystoen');
    expect(harness.condition('ServicesReady')?.message).toContain('horizon, keystone, mariadb');
  });

  it('goes on by itself when the kind of an unknown service is installed', async () => {
    kinds = kinds.filter(({ service }) => service !== 'keystone');
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ reason: 'UnknownService' });
    kinds = serviceKinds(crds);
    await harness.settle();
    expect(objectOf('keystone')).toBeDefined();
  });
});

describe('a service that is handed over to its team', () => {
  beforeEach(() => start({ services: { keystone: { ...managed, replicas: 2 } } }));

  it("stays as it is, is nobody's child, and can be taken back", async () => {
    await harness.settle();
    await harness.edit(ControlPlane, 'sample', { spec: { services: { keystone: { managed: false } } } });
    await harness.settle();
    expect(objectOf('keystone')?.spec).toMatchObject({ replicas: 2, release: '2025.1' });
    expect(objectOf('keystone')?.metadata?.ownerReferences ?? []).toEqual([]);

    await harness.edit(kindOf('keystone'), 'keystone', { spec: { replicas: 5 } });
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);

    await harness.edit(ControlPlane, 'sample', { spec: { services: { keystone: { managed: true } } } });
    await harness.settle();
    expect(objectOf('keystone')?.spec).toMatchObject({ replicas: 2 });
  });

  it('stays when the control plane no longer names it', async () => {
    await harness.settle();
    await harness.edit(ControlPlane, 'sample', { spec: { services: { keystone: { managed: false } } } });
    await harness.settle();
    await harness.edit(ControlPlane, 'sample', { spec: { services: { keystone: null } } });
    await harness.settle();
    expect(objectOf('keystone')).toBeDefined();
  });
});

describe('a service that needs another one', () => {
  const horizon = { horizon: managed };
  const database = { infrastructure: { database: { mariadb: managed } } };

  it('names it where nothing provides it, and comes up as far as it can', async () => {
    await start({ services: horizon });
    await harness.settle();
    expect(harness.condition('ServicesReady')).toMatchObject({
      status: 'False',
      reason: 'DependencyMissing',
      message: 'horizon needs identity, which keystone provides',
    });
    expect(objectOf('horizon')).toBeDefined();
    await harness.edit(ControlPlane, 'sample', { spec: { ...database, services: { keystone: managed } } });
    await harness.settle();
    expect(harness.condition('ServicesReady')).toMatchObject({ status: 'True' });
  });

  it('lacks nothing where somebody else looks after it', async () => {
    await start({ services: horizon });
    await harness.api.seed(kindOf('keystone'), {
      apiVersion: 'keystone.stackwright.dev/v1alpha1',
      kind: 'Keystone',
      metadata: { namespace: 'ns', name: 'theirs' },
      spec: {},
    });
    await harness.settle();
    expect(harness.condition('ServicesReady')).toMatchObject({ status: 'True' });
  });

  it('keeps that from being removed', async () => {
    await start({ ...database, services: { ...horizon, keystone: managed } });
    await harness.settle();
    await harness.edit(ControlPlane, 'sample', { spec: { services: { keystone: null } } });
    await harness.settle();
    expect(objectOf('keystone')).toBeDefined();
    expect(harness.condition('ServicesReady')).toMatchObject({ reason: 'DependencyMissing' });
    await harness.edit(ControlPlane, 'sample', { spec: { services: { horizon: null } } });
    await harness.settle();
    expect(objectOf('keystone')).toBeUndefined();
  });
});

describe('a service that its team owns', () => {
  beforeEach(() => start({ services: { horizon: { managed: false } } }));

  it('is never written, and named when it is missing', async () => {
    expect(await harness.writesOf(() => harness.settle())).toEqual([
      'patch controlplanes.stackwright.dev/status ns/sample',
    ]);
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'ServiceMissing' });
  });

  it('is observed', async () => {
    await harness.api.seed(kindOf('horizon'), {
      apiVersion: 'horizon.stackwright.dev/v1alpha1',
      kind: 'Horizon',
      metadata: { namespace: 'ns', name: 'horizon' },
      spec: { release: '2024.1' },
    });
    await say('horizon', 'True');
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(objectOf('horizon')?.spec).toEqual({ release: '2024.1' });
  });
});
