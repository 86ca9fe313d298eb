import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { systemClock, type Clock } from '../../shared/clock.js';
import type { ProcessStreams, StreamOptions } from '../../shared/process.js';
import {
  RuntimeError,
  type ContainerRuntime,
  type ContainerSpec,
  type ContainerStatus,
  type ExecResult,
  type HostFacts,
  type ImageState,
  type LogOptions,
  type Sandbox,
  type SandboxSpec,
} from '../runtime.js';
import { LoopbackAddresses } from './addresses.js';
import { SimulatedContainer } from './container.js';
import { attachedProcess, scriptedProcess } from './interactive.js';
import { ProcessRegister } from './process-register.js';
import type { Program } from './program.js';
import { configCheck } from './programs/config-check.js';
import { server, task } from './programs/generic.js';
import { bundleOf, controllerOf, hostProcess } from './programs/host-process.js';
import * as cinder from './programs/cinder.js';
import { glance } from './programs/glance.js';
import { keystone } from './programs/keystone/keystone.js';
import { mariadb } from './programs/mariadb.js';
import { memcached } from './programs/memcached.js';
import { placement } from './programs/placement.js';
import { rabbitmq } from './programs/rabbitmq.js';
import { matches, Script, type ContainerMatch } from './script.js';
import { SharedState } from './shared-state.js';

export interface SimulatedRuntimeOptions {
  clock?: Clock;
  /** Root of this repository: where the controllers' bundles are. Without it no controller can be run. */
  repository?: string;
  /** URL of the API server for controllers. Without it none can be run. */
  apiServer?: string;
  /** For what must be known after a crash, and what controllers need. Default: nothing is, and no controller can be run. */
  directory?: string;
}

/** In the directory: what the processes of controllers need while they run. */
const CONTROLLERS = 'controllers';

/** By the last part of the image's name. What is not here serves when it has ports, and otherwise is done at once. */
const servers: Readonly<Record<string, Program>> = {
  cinder: cinder.serve,
  glance,
  keystone: keystone.serve,
  mariadb,
  memcached,
  placement,
  rabbitmq,
};

/** Of containers without ports, likewise: those that do more than to be done. */
const tasks: Readonly<Record<string, (spec: ContainerSpec) => Program | undefined>> = {
  cinder: cinder.task,
  keystone: keystone.task,
};

/**
 * A node without containers: Pods get loopback addresses, images are small programs in this process, and our own
 * controllers are processes of this host. It forgets its containers when the process ends; volumes stay.
 */
export class SimulatedRuntime implements ContainerRuntime {
  /** What containers do instead of what they would do. */
  readonly script = new Script();
  readonly #clock: Clock;
  readonly #options: SimulatedRuntimeOptions;
  readonly #register: ProcessRegister;
  readonly #addresses = new LoopbackAddresses();
  readonly #shared: SharedState;
  readonly #sandboxes = new Map<string, Sandbox>();
  readonly #containers = new Map<string, SimulatedContainer>();
  readonly #listeners = new Set<(podUid: string) => void>();

