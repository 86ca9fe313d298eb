import type { Pod } from '@stackwright/kube';
import type { Container } from 'kubernetes-types/core/v1.d.ts';
import { millisecondsOf } from '../shared/clock.js';
import { sameValue, type Stored } from '../shared/objects.js';
import { isFinished } from '../shared/pods.js';
import { ContainerStarter, nextAttempt } from './container-starter.js';
import { ContainerStopper } from './container-stopper.js';
import { runHook } from './hooks.js';
import { runtimeName, type NodeContext } from './node-context.js';
import { isSidecar, planContainers } from './plan.js';
import { PodScope } from './pod-scope.js';
import { PodSetup } from './pod-setup.js';
import { PodProbes } from './probes/pod-probes.js';
import type { ContainerStatus } from './runtime.js';
import { buildStatus, type ContainerReport } from './status.js';
import { TerminationMessages } from './termination-messages.js';

/** What a container is given to end when its Pod is gone from the API already, in seconds. */
const ABRUPT = 1;

/**
 * One Pod's life on this node. `sync` is level-triggered: it looks at what the Pod shall be and at what the runtime
 * has, takes the steps that can be taken, and writes the status. One sync runs at a time.
 */
export class PodWorker {
  readonly #node: NodeContext;
  readonly #scope: PodScope;
  readonly #setup: PodSetup;
  readonly #starter: ContainerStarter;
  readonly #stopper: ContainerStopper;
  readonly #messages: TerminationMessages;
  readonly #probes: PodProbes;
  #adopted = false;
  #deadlinePassed = false;
  #disposed = false;

