import { Pod } from '@stackwright/kube';
import type { Container } from 'kubernetes-types/core/v1.d.ts';
import { millisecondsOf } from '../shared/clock.js';
import { messageOf } from '../shared/log.js';
import { sameValue, type Stored } from '../shared/objects.js';
import { isFinished } from '../shared/pods.js';
import { Backoff } from './backoff.js';
import { buildSandboxSpec } from './container-spec.js';
import { ContainerStarter, nextAttempt } from './container-starter.js';
import type { EnvContext } from './env.js';
import { runHook } from './hooks.js';
import { runtimeName, type NodeContext } from './node-context.js';
import { isSidecar, planContainers } from './plan.js';
import { PodProbes } from './probes/pod-probes.js';
import type { ContainerStatus, Sandbox } from './runtime.js';
import { withToken } from './service-account.js';
import { buildStatus, type ContainerReport } from './status.js';
import { TerminationMessages } from './termination-messages.js';
import type { PayloadContext } from './volumes/payload.js';

/** What a container is given to end when its Pod is gone from the API already, in seconds. */
const ABRUPT = 1;

/**
 * One Pod's life on this node. `sync` is level-triggered: it looks at what the Pod shall be and at what the runtime
 * has, takes the steps that can be taken, and writes the status. One sync runs at a time.
 */
export class PodWorker {
  readonly #node: NodeContext;
  readonly #uid: string;
  readonly #again: () => void;
  readonly #starter: ContainerStarter;
  readonly #messages: TerminationMessages;
  readonly #probes: PodProbes;
  readonly #setup: Backoff;
  /** Containers that are being ended, with the grace they were given in seconds. */
  readonly #ending = new Map<string, { grace: number; done: Promise<void> }>();
  #pod: Stored<Pod>;
  #prepared = false;
  #adopted = false;
  #setupFailedAt = 0;
  #setupMessage = '';
  #deadlinePassed = false;
  #disposed = false;

