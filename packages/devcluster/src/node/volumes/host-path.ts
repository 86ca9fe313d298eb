import { mkdir, stat, writeFile } from 'node:fs/promises';
import type { HostPathVolumeSource } from 'kubernetes-types/core/v1.d.ts';
import { VolumeError } from './error.js';

/** Checks, and for the `…OrCreate` types makes, what the volume says is there. */
export async function prepareHostPath({ path, type = '' }: HostPathVolumeSource): Promise<string> {
  if (type === '') return path;
  const stats = await stat(path).catch(() => undefined);
  const wrong = (what: string): VolumeError => new VolumeError(`hostPath type check failed: ${path} is not a ${what}`);
  switch (type) {
    case 'DirectoryOrCreate':
      if (!stats) await mkdir(path, { recursive: true, mode: 0o755 });
      else if (!stats.isDirectory()) throw wrong('directory');
      break;
    case 'FileOrCreate':
      if (!stats) await writeFile(path, '', { mode: 0o644 });
      else if (!stats.isFile()) throw wrong('file');
      break;
    case 'Directory':
      if (!stats?.isDirectory()) throw wrong('directory');
      break;
    case 'File':
      if (!stats?.isFile()) throw wrong('file');
      break;
    case 'Socket':
      if (!stats?.isSocket()) throw wrong('socket file');
      break;
    case 'CharDevice':
      if (!stats?.isCharacterDevice()) throw wrong('character device');
      break;
    case 'BlockDevice':
      if (!stats?.isBlockDevice()) throw wrong('block device');
      break;
    default:
      throw new VolumeError(`unknown hostPath type "${type}"`);
  }
  return path;
}
