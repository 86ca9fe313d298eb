import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { AddressPlan } from '../../network/address-plan.js';
import type { Way } from '../../network/network-policies.js';
import type { ProcessStreams, StreamOptions } from '../../shared/process.js';
import { runFolder } from '../../temporary.js';
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
import { CommandError } from './command.js';
import { containerArguments, containerName, LABELS } from './container-arguments.js';
import { ContainerCache } from './container-cache.js';
import { LoopbackDialer } from './dialer.js';
import { killProcessesWith } from './exec-cleanup.js';
import { ExitWatcher } from './exit-watcher.js';
import { probeHost, type HostProfile } from './host.js';
import { shortId } from './host-clusters.js';
import { followLog, readLog } from './log-file.js';
import { ingressRules } from './ingress-rules.js';
import { chooseAddress, PodNetwork } from './network.js';
import { Podman } from './podman.js';
import { PodmanService } from './service.js';
import { attachSession, execSession } from './sessions.js';
import { SandboxStore, type StoredSandbox } from './sandbox-store.js';

export interface PodmanRuntimeOptions {
  /** Marks all that is this cluster's on the host; letters, digits and dashes. */
  clusterId: string;
  /** For sandboxes and logs. */
  directory: string;
  addresses: AddressPlan;
  /** A small image to probe the host with. Default: any image there is. */
  probeImage?: string;
}

/** Between looks after the rules that keep neighbours out, milliseconds: whoever restarts a firewall takes them away. */
const GUARD_INTERVAL = 30_000;

const BOOT_ID = '/proc/sys/kernel/random/boot_id';

/** Set in commands run by `exec`, to find their processes again. */
const EXEC_MARK = 'STACKWRIGHT_EXEC';

/** Pods as real containers. */
export class PodmanRuntime implements ContainerRuntime {
  readonly #options: PodmanRuntimeOptions;
  readonly #podman: Podman;
  readonly #network: PodNetwork;
  readonly #store: SandboxStore;
  readonly #containers: ContainerCache;
  readonly #exits = new ExitWatcher();
  readonly #service: PodmanService;
  readonly #dialer = new LoopbackDialer();
  readonly #sessions = new Set<ProcessStreams>();
  readonly #sandboxes = new Map<string, StoredSandbox>();
  readonly #listeners = new Set<(podUid: string) => void>();
  #host: HostProfile | undefined;
  #guard: NodeJS.Timeout | undefined;

