import type { Pod } from '@stackwright/kube';
import type { Container } from 'kubernetes-types/core/v1.d.ts';
import { millisecondsOf } from '../shared/clock.js';
import { messageOf } from '../shared/log.js';
import { Backoff } from './backoff.js';
import { buildContainerSpec } from './container-spec.js';
import { isImageName } from './image-name.js';
import { verifyNonRoot } from './non-root.js';
import type { PodScope } from './pod-scope.js';
import { RuntimeError, type ContainerStatus, type ImageState } from './runtime.js';

/** How long the status shows ErrImagePull before it turns into ImagePullBackOff, in milliseconds. */
const IMAGE_REPORT = 1000;

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
  readonly #scope: PodScope;
  /** After containers that ended. */
  readonly #restarts: Backoff;
  /** After containers that the runtime could not start. */
  readonly #launches: Backoff;
  readonly #images: Backoff;
  readonly #waiting = new Map<string, Waiting>();
  /** When a launch or an image failed last, by key of its back-off. */
  readonly #failed = new Map<string, number>();

  constructor(scope: PodScope) {
    const { clock, settings } = scope.node;
    this.#scope = scope;
    this.#restarts = new Backoff(clock, settings.restartBackoff);
    this.#launches = new Backoff(clock, settings.restartBackoff);
    this.#images = new Backoff(clock, settings.imageBackoff);
  }

  /** Why a container does not run although it should. */
  waiting(container: string): Waiting | undefined {
    return this.#waiting.get(container);
  }

  /** `former` is the attempt before this one. */
  async start(container: Container, attempt: number, former: ContainerStatus | undefined): Promise<StartResult> {
    const { name } = container;
    const ended = former?.state.phase === 'exited' ? Date.parse(former.state.finishedAt) : undefined;
    const crashed = ended === undefined ? 0 : this.#restarts.remaining(name, ended);
    if (crashed > 0) return this.#holdBack(container, crashed);
    const refused = this.#launches.remaining(name, this.#failed.get(name) ?? 0);
    if (refused > 0) return { started: false, retryIn: refused };
    const image = await this.#findImage(container);
    if ('started' in image) return image;
    try {
      const { pod, node } = this.#scope;
      verifyNonRoot(pod, container, image.user);
      const spec = await buildContainerSpec(pod, container, attempt, this.#scope.envContext(), node.volumes);
      const status = await node.runtime.runContainer({ ...spec, ...this.#sharedProcesses(container) });
      this.#scope.noteImage(status, spec.image);
      if (ended !== undefined) this.#restarts.next(name, ended);
      this.#launches.forget(name);
      this.#waiting.delete(name);
      this.#scope.record('Normal', 'Created', `Created container: ${name}`, container);
      this.#scope.record('Normal', 'Started', `Started container ${name}`, container);
      return { started: true, status };
    } catch (error) {
      return this.#refuse(container, error);
    }
  }

  #sharedProcesses({ targetContainerName: target }: Container & { targetContainerName?: string }): { pidOf?: string } {
    if (!target) return {};
    const latest = this.#scope.latest(target);
    if (latest?.state.phase === 'running') return { pidOf: latest.id };
    throw new RuntimeError('CreateContainerError', `unable to find target container "${target}"`);
  }

  #refuse(container: Container, error: unknown): StartResult {
    const { clock, settings } = this.#scope.node;
    const reason = error instanceof RuntimeError ? error.reason : 'RunContainerError';
    const message = messageOf(error);
    const known = this.#waiting.get(container.name);
    if (known?.reason !== reason || known.message !== message) {
      this.#waiting.set(container.name, { reason, message });
      this.#scope.record('Warning', 'Failed', `Error: ${message}`, container);
    }
    // What is wrong with the configuration is noticed as soon as it is mended.
    if (reason === 'CreateContainerConfigError') return { started: false, retryIn: settings.configRetry };
    this.#failed.set(container.name, clock.now());
    this.#launches.next(container.name, clock.now());
    return { started: false, retryIn: this.#launches.delay(container.name) };
  }

  #holdBack(container: Container, retryIn: number): StartResult {
    const { namespace, name: pod, uid } = this.#scope.pod.metadata;
    const { name } = container;
    if (this.#waiting.get(name)?.reason !== 'CrashLoopBackOff') {
      const text = `Back-off restarting failed container ${name} in pod ${pod}_${namespace}(${uid})`;
      this.#scope.record('Warning', 'BackOff', text, container);
    }
    const delay = formatDuration(Math.round(this.#restarts.delay(name) / 1000));
    const message = `back-off ${delay} restarting failed container=${name} pod=${pod}_${namespace}(${uid})`;
    this.#waiting.set(name, { reason: 'CrashLoopBackOff', message });
    return { started: false, retryIn };
  }

  /** The image, or what follows when it is not there. */
  async #findImage(container: Container): Promise<(ImageState & { present: true }) | StartResult> {
    const { runtime, clock } = this.#scope.node;
    const image = container.image ?? '';
    const key = `${container.name}/${image}`;
    const known = this.#waiting.get(container.name);
    const held = this.#images.remaining(key, this.#failed.get(key) ?? 0);
    if (held > 0) {
      // Not in the same moment: whoever looks shall see what is wrong before how long it lasts.
      const missedFor = clock.now() - (this.#failed.get(key) ?? 0);
      if (known?.reason === 'ErrImagePull' && missedFor >= IMAGE_REPORT) {
        const message = `Back-off pulling image "${image}"`;
        this.#scope.record('Normal', 'BackOff', message, container);
        this.#waiting.set(container.name, {
          reason: 'ImagePullBackOff',
          message: `${message}: ErrImagePull: ${known.message}`,
        });
      }
      return { started: false, retryIn: missedFor < IMAGE_REPORT ? Math.min(IMAGE_REPORT - missedFor, held) : held };
    }
    if (!isImageName(image)) {
      this.#images.next(key, clock.now());
      this.#failed.set(key, clock.now());
      const problem = `couldn't parse image name "${image}": invalid reference format`;
      const message = `Failed to apply default image tag "${image}": ${problem}`;
      if (known?.reason !== 'InvalidImageName') this.#scope.record('Warning', 'InspectFailed', message, container);
      this.#waiting.set(container.name, { reason: 'InvalidImageName', message });
      return { started: false, retryIn: this.#images.delay(key) };
    }
    const state = await runtime.image(image);
    if (state.present) {
      this.#images.forget(key);
      if (!known)
        this.#scope.record('Normal', 'Pulled', `Container image "${image}" already present on machine`, container);
      return state;
    }
    this.#images.next(key, clock.now());
    this.#failed.set(key, clock.now());
    const delay = this.#images.delay(key);
    if (container.imagePullPolicy === 'Never') {
      const message = `Container image "${image}" is not present with pull policy of Never: ${state.message}`;
      this.#scope.record('Warning', 'ErrImageNeverPull', message, container);
      this.#waiting.set(container.name, { reason: 'ErrImageNeverPull', message });
      return { started: false, retryIn: delay };
    }
    this.#scope.record('Warning', 'Failed', `Failed to pull image "${image}": ${state.message}`, container);
    this.#waiting.set(container.name, { reason: 'ErrImagePull', message: state.message });
    return { started: false, retryIn: Math.min(IMAGE_REPORT, delay) };
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
