// A program of the simulated node: what a container runs instead of an image.
import { normalize } from 'node:path/posix';
import type { Clock } from '../../shared/clock.js';
import type { ContainerSpec } from '../runtime.js';
import type { SharedState } from './shared-state.js';

export interface ProgramContext {
  readonly spec: ContainerSpec;
  /** The Pod's address, in 127.0.0.0/8. */
  readonly ip: string;
  readonly clock: Clock;
  /** What all programs of the node know together. */
  readonly shared: SharedState;
  /** Aborted by SIGTERM: end soon. */
  readonly terminate: AbortSignal;
  /** Aborted by SIGKILL and at the container's end: let go of everything at once. */
  readonly killed: AbortSignal;
  /** Where the host has what the container sees at this path; undefined outside of its volumes. */
  path: (containerPath: string) => string | undefined;
  log: (line: string) => void;
  /** Serves now. The container counts as started from here on, so that the first probe finds an answer. */
  serving: () => void;
}

/** Runs until it is done or told to end; resolves with the exit code. */
export type Program = (context: ProgramContext) => Promise<number>;

/** Resolves when the container is told to end. */
export function terminated({ terminate }: ProgramContext): Promise<void> {
  if (terminate.aborted) return Promise.resolve();
  return new Promise((resolve) => terminate.addEventListener('abort', () => resolve(), { once: true }));
}

/** The path on the host of a path in the container: through the mount that is the nearest above it, and never out of that. */
export function hostPathOf(spec: ContainerSpec, containerPath: string): string | undefined {
  const path = normalize(containerPath);
  const mount = spec.mounts
    .map(({ hostPath, containerPath: at }) => ({ hostPath, at: normalize(at).replace(/\/$/, '') }))
    .filter(({ at }) => path === at || path.startsWith(`${at}/`))
    .sort((a, b) => b.at.length - a.at.length)[0];
  return mount && `${mount.hostPath}${path.slice(mount.at.length)}`;
}
