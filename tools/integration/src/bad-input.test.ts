import { DatabaseClaim, IdentityClaim } from '@stackwright/api';
import { modules } from '@stackwright/cli';
import { Glance } from '@stackwright/glance';
import { Keystone } from '@stackwright/keystone';
import { ApiError, apiVersionOf, type KubeObject } from '@stackwright/kube';
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
});
