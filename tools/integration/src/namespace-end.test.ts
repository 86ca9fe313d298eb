// How an installation goes: with its namespace, by `uninstall`, and where controllers are gone before what they look after.
import { ControlPlane, DatabaseClaim } from '@stackwright/api';
import {
  finishNamespace,
  plainColors,
  removeAll,
  subjectOf,
  takeSnapshot,
  whyLines,
  type Removing,
} from '@stackwright/cli';
import { isNotFound, Namespace, PersistentVolumeClaim, type KubeObject } from '@stackwright/kube';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { eventually, expectReady } from './support/facts.js';
import { controlPlane, namespace, plane, startWorld, type World } from './support/world.js';

// For slow machines: nothing waits longer than what it waits for.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 90_000 });

let world: World;
afterEach(() => world.stop());

async function stand(namespaceGrace = 0): Promise<void> {
  world = await startWorld({ namespaceGrace });
  await world.client.create(ControlPlane, controlPlane({ deletionPolicy: 'Delete' }));
  await eventually(() => expectReady(world.client, ControlPlane, plane), 60_000);
}

const isGone = async (): Promise<boolean> =>
  world.client.get(Namespace, { name: namespace }).then(
    () => false,
    (error: unknown) => {
      if (isNotFound(error)) return true;
      throw error;
    },
  );

function removing(): Removing & { said: string[] } {
  const said: string[] = [];
  const signal = AbortSignal.timeout(60_000);
  return { client: world.client, namespace, abandon: false, signal, said, say: (line) => void said.push(line) };
}

describe('a namespace that is deleted with all that is in it', () => {
  it('ends, although its controllers and their rights go with it', async () => {
    await stand(3_000);
    await world.client.delete(Namespace, { name: namespace });
    await eventually(async () => expect(await isGone()).toBe(true), 60_000);
  });

  it('says what keeps it where its controllers were gone before, and is finished by uninstall', async () => {
    await stand();
    await Promise.all([...world.controllers.values()].map((controller) => controller.stop()));
    await world.client.delete(Namespace, { name: namespace });
    await eventually(async () => {
      const { items } = await world.client.listAll(DatabaseClaim, { namespace });
      expect(items.every(({ metadata }) => metadata?.deletionTimestamp)).toBe(true);
    });
    const snapshot = await takeSnapshot(world.client, namespace);
    const lines = whyLines(snapshot, subjectOf(snapshot, undefined), plainColors).join('\n');
    expect(lines).toMatch(/^Namespace openstack is being deleted/);
    expect(lines).toMatch(/MariaDB mariadb has a finalizer; its controller is gone/);
    expect(lines).toContain('stackwright -n openstack uninstall --yes');
    expect(await isGone()).toBe(false);

    const run = removing();
    await finishNamespace(run);
    expect(await isGone()).toBe(true);
    expect(run.said.join('\n')).toContain('Let MariaDB mariadb go');
  });
});

describe('uninstall', () => {
  it('takes services before what they stand on, so that what was made outside is undone, and ends', async () => {
    await stand();
    const deleted: string[] = [];
    world.cluster.server.onAudit(({ verb, resource = '', name = '', userAgent }) => {
      if (verb === 'delete' && userAgent === 'user') deleted.push(`${resource} ${name}`);
    });
    await removeAll(removing());
    expect(deleted.filter((one) => /^(keystones|mariadbs|controlplanes)/.test(one))).toEqual([
      'controlplanes openstack',
      'keystones keystone',
      'mariadbs mariadb',
    ]);
    const left = await Promise.all(
      [ControlPlane, DatabaseClaim, PersistentVolumeClaim].map((kind) =>
        world.client.listAll<KubeObject>(kind, { namespace }),
      ),
    );
    expect(left.flatMap(({ items }) => items)).toEqual([]);
  });

  it('says what does not go, and lets it go where that is asked', async () => {
    await stand();
    await Promise.all([...world.controllers.values()].map((controller) => controller.stop()));
    const late = { ...removing(), signal: AbortSignal.timeout(2_000) };
    await expect(removeAll(late)).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringContaining('Not gone yet') as string,
    });
    await removeAll({ ...removing(), abandon: true });
    const { items } = await world.client.listAll(DatabaseClaim, { namespace });
    expect(items).toEqual([]);
  });
});
