import { DatabaseClaim, IdentityClaim } from '@stackwright/api';
import { modules } from '@stackwright/cli';
import { Cinder } from '@stackwright/cinder';
import { Glance } from '@stackwright/glance';
import { Keystone } from '@stackwright/keystone';
import { ApiError, apiVersionOf, type KubeObject, type Resource } from '@stackwright/kube';
import { MariaDB } from '@stackwright/mariadb';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { badInputs, badObject } from './support/bad-input.js';
import { namespace, startWorld, type World } from './support/world.js';

// For slow machines: nothing waits longer than what it waits for.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

describe('bad input', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ modules });
  });
  afterAll(() => world.stop());

  it.each(badInputs)('$what is refused, by the path of the field', async (input) => {
    const refused: unknown = await world.client
      .create(input.kind, badObject(input, namespace))
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ApiError);
    expect((refused as ApiError).message).toContain(input.path);
  });

  it('what is decided once cannot be changed', async () => {
    const key = { name: 'decided', namespace };
    await world.client.create(DatabaseClaim, {
      ...{ apiVersion: apiVersionOf(DatabaseClaim), kind: DatabaseClaim.kind, metadata: key },
      // Of a server that is not there: nothing comes of it.
      spec: { provider: 'nobody', database: 'decided', deletionPolicy: 'Delete' },
    });
    for (const [field, value] of Object.entries({ provider: 'other', database: 'other' })) {
      const refused: unknown = await world.client
        .patch(DatabaseClaim, key, { type: 'merge', body: { spec: { [field]: value } } })
        .catch((error: unknown) => error);
      expect(refused).toMatchObject({ code: 422, message: expect.stringContaining(`spec.${field}: `) as string });
      expect((refused as ApiError).message).toContain('cannot be changed');
    }
    const changed = await world.client.patch(DatabaseClaim, key, {
      type: 'merge',
      body: { spec: { deletionPolicy: 'Retain' } },
    });
    expect(changed.spec.deletionPolicy).toBe('Retain');
  });

  it('what a backend of a Cinder keeps its volumes on stays what it is, and does not shrink', async () => {
    const key = { name: 'decided', namespace };
    const files = (size: string) => ({ name: 'files', storage: { size } });
    await world.client.create<KubeObject>(Cinder, {
      ...{ apiVersion: apiVersionOf(Cinder), kind: Cinder.kind, metadata: key },
      ...{ spec: { release: '2025.1', paused: true, backends: [files('2Gi'), { name: 'ceph' }] } },
    });
    const edit = (...backends: object[]) =>
      world.client.patch<KubeObject>(Cinder, key, { type: 'merge', body: { spec: { backends } } });
    const refusal = (text: string) => ({ code: 422, message: expect.stringContaining(text) as string });
    await expect(edit(files('1Gi'))).rejects.toMatchObject(refusal('a volume cannot shrink'));
    await expect(edit({ name: 'files' })).rejects.toMatchObject(refusal('Add another backend'));
    await expect(edit(files('2Gi'), { ...files('1Gi'), name: 'ceph' })).rejects.toMatchObject(
      refusal('Add another backend'),
    );
    const grown = await edit({ name: 'ceph' }, files('3Gi'));
    expect(grown).toMatchObject({ spec: { backends: [{ name: 'ceph' }, { storage: { size: '3Gi' } }] } });
    expect(await edit(files('3Gi'), { ...files('1Gi'), name: 'more' })).toBeDefined();
  });

  it('the region of a Keystone stays what it is: endpoints of another one would be left over', async () => {
    const key = { name: 'decided', namespace };
    await world.client.create<KubeObject>(Keystone, {
      ...{ apiVersion: apiVersionOf(Keystone), kind: Keystone.kind, metadata: key },
      ...{ spec: { release: '2025.1', region: 'North', paused: true } },
    });
    const edit = (spec: object) => world.client.patch(Keystone, key, { type: 'merge', body: { spec } });
    await expect(edit({ region: 'South' })).rejects.toMatchObject({
      code: 422,
      message: expect.stringContaining('the region cannot be changed') as string,
    });
    await expect(edit({ region: null })).rejects.toMatchObject({ code: 422 });
    await world.client.delete(Keystone, key);
  });

  it('an identity stays that of the user and the service for which it was made', async () => {
    const key = { name: 'decided', namespace };
    const service = { type: 'x', name: 'x', endpoints: { public: 'http://x' } };
    await world.client.create<KubeObject>(IdentityClaim, {
      ...{ apiVersion: apiVersionOf(IdentityClaim), kind: IdentityClaim.kind, metadata: key },
      ...{ spec: { provider: 'nobody', user: { name: 'x' }, service } },
    });
    const edit = (spec: object) => world.client.patch(IdentityClaim, key, { type: 'merge', body: { spec } });
    for (const spec of [{ user: { name: 'y' } }, { user: { domain: 'y' } }, { service: { type: 'y' } }]) {
      await expect(edit(spec)).rejects.toMatchObject({
        code: 422,
        message: expect.stringContaining('cannot be changed') as string,
      });
    }
    await expect(edit({ service: null })).rejects.toMatchObject({
      code: 422,
      message: expect.stringContaining('service cannot be taken away') as string,
    });
    const changed = await edit({
      user: { roles: ['service'] },
      rotation: 'now',
      service: { endpoints: { internal: 'http://y' } },
    });
    expect(changed.spec).toMatchObject({ deletionPolicy: 'Delete', user: { project: 'service', roles: ['service'] } });
  });

  it('a volume grows, and never shrinks or moves', async () => {
    const key = { name: 'stored', namespace };
    await world.client.create<KubeObject>(Glance, {
      ...{ apiVersion: apiVersionOf(Glance), kind: Glance.kind, metadata: key },
      ...{ spec: { release: '2025.1', storage: { size: '20Gi', className: 'fast' }, deletionPolicy: 'Delete' } },
    });
    const edit = (storage: object) => world.client.patch(Glance, key, { type: 'merge', body: { spec: { storage } } });
    for (const storage of [{ size: '900Mi' }, { className: 'slow' }, { accessMode: 'ReadWriteMany' }]) {
      const [field = ''] = Object.keys(storage);
      await expect(edit(storage)).rejects.toMatchObject({
        code: 422,
        message: expect.stringContaining(`spec.storage.${field}: `) as string,
      });
    }
    expect((await edit({ size: '1Ti' })).spec.storage.size).toBe('1Ti');
  });

  it('a size that was too large is taken back to what the volume has, and no further', async () => {
    const key = { name: 'greedy', namespace };
    const create = (size: string) =>
      world.client.create<KubeObject>(MariaDB, {
        ...{ apiVersion: apiVersionOf(MariaDB), kind: MariaDB.kind, metadata: key },
        ...{ spec: { storage: { size } } },
      });
    await expect(create('2000Ti')).rejects.toMatchObject({ message: expect.stringContaining('at most 1Pi') as string });
    await create('900Ti');
    const body = { status: { storage: '10Gi' } };
    await world.client.patch(MariaDB, key, { type: 'merge', body }, { subresource: 'status' });
    const edit = (size: string) =>
      world.client.patch(MariaDB, key, { type: 'merge', body: { spec: { storage: { size } } } });
    expect((await edit('10Gi')).spec.storage.size).toBe('10Gi');
    await expect(edit('9Gi')).rejects.toMatchObject({
      code: 422,
      message: expect.stringContaining('spec.storage.size: a volume cannot shrink below what it has') as string,
    });
  });

  it.each<[string, Resource, number, object]>([
    ['a server, whose Pods have it in a label', MariaDB, 52, {}],
    ['a service, whose Service has it', Glance, 63, { release: '2025.1' }],
    ['a claim, whose Secrets have it', DatabaseClaim, 225, { database: 'a' }],
  ])('a name is as long as all that is named after it can be: of %s', async (_, kind, most, spec) => {
    const create = (name: string) =>
      world.client.create<KubeObject>(kind, {
        ...{ apiVersion: apiVersionOf(kind), kind: kind.kind, metadata: { name, namespace }, spec },
      });
    await create('a'.repeat(most));
    await expect(create('a'.repeat(most + 1))).rejects.toMatchObject({
      code: 422,
      message: expect.stringContaining(`the name has more than ${most} characters`) as string,
    });
  });

  it.each(['my.db', '1st'])('a server is not called %s, which no Service can be', async (name) => {
    const object = { apiVersion: apiVersionOf(MariaDB), kind: MariaDB.kind, metadata: { name, namespace }, spec: {} };
    await expect(world.client.create<KubeObject>(MariaDB, object as KubeObject)).rejects.toMatchObject({
      message: expect.stringContaining('the name is that of a Service, too') as string,
    });
  });

  it.each([
    [
      { resources: { requests: { memory: '1Gi' }, limits: { memory: '512Mi' } } },
      'the request of memory is above its limit',
    ],
    [{ resources: { requests: { cpu: 2 }, limits: { cpu: '500m' } } }, 'the request of cpu is above its limit'],
    [{ podMetadata: { labels: { 'app.kubernetes.io/name': 'x' } } }, 'are the controller'],
    [{ podMetadata: { annotations: { 'stackwright.dev/config-hash': 'x' } } }, 'are the controller'],
    [{ podMetadata: { labels: { team: 'a b' } } }, 'spec.podMetadata.labels'],
    [{ networkPolicy: 'On' }, 'spec.networkPolicy'],
    [{ purge: { schedule: '@every 5 minutes' } }, 'spec.purge.schedule'],
    [{ purge: { schedule: '0 0 L * *' } }, 'spec.purge.schedule'],
  ])('Pods that nobody would take are refused: %j', async (spec, message) => {
    const object = { apiVersion: apiVersionOf(Glance), kind: Glance.kind, metadata: { name: 'odd', namespace } };
    await expect(
      world.client.create<KubeObject>(Glance, { ...object, spec: { release: '2025.1', ...spec } } as KubeObject),
    ).rejects.toMatchObject({ code: 422, message: expect.stringContaining(message) as string });
  });
});