  constructor(options: SimulatedRuntimeOptions = {}) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#register = new ProcessRegister(
      options.directory === undefined ? undefined : join(options.directory, 'processes'),
    );
    this.#shared = new SharedState(options.directory);
  }

  async start(): Promise<HostFacts> {
    if (this.#containers.size === 0) {
      await this.#register.clear();
      const { directory } = this.#options;
      if (directory !== undefined) await rm(join(directory, CONTROLLERS), { recursive: true, force: true });
    }
    return {
      description: 'simulated 1.0',
      simulated: true,
      cpus: cpus().length,
      memoryBytes: totalmem(),
      limitations: ['containers are simulated: images are small programs of the devcluster, and nothing is isolated'],
    };
  }

  /** The containers live as long as this object: an agent that starts anew finds them again. */
  async stop(): Promise<void> {
    this.#listeners.clear();
  }

  async teardown(): Promise<void> {
    this.#listeners.clear();
    await Promise.all([...this.#containers.values()].map((container) => container.stop(0)));
    this.#containers.clear();
    this.#sandboxes.clear();
  }

  async image(name: string): Promise<ImageState> {
    if (this.script.hasImage(name)) return { present: true, id: `simulated:${name}` };
    return {
      present: false,
      message: `image "${name}" is not on this node, and nothing is pulled: images are built locally`,
    };
  }

  async createSandbox({ podUid, hostNetwork }: SandboxSpec): Promise<Sandbox> {
    const known = this.#sandboxes.get(podUid);
    if (known) return known;
    const sandbox = { podUid, ip: hostNetwork ? '127.0.0.1' : this.#addresses.take() };
    this.#sandboxes.set(podUid, sandbox);
    return sandbox;
  }

  async sandboxes(): Promise<readonly Sandbox[]> {
    return [...this.#sandboxes.values()];
  }

  async removeSandbox(podUid: string): Promise<void> {
    const sandbox = this.#sandboxes.get(podUid);
    if (!sandbox) return;
    for (const container of this.#containers.values()) if (container.status().podUid === podUid) container.kill();
    this.#sandboxes.delete(podUid);
    this.#addresses.give(sandbox.ip);
  }

  async runContainer(spec: ContainerSpec): Promise<ContainerStatus> {
    const existing = [...this.#containers.values()]
      .map((container) => container.status())
      .find((status) => status.podUid === spec.podUid && status.name === spec.name && status.attempt === spec.attempt);
    if (existing) return existing;
    const sandbox = this.#sandboxes.get(spec.podUid);
    if (!sandbox) throw new RuntimeError('CreateContainerError', 'the Pod has no sandbox on this node');
    const behaviour = this.script.behaviourOf(spec);
    if (behaviour.startError) throw new RuntimeError(behaviour.startError.reason, behaviour.startError.message);
    const container = new SimulatedContainer({
      id: randomUUID().replaceAll('-', ''),
      spec,
      ip: sandbox.ip,
      clock: this.#clock,
      shared: this.#shared,
      program: this.#programOf(spec),
      behaviour,
      onChange: () => this.#notify(spec.podUid),
    });
    this.#containers.set(container.status().id, container);
    await container.started();
    return container.status();
  }

  async containers(): Promise<readonly ContainerStatus[]> {
    return [...this.#containers.values()].map((container) => container.status());
  }

  async stopContainer(id: string, gracePeriodSeconds: number): Promise<void> {
    await this.#containers.get(id)?.stop(gracePeriodSeconds);
  }

  async removeContainer(id: string): Promise<void> {
    const container = this.#containers.get(id);
    if (!container) return;
    container.kill();
    this.#containers.delete(id);
  }

  async *logs(id: string, options: LogOptions): AsyncIterable<string> {
    yield* this.#container(id).logs.read(options);
  }

  async exec(id: string, command: readonly string[]): Promise<ExecResult> {
    return this.#container(id).exec(command);
  }

  async execStream(id: string, command: readonly string[], options: StreamOptions): Promise<ProcessStreams> {
    // What was said since the container was started counts too.
    return scriptedProcess(this.script.behaviourOf(this.#container(id).spec), command, options);
  }

  async attach(id: string, options: StreamOptions): Promise<ProcessStreams> {
    return attachedProcess(this.#container(id), options);
  }

  async portForward(podUid: string, port: number): Promise<Duplex> {
    const sandbox = this.#sandboxes.get(podUid);
    if (!sandbox) throw new RuntimeError('SandboxNotFound', 'the Pod has no sandbox on this node');
    const socket = connect({ host: sandbox.ip, port, allowHalfOpen: true });
    await once(socket, 'connect');
    return socket;
  }

  onChange(listener: (podUid: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Ends running containers as a crash does, or the kernel when memory is short. Returns how many there were. */
  crash(match: ContainerMatch, options: { oomKilled?: boolean } = {}): number {
    const victims = [...this.#containers.values()].filter(
      (container) => container.status().state.phase === 'running' && matches(match, container.spec),
    );
    for (const container of victims) container.kill(options.oomKilled);
    return victims.length;
  }

  /** Loses all containers and sandboxes without a trace, as a reboot of the host does. */
  reboot(): void {
    for (const container of this.#containers.values()) container.kill();
    this.#containers.clear();
    for (const podUid of [...this.#sandboxes.keys()]) {
      this.#sandboxes.delete(podUid);
      this.#notify(podUid);
    }
  }

  #programOf(spec: ContainerSpec): Program {
    const controller = controllerOf(spec);
    const { repository, apiServer, directory } = this.#options;
    if (controller !== undefined && repository !== undefined && apiServer !== undefined && directory !== undefined) {
      const options = { register: this.#register, folder: join(directory, CONTROLLERS) };
      return hostProcess(bundleOf(repository, controller), apiServer, options);
    }
    const name = spec.image.split('/').at(-1)?.split(/[:@]/)[0] ?? '';
    return spec.ports.length === 0 ? (tasks[name]?.(spec) ?? configCheck(spec) ?? task) : (servers[name] ?? server);
  }

  #container(id: string): SimulatedContainer {
    const container = this.#containers.get(id);
    if (!container) throw new RuntimeError('ContainerNotFound', `there is no container ${id} on this node`);
    return container;
  }

  #notify(podUid: string): void {
    for (const listener of this.#listeners) listener(podUid);
  }
}
