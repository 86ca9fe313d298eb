import { chmod, chown, readdir, lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { ignoreMissingRight } from './atomic-writer.js';
import { VolumeError } from './error.js';
import { held, type Held } from './held.js';

/** Directories in each other, at the most: each is held open while what is in it is gone through. */
const DEEPEST = 200;

/**
 * Gives a volume to the Pod's fsGroup: group-writable, and what is made in it later belongs to the group too. With
 * `onRootMismatch` a volume whose root is right already is left alone, which saves a walk over a large one.
 *
 * Containers of other Pods may change the volume meanwhile. So nothing is looked at by one name and changed by another: what
 * has become a link in between would lead out of the volume.
 */
export async function giveToGroup(path: string, group: number, onRootMismatch: boolean): Promise<void> {
  // Elsewhere there are no descriptors to hold files by, nor containers.
  if (process.platform !== 'linux') return;
  if (onRootMismatch) {
    const root = await lstat(path);
    if (root.gid === group && (root.mode & 0o2070) === 0o2070) return;
  }
  await walk(path, group, 0);
}

async function walk(path: string, group: number, depth: number): Promise<void> {
  if (depth > DEEPEST) throw new VolumeError(`it has more than ${DEEPEST} directories in each other`);
  const file = await held(path);
  // Gone since its directory was read.
  if (!file) return;
  try {
    await give(file, group, depth);
  } finally {
    await file.close();
  }
}

async function give({ path, stats }: Held, group: number, depth: number): Promise<void> {
  if (stats.isSymbolicLink()) return;
  await chown(path, -1, group).catch(ignoreMissingRight);
  // chown drops the setgid bit, so the mode comes after it.
  await chmod(path, stats.isDirectory() ? (stats.mode & 0o7777) | 0o2070 : (stats.mode & 0o7777) | 0o060).catch(
    ignoreMissingRight,
  );
  if (stats.isDirectory()) for (const name of await readdir(path)) await walk(join(path, name), group, depth + 1);
}
