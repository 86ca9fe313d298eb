import { ControlPlane } from '@stackwright/api';
import { apiError } from '@stackwright/core/testing';
import { GraphHarness } from '@stackwright/graph/testing';
import type { KubeObject } from '@stackwright/kube';
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
async function say(
  service: string,
  status: 'True' | 'False',
  reason = 'Ready',
  message = '',
  available = status,
): Promise<void> {
  const { generation = 1 } = objectOf(service)?.metadata ?? {};
  const condition = {
    status,
    reason,
    message,
    observedGeneration: generation,
    lastTransitionTime: '2025-01-01T00:00:00Z',
  };
  const conditions = [
    { ...condition, type: 'Ready' },
    { ...condition, type: 'Available', status: available },
  ];
  const body = { status: { observedGeneration: generation, conditions, endpoint: `http://${service}` } };
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
    expect(harness.condition('Available')).toMatchObject({ status: 'True' });
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

  it('is Available while its services serve, whatever is wrong with what is wanted of them next', async () => {
    await harness.settle();
    expect(harness.condition('Available')).toMatchObject({ status: 'False' });
    await say('mariadb', 'True');
    expect(harness.condition('Available')).toMatchObject({
      status: 'False',
      message: 'Keystone keystone does not serve',
    });
    await say('keystone', 'True');
    expect(harness.condition('Available')).toMatchObject({ status: 'True' });

    await say('keystone', 'False', 'InvalidConfig', 'no such option', 'True');
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'InvalidConfig' });
    expect(harness.condition('Available')).toMatchObject({ status: 'True' });
    await say('keystone', 'False', 'ApiUnreachable', 'nobody answers', 'False');
    expect(harness.condition('Available')).toMatchObject({
      status: 'False',
      message: 'Keystone keystone does not serve',
    });
    expect(harness.object.status).toMatchObject({
      services: [
        { name: 'mariadb', available: true },
        { name: 'keystone', available: false },
      ],
    });
  });

  it('has no outage where a service more is wanted, and one where a service is gone', async () => {
    await harness.settle();
    await say('mariadb', 'True');
    await say('keystone', 'True');
    await harness.edit(ControlPlane, 'sample', { spec: { services: { horizon: managed } } });
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ status: 'False' });
    expect(harness.condition('Available')).toMatchObject({ status: 'True' });
    await harness.api.delete(kindOf('keystone'), { namespace: 'ns', name: 'keystone' });
    await harness.settle();
    expect(harness.condition('Available')).toMatchObject({ status: 'False' });
  });

  it('stays Ready while a service that serves does what it was last told', async () => {
    await harness.settle();
    await say('mariadb', 'True');
    await say('keystone', 'True');
    await harness.edit(ControlPlane, 'sample', { spec: { services: { keystone: { replicas: 3 } } } });
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True', observedGeneration: 1 });
    expect(harness.condition('KeystoneReady')).toMatchObject({ status: 'False', reason: 'Pending' });
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

  it('keeps a service that is no longer named as it is, and asks', async () => {
    await harness.settle();
    await say('mariadb', 'True');
    await say('keystone', 'True');
    await harness.edit(ControlPlane, 'sample', { spec: { services: { keystone: null } } });
    harness.restart();
    await harness.settle();
    expect(objectOf('keystone')?.spec).toMatchObject({ replicas: 2 });
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'ServiceDropped' });
    expect(harness.condition('KeystoneReady')?.message).toMatch(
      /^Keystone keystone is no longer named.*spec\.services.*managed: false.*spec\.removeServices.*its data stays/,
    );
    expect(harness.object.status).toMatchObject({ readyServices: '1/1', services: [{}, { name: 'keystone' }] });
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);

    await harness.edit(ControlPlane, 'sample', { spec: { services: { keystone: { managed: true, replicas: 3 } } } });
    await harness.settle();
    expect(objectOf('keystone')?.spec).toMatchObject({ replicas: 3 });
    expect(harness.condition('KeystoneReady')?.reason).not.toBe('ServiceDropped');
  });

  describe('a service that it does not name any more, whose kind is unknown for a while', () => {
    const forget = async () => {
      kinds = kinds.filter(({ service }) => service !== 'keystone');
      harness.restart();
      await harness.settle();
    };
    const learn = async () => {
      kinds = serviceKinds(crds);
      harness.restart();
      await harness.settle();
    };
    const drop = async () => {
      await harness.edit(ControlPlane, 'sample', { spec: { services: { keystone: null } } });
      await harness.settle();
    };
    const isAskedFor = () =>
      expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'ServiceDropped' });

    beforeEach(async () => {
      await harness.reconcile();
      await say('mariadb', 'True');
      await say('keystone', 'True');
    });

    it.each([
      ['after it was dropped', [drop, forget]],
      ['as it is dropped', [forget, drop]],
    ])('is not forgotten: %s', async (_when, steps) => {
      for (const step of steps) await step();
      isAskedFor();
      expect(harness.condition('KeystoneReady')?.message).toContain('Keystone keystone is no longer named');
      expect(harness.object.status?.services).toContainEqual(
        expect.objectContaining({ name: 'keystone', kind: 'Keystone', managed: true }),
      );
      await learn();
      isAskedFor();
      await harness.edit(ControlPlane, 'sample', { spec: { removeServices: ['keystone'] } });
      await harness.settle();
      expect(objectOf('keystone')).toBeUndefined();
      expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    });

    it('keeps what it may need', async () => {
      await drop();
      await forget();
      const spec = { infrastructure: null, removeServices: ['mariadb'] };
      await harness.edit(ControlPlane, 'sample', { spec });
      await harness.settle();
      expect(objectOf('mariadb')).toBeDefined();
      expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'DependencyMissing' });
    });

    it('is forgotten where it is to be removed, and removed when its kind is known again', async () => {
      await drop();
      await forget();
      await harness.edit(ControlPlane, 'sample', { spec: { removeServices: ['keystone'] } });
      await harness.settle();
      expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
      await learn();
      expect(objectOf('keystone')).toBeUndefined();
    });
  });

  it('says that data would go with it where that was asked for', async () => {
    await harness.edit(ControlPlane, 'sample', { spec: { deletionPolicy: 'Delete' } });
    await harness.settle();
    await harness.edit(ControlPlane, 'sample', { spec: { infrastructure: null } });
    await harness.settle();
    expect(objectOf('mariadb')).toBeDefined();
    expect(harness.condition('MariadbReady')?.message).toMatch(/spec\.infrastructure\.database.*with its data/);
  });

  it('forgets one that somebody has deleted or handed over meanwhile', async () => {
    await harness.settle();
    await harness.edit(ControlPlane, 'sample', { spec: { services: { keystone: null } } });
    await harness.settle();
    await harness.api.delete(kindOf('keystone'), { namespace: 'ns', name: 'keystone' });
    await harness.settle();
    await harness.clock.advance(1_000);
    await harness.settle();
    expect(harness.condition('KeystoneReady')).toBeUndefined();
    expect(harness.condition('Ready')).toMatchObject({ reason: 'Pending' });
  });

  it('removes a service that it is told to remove, also where its status has forgotten it, and nothing else', async () => {
    await harness.settle();
    const spec = { services: { keystone: null }, removeServices: ['keystone', 'horizon'] };
    await harness.edit(ControlPlane, 'sample', { spec });
    await harness.edit(ControlPlane, 'sample', { status: { services: null } }, 'status');
    harness.restart();
    // Nothing is removed on the strength of what waits: mariadb is not ready, but its kind is not keystone's.
    await harness.settle();
    expect(objectOf('keystone')).toBeUndefined();
    expect(objectOf('mariadb')).toBeDefined();
  });

  it('removes nothing that a service needs which was only dropped, and runs on', async () => {
    await harness.edit(ControlPlane, 'sample', { spec: { deletionPolicy: 'Delete' } });
    await harness.settle();
    await say('mariadb', 'True');
    await say('keystone', 'True');
    await harness.edit(ControlPlane, 'sample', { spec: { services: { keystone: null } } });
    await harness.settle();
    const spec = { infrastructure: null, removeServices: ['mariadb'] };
    await harness.edit(ControlPlane, 'sample', { spec });
    await harness.settle();
    expect([objectOf('keystone'), objectOf('mariadb')]).toEqual([expect.anything(), expect.anything()]);
    expect(harness.condition('ServicesReady')).toMatchObject({ status: 'False', reason: 'DependencyMissing' });

    await harness.edit(ControlPlane, 'sample', { spec: { removeServices: ['keystone', 'mariadb'] } });
    await harness.settle();
    expect([objectOf('keystone'), objectOf('mariadb')]).toEqual([undefined, undefined]);
  });

  it('removes nothing that it names as well', async () => {
    await harness.settle();
    await harness.edit(ControlPlane, 'sample', { spec: { removeServices: ['keystone'] } });
    await harness.settle();
    expect(objectOf('keystone')).toBeDefined();
    expect(harness.condition('Ready')).toMatchObject({
      reason: 'InvalidSpec',
      message: expect.stringContaining('spec.services.keystone names it') as string,
    });
  });

  it('removes nothing as long as a name is wrong: it may be a slip', async () => {
    await harness.settle();
    const services = { keystone: null, keystoen: managed };
    await harness.edit(ControlPlane, 'sample', { spec: { services, removeServices: ['keystone'] } });
    await harness.settle();
    expect(objectOf('keystone')).toBeDefined();
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'UnknownService' });
    expect(harness.condition('ServicesReady')?.message).toContain('spec.services.keystoen');
    expect(harness.condition('ServicesReady')?.message).toContain('did you mean keystone?');
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
    // It runs on, and so nothing is missing yet.
    expect(harness.condition('ServicesReady')).toMatchObject({ status: 'True' });
    await harness.edit(ControlPlane, 'sample', { spec: { removeServices: ['keystone'] } });
    await harness.settle();
    expect(objectOf('keystone')).toBeDefined();
    expect(harness.condition('ServicesReady')).toMatchObject({ reason: 'DependencyMissing' });
    await harness.edit(ControlPlane, 'sample', { spec: { services: { horizon: null } } });
    await harness.settle();
    // Nobody has said yet that it is to go.
    expect(objectOf('keystone')).toBeDefined();
    await harness.edit(ControlPlane, 'sample', { spec: { removeServices: ['keystone', 'horizon'] } });
    await harness.settle();
    expect([objectOf('keystone'), objectOf('horizon')]).toEqual([undefined, undefined]);
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

