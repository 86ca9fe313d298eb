// Finds out what containers can do on this host, by trying, and how podman must be called for it.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { RuntimeError, type HostFacts } from '../runtime.js';
import { CommandError } from './command.js';
import type { Podman, PodmanInfo } from './podman.js';

export interface HostProfile {
  facts: HostFacts;
  /** "runc", "crun", … */
  runtime: string;
  /** Arguments that every container needs here. */
  baseArguments: readonly string[];
  /** Whether memory and CPU limits can be set. */
  limits: boolean;
}

/** What the probe found out about the process, rather than about podman. */
export interface ProcessFacts {
  /** Hard limits; undefined means none. */
  openFiles: number | undefined;
  processes: number;
  canRaiseLimits: boolean;
  /** cgroup v1 with a v2 mount beside it, which crun refuses. */
  hybridCgroups: boolean;
}

const CAP_SYS_RESOURCE = 24n;

export function parseProcessFacts(limits: string, status: string, pidMax: number): Omit<ProcessFacts, 'hybridCgroups'> {
  const hard = (name: string): number | undefined => {
    const value = new RegExp(`^${name}\\s+\\S+\\s+(\\d+)`, 'm').exec(limits)?.[1];
    return value === undefined ? undefined : Number(value);
  };
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`);
  return {
    openFiles: hard('Max open files'),
    // podman lowers its own limit to that of the kernel, before it passes it on.
    processes: Math.min(hard('Max processes') ?? Infinity, pidMax),
    canRaiseLimits: (effective & (1n << CAP_SYS_RESOURCE)) !== 0n,
  };
}

/**
 * podman raises limits to its own defaults. A process that may not raise any (no CAP_SYS_RESOURCE, as in many virtual
 * machines and containers) must ask for what it has: "error setting rlimit type 7: operation not permitted".
 */
export function limitArguments({ canRaiseLimits, openFiles, processes }: ProcessFacts): string[] {
  if (canRaiseLimits) return [];
  return [
    ...(openFiles === undefined ? [] : [`--ulimit=nofile=${openFiles}:${openFiles}`]),
    `--ulimit=nproc=${processes}:${processes}`,
  ];
}

/** Runtimes to try, the likeliest first. */
export const runtimesToTry = (podmanDefault: string, hybridCgroups: boolean): string[] => [
  ...new Set(hybridCgroups ? ['runc', podmanDefault, 'crun'] : [podmanDefault, 'runc', 'crun']),
];

const SECURITY = ['--read-only', '--read-only-tmpfs=false', '--cap-drop=all', '--security-opt=no-new-privileges'];
const LIMITS = ['--memory=64m', '--memory-swap=64m', '--cpus=0.5'];

export async function probeHost(podman: Podman, probeImage: string | undefined): Promise<HostProfile> {
  if (process.getuid?.() !== 0) {
    throw new RuntimeError(
      'NotRoot',
      'Pods as containers need root (network namespaces, mounts): run it with sudo, or with a simulated node.',
    );
  }
  const info = await podmanInfo(podman);
  const facts = await processFacts();
  const baseArguments = limitArguments(facts);
  const limitations: string[] = [];
  if (info.storageDriver !== 'overlay') {
    limitations.push(`podman's storage driver is ${info.storageDriver}: every container copies its image, slowly`);
  }
  const image = probeImage ?? (await podman.anyImage());
  const found = await findRuntime(podman, info, facts, baseArguments, image);
  podman.runtime = found.runtime;
  if (found.limitation !== undefined) limitations.push(found.limitation);
  return {
    runtime: found.runtime,
    baseArguments,
    limits: found.limitation === undefined,
    facts: {
      description: `podman ${info.version} (${found.runtime})`,
      simulated: false,
      cpus: info.cpus,
      memoryBytes: info.memoryBytes,
      limitations,
    },
  };
}

async function podmanInfo(podman: Podman): Promise<PodmanInfo> {
  try {
    return await podman.info();
  } catch (error) {
    const missing = error instanceof CommandError && error.message.includes('ENOENT');
    const message = missing
      ? 'podman is not installed: apt-get install podman runc'
      : `podman does not work here: ${(error as Error).message}`;
    throw new RuntimeError('PodmanUnavailable', message, error);
  }
}

async function processFacts(): Promise<ProcessFacts> {
  const files = ['/proc/self/limits', '/proc/self/status', '/proc/sys/kernel/pid_max'];
  const [limits = '', status = '', pidMax = ''] = await Promise.all(files.map((file) => readFile(file, 'utf8')));
  const hybridCgroups = !existsSync('/sys/fs/cgroup/cgroup.controllers') && existsSync('/sys/fs/cgroup/unified');
  return { ...parseProcessFacts(limits, status, Number(pidMax)), hybridCgroups };
}

/** Runs a container with all that Pods will ask for; where that fails, without resource limits. */
async function findRuntime(
  podman: Podman,
  info: PodmanInfo,
  facts: ProcessFacts,
  baseArguments: readonly string[],
  image: string | undefined,
): Promise<{ runtime: string; limitation?: string }> {
  const candidates = runtimesToTry(info.runtime, facts.hybridCgroups);
  // Without any image there is nothing to try with.
  if (image === undefined) return { runtime: candidates[0] ?? info.runtime };
  const failures: string[] = [];
  const works = async (runtime: string, extra: readonly string[]): Promise<string | undefined> => {
    try {
      await podman.runOnce(
        [
          '--network=none',
          '--pull=never',
          ...baseArguments,
          ...SECURITY,
          ...extra,
          '--entrypoint=["true"]',
          '--',
          image,
        ],
        runtime,
      );
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  };
  for (const runtime of candidates) {
    const refused = await works(runtime, LIMITS);
    if (refused === undefined) return { runtime };
    const failure = await works(runtime, []);
    if (failure === undefined)
      return { runtime, limitation: `memory and CPU limits of containers are ignored: ${refused}` };
    failures.push(`${runtime}: ${failure}`);
  }
  throw new RuntimeError('RuntimeUnavailable', `podman cannot run a container here. ${failures.join('; ')}`);
}
