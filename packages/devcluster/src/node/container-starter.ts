import { Pod } from '@stackwright/kube';
import type { Container } from 'kubernetes-types/core/v1.d.ts';
import { millisecondsOf } from '../shared/clock.js';
import { messageOf } from '../shared/log.js';
import type { Stored } from '../shared/objects.js';
import { Backoff } from './backoff.js';
import { buildContainerSpec } from './container-spec.js';
import type { EnvContext } from './env.js';
import type { NodeContext } from './node-context.js';
import { RuntimeError, type ContainerStatus } from './runtime.js';

export interface Waiting {
  reason: string;
  message: string;
}

export type StartResult =
  | { started: true; status: ContainerStatus }
  /** `retryIn`: milliseconds. */
  | { started: false; retryIn: number };

/** Starts the containers of one Pod: back-off, image, configuration, and what the Pod's status says meanwhile. */
export class ContainerStarter {
  readonly #node: NodeContext;
  readonly #restarts: Backoff;
  readonly #images: Backoff;
  readonly #waiting = new Map<string, Waiting>();
  /** When an image was last missing, by container. */
  readonly #missed = new Map<string, number>();

  constructor(node: NodeContext) {
    this.#node = node;
    this.#restarts = new Backoff(node.clock, node.settings.restartBackoff);
    this.#images = new Backoff(node.clock, node.settings.imageBackoff);
  }

  /** Why a container does not run although it should. */
  waiting(container: string): Waiting | undefined {
    return this.#waiting.get(container);
  }

  async start(pod: Stored<Pod>, container: Container, attempt: number, former: ContainerStatus | undefined, env: EnvContext): Promise<StartResult> {
    const ended = former?.state.phase === 'exited' ? Date.parse(former.state.finishedAt) : undefined;
    const held = ended === undefined ? 0 : this.#restarts.remaining(container.name, ended);
    if (held > 0) return this.#holdBack(pod, container, held);
    const missing = await this.#missingImage(pod, container);
    if (missing) return missing;
    try {
      const spec = await buildContainerSpec(pod, container, attempt, env, this.#node.volumes);
      const status = await this.#node.runtime.runContainer(spec);
      if (ended !== undefined) this.#restarts.next(container.name, ended);
      this.#waiting.delete(container.name);
      this.#record(pod, container, 'Normal', 'Created', `Created container: ${container.name}`);
      this.#record(pod, container, 'Normal', 'Started', `Started container ${container.name}`);
      return { started: true, status };
    } catch (error) {
      const reason = error instanceof RuntimeError ? error.reason : 'RunContainerError';
      this.#fail(pod, container, { reason, message: messageOf(error) });
      if (reason === 'CreateContainerConfigError') return { started: false, retryIn: this.#node.settings.configRetry };
      const now = this.#node.clock.now();
      this.#restarts.next(container.name, now);
      return { started: false, retryIn: this.#restarts.delay(container.name) };
    }
  }

  #holdBack(pod: Stored<Pod>, container: Container, retryIn: number): StartResult {
    const { namespace, name, uid } = pod.metadata;
    const seconds = Math.round(this.#restarts.delay(container.name) / 1000);
    const message = `back-off ${formatDuration(seconds)} restarting failed container=${container.name} pod=${name}_${namespace}(${uid})`;
    if (this.#waiting.get(container.name)?.reason !== 'CrashLoopBackOff') {
      const text = `Back-off restarting failed container ${container.name} in pod ${name}_${namespace}(${uid})`;
      this.#record(pod, container, 'Warning', 'BackOff', text);
    }
    this.#waiting.set(container.name, { reason: 'CrashLoopBackOff', message });
    return { started: false, retryIn };
  }

  /** Undefined when the image is there. */
  async #missingImage(pod: Stored<Pod>, container: Container): Promise<StartResult | undefined> {
    const image = container.image ?? '';
    const key = `${container.name}/${image}`;
    const missedAt = this.#missed.get(key);
    const held = missedAt === undefined ? 0 : this.#images.remaining(key, missedAt);
    const known = this.#waiting.get(container.name);
    if (held > 0) {
      if (known?.reason === 'ErrImagePull') {
        const message = `Back-off pulling image "${image}"`;
        this.#record(pod, container, 'Normal', 'BackOff', message);
        this.#waiting.set(container.name, { reason: 'ImagePullBackOff', message: `${message}: ErrImagePull: ${known.message}` });
      }
      return { started: false, retryIn: held };
    }
    const state = await this.#node.runtime.image(image);
    if (state.present) {
      this.#missed.delete(key);
      if (!known) this.#record(pod, container, 'Normal', 'Pulled', `Container image "${image}" already present on machine`);
      return undefined;
    }
    const now = this.#node.clock.now();
    this.#images.next(key, now);
    this.#missed.set(key, now);
    const never = container.imagePullPolicy === 'Never';
    const message = never ? `Container image "${image}" is not present with pull policy of Never: ${state.message}` : state.message;
    this.#record(pod, container, 'Warning', never ? 'ErrImageNeverPull' : 'Failed', never ? message : `Failed to pull image "${image}": ${message}`);
    this.#waiting.set(container.name, { reason: never ? 'ErrImageNeverPull' : 'ErrImagePull', message });
    // A little later the status says that it waits, as with the kubelet.
    return { started: false, retryIn: never ? this.#images.delay(key) : Math.min(1000, this.#images.delay(key)) };
  }

  #fail(pod: Stored<Pod>, container: Container, waiting: Waiting): void {
    const known = this.#waiting.get(container.name);
    if (known?.reason === waiting.reason && known.message === waiting.message) return;
    this.#waiting.set(container.name, waiting);
    this.#record(pod, container, 'Warning', 'Failed', `Error: ${waiting.message}`);
  }

  #record(pod: Stored<Pod>, container: Container, type: 'Normal' | 'Warning', reason: string, message: string): void {
    const list = pod.spec?.initContainers?.some(({ name }) => name === container.name) ? 'initContainers' : 'containers';
    this.#node.events.record(Pod, pod, type, reason, message, `spec.${list}{${container.name}}`);
  }
}

/** "40s", "2m40s", as Go prints it. */
function formatDuration(seconds: number): string {
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}

/** The attempt after what the runtime has, or after what the Pod's status remembers when the runtime lost it. */
export function nextAttempt(pod: Pod, container: Container, history: readonly ContainerStatus[]): number {
  const latest = history.at(-1);
  if (latest) return latest.state.phase === 'created' ? latest.attempt : latest.attempt + 1;
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  const known = statuses.find(({ name }) => name === container.name);
  const ran = known?.containerID !== undefined || millisecondsOf(known?.lastState?.terminated?.finishedAt) > 0;
  return known && ran ? known.restartCount + 1 : 0;
}
