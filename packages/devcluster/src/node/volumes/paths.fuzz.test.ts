// Whatever paths a Pod names, and whatever links are in its volumes: nothing is written, made or given outside of them.
import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type { Pod } from '@stackwright/kube';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Stored } from '../../shared/objects.js';
import { Chance, fuzzTimeout, seeds } from '../../testing/chance.js';
import { pod } from '../../testing/manifests.js';
import { writePayload } from './atomic-writer.js';
import { VolumeError } from './error.js';
import { noMounter } from './mounter.js';
import type { PayloadContext } from './payload.js';
import { Volumes } from './volumes.js';

const PARTS = [
  'a',
  'b',
  '..',
  '.',
  '',
  '...',
  '..data',
  '..data_tmp',
  ' ',
  'ß',
  '~',
  '-',
  'link',
  'up',
  'loop',
  'x'.repeat(300),
  'a\nb',
  '\0',
] as const;

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'paths-'));
  await mkdir(join(home, 'outside/deep'), { recursive: true });
  await writeFile(join(home, 'outside/secret'), 'secret');
});
afterEach(() => rm(home, { recursive: true, force: true }));

/** All there is, but for the volume. */
async function everythingElse(): Promise<string[]> {
  const found: string[] = [];
  const look = async (path: string): Promise<void> => {
    for (const name of (await readdir(path)).sort()) {
      const child = join(path, name);
      if (relative(home, child) === 'pods') continue;
      const stats = await lstat(child);
      const content = stats.isFile()
        ? await readFile(child, 'utf8')
        : stats.isSymbolicLink()
          ? await readlink(child)
          : '';
      found.push(`${relative(home, child)} ${stats.mode} ${content}`);
      if (stats.isDirectory()) await look(child);
    }
  };
  await look(home);
  return found;
}

const pathOf = (chance: Chance): string =>
  (chance.hits(0.1) ? '/' : '') + Array.from({ length: 1 + chance.below(4) }, () => chance.of(PARTS)).join('/');

const foreseen = (error: unknown): boolean =>
  error instanceof VolumeError ||
  ['ENAMETOOLONG', 'ERR_INVALID_ARG_VALUE', 'ELOOP'].includes((error as NodeJS.ErrnoException).code ?? '');

it('files of a volume are in the volume', { timeout: fuzzTimeout }, async () => {
  const before = await everythingElse();
  const volume = join(home, 'pods/v');
  for (const seed of seeds(100)) {
    const chance = new Chance(seed);
    const file = { content: Buffer.from('x'), mode: 0o644 };
    const payload = new Map(Array.from({ length: 3 }, () => [pathOf(chance), file] as const));
    await writePayload(volume, payload).catch((error: unknown) => {
      // Of two names one may be a directory of the other.
      if (!foreseen(error) && !['EEXIST', 'ENOTDIR', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? ''))
        throw error;
    });
  }
  expect(await everythingElse()).toEqual(before);
});

it('a subPath is in its volume', { timeout: fuzzTimeout }, async () => {
  const volumes = new Volumes({
    directory: join(home, 'pods'),
    mounter: noMounter,
    claim: () => undefined,
    persistentVolume: () => undefined,
  });
  const object = pod('p', { volumes: [{ name: 'v', emptyDir: {} }] }, { app: 'p' }) as Stored<Pod>;
  object.metadata.uid = 'uid';
  await volumes.prepare(object, {} as PayloadContext);
  const mount = { name: 'v', mountPath: '/v' };
  const { hostPath: root } = await volumes.mount(object, mount, undefined);
  const targets = [join(home, 'outside'), '../../../../outside', '/', '.', '..', 'a', 'nowhere', join(home, 'made')];
  const before = await everythingElse();
  for (const seed of seeds(150)) {
    const chance = new Chance(seed);
    for (const name of ['link', 'up', 'loop']) {
      await rm(join(root, name), { force: true, recursive: true });
      await symlink(chance.of([...targets, name]), join(root, name));
    }
    const subPath = pathOf(chance);
    const found = await volumes.mount(object, mount, subPath).catch((error: unknown) => {
      if (!foreseen(error)) throw error;
    });
    if (!found) continue;
    const inside = relative(await realpath(root), await realpath(found.hostPath));
    expect(
      inside === '..' || inside.startsWith('../'),
      `seed ${seed}: ${JSON.stringify(subPath)} is ${found.hostPath}`,
    ).toBe(false);
  }
  expect(await everythingElse()).toEqual(before);
});
