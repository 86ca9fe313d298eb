import { createHash } from 'node:crypto';
import {
  chmod,
  chown,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { VolumeError } from './error.js';
import type { Payload } from './payload.js';

const DATA = '..data';
/** A directory of this writer's: nothing else is ever taken away. */
const VERSION = /^\.\.[0-9a-f]{16}_[A-Za-z0-9]{6}$/;

/**
 * Writes all files of a volume at once, as the kubelet does: they live in a directory of their own, `..data` is a link
 * to it, and every visible name is a link through `..data`. Replacing that one link changes all files together, under
 * the eyes of containers that have the volume mounted. Returns whether anything changed.
 */
export async function writePayload(directory: string, payload: Payload, group?: number): Promise<boolean> {
  for (const path of payload.keys()) {
    const parts = path.split('/');
    if (
      path.startsWith('..') ||
      path.includes('\0') ||
      parts.some((part) => part === '' || part === '.' || part === '..')
    )
      throw new VolumeError(`path ${JSON.stringify(path)} leads out of the volume`);
  }
  await mkdir(directory, { recursive: true });
  const version = fingerprint(payload, group);
  const former = await readlink(join(directory, DATA)).catch(() => undefined);
  // The directory's name carries the fingerprint, so that a restarted process need not read the files back.
  if (former?.startsWith(`..${version}_`)) return false;

  const fresh = await mkdtemp(join(directory, `..${version}_`));
  await chmod(fresh, 0o755);
  for (const [path, file] of payload) {
    const target = join(fresh, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, file.content);
    if (group !== undefined) await chown(target, -1, group).catch(ignoreMissingRight);
    await chmod(target, group === undefined ? file.mode : file.mode | 0o040);
  }
  const link = join(directory, `${DATA}_tmp`);
  await rm(link, { force: true });
  await symlink(fresh.slice(directory.length + 1), link);
  await rename(link, join(directory, DATA));
  await linkNames(directory, payload);
  if (former && VERSION.test(former)) await rm(join(directory, former), { recursive: true, force: true });
  return true;
}

/** Makes the visible names those of the payload: new ones first, so that in between there are too many, not too few. */
async function linkNames(directory: string, payload: Payload): Promise<void> {
  const names = new Set([...payload.keys()].map((path) => path.split('/')[0] ?? path));
  for (const name of names) {
    const link = join(directory, name);
    const exists = await lstat(link).then(
      () => true,
      () => false,
    );
    if (!exists) await symlink(join(DATA, name), link);
  }
  for (const name of await readdir(directory)) {
    if (!name.startsWith('..') && !names.has(name)) await rm(join(directory, name), { recursive: true, force: true });
  }
}

function fingerprint(payload: Payload, group: number | undefined): string {
  const hash = createHash('sha256').update(String(group));
  for (const [path, { content, mode }] of [...payload].sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(`\0${path}\0${mode}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex').slice(0, 16);
}

/** Without root (on the simulated node) files stay with their user. */
export function ignoreMissingRight(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error;
}
