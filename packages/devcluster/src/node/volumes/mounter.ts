import { execFile } from 'node:child_process';
import { readFile, realpath } from 'node:fs/promises';
import { promisify } from 'node:util';

/** Memory-backed directories, where the host lets us make them. */
export interface Mounter {
  /** False when the host cannot: the directory is then an ordinary one. */
  mountMemory(path: string, sizeBytes: number | undefined): Promise<boolean>;
  /** Takes away whatever is mounted at or below the path. */
  unmountAll(path: string): Promise<void>;
}

export const noMounter: Mounter = {
  mountMemory: () => Promise.resolve(false),
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
