import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Remembers on disk which processes of the host were started, so that those that outlived a killed devcluster can be
 * ended by the next one: two of a controller must not run at a time.
 */
export class ProcessRegister {
  readonly #directory: string | undefined;

  /** Without a directory nothing is remembered. */
  constructor(directory: string | undefined) {
    this.#directory = directory;
  }

  async add(pid: number | undefined, bundle: string): Promise<void> {
    if (this.#directory === undefined || pid === undefined) return;
    await mkdir(this.#directory, { recursive: true });
    await writeFile(join(this.#directory, String(pid)), bundle);
  }

  async remove(pid: number | undefined): Promise<void> {
    if (this.#directory !== undefined && pid !== undefined)
      await rm(join(this.#directory, String(pid)), { force: true });
  }

  /** Ends what an earlier process left, unless its number belongs to something else by now. */
  async clear(): Promise<void> {
    if (this.#directory === undefined) return;
    for (const pid of await readdir(this.#directory).catch(() => [])) {
      const file = join(this.#directory, pid);
      const bundle = await readFile(file, 'utf8');
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      if (command.split('\0').includes(bundle)) kill(Number(pid));
      await rm(file, { force: true });
    }
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has just ended by itself.
  }
}
