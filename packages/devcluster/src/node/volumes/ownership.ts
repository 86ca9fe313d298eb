import { chmod, chown, lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ignoreMissingRight } from './atomic-writer.js';

/**
 * Gives a volume to the Pod's fsGroup: group-writable, and what is made in it later belongs to the group too. With
 * `onRootMismatch` a volume whose root is right already is left alone, which saves a walk over a large one.
 */
export async function giveToGroup(path: string, group: number, onRootMismatch: boolean): Promise<void> {
  if (onRootMismatch) {
    const root = await lstat(path);
    if (root.gid === group && (root.mode & 0o2070) === 0o2070) return;
  }
  await walk(path, group);
}

async function walk(path: string, group: number): Promise<void> {
  const stats = await lstat(path);
  if (stats.isSymbolicLink()) return;
  await chown(path, -1, group).catch(ignoreMissingRight);
  // chown drops the setgid bit, so the mode comes after it.
  await chmod(path, stats.isDirectory() ? (stats.mode & 0o7777) | 0o2070 : (stats.mode & 0o7777) | 0o060).catch(
    ignoreMissingRight,
  );
  if (stats.isDirectory()) for (const name of await readdir(path)) await walk(join(path, name), group);
}
