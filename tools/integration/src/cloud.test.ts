// One control plane with all there is, from its beginning to its end. The tests go on from each other: a world of this size
// is made once.
import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { ControlPlane, groups, IdentityClaim, labels, MessagingClaim } from '@stackwright/api';
import { modules } from '@stackwright/cli';
import { Annotation, Label } from '@stackwright/graph';
import { Glance } from '@stackwright/glance';
import { Keystone } from '@stackwright/keystone';
import {
  Deployment,
  Event,
  PersistentVolumeClaim,
  Pod,
  ReplicaSet,
  Secret,
  StatefulSet,
  type Resource,
} from '@stackwright/kube';
import { MariaDB } from '@stackwright/mariadb';
import { Placement } from '@stackwright/placement';
import { RabbitMQ } from '@stackwright/rabbitmq';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { conditionOf, configOf, eventually, expectReady, looksAtEverything, writesOf } from './support/facts.js';
import { LeapingClock } from './support/leaping-clock.js';
import { Cloud } from './support/openstack.js';
import { controlPlane, namespace, plane, startWorld, type World } from './support/world.js';

// For slow machines: nothing waits longer than what it waits for.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

const named = (name: string): { namespace: string; name: string } => ({ namespace, name });
const placement = named('placement');

describe('a whole control plane', () => {
  const clock = new LeapingClock();
  let world: World;
  let cloud: Cloud;
  beforeAll(async () => {
    world = await startWorld({ modules, clock });
    cloud = new Cloud(world.client);
    await world.client.create(
      ControlPlane,
      controlPlane({
        deletionPolicy: 'Delete',
        infrastructure: { database: { mariadb: {} }, messaging: { rabbitmq: {} }, cache: { memcached: {} } },
        services: {
          keystone: {},
          placement: {},
          glance: { notifications: true, storage: { accessMode: 'ReadWriteMany' } },
          cinder: {},
        },
      }),
    );
    await standsAgain();
  });
  afterAll(() => world.stop());

  const standsAgain = (): Promise<void> => eventually(() => expectReady(world.client, ControlPlane, plane), 60_000);

  const change = async (services: object): Promise<void> => {
    await world.client.patch(ControlPlane, plane, { type: 'merge', body: { spec: { services } } });
  };

  /** Pods of a service, each with how often it was restarted. */
  const podsOf = async (service: string): Promise<string[]> => {
    const { items } = await world.client.listAll(Pod, { namespace });
    return items
      .filter(({ metadata }) => new RegExp(`^${service}-[0-9a-f]+-\\w+$`).test(metadata?.name ?? ''))
      .filter(({ status }) => status?.phase === 'Running')
      .map(({ metadata, status }) => `${metadata?.uid ?? ''} ${status?.containerStatuses?.[0]?.restartCount ?? 0}`)
      .sort();
  };

  it('can be used: who, where, what there is, and an image that comes back as it went', async () => {
    expect(await cloud.users()).toEqual(['admin', 'cinder', 'glance', 'placement']);
    expect(await cloud.endpoints()).toEqual([
      'cinder internal http://cinder.openstack.svc:8776/v3',
      'cinder public http://cinder.openstack.svc:8776/v3',
      'glance internal http://glance.openstack.svc:9292',
      'glance public http://glance.openstack.svc:9292',
      'keystone admin http://keystone.openstack.svc:5000/v3',
      'keystone internal http://keystone.openstack.svc:5000/v3',
      'keystone public http://keystone.openstack.svc:5000/v3',
      'placement internal http://placement.openstack.svc:8778',
      'placement public http://placement.openstack.svc:8778',
    ]);
    const { json: classes } = await cloud.resourceClasses();
    expect(classes['resource_classes']).toContainEqual(expect.objectContaining({ name: 'VCPU' }));
    expect((await cloud.resourceClasses('stolen')).status).toBe(401);

    const content = Buffer.from('not much of an image');
    const body = JSON.stringify({ name: 'cirros', disk_format: 'raw', container_format: 'bare' });
    const { json: created } = await cloud.call('glance', 'POST', '/v2/images', { body });
    const path = `/v2/images/${String(created['id'])}`;
    await cloud.call('glance', 'PUT', `${path}/file`, { body: content });
    const { json: image } = await cloud.call('glance', 'GET', path);
    expect(image).toMatchObject({ status: 'active', checksum: createHash('md5').update(content).digest('hex') });
    expect((await cloud.call('glance', 'GET', `${path}/file`)).text).toBe(content.toString());

    const volume = JSON.stringify({ volume: { name: 'one', size: 1 } });
    expect((await cloud.call('cinder', 'POST', '/v3/volumes', { body: volume })).status).toBe(202);
    expect((await cloud.call('cinder', 'GET', '/v3/volumes')).json).toMatchObject({ volumes: [{ name: 'one' }] });
  });

  it('an endpoint that somebody deletes in Keystone comes back, and a role that somebody takes away', async () => {
    const before = await cloud.endpoints();
    const [gone] = (await cloud.list<{ id: string; url: string }>('endpoints')).filter(({ url }) => /9292/.test(url));
    await cloud.call('keystone', 'DELETE', `/v3/endpoints/${gone?.id ?? ''}`);
    const user = (await cloud.list('users')).find(({ name }) => name === 'placement')?.id ?? '';
    const { json } = await cloud.call('keystone', 'GET', `/v3/role_assignments?user.id=${user}`);
    const [{ links }] = json['role_assignments'] as [{ links: { assignment: string } }];
    await cloud.call('keystone', 'DELETE', new URL(links.assignment).pathname);
    expect(await cloud.endpoints()).not.toEqual(before);
    // Nobody told: it is looked at every few minutes.
    clock.leap(6 * 60_000);
    await eventually(async () => {
      expect(await cloud.endpoints()).toEqual(before);
      const { json: after } = await cloud.call('keystone', 'GET', `/v3/role_assignments?user.id=${user}`);
      expect(after['role_assignments']).toHaveLength((json['role_assignments'] as unknown[]).length);
    }, 20_000);
    await standsAgain();
  });

  it('a claim that is deleted takes its own user along, and nobody else’s', async () => {
    const claim = named('of-a-team');
    await world.client.create(IdentityClaim, {
      ...{ apiVersion: `${groups.claims}/v1alpha1`, kind: IdentityClaim.kind, metadata: claim },
      ...({ spec: { user: { name: 'robot' }, deletionPolicy: 'Delete' } } as { spec: IdentityClaim['spec'] }),
    });
    await eventually(() => expectReady(world.client, IdentityClaim, claim), 20_000);
    const before = await cloud.users();
    expect(before).toContain('robot');
    await world.client.delete(IdentityClaim, claim);
    await eventually(async () => {
      expect(await cloud.users()).toEqual(before.filter((name) => name !== 'robot'));
      expect(
        (await world.client.listAll(IdentityClaim, { namespace })).items.map(({ metadata }) => metadata?.name),
      ).toEqual(['cinder-identity', 'glance-identity', 'placement-identity']);
    }, 20_000);
    expect((await cloud.resourceClasses()).status).toBe(200);
  });

  it('passwords of services are rotated under requests of which none fails', async () => {
    const before = await cloud.users();
    const messaging = await world.client.get(MessagingClaim, named('glance-messaging'));
    const answers: number[] = [];
    let asking = true;
    const ask = (async () => {
      while (asking) {
        answers.push((await cloud.resourceClasses()).status);
        answers.push((await cloud.call('glance', 'GET', '/v2/images?limit=1')).status);
        await pause(20);
      }
    })();
    const rotated = { credentialRotation: 'one' };
    await change({ placement: rotated, glance: rotated, cinder: rotated });
    try {
      await eventually(async () => {
        const users = await cloud.users();
        const others = ['cinder', 'glance', 'placement'].map(
          (service) => expect.stringMatching(`^${service}/`) as string,
        );
        expect(users).toEqual(['admin', ...others]);
        expect(users).not.toEqual(before);
        const { status } = await world.client.get(MessagingClaim, named('glance-messaging'));
        expect(status?.username).not.toBe(messaging.status?.username);
        expect(status?.superseded ?? []).toEqual([]);
        await expectReady(world.client, ControlPlane, plane);
      }, 60_000);
    } finally {
      asking = false;
      await ask;
    }
    expect(answers.length).toBeGreaterThan(10);
    expect([...new Set(answers)]).toEqual([200]);
  });

  it('keys are rotated twice: a token from before is good, and no Pod was restarted', async () => {
    const token = await cloud.login();
    const pods = await podsOf('keystone');
    const primaries = async () => {
      const { status } = await world.client.get(Keystone, named('keystone'));
      return [status?.fernet?.primary ?? 0, status?.credential?.primary ?? 0];
    };
    for (const round of [1, 2]) {
      const before = await primaries();
      const asked = { rotate: `round ${round}`, rotation: { propagationSeconds: 1 } };
      await change({ keystone: { fernet: asked, credential: asked } });
      // Keys that have become old by the leaping clock are rotated besides.
      const isLater = (primary: number, which: number) => primary > (before[which] ?? 0);
      await eventually(async () => expect((await primaries()).map(isLater)).toEqual([true, true]), 30_000);
    }
    expect((await cloud.resourceClasses(token)).status).toBe(200);
    expect((await cloud.resourceClasses(await cloud.login())).status).toBe(200);
    expect(await podsOf('keystone')).toEqual(pods);
    // The Job by which all credentials came to have the new key is gone as soon as that is written down.
    const migrated = async (): Promise<unknown> => {
      const { metadata } = await world.client.get(Secret, named('keystone-credential-keys'));
      const ledger = metadata?.annotations?.['keystone.stackwright.dev/key-rotation'] ?? '{}';
      return (JSON.parse(ledger) as { migrated?: number }).migrated;
    };
    await eventually(async () => expect(await migrated()).toBe((await primaries())[1]), 20_000);
    await standsAgain();
  });

  describe('of what users set in placement.conf', () => {
    const set = (config: object | null): Promise<void> =>
      change({ placement: { config: config && { 'placement.conf': config } } });

    const refused = (reason: string): Promise<string> =>
      eventually(async () => {
        const condition = await conditionOf(world.client, Placement, placement);
        expect(condition.reason).toBe(reason);
        return condition.message;
      }, 20_000);

    const config = async (): Promise<string> => {
      const { data = {} } = await world.client.get(Secret, named(await configOf(world.client, placement)));
      return Buffer.from(data['placement.conf'] ?? '', 'base64').toString();
    };

    it('a good option arrives, in new Pods', async () => {
      const before = await podsOf('placement');
      await set({ DEFAULT: { debug: true } });
      await eventually(async () => {
        expect(await config()).toMatch(/^debug = true$/im);
        const pods = await podsOf('placement');
        expect(pods).toHaveLength(before.length);
        expect(pods).not.toEqual(before);
      }, 30_000);
      await standsAgain();
    });

    it('what ran before can be brought back by hand, since every revision has its files', async () => {
      const { client } = world;
      const [now, pods] = [await configOf(client, placement), await podsOf('placement')];
      const setPaused = (paused: string | null): Promise<unknown> =>
        client.patch(Placement, placement, {
          type: 'merge',
          body: { metadata: { annotations: { [Annotation.paused]: paused } } },
        });
      await setPaused('true');
      // As `kubectl rollout undo` does it.
      const revision = ({ metadata }: ReplicaSet): number =>
        Number(metadata?.annotations?.['deployment.kubernetes.io/revision']);
      const { items } = await client.listAll(ReplicaSet, { namespace });
      const sets = items.filter(({ metadata }) => metadata?.labels?.[Label.name] === 'placement');
      const { metadata, spec } = sets.sort((one, other) => revision(other) - revision(one))[1]?.spec?.template ?? {};
      const labels = { ...metadata?.labels };
      delete labels['pod-template-hash'];
      const value = { metadata: { ...metadata, labels }, spec };
      await client.patch(Deployment, placement, {
        type: 'json',
        body: [{ op: 'replace', path: '/spec/template', value }],
      });
      await eventually(async () => {
        const running = await podsOf('placement');
        expect(running).toHaveLength(pods.length);
        expect(running.filter((pod) => pods.includes(pod))).toEqual([]);
      }, 30_000);
      expect(await config()).not.toMatch(/^debug = true$/im);
      await setPaused(null);
      await eventually(async () => {
        expect(await configOf(client, placement)).toBe(now);
      }, 20_000);
      await standsAgain();
    });

    it('an option that is ours is refused, with the reason, and what runs stays', async () => {
      const [before, pods] = [await config(), await podsOf('placement')];
      await set({ placement_database: { connection: 'sqlite://' } });
      expect(await refused('InvalidConfig')).toContain(
        'spec.config["placement.conf"].placement_database.connection cannot be set: it comes from the database claim',
      );
      expect([await config(), await podsOf('placement')]).toEqual([before, pods]);
      await set({ placement_database: null });
    });

    it('an option that does not exist is named, with the one that was meant, and what runs stays', async () => {
      await standsAgain();
      const [before, pods] = [await config(), await podsOf('placement')];
      await set({ DEFAULT: { debgu: true } });
      expect(await refused('InvalidConfig')).toContain(
        'spec.config["placement.conf"].DEFAULT.debgu: no such option; did you mean debug?',
      );
      expect([await config(), await podsOf('placement')]).toEqual([before, pods]);
      await set({ DEFAULT: { debgu: null } });
      await standsAgain();
    });

    it('a value from a Secret arrives once the Secret is offered, and is seen nowhere else', async () => {
      const extra = named('placement-extra');
      const value = 'https://a-very-secret-place.example.com';
      await set({
        cors: { allowed_origin: { secretKeyRef: { name: 'placement-extra', key: 'key' } } },
      });
      expect(await refused('WaitingForObject')).toContain('placement-extra');
      await world.client.create(Secret, {
        ...{ apiVersion: 'v1', kind: 'Secret', metadata: extra },
        stringData: { key: value },
      });
      expect(await refused('SecretNotOffered')).toContain(`${labels.usableBy}=placement`);
      await world.client.patch(Secret, extra, {
        type: 'merge',
        body: { metadata: { labels: { [labels.usableBy]: 'placement' } } },
      });
      await eventually(async () => expect(await config()).toContain(`allowed_origin = ${value}`), 30_000);
      await standsAgain();
      const seen = [
        await world.client.get(Placement, placement),
        (await world.client.listAll(Event, { namespace })).items,
        (await world.client.listAll(Deployment, { namespace })).items,
      ];
      expect(JSON.stringify(seen)).not.toContain(value);
    });

    it('the configurations are kept that one can go back to, and no others', async () => {
      const sets = (await world.client.listAll(ReplicaSet, { namespace })).items;
      expect(sets.filter(({ metadata }) => metadata?.labels?.[Label.name] === 'placement')).toHaveLength(4);
      await eventually(async () => {
        const { items } = await world.client.listAll(Secret, { namespace });
        const kept = items.flatMap(
          ({ metadata }) => /^placement-config-[0-9a-f]{8}$/.exec(metadata?.name ?? '')?.[0] ?? [],
        );
        const mounted = kept.filter((name) => JSON.stringify(sets).includes(`"${name}"`));
        expect(kept).toEqual(mounted);
        expect(kept.length).toBeGreaterThan(1);
      });
    });
  });

  it('is left alone once it stands: nothing is written, however often all is looked at, nor after a restart', async () => {
    const { client, audit } = world;
    const restartAll = async (): Promise<void> => {
      for (const [name, controller] of [...world.controllers]) {
        await controller.stop();
        await world.start(name, 100);
      }
    };
    await restartAll();
    // What was under way before may still say so; then it is quiet.
    await eventually(async () => {
      const before = audit.length;
      await looksAtEverything(world, 2);
      expect(writesOf(audit.slice(before))).toEqual([]);
    }, 60_000);
    const from = { request: audit.length, time: new Date(clock.now()).toISOString() };
    await restartAll();
    await looksAtEverything(world, 5);
    // Events are sent in the background: one may arrive late that tells of before.
    expect(writesOf(audit.slice(from.request)).filter((write) => !write.includes('events'))).toEqual([]);
    const { items } = await client.listAll(Event, { namespace });
    expect(items.filter(({ eventTime }) => (eventTime ?? '') > from.time).map(({ note }) => note)).toEqual([]);
  });

  it('leaves nothing when it is deleted and its policy is Delete', async () => {
    const { client } = world;
    await client.delete(Secret, named('placement-extra'));
    await client.delete(ControlPlane, plane);
    await eventually(async () => {
      const kinds: readonly Resource[] = [
        ...[ControlPlane, Keystone, Placement, Glance, MariaDB, RabbitMQ],
        ...[Deployment, StatefulSet, PersistentVolumeClaim],
      ];
      for (const kind of kinds) expect((await client.listAll(kind, { namespace })).items, kind.kind).toEqual([]);
      expect((await client.listAll(Secret, { namespace })).items.filter(({ type }) => type === 'Opaque')).toEqual([]);
    }, 60_000);
  });

  it.each(modules.map(({ name }) => `${name}-controller`))(
    'the Role of the manifests has allowed all that the %s did in its life',
    (controller) => {
      const user = `system:serviceaccount:${namespace}:${controller}`;
      const own = world.audit.filter((event) => event.user === user);
      expect(own).not.toEqual([]);
      const refused = own
        .filter(({ code }) => code === 403)
        .map(
          ({ verb, group, resource, subresource }) =>
            `${verb} ${resource}${subresource ? `/${subresource}` : ''}.${group ?? ''}`,
        );
      expect([...new Set(refused)]).toEqual([]);
    },
  );
});