  constructor(options: PodmanRuntimeOptions) {
    this.#options = options;
    this.#network = new PodNetwork(options.clusterId, options.addresses);
    this.#podman = new Podman({ cwd: options.directory });
    this.#service = new PodmanService({
      cwd: options.directory,
      folder: this.#runFolder(),
      runtime: () => this.#podman.runtime,
    });
    this.#store = new SandboxStore(join(options.directory, 'sandboxes'));
    this.#containers = new ContainerCache(this.#podman, `${LABELS.cluster}=${options.clusterId}`);
  }

  async start(): Promise<HostFacts> {
    await mkdir(this.#options.directory, { recursive: true });
    this.#host = await probeHost(this.#podman, this.#options.probeImage);
    // Of a process that was killed.
    await rm(this.#runFolder(), { recursive: true, force: true });
    await this.#network.setup();
    this.#guard = setInterval(() => void this.#network.guard().catch(() => undefined), GUARD_INTERVAL);
    await this.#adopt();
    this.#exits.start(
      (id) => this.#notify(this.#containers.touch(id)),
      () => void this.#notifyOfAll(),
    );
    return this.#host.facts;
  }

  async stop(): Promise<void> {
    this.#exits.stop();
    clearInterval(this.#guard);
    await this.#endSessions();
  }

  async teardown(): Promise<void> {
    await mkdir(this.#options.directory, { recursive: true });
    this.#exits.stop();
    clearInterval(this.#guard);
    await this.#endSessions();
    await this.#removeAllContainers();
    await this.#network.teardown();
    await this.#store.clear();
    await rm(this.#logDirectory(), { recursive: true, force: true });
    await rm(this.#runFolder(), { recursive: true, force: true });
    this.#sandboxes.clear();
  }

  async image(name: string): Promise<ImageState> {
    const image = await this.#podman.image(name);
    if (image !== undefined) return { present: true, id: image.id, user: image.user };
    return {
      present: false,
      message: `image ${JSON.stringify(name)} is not on this node, and nothing is pulled: images are built locally`,
    };
  }

  async createSandbox(spec: SandboxSpec): Promise<Sandbox> {
    const existing = this.#sandboxes.get(spec.podUid);
    if (existing !== undefined) return { podUid: existing.podUid, ip: existing.ip };
    const { nodeIp } = this.#options.addresses;
    const taken = new Set([...this.#sandboxes.values()].map(({ ip }) => ip));
    const ip = spec.hostNetwork ? nodeIp : chooseAddress(spec.podUid, this.#options.addresses, taken);
    const sandbox: StoredSandbox = {
      podUid: spec.podUid,
      ip,
      hostname: spec.hostname,
      hostNetwork: spec.hostNetwork,
      hasDns: spec.dns !== undefined,
    };
    // Taken from here on, in the same turn as the choice; given back when it fails.
    this.#sandboxes.set(spec.podUid, sandbox);
    try {
      if (!spec.hostNetwork) await this.#network.attach(spec.podUid, ip);
      await this.#store.save(sandbox, spec);
    } catch (error) {
      this.#sandboxes.delete(spec.podUid);
      throw runtimeError('CreatePodSandboxError', 'cannot set up the network of the Pod', error);
    }
    return { podUid: spec.podUid, ip };
  }

  /** Who may come into a Pod's network, in the place of what was said before; nothing where it has none of its own. */
  async limitIngress(podUid: string, ways: readonly Way[] | undefined): Promise<void> {
    if (this.#sandboxes.get(podUid)?.hostNetwork !== false) return;
    await this.#network.filter(podUid, ingressRules(ways, this.#options.addresses.nodeIp));
  }

  async sandboxes(): Promise<readonly Sandbox[]> {
    return [...this.#sandboxes.values()].map(({ podUid, ip }) => ({ podUid, ip }));
  }

  async removeSandbox(podUid: string): Promise<void> {
    // Without its network a container is of no use; one that ended stays, with its log.
    const running = (await this.#containers.all()).filter(
      (each) => each.podUid === podUid && each.state.phase !== 'exited',
    );
    await this.#podman.remove(running.map(({ id }) => id));
    for (const { id } of running) this.#containers.forget(id);
    this.#dialer.forget(podUid);
    await this.#network.detach(podUid);
    await this.#store.remove(podUid);
    this.#sandboxes.delete(podUid);
  }

  async runContainer(spec: ContainerSpec): Promise<ContainerStatus> {
    const existing = (await this.#containers.all()).find((each) => isAttempt(each, spec));
    if (existing !== undefined && existing.state.phase !== 'created') return existing;
    // Created and never started: podman was killed between the two.
    if (existing !== undefined) await this.removeContainer(existing.id);
    const sandbox = this.#sandboxes.get(spec.podUid);
    if (sandbox === undefined || this.#host === undefined) {
      throw new RuntimeError('CreateContainerError', 'the Pod has no sandbox on this node');
    }
    const { clusterId } = this.#options;
    const logPath = join(
      this.#logDirectory(),
      `${spec.namespace}_${spec.podName}_${spec.podUid}`,
      spec.name,
      `${spec.attempt}.log`,
    );
    await mkdir(dirname(logPath), { recursive: true, mode: 0o700 });
    const needsImageUser = spec.group !== undefined && spec.user === undefined;
    const { options, command, envFile, env } = containerArguments(spec, {
      clusterId,
      host: this.#host,
      hostname: sandbox.hostname,
      networkNamespace: sandbox.hostNetwork ? undefined : this.#network.namespacePath(spec.podUid),
      files: this.#store.files(sandbox),
      logPath,
      ...(await this.#pidNamespace(spec)),
      imageUser: needsImageUser ? ((await this.#podman.image(spec.image))?.user ?? '') : '',
    });
    const envPath = `${logPath}.env`;
    let id: string;
    try {
      await writeFile(envPath, envFile, { mode: 0o600 });
      id = await this.#podman.run([...options, `--env-file=${envPath}`, ...command], env);
    } catch (error) {
      const other = await this.#sameContainer(spec, error);
      if (other !== undefined) return other;
      // What could not be started is there all the same, and would be in the way of the next attempt.
      await this.#podman.remove([containerName(clusterId, spec)]).catch(() => undefined);
      throw startError(spec, error);
    } finally {
      await rm(envPath, { force: true });
    }
    const started = await this.#containers.get(id);
    if (started === undefined)
      throw new RuntimeError('RunContainerError', 'the container was removed as soon as it was started');
    // It may have ended before anybody knew whose it is.
    if (this.#containers.isStale(id)) setImmediate(() => this.#notify(spec.podUid));
    return started.status;
  }

  containers(): Promise<readonly ContainerStatus[]> {
    return this.#containers.all();
  }

  async stopContainer(id: string, gracePeriodSeconds: number): Promise<void> {
    this.#containers.killing(id);
    try {
      await this.#podman.stop(id, gracePeriodSeconds);
    } catch (error) {
      throw runtimeError('KillContainerError', 'cannot stop the container', error);
    }
    this.#notify(this.#containers.touch(id));
  }

  async removeContainer(id: string): Promise<void> {
    const known = await this.#containers.get(id);
    try {
      await this.#podman.remove([id]);
    } catch (error) {
      throw runtimeError('RemoveContainerError', 'cannot remove the container', error);
    }
    this.#containers.forget(id);
    if (known !== undefined && known.logPath !== '') await rm(known.logPath, { force: true });
  }

  async *logs(id: string, { follow, ...options }: LogOptions): AsyncIterable<string> {
    const path = await this.#logPath(id);
    if (follow === undefined) {
      yield* readLog(path, options);
      return;
    }
    const podUid = this.#containers.touch(id);
    yield* followLog(path, {
      ...options,
      signal: follow,
      ended: async () => (await this.#containers.get(id))?.status.state.phase !== 'running',
      onEnd: (wake) =>
        this.onChange((changed) => {
          if (changed === podUid) wake();
        }),
    });
  }

  async exec(
    id: string,
    command: readonly string[],
    { timeoutSeconds }: { timeoutSeconds: number },
  ): Promise<ExecResult> {
    const mark = `${EXEC_MARK}=${randomUUID()}`;
    try {
      const env = { [EXEC_MARK]: mark.slice(EXEC_MARK.length + 1) };
      const { stdout, stderr } = await this.#podman.exec(id, command, { env, timeout: timeoutSeconds * 1000 });
      return { exitCode: 0, stdout, stderr };
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      if (error.exitCode === undefined) {
        // podman's client was killed; the command in the container knows nothing of it.
        await killProcessesWith(mark);
        throw new RuntimeError(
          'ExecTimeout',
          `command ${JSON.stringify(command[0])} did not end within ${timeoutSeconds} s`,
          error,
        );
      }
      if (error.exitCode === PODMAN_FAILED)
        throw runtimeError('ExecError', 'cannot run the command in the container', error);
      return { exitCode: error.exitCode, stdout: error.stdout, stderr: error.stderr };
    }
  }

  async execStream(id: string, command: readonly string[], options: StreamOptions): Promise<ProcessStreams> {
    try {
      return this.#track(await execSession(this.#service, id, command, options));
    } catch (error) {
      throw runtimeError('ExecError', 'cannot run the command in the container', error);
    }
  }

  async attach(id: string, options: StreamOptions): Promise<ProcessStreams> {
    try {
      return this.#track(await attachSession(this.#service, id, options));
    } catch (error) {
      throw runtimeError('AttachError', 'cannot attach to the container', error);
    }
  }

  async portForward(podUid: string, port: number): Promise<Duplex> {
    const sandbox = this.#sandboxes.get(podUid);
    if (sandbox === undefined) throw new RuntimeError('SandboxNotFound', 'the Pod has no sandbox on this node');
    const enter = sandbox.hostNetwork ? [] : this.#network.enter(podUid);
    try {
      return await this.#dialer.dial(podUid, port, enter);
    } catch (error) {
      throw runtimeError('PortForwardError', `failed to connect to localhost:${port} inside the Pod`, error);
    }
  }

  onChange(listener: (podUid: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Takes over what an earlier process left: running containers go on, whatever a reboot ended is cleared away. */
  async #adopt(): Promise<void> {
    const bootFile = join(this.#options.directory, 'boot-id');
    const bootId = await readFile(BOOT_ID, 'utf8');
    if ((await readFile(bootFile, 'utf8').catch(() => undefined)) !== bootId) {
      // No container runs after a reboot, and podman no longer knows how they ended.
      await this.#removeAllContainers();
      await this.#store.clear();
      await writeFile(bootFile, bootId);
    }
    const attached = new Set(await this.#network.attached());
    for (const sandbox of await this.#store.load()) {
      if (sandbox.hostNetwork || attached.has(sandbox.podUid)) this.#sandboxes.set(sandbox.podUid, sandbox);
      else await this.removeSandbox(sandbox.podUid);
    }
    // Of attempts that were interrupted before they were recorded.
    for (const podUid of attached) if (!this.#sandboxes.has(podUid)) await this.removeSandbox(podUid);
    await this.#containers.relist();
  }

  /** By its path: podman does not remove a container that another one names. */
  async #pidNamespace({ pidOf }: ContainerSpec): Promise<{ pidNamespace?: string }> {
    if (pidOf === undefined) return {};
    const [target] = await this.#podman.inspect([pidOf]);
    if (target === undefined || target.State.Pid === 0)
      throw new RuntimeError('CreateContainerError', 'the container whose processes it is to see does not run');
    return { pidNamespace: `/proc/${target.State.Pid}/ns/pid` };
  }

  /** A call of podman that outlived an earlier process may have made the container just now. */
  async #sameContainer(spec: ContainerSpec, error: unknown): Promise<ContainerStatus | undefined> {
    if (!/name is already in use/.test((error as Error).message)) return undefined;
    const known = (await this.#containers.relist()).find((each) => isAttempt(each, spec));
    return known?.state.phase === 'created' ? undefined : known;
  }

  async #removeAllContainers(): Promise<void> {
    const ids = await this.#podman.list(`${LABELS.cluster}=${this.#options.clusterId}`).catch(noneWithoutPodman);
    await this.#podman.remove(ids);
    for (const id of ids) this.#containers.forget(id);
  }

  async #logPath(id: string): Promise<string> {
    const known = await this.#containers.get(id);
    if (known === undefined) throw new RuntimeError('ContainerNotFound', `there is no container ${id} on this node`);
    return known.logPath;
  }

  /** What runs for somebody who talks to it ends with this process. */
  #track(session: ProcessStreams): ProcessStreams {
    this.#sessions.add(session);
    const forget = (): boolean => this.#sessions.delete(session);
    session.exit.then(forget, forget);
    return session;
  }

  async #endSessions(): Promise<void> {
    this.#dialer.stop();
    await Promise.all([...this.#sessions].map((session) => session.hangUp()));
    await this.#service.stop();
  }

  #runFolder(): string {
    return runFolder(shortId(this.#options.clusterId));
  }

  #logDirectory(): string {
    return join(this.#options.directory, 'logs');
  }

  #notify(podUid: string | undefined): void {
    if (podUid === undefined) return;
    for (const listener of this.#listeners) listener(podUid);
  }

  async #notifyOfAll(): Promise<void> {
    const before = await this.#containers.all();
    for (const { id, state } of before) if (state.phase === 'running') this.#containers.touch(id);
    const after = new Map((await this.#containers.relist()).map((each) => [each.id, each.state.phase]));
    for (const { id, podUid, state } of before) if (after.get(id) !== state.phase) this.#notify(podUid);
  }
}

const isAttempt = (status: ContainerStatus, spec: ContainerSpec): boolean =>
  status.podUid === spec.podUid && status.name === spec.name && status.attempt === spec.attempt;

/** podman's own exit codes, as opposed to those of the container's command. */
const PODMAN_FAILED = 125;

/** Where there is no podman there are no containers: a cluster that never came up can be taken down all the same. */
function noneWithoutPodman(error: unknown): string[] {
  if (error instanceof CommandError && error.message.includes('ENOENT')) return [];
  throw error;
}

function startError(spec: ContainerSpec, error: unknown): RuntimeError {
  const message = (error as Error).message;
  if (/image not known/i.test(message)) {
    return new RuntimeError('ErrImageNeverPull', `image ${JSON.stringify(spec.image)} is not on this node`, error);
  }
  // The OCI runtime could not start the command; all else is about creating the container.
  const reason = /OCI (runtime|permission)/.test(message) ? 'RunContainerError' : 'CreateContainerError';
  return runtimeError(reason, 'cannot start the container', error);
}

function runtimeError(reason: string, what: string, error: unknown): RuntimeError {
  if (error instanceof RuntimeError) return error;
  return new RuntimeError(reason, `${what}: ${error instanceof Error ? error.message : String(error)}`, error);
}
