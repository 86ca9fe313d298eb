// Folders that a cluster has outside of its state: for sockets, whose paths must be short, and for clusters without a state. They
// go with their cluster; what a killed one leaves is found by their names, and removed by `down --all`.
import { lstat, mkdir, mkdtemp, readdir, readlink } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Root's alone, as everything below /run. */
const RUN = '/run/stackwright';

/** What the processes of a podman node have between them. Takes the cluster's short id. */
export const runFolder = (id: string): string => join(RUN, id);

/** Short ids of clusters that have such a folder. */
export async function runFolders(): Promise<string[]> {
  return (await readdir(RUN).catch(() => [])).filter((name) => /^[0-9a-f]{8}$/.test(name));
}

/** A new folder in there, of a name that nobody guesses. */
export async function newRunFolder(folder: string, purpose: string): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return mkdtemp(join(folder, `${purpose}-`));
}

/** For a cluster that keeps nothing. Its name says which process it is of, and nobody guesses the rest. */
export async function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), `devcluster-${await processSpace()}-${process.pid}-`));
}

/** Where folders of processes are, and how they begin. What builds images has them, too, on a disk. */
const PLACES = [
  { in: tmpdir(), prefix: 'devcluster' },
  { in: '/var/tmp', prefix: 'stackwright-images' },
];

/** Those of processes that are no more. Ours only: nobody else could put something else in their place in between. */
export async function abandonedFolders(): Promise<string[]> {
  const space = await processSpace();
  const found: string[] = [];
  for (const { in: place, prefix } of PLACES) {
    const pattern = new RegExp(`^${prefix}-(\\d+)-(\\d+)-\\w{6}$`);
    for (const name of await readdir(place).catch(() => [])) {
      const [, where, pid] = pattern.exec(name) ?? [];
      if (where !== space || existsSync(`/proc/${pid}`)) continue;
      const path = join(place, name);
      const stats = await lstat(path).catch(() => undefined);
      if (stats?.isDirectory() && stats.uid === process.getuid?.()) found.push(path);
    }
  }
  return found;
}

/** Process ids mean something within it only: /tmp may be shared with containers. */
async function processSpace(): Promise<string> {
  return /\d+/.exec(await readlink('/proc/self/ns/pid').catch(() => ''))?.[0] ?? '0';
}