  /** `again` asks for another sync. */
  constructor(node: NodeContext, pod: Stored<Pod>, again: () => void) {
    this.#node = node;
    this.#pod = pod;
    this.#uid = pod.metadata.uid;
    this.#again = again;
    this.#starter = new ContainerStarter(node);
    this.#messages = new TerminationMessages(node.volumes, node.runtime);
    this.#setup = new Backoff(node.clock, node.settings.setupBackoff);
    this.#probes = new PodProbes({
      clock: node.clock,
      runtime: node.runtime,
      subject: (container) => this.#probeSubject(container),
      onChange: again,
      onFailure: (container, kind, output) => {
        const name = `${kind.charAt(0).toUpperCase()}${kind.slice(1)}`;
        this.#record('Warning', 'Unhealthy', `${name} probe failed: ${output}`, container);
      },
    });
  }

  /** True when nothing of the Pod is left here. */
  get disposed(): boolean {
    return this.#disposed;
  }

  get pod(): Stored<Pod> {
    return this.#pod;
  }

  /** Stops probing; the containers run on. */
  stop(): void {
    this.#probes.stop();
  }

  /** `pod` is undefined when it is gone from the API. Returns milliseconds after which to look again. */
  async sync(pod: Stored<Pod> | undefined): Promise<number | void> {
    if (this.#disposed) return;
    if (pod) this.#pod = withToken(pod, this.#account(pod));
    await this.#node.view.refresh();
    if (!this.#adopted) this.#adopt();
    await this.#readMessages();
    if (!pod) return this.#end(ABRUPT, undefined);
    if (pod.metadata.deletionTimestamp) return this.#end(pod.metadata.deletionGracePeriodSeconds ?? 30, pod);
    if (isFinished(pod)) return this.#finish();
    return this.#run(pod);
  }

  async #run(pod: Stored<Pod>): Promise<number | void> {
    if (this.#isLost() || this.#isPastDeadline(pod)) {
      for (const status of this.#live()) this.#stopContainer(status, this.#grace(), `Stopping container ${status.name}`);
      return this.#writeStatus(pod);
    }
    const wait = await this.#setUp();
    if (wait !== undefined) {
      await this.#writeStatus(pod);
      return wait;
    }
    const retry = await this.#advance();
    await this.#node.view.refresh();
    await this.#readMessages();
    const written = await this.#writeStatus(pod);
    this.#follow();
    return soonest(retry, written, this.#untilRenewal(), this.#untilDeadline(pod));
  }

  /** Volumes, then the sandbox. Returns milliseconds to wait when something is missing. */
  async #setUp(): Promise<number | undefined> {
    const { view, volumes, runtime, dns } = this.#node;
    try {
      if (!this.#prepared) {
        const held = this.#setup.remaining('setup', this.#setupFailedAt);
        await volumes.prepare(this.#pod, this.#payloadContext());
        this.#prepared = true;
        if (held > 0) this.#setup.forget('setup');
      } else {
        await volumes.update(this.#pod, this.#payloadContext()).catch((error: unknown) => this.#noteSetupFailure('FailedMount', error));
      }
    } catch (error) {
      return this.#setupFailed('FailedMount', error);
    }
    if (view.sandboxOf(this.#uid)) return undefined;
    try {
      await this.#clear();
      await runtime.createSandbox(buildSandboxSpec(this.#pod, dns));
      view.invalidate();
      await view.refresh();
      return undefined;
    } catch (error) {
      return this.#setupFailed('FailedCreatePodSandBox', error);
    }
  }

  #setupFailed(reason: string, error: unknown): number {
    this.#noteSetupFailure(reason, error);
    const now = this.#node.clock.now();
    this.#setup.next('setup', now);
    this.#setupFailedAt = now;
    return this.#setup.delay('setup');
  }

  #noteSetupFailure(reason: string, error: unknown): void {
    const message = messageOf(error);
    if (message === this.#setupMessage) return;
    this.#setupMessage = message;
    this.#record('Warning', reason, reason === 'FailedMount' ? message : `Failed to create pod sandbox: ${message}`);
  }

  /** Containers of a sandbox that is gone cannot go on: their network is. */
  async #clear(): Promise<void> {
    const { runtime, view } = this.#node;
    for (const status of view.containersOf(this.#uid)) {
      await runtime.stopContainer(status.id, 0);
      await runtime.removeContainer(status.id);
      view.invalidate();
    }
  }

  /** Ends and starts containers as planned. Returns milliseconds until what had to wait may be tried. */
  async #advance(): Promise<number | undefined> {
    const plan = planContainers(this.#pod, {
      history: (name) => this.#history(name),
      isStarted: (container, id) => this.#probes.isStarted(container, id),
      failedProbe: (container, id) => this.#probes.failed(container, id),
    });
    for (const { container, status, message } of plan.kill) {
      const probe = this.#probes.failed(container, status.id);
      const grace = (probe && container[`${probe}Probe`]?.terminationGracePeriodSeconds) ?? this.#grace();
      this.#stopContainer(status, grace, message);
    }
    let retry: number | undefined;
    for (const container of plan.start) {
      const history = this.#history(container.name);
      const attempt = nextAttempt(this.#pod, container, history);
      const result = await this.#starter.start(this.#pod, container, attempt, history.at(-1), this.#envContext());
      if (!result.started) {
        retry = soonest(retry, result.retryIn);
        continue;
      }
      this.#node.view.invalidate();
      await this.#forgetOldAttempts(history);
      this.#postStart(container, result.status);
    }
    return retry;
  }

  /** One ended attempt stays, for its logs. */
  async #forgetOldAttempts(history: readonly ContainerStatus[]): Promise<void> {
    for (const status of history.slice(0, -1)) await this.#node.runtime.removeContainer(status.id);
  }

  #postStart(container: Container, status: ContainerStatus): void {
    const handler = container.lifecycle?.postStart;
    if (!handler) return;
    const target = { containerId: status.id, container, podIP: this.#podIP() };
    void runHook(handler, target, this.#grace(), this.#node).then((failure) => {
      if (failure === undefined) return;
      this.#record('Warning', 'FailedPostStartHook', `PostStartHook failed: ${failure}`, container);
      this.#stopContainer(status, this.#grace(), `FailedPostStartHook`);
    });
  }

  /** Probes what runs. */
  #follow(): void {
    for (const container of this.#containers()) {
      const latest = this.#history(container.name).at(-1);
      if (latest?.state.phase !== 'running') continue;
      this.#probes.add(container);
      this.#probes.follow(container, latest.id);
    }
  }

  /** Takes over what an earlier process left running: what it knew of readiness stays true until a probe says otherwise. */
  #adopt(): void {
    this.#adopted = true;
    const statuses = [...(this.#pod.status?.initContainerStatuses ?? []), ...(this.#pod.status?.containerStatuses ?? [])];
    for (const container of this.#containers()) {
      const latest = this.#history(container.name).at(-1);
      const known = statuses.find(({ name }) => name === container.name);
      if (latest?.state.phase !== 'running') continue;
      this.#probes.add(container);
      if (known?.containerID !== this.#idOf(latest)) continue;
      this.#probes.assume(container, latest.id, { started: known.started ?? false, ready: known.ready });
    }
  }

  /** The Pod's end is decided by its containers: nothing runs that should not, and its logs stay until it is deleted. */
  async #finish(): Promise<void> {
    this.#probes.stop();
    for (const status of this.#live()) this.#stopContainer(status, this.#grace(), `Stopping container ${status.name}`);
    this.#node.tokens.forget(this.#uid);
  }

  /** Deletion: containers first, sidecars after the others, then all that the Pod had here, then the API object. */
  async #end(grace: number, pod: Stored<Pod> | undefined): Promise<void> {
    const live = this.#live();
    const sidecars = new Set(this.#pod.spec?.initContainers?.filter(isSidecar).map(({ name }) => name));
    const main = live.filter(({ name }) => !sidecars.has(name));
    for (const status of main.length > 0 ? main : live) this.#stopContainer(status, grace, `Stopping container ${status.name}`);
    if (live.length > 0) {
      if (pod) await this.#writeStatus(pod);
      return;
    }
    this.#probes.stop();
    await Promise.all([...this.#ending.values()].map(({ done }) => done));
    if (pod && !isFinished(pod)) await this.#writeStatus(pod);
    await this.#removeAll();
    const current = pod && this.#node.stores.pods.get(pod.metadata);
    if (current?.metadata.uid === this.#uid) await this.#node.stores.pods.delete(current, { gracePeriodSeconds: 0 });
    this.#disposed = true;
  }

  async #removeAll(): Promise<void> {
    const { runtime, view, volumes, tokens } = this.#node;
    for (const status of view.containersOf(this.#uid)) await runtime.removeContainer(status.id);
    await runtime.removeSandbox(this.#uid);
    view.invalidate();
    await volumes.remove(this.#uid);
    tokens.forget(this.#uid);
  }

  /** Begins to end a container; a second call only counts when it is to go faster. */
  #stopContainer(status: ContainerStatus, grace: number, message: string): void {
    const known = this.#ending.get(status.id);
    if (known && known.grace <= grace) return;
    const { runtime, view, clock } = this.#node;
    const container = this.#containers().find(({ name }) => name === status.name);
    const hook = known ? undefined : container?.lifecycle?.preStop;
    if (!known) this.#record('Normal', 'Killing', message, container);
    const stop = async (): Promise<void> => {
      const began = clock.now();
      if (hook && container && grace > 0) {
        const target = { containerId: status.id, container, podIP: this.#podIP() };
        const failure = await runHook(hook, target, grace, this.#node);
        if (failure !== undefined) this.#record('Warning', 'FailedPreStopHook', `PreStopHook failed: ${failure}`, container);
      }
      // Whatever the hook took, the process still gets its signal and a moment to follow it.
      const left = Math.max(grace - Math.floor((clock.now() - began) / 1000), hook ? 2 : 0);
      await runtime.stopContainer(status.id, left);
    };
    const done = stop()
      .catch((error: unknown) => {
        this.#node.log.warn('container not stopped', { pod: this.#pod.metadata.name, container: status.name, error: messageOf(error) });
        clock.schedule(1000, this.#again);
      })
      .finally(() => {
        if (this.#ending.get(status.id)?.grace === grace) this.#ending.delete(status.id);
        view.invalidate();
        this.#again();
      });
    this.#ending.set(status.id, { grace, done });
  }

  /** Returns milliseconds after which to look again. */
  async #writeStatus(pod: Stored<Pod>): Promise<number | undefined> {
    const { stores, nodeIp, facts, clock, view } = this.#node;
    const sandbox: Sandbox | undefined = view.sandboxOf(this.#uid);
    const report = (container: Container): ContainerReport => {
      const history = this.#history(container.name);
      const latest = history.at(-1);
      const running = latest?.state.phase === 'running' ? latest.id : undefined;
      return {
        container,
        history,
        waiting: this.#starter.waiting(container.name),
        started: running !== undefined && this.#probes.isStarted(container, running),
        ready: running !== undefined && this.#probes.isReady(container, running),
        terminationMessage: (id) => this.#messages.get(id),
      };
    };
    const { initContainers = [], containers = [] } = pod.spec ?? {};
    const current = stores.pods.get(pod.metadata);
    if (current?.metadata.uid !== this.#uid) return undefined;
    const deadline = { reason: 'DeadlineExceeded', message: 'Pod was active on the node longer than the specified deadline' };
    const status = buildStatus({
      pod: current,
      runtime: runtimeName(facts),
      init: initContainers.map(report),
      main: containers.map(report),
      podIP: sandbox?.ip ?? current.status?.podIP,
      hostIP: nodeIp,
      ending: this.#live().length === 0 && (current.metadata.deletionTimestamp !== undefined || this.#isLost()),
      ...(this.#deadlinePassed ? { failure: deadline } : {}),
      now: clock.now(),
    });
    if (!sameValue(status, current.status)) await stores.pods.updateStatus({ ...current, status });
    return undefined;
  }

  async #readMessages(): Promise<void> {
    for (const container of this.#containers()) {
      for (const status of this.#history(container.name).slice(-2)) await this.#messages.read(container, status);
    }
  }

  /** The containers ran and are gone, and the Pod does not want them again: nothing can be told of them any more. */
  #isLost(): boolean {
    const { view } = this.#node;
    if ((this.#pod.spec?.restartPolicy ?? 'Always') !== 'Never') return false;
    if (view.sandboxOf(this.#uid) ?? view.containersOf(this.#uid)[0]) return false;
    return this.#pod.status?.containerStatuses?.some(({ containerID }) => containerID !== undefined) ?? false;
  }

  #isPastDeadline(pod: Stored<Pod>): boolean {
    if (this.#untilDeadline(pod) === 0) this.#deadlinePassed = true;
    return this.#deadlinePassed;
  }

  #untilDeadline(pod: Stored<Pod>): number | undefined {
    const seconds = pod.spec?.activeDeadlineSeconds;
    if (seconds === undefined || !pod.status?.startTime) return undefined;
    return Math.max(0, millisecondsOf(pod.status.startTime) + seconds * 1000 - this.#node.clock.now());
  }

  #untilRenewal(): number | undefined {
    const next = this.#node.tokens.nextRenewal(this.#uid);
    return next === undefined ? undefined : Math.max(1000, next - this.#node.clock.now());
  }

  #probeSubject(container: Container): { containerId: string; startedAt: number; podIP: string } | undefined {
    if (this.#pod.metadata.deletionTimestamp) return undefined;
    const latest = this.#history(container.name).at(-1);
    if (latest?.state.phase !== 'running' || this.#ending.has(latest.id)) return undefined;
    return { containerId: latest.id, startedAt: Date.parse(latest.state.startedAt), podIP: this.#podIP() };
  }

  #containers(): Container[] {
    return [...(this.#pod.spec?.initContainers ?? []), ...(this.#pod.spec?.containers ?? [])];
  }

  #history(name: string): readonly ContainerStatus[] {
    return this.#node.view.containersOf(this.#uid).filter((status) => status.name === name);
  }

  #live(): ContainerStatus[] {
    return this.#node.view.containersOf(this.#uid).filter(({ state }) => state.phase === 'running');
  }

  #grace(): number {
    return this.#pod.spec?.terminationGracePeriodSeconds ?? 30;
  }

  #podIP(): string {
    return this.#node.view.sandboxOf(this.#uid)?.ip ?? this.#pod.status?.podIP ?? '';
  }

  #idOf(status: ContainerStatus): string {
    return `${runtimeName(this.#node.facts)}://${status.id}`;
  }

  #account(pod: Stored<Pod>): Parameters<typeof withToken>[1] {
    return this.#node.stores.serviceAccounts.get({ namespace: pod.metadata.namespace, name: pod.spec?.serviceAccountName ?? 'default' });
  }

  #envContext(): EnvContext {
    const { stores, facts, nodeIp, apiServer } = this.#node;
    const port = String(apiServer.port);
    return {
      pod: this.#pod,
      addresses: { podIP: this.#podIP(), hostIP: nodeIp },
      node: facts,
      sources: {
        secret: (namespace, name) => stores.secrets.get({ namespace, name }),
        configMap: (namespace, name) => stores.configMaps.get({ namespace, name }),
      },
      defaults: { KUBERNETES_SERVICE_HOST: apiServer.host, KUBERNETES_SERVICE_PORT: port, KUBERNETES_SERVICE_PORT_HTTPS: port },
    };
  }

  #payloadContext(): PayloadContext {
    const token: PayloadContext['token'] = (audience, seconds) => this.#node.tokens.get(this.#pod, audience, seconds);
    return { ...this.#envContext(), token };
  }

  #record(type: 'Normal' | 'Warning', reason: string, message: string, container?: Container): void {
    const list = this.#pod.spec?.initContainers?.some(({ name }) => name === container?.name) ? 'initContainers' : 'containers';
    this.#node.events.record(Pod, this.#pod, type, reason, message, container && `spec.${list}{${container.name}}`);
  }
}

function soonest(...waits: (number | undefined)[]): number | undefined {
  const given = waits.filter((wait) => wait !== undefined);
  return given.length > 0 ? Math.min(...given) : undefined;
}