describe("a field that is not the service's", () => {
  const typo = (services: object) => start({ services });

  it('is named where it was written, with the one that was meant, and what runs stays as it is', async () => {
    await start({ services: { keystone: { ...managed, replicas: 2 } } });
    await harness.settle();
    await harness.edit(ControlPlane, 'sample', { spec: { services: { keystone: { replicas: null, replica: 3 } } } });
    await harness.settle();
    expect(harness.condition('KeystoneReady')).toMatchObject({
      reason: 'Rejected',
      message: 'spec.services.keystone.replica: no such field; did you mean replicas?',
    });
    expect(objectOf('keystone')?.spec).toMatchObject({ replicas: 2 });
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
  });

  it('is named with all there are where none is near, and several at once', async () => {
    await typo({ keystone: { ...managed, size: 3, Replicas: 1 } });
    await harness.settle();
    expect(harness.condition('KeystoneReady')?.message).toBe(
      'spec.services.keystone.size: no such field; there are config, deletionPolicy, release, replicas, storage; ' +
        'spec.services.keystone.Replicas: no such field; did you mean replicas?',
    );
    expect(objectOf('keystone')).toBeUndefined();
  });

  it("is nobody's business where its team owns the object", async () => {
    await typo({ horizon: { managed: false, whatever: 1 } });
    await harness.settle();
    expect(harness.condition('HorizonReady')).toMatchObject({ reason: 'ServiceMissing' });
  });

  it('that the server refuses is named by its place in the control plane', async () => {
    await start({ infrastructure: { database: { mariadb: { ...managed, storage: 'x' } } } });
    harness.api.before = ({ verb, resource }) => {
      if (verb !== 'apply' || !resource.startsWith('mariadbs')) return;
      throw apiError(
        422,
        'Invalid',
        'Mariadb "mariadb" is invalid: [spec.storage: Invalid value: "x": bad, spec.deletionPolicy: Unsupported value]',
      );
    };
    await harness.reconcile().catch(() => undefined);
    expect(harness.condition('Ready')).toMatchObject({
      reason: 'Rejected',
      message: expect.stringMatching(
        /\[spec\.infrastructure\.database\.mariadb\.storage: Invalid value: "x": bad, spec\.deletionPolicy: /,
      ) as string,
    });
  });
});

describe('a control plane that takes the place of another one', () => {
  const other = { namespace: 'ns', name: 'renamed' };
  const infrastructure = { database: { mariadb: { ...managed, replicas: 2 } } };

  /** Reconciled as "sample", beside the one that it replaces. */
  async function handOver(spec: object): Promise<void> {
    await start({ infrastructure });
    await harness.settle();
    const object = objectOf('mariadb')!;
    const before = JSON.stringify(object)
      .replaceAll('/sample/', '/renamed/')
      .replaceAll('"name":"sample"', '"name":"renamed"');
    const theirs = JSON.parse(before) as KubeObject;
    const references = theirs.metadata?.ownerReferences?.map((one) => ({ ...one, uid: 'uid-of-renamed' })) ?? [];
    await harness.api.delete(kindOf('mariadb'), { namespace: 'ns', name: 'mariadb' });
    const { uid: _uid, resourceVersion: _version, ...metadata } = theirs.metadata ?? {};
    await harness.api.seed(kindOf('mariadb'), { ...theirs, metadata: { ...metadata, ownerReferences: references } });
    await harness.edit(ControlPlane, 'sample', { spec });
    await say('mariadb', 'True');
  }

  it("does not speak of what is that one's as of its own", async () => {
    await handOver({});
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'Conflict' });
    expect(harness.object.status).toMatchObject({
      readyServices: '0/1',
      services: [{ name: 'mariadb', ready: false }],
    });
  });

  it('makes it its own where it says so, as it is', async () => {
    await handOver({ adoptFrom: other.name });
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(objectOf('mariadb')?.metadata?.ownerReferences).toMatchObject([{ name: 'sample' }]);
  });

  it('does not where it names somebody else', async () => {
    await handOver({ adoptFrom: 'third' });
    expect(harness.condition('Ready')).toMatchObject({ reason: 'Conflict' });
  });
});
