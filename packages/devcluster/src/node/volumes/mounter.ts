import { execFile } from 'node:child_process';
import { mkdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

/** Memory-backed directories, where the host lets us make them. */
export interface Mounter {
  /** False when the host cannot: the directory is then an ordinary one. */
  mountMemory(path: string, sizeBytes: number | undefined): Promise<boolean>;
  /**
   * Shows at `path`, which is made, the very file or directory that the other path leads to now, whatever becomes of its name. False
   * when the host cannot.
   */
  pin(source: string, isDirectory: boolean, path: string): Promise<boolean>;
  /** Takes away whatever is mounted at or below the path. */
  unmountAll(path: string): Promise<void>;
}

export const noMounter: Mounter = {
  mountMemory: () => Promise.resolve(false),
  pin: () => Promise.resolve(false),
  unmountAll: () => Promise.resolve(),
};

const run = promisify(execFile);

export const hostMounter: Mounter = {
  async mountMemory(directory, sizeBytes) {
    const path = await resolved(directory);
    if ((await mountPoints()).includes(path)) return true;
    const options = ['mode=0777', ...(sizeBytes === undefined ? [] : [`size=${sizeBytes}`])].join(',');
    return run('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path]).then(
      () => true,
      () => false,
    );
  },
  async pin(source, isDirectory, path) {
    // What an earlier container has of it is its own.
    await this.unmountAll(path);
    await rm(path, { recursive: true, force: true });
    if (isDirectory) await mkdir(path, { recursive: true, mode: 0o700 });
    else {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await writeFile(path, '');
    }
    return run('mount', ['--no-canonicalize', '--bind', source, await resolved(path)]).then(
      () => true,
      () => false,
    );
  },
  async unmountAll(directory) {
    const path = await resolved(directory);
    for (const point of (await mountPoints()).reverse()) {
      if (point !== path && !point.startsWith(`${path}/`)) continue;
      // Lazily: a process that still looks at it must not keep the Pod from being removed.
      await run('umount', ['-l', point]).catch(() => undefined);
    }
  },
};

/** As the kernel names it: without links. */
const resolved = (path: string): Promise<string> => realpath(path).catch(() => path);

async function mountPoints(): Promise<string[]> {
  const table = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  // The kernel writes a space as \040.
  return table.split('\n').flatMap((line) => line.split(' ')[4]?.replaceAll('\\040', ' ') ?? []);
}