  /** `again` asks for another sync. */
  constructor(node: NodeContext, pod: Stored<Pod>, again: () => void) {
    this.#node = node;
    this.#scope = new PodScope(node, pod);
    this.#setup = new PodSetup(this.#scope);
    this.#starter = new ContainerStarter(this.#scope);
    this.#stopper = new ContainerStopper(this.#scope, again);
    this.#messages = new TerminationMessages(node.volumes, node.runtime);
    this.#probes = new PodProbes({
      clock: node.clock,
      runtime: node.runtime,
      subject: (container) => this.#probeSubject(container),
      onChange: again,
      onFailure: (container, kind, output) => {
        const name = `${kind.charAt(0).toUpperCase()}${kind.slice(1)}`;
        this.#scope.record('Warning', 'Unhealthy', `${name} probe failed: ${output}`, container);
      },
    });
  }

  /** True when nothing of the Pod is left here. */
  get disposed(): boolean {
    return this.#disposed;
  }

  get pod(): Stored<Pod> {
    return this.#scope.pod;
  }

  /** Stops probing; the containers run on. */
  stop(): void {
    this.#probes.stop();
  }

  /** `pod` is undefined when it is gone from the API. Returns milliseconds after which to look again. */
  async sync(pod: Stored<Pod> | undefined): Promise<number | void> {
    if (this.#disposed) return;
    if (pod) this.#scope.pod = pod;
    await this.#node.view.refresh();
    if (!this.#adopted) this.#adopt();
    await this.#readMessages();
    if (!pod) return this.#end(ABRUPT, undefined);
    if (pod.metadata.deletionTimestamp) return this.#end(pod.metadata.deletionGracePeriodSeconds ?? 30, pod);
    if (isFinished(pod)) return this.#finish();
    return this.#run(pod);
  }

  async #run(pod: Stored<Pod>): Promise<number | void> {
    if (!pod.status?.startTime) await this.#writeStatus(pod);
    if (this.#isLost() || this.#isPastDeadline(pod)) {
      for (const status of this.#scope.running()) this.#stopper.stop(status, this.#scope.grace());
      return this.#writeStatus(pod);
    }
    const wait = await this.#setup.ensure();
    if (wait !== undefined) {
      await this.#writeStatus(pod);
      return wait;
    }
    const retry = await this.#advance();
    await this.#node.view.refresh();
    await this.#readMessages();
    await this.#writeStatus(pod);
    this.#followProbes();
    return soonest(retry, this.#untilRenewal(), this.#untilDeadline(pod));
  }

  /** Ends and starts containers as planned. Returns milliseconds until what had to wait may be tried. */
  async #advance(): Promise<number | undefined> {
    const plan = planContainers(this.#scope.pod, {
      history: (name) => this.#scope.history(name),
      isStarted: (container, id) => this.#probes.isStarted(container, id),
      failedProbe: (container, id) => this.#probes.failed(container, id),
      imageOf: (status) => this.#scope.imageOf(status),
    });
    for (const { container, status, message } of plan.kill) {
      const probe = this.#probes.failed(container, status.id);
      const grace = probe && container[`${probe}Probe`]?.terminationGracePeriodSeconds;
      this.#stopper.stop(status, grace ?? this.#scope.grace(), message);
    }
    let retry: number | undefined;
    for (const container of plan.start) {
      const history = this.#scope.history(container.name);
      const result = await this.#starter.start(
        container,
        nextAttempt(this.#scope.pod, container, history),
        history.at(-1),
      );
      if (!result.started) {
        retry = soonest(retry, result.retryIn);
        continue;
      }
      // One ended attempt stays, for its logs.
      for (const old of history.slice(0, -1)) await this.#node.runtime.removeContainer(old.id);
      this.#node.view.invalidate();
      this.#postStart(container, result.status);
    }
    return retry;
  }

  #postStart(container: Container, status: ContainerStatus): void {
    const handler = container.lifecycle?.postStart;
    if (!handler) return;
    const target = { containerId: status.id, container, podIP: this.#scope.podIP() };
    void runHook(handler, target, this.#scope.grace(), this.#node).then((failure) => {
      if (failure === undefined) return;
      this.#scope.record('Warning', 'FailedPostStartHook', `PostStartHook failed: ${failure}`, container);
      this.#stopper.stop(status, this.#scope.grace(), 'FailedPostStartHook');
    });
  }

  #followProbes(): void {
    for (const container of this.#scope.containers()) {
      const latest = this.#scope.latest(container.name);
      if (latest?.state.phase !== 'running') continue;
      this.#probes.add(container);
      this.#probes.follow(container, latest.id);
    }
  }

  /** Takes over what an earlier process left running: what it knew of readiness stays true until a probe says otherwise. */
  #adopt(): void {
    this.#adopted = true;
    const { status } = this.#scope.pod;
    const statuses = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
    for (const container of this.#scope.containers()) {
      const latest = this.#scope.latest(container.name);
      const known = statuses.find(({ name }) => name === container.name);
      if (latest?.state.phase !== 'running') continue;
      this.#probes.add(container);
      if (known?.containerID !== this.#scope.idOf(latest)) continue;
      this.#probes.assume(container, latest.id, { started: known.started ?? false, ready: known.ready });
    }
  }

  /** The Pod's end is decided by its containers: nothing runs that should not, and its logs stay until it is deleted. */
  async #finish(): Promise<void> {
    this.#probes.stop();
    for (const status of this.#scope.running()) this.#stopper.stop(status, this.#scope.grace());
    this.#node.tokens.forget(this.#scope.uid);
  }

  /** Deletion: containers first, sidecars after the others, then all that the Pod had here, then the API object. */
  async #end(grace: number, pod: Stored<Pod> | undefined): Promise<void> {
    const running = this.#scope.running();
    const sidecars = new Set(this.#scope.pod.spec?.initContainers?.filter(isSidecar).map(({ name }) => name));
    const main = running.filter(({ name }) => !sidecars.has(name));
    for (const status of main.length > 0 ? main : running) this.#stopper.stop(status, grace);
    if (running.length > 0) {
      if (pod) await this.#writeStatus(pod);
      return;
    }
    this.#probes.stop();
    await this.#stopper.settled();
    if (pod && !isFinished(pod)) await this.#writeStatus(pod);
    await this.#removeAll();
    const current = pod && this.#node.stores.pods.get(pod.metadata);
    if (current?.metadata.uid === this.#scope.uid)
      await this.#node.stores.pods.delete(current, { gracePeriodSeconds: 0 });
    this.#disposed = true;
  }

  async #removeAll(): Promise<void> {
    const { runtime, view, volumes, tokens } = this.#node;
    const { uid } = this.#scope;
    for (const status of view.containersOf(uid)) await runtime.removeContainer(status.id);
    await runtime.removeSandbox(uid);
    view.invalidate();
    await volumes.remove(uid);
    tokens.forget(uid);
  }

  async #writeStatus(pod: Stored<Pod>): Promise<void> {
    const { stores, nodeIp, facts, clock, view } = this.#node;
    const { initContainers = [], containers = [], ephemeralContainers = [] } = pod.spec ?? {};
    const current = stores.pods.get(pod.metadata);
    if (current?.metadata.uid !== this.#scope.uid) return;
    const over = current.metadata.deletionTimestamp !== undefined || this.#isLost();
    const deadline = {
      reason: 'DeadlineExceeded',
      message: 'Pod was active on the node longer than the specified deadline',
    };
    const status = buildStatus({
      pod: current,
      runtime: runtimeName(facts),
      init: initContainers.map((container) => this.#report(container)),
      main: containers.map((container) => this.#report(container)),
      ephemeral: ephemeralContainers.map((container) => this.#report(container)),
      podIP: view.sandboxOf(this.#scope.uid)?.ip ?? current.status?.podIP,
      hostIP: nodeIp,
      ending: over && this.#scope.running().length === 0,
      ...(this.#deadlinePassed ? { failure: deadline } : {}),
      now: clock.now(),
    });
    if (!sameValue(status, current.status)) await stores.pods.updateStatus({ ...current, status });
  }

  #report(container: Container): ContainerReport {
    const history = this.#scope.history(container.name);
    const latest = history.at(-1);
    const running = latest?.state.phase === 'running' ? latest.id : undefined;
    return {
      container,
      history,
      waiting: this.#starter.waiting(container.name),
      image: (latest && this.#scope.imageOf(latest)) ?? container.image ?? '',
      started: running !== undefined && this.#probes.isStarted(container, running),
      ready: running !== undefined && this.#probes.isReady(container, running),
      terminationMessage: (id) => this.#messages.get(id),
    };
  }

  async #readMessages(): Promise<void> {
    for (const container of this.#scope.containers()) {
      for (const status of this.#scope.history(container.name).slice(-2)) await this.#messages.read(container, status);
    }
  }

  /** The containers ran, their sandbox is gone, and the Pod does not want them again: this was it. */
  #isLost(): boolean {
    const { pod, uid } = this.#scope;
    if ((pod.spec?.restartPolicy ?? 'Always') !== 'Never' || this.#node.view.sandboxOf(uid)) return false;
    return pod.status?.containerStatuses?.some(({ containerID }) => containerID !== undefined) ?? false;
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
    const next = this.#node.tokens.nextRenewal(this.#scope.uid);
    return next === undefined ? undefined : Math.max(1000, next - this.#node.clock.now());
  }

  #probeSubject(container: Container): { containerId: string; startedAt: number; podIP: string } | undefined {
    if (this.#scope.pod.metadata.deletionTimestamp) return undefined;
    const latest = this.#scope.latest(container.name);
    if (latest?.state.phase !== 'running' || this.#stopper.isEnding(latest.id)) return undefined;
    return { containerId: latest.id, startedAt: Date.parse(latest.state.startedAt), podIP: this.#scope.podIP() };
  }
}

function soonest(...waits: (number | undefined)[]): number | undefined {
  const given = waits.filter((wait) => wait !== undefined);
  return given.length > 0 ? Math.min(...given) : undefined;
}
