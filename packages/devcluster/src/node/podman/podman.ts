// The only file that calls podman. Others see containers as data.
import { tmpdir } from 'node:os';
import pLimit from 'p-limit';
import { CommandError, runCommand, type CommandOptions } from './command.js';

export interface PodmanInfo {
  version: string;
  /** Name of the OCI runtime that podman takes by itself. */
  runtime: string;
  storageDriver: string;
  cgroupVersion: string;
  cpus: number;
  memoryBytes: number;
}

/** What `podman container inspect` says, as far as it is used here. */
export interface PodmanContainer {
  Id: string;
  /** Id of the image. */
  Image: string;
  ImageName: string;
  State: {
    Status: string;
    /** Of the host; 0 when it does not run. */
    Pid: number;
    ExitCode: number;
    OOMKilled: boolean;
    StartedAt: string;
    FinishedAt: string;
  };
  Config: { Labels: Record<string, string> | null };
  HostConfig: { Memory: number };
}

interface RawInfo {
  host: { cpus: number; memTotal: number; cgroupVersion: string; ociRuntime: { name: string } };
  store: { graphDriverName: string };
  version: { Version: string };
}

/** Each call is a process of some 50 ms of CPU; more of them at a time only slow each other down. */
const CONCURRENCY = 4;

export class Podman {
  readonly #program: string;
  readonly #limit = pLimit(CONCURRENCY);
  /** `--runtime` for all that follows. */
  runtime: string | undefined;

  /** conmon leaves an empty file `oom` where podman was called, when a container ran out of memory. */
  readonly #cwd: string;

  constructor({ program = 'podman', cwd = tmpdir() }: { program?: string; cwd?: string } = {}) {
    this.#program = program;
    this.#cwd = cwd;
  }

  async info(): Promise<PodmanInfo> {
    const raw = JSON.parse(await this.#call(['info', '--format', 'json'])) as RawInfo;
    return {
      version: raw.version.Version,
      runtime: raw.host.ociRuntime.name,
      storageDriver: raw.store.graphDriverName,
      cgroupVersion: raw.host.cgroupVersion,
      cpus: raw.host.cpus,
      memoryBytes: raw.host.memTotal,
    };
  }

  /** Any image there is, preferably a small one of ours. */
  async anyImage(): Promise<string | undefined> {
    const images = JSON.parse((await this.#call(['image', 'list', '--format', 'json'])) || '[]') as {
      Names?: string[] | null;
    }[];
    const names = images.flatMap(({ Names }) => Names ?? []);
    return names.find((name) => name.includes('/stackwright/base:')) ?? names[0];
  }

  /** Undefined when there is no such image. */
  async image(name: string): Promise<{ id: string; user: string } | undefined> {
    try {
      const output = await this.#call(['image', 'inspect', '--format', '{{.Id}} {{.Config.User}}', '--', name]);
      const [id = '', user = ''] = output.trim().split(' ');
      return { id, user };
    } catch (error) {
      if (error instanceof CommandError && /not known|no such image/i.test(error.message)) return undefined;
      throw error;
    }
  }

  /** Ids of all containers that carry the label, ended ones too. */
  async list(label: string): Promise<string[]> {
    const output = await this.#call(['ps', '--all', '--quiet', '--no-trunc', '--filter', `label=${label}`]);
    return output.split('\n').filter((id) => id !== '');
  }

  /** Leaves out those that are gone. */
  async inspect(ids: readonly string[]): Promise<PodmanContainer[]> {
    if (ids.length === 0) return [];
    try {
      return JSON.parse(await this.#call(['container', 'inspect', ...ids])) as PodmanContainer[];
    } catch (error) {
      if (!isGone(error)) throw error;
      // It prints those it found all the same.
      const found = (error as CommandError).stdout.trim();
      return found === '' ? [] : (JSON.parse(found) as PodmanContainer[]);
    }
  }

  /** Creates and starts; returns the id. `env` reaches podman's own environment, from which `--env NAME` reads. */
  async run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
    const output = await this.#call(['run', '--detach', ...args], { env: { ...process.env, ...env } });
    return output.trim();
  }

  /** Runs a container to its end and removes it. */
  async runOnce(args: readonly string[], runtime: string): Promise<void> {
    await this.#limit(() =>
      runCommand(this.#program, ['--runtime', runtime, 'run', '--rm', ...args], { cwd: this.#cwd }),
    );
  }

  async stop(id: string, gracePeriodSeconds: number): Promise<void> {
    // Not under the limit: most of its time is waiting.
    await this.#direct(['stop', '--time', String(gracePeriodSeconds), id], {
      timeout: (gracePeriodSeconds + 60) * 1000,
    }).catch(ignoreGone);
  }

  /** Kills what still runs. */
  async remove(idsOrNames: readonly string[]): Promise<void> {
    if (idsOrNames.length === 0) return;
    await this.#call(['rm', '--force', '--time', '0', '--volumes', ...idsOrNames], { timeout: 120_000 }).catch(
      ignoreGone,
    );
  }

  /** `env` becomes arguments: nothing secret. */
  exec(
    id: string,
    command: readonly string[],
    options: { env: Readonly<Record<string, string>>; timeout: number },
  ): Promise<{ stdout: string; stderr: string }> {
    const env = Object.entries(options.env).map(([name, value]) => `--env=${name}=${value}`);
    return this.#direct(['exec', ...env, id, ...command], { timeout: options.timeout });
  }

  async #call(args: readonly string[], options: CommandOptions = {}): Promise<string> {
    return this.#limit(async () => (await this.#direct(args, options)).stdout);
  }

  #direct(args: readonly string[], options: CommandOptions): Promise<{ stdout: string; stderr: string }> {
    return runCommand(this.#program, [...(this.runtime === undefined ? [] : ['--runtime', this.runtime]), ...args], {
      cwd: this.#cwd,
      ...options,
    });
  }
}

export const isGone = (error: unknown): boolean =>
  error instanceof CommandError && /no such container|no container with/i.test(error.message);

function ignoreGone(error: unknown): void {
  if (!isGone(error)) throw error;
}
