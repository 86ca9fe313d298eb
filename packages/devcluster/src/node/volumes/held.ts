// A file by its descriptor, as with openat(2): whatever becomes of its name, this is the one that was looked at.
import type { Stats } from 'node:fs';
import { constants, open } from 'node:fs/promises';

/** Takes hold of any kind of file without opening it: no device is touched, no pipe waits. Linux; Node.js has no name for it. */
const O_PATH = 0o10000000;

export interface Held {
  /** Leads to this very file. Names may be joined to that of a directory. */
  path: string;
  stats: Stats;
  close(): Promise<void>;
}

/** Follows no link that `path` ends with. Undefined when there is nothing. */
export async function held(path: string): Promise<Held | undefined> {
  const handle = await open(path, O_PATH | constants.O_NOFOLLOW).catch((error: unknown) => {
    // ENOTDIR: of what is above, it is a link by now.
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  });
  if (!handle) return undefined;
  try {
    return {
      path: `/proc/${process.pid}/fd/${handle.fd}`,
      stats: await handle.stat(),
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}
