// What the node agent needs of whatever runs containers. Two drivers: `podman/` and `simulated/`.
// The agent (agent.ts) owns the life of a Pod; a driver only knows sandboxes (a Pod's network) and containers.

import type { Duplex } from 'node:stream';
import type { ProcessStreams, StreamOptions } from '../shared/process.js';

export interface HostFacts {
  /** "podman 4.3.1 (runc)" or "simulated". */
  description: string;
  simulated: boolean;
  cpus: number;
  memoryBytes: number;
  /** What this host cannot do, in words, for the node's conditions and the log ("memory limits: cgroup …"). */
  limitations: readonly string[];
}

export interface SandboxSpec {
  /** The Pod's UID: the sandbox's identity. */
  podUid: string;
  namespace: string;
  podName: string;
  hostname: string;
  hostNetwork: boolean;
  /** For the Pod's /etc/resolv.conf; absent on hosts without cluster DNS. */
  dns?: { nameserver: string; searches: readonly string[]; options: readonly string[] };
  hostAliases: readonly { ip: string; hostnames: readonly string[] }[];
}

export interface Sandbox {
  podUid: string;
  ip: string;
}

export interface Mount {
  /** A directory or file on the host. */
  hostPath: string;
  containerPath: string;
  readOnly: boolean;
}

export interface ContainerSpec {
  podUid: string;
  namespace: string;
  podName: string;
  /** The container's name in the Pod. */
  name: string;
  /** Counts restarts; (podUid, name, attempt) is the identity. */
  attempt: number;
  image: string;
  /** Replaces the image's entry point. */
  command?: readonly string[];
  args?: readonly string[];
  env: readonly { name: string; value: string }[];
  workingDir?: string;
  mounts: readonly Mount[];
  ports: readonly { name?: string; containerPort: number; protocol: string }[];
  user?: number;
  group?: number;
  supplementalGroups: readonly number[];
  readOnlyRootFilesystem: boolean;
  privileged: boolean;
  allowPrivilegeEscalation: boolean;
  capabilities: { add: readonly string[]; drop: readonly string[] };
  memoryLimitBytes?: number;
  cpuLimit?: number;
  tty: boolean;
  /** Id of a container whose processes it sees as its own. */
  pidOf?: string;
  /** Whether somebody may write to it (`attach`). Default false: it reads an end at once. */
  stdin?: boolean;
}

export type ContainerState =
  | { phase: 'created' }
  | { phase: 'running'; startedAt: string }
  | { phase: 'exited'; startedAt: string; finishedAt: string; exitCode: number; oomKilled: boolean; signal?: number };

export interface ContainerStatus {
  id: string;
  podUid: string;
  name: string;
  attempt: number;
  image: string;
  imageId: string;
  state: ContainerState;
}

export type ImageState =
  | {
      present: true;
      id: string;
      /** The user that it names, "" for none; undefined where nobody knows. */
      user?: string;
    }
  | { present: false; message: string };

export interface LogOptions {
  /** The last lines of all there are; `sinceTime` may leave out some of them. */
  tailLines?: number;
  limitBytes?: number;
  /** RFC 3339. */
  sinceTime?: string;
  timestamps?: boolean;
  /** Goes on until the container has ended, or this is aborted. */
  follow?: AbortSignal;
}

export interface ExecResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/**
 * All methods may be called again with the same arguments and then change nothing. Errors are `RuntimeError`s, whose
 * message a user can act on (it ends up in the Pod's status).
 */
export interface ContainerRuntime {
  /** Probes the host and prepares what all Pods share (a bridge, address ranges). Throws when containers cannot run here. */
  start(): Promise<HostFacts>;
  /** Stops watching; containers run on, to be found again by `containers()`. */
  stop(): Promise<void>;
  /** Removes everything this cluster ever made on the host: containers, sandboxes, network. */
  teardown(): Promise<void>;

  image(name: string): Promise<ImageState>;

  createSandbox(spec: SandboxSpec): Promise<Sandbox>;
  /** Sandboxes that exist, this process's or an earlier one's. */
  sandboxes(): Promise<readonly Sandbox[]>;
  removeSandbox(podUid: string): Promise<void>;

  runContainer(spec: ContainerSpec): Promise<ContainerStatus>;
  containers(): Promise<readonly ContainerStatus[]>;
  /** SIGTERM, then SIGKILL after the grace period (seconds). Resolves when it has ended. */
  stopContainer(id: string, gracePeriodSeconds: number): Promise<void>;
  removeContainer(id: string): Promise<void>;

  /** What the container wrote, in pieces of whole lines as far as `limitBytes` lets them. */
  logs(id: string, options: LogOptions): AsyncIterable<string>;
  /** Runs a command to its end, as probes and hooks do. */
  exec(id: string, command: readonly string[], options: { timeoutSeconds: number }): Promise<ExecResult>;
  /** Runs a command for somebody who talks to it. */
  execStream(id: string, command: readonly string[], options: StreamOptions): Promise<ProcessStreams>;
  /** Talks to the container's own process. `tty` is what the container has. Its exit code is not told: 0. */
  attach(id: string, options: StreamOptions): Promise<ProcessStreams>;
  /** A connection to the Pod's own loopback address, which can end in one direction. */
  portForward(podUid: string, port: number): Promise<Duplex>;

  /** Called on every change of a container's state; coalescing is allowed, the agent reads `containers()`. */
  onChange(listener: (podUid: string) => void): () => void;
}

export class RuntimeError extends Error {
  override readonly name = 'RuntimeError';
  /** A kubelet reason: "CreateContainerError", "RunContainerError", "ErrImageNeverPull", … */
  readonly reason: string;

  constructor(reason: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.reason = reason;
  }
}
