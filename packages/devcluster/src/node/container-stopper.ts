import { messageOf } from '../shared/log.js';
import { runHook } from './hooks.js';
import type { PodScope } from './pod-scope.js';
import type { ContainerStatus } from './runtime.js';

/** How long to wait before a stop that the runtime refused is tried again, in milliseconds. */
const RETRY = 1000;

/** Ends the containers of one Pod without holding it up: each stop runs on its own and asks for a sync when it is done. */
export class ContainerStopper {
  readonly #scope: PodScope;
  readonly #again: () => void;
  /** By container id, with the grace it was given in seconds. */
  readonly #ending = new Map<string, { grace: number; done: Promise<void> }>();

  constructor(scope: PodScope, again: () => void) {
    this.#scope = scope;
    this.#again = again;
  }

  isEnding(id: string): boolean {
    return this.#ending.has(id);
  }

  /** Begins to end a container. A second call only counts when it is to go faster. */
  stop(status: ContainerStatus, grace: number, message = `Stopping container ${status.name}`): void {
    const known = this.#ending.get(status.id);
    if (known && known.grace <= grace) return;
    if (!known) this.#scope.record('Normal', 'Killing', message, this.#scope.container(status.name));
    const { log, clock, view } = this.#scope.node;
    const done = this.#stop(status, grace, known === undefined)
      .catch((error: unknown) => {
        log.warn('container not stopped', {
          pod: this.#scope.pod.metadata.name,
          container: status.name,
          error: messageOf(error),
        });
        clock.schedule(RETRY, this.#again);
      })
      .finally(() => {
        if (this.#ending.get(status.id)?.grace === grace) this.#ending.delete(status.id);
        view.invalidate();
        this.#again();
      });
    this.#ending.set(status.id, { grace, done });
  }

  async settled(): Promise<void> {
    await Promise.all([...this.#ending.values()].map(({ done }) => done));
  }

  async #stop(status: ContainerStatus, grace: number, first: boolean): Promise<void> {
    const { clock, runtime } = this.#scope.node;
    const container = this.#scope.container(status.name);
    const hook = first && grace > 0 ? container?.lifecycle?.preStop : undefined;
    const began = clock.now();
    if (hook && container) {
      const target = { containerId: status.id, container, podIP: this.#scope.podIP() };
      const failure = await runHook(hook, target, grace, this.#scope.node);
      if (failure !== undefined)
        this.#scope.record('Warning', 'FailedPreStopHook', `PreStopHook failed: ${failure}`, container);
    }
    // Whatever the hook took, the process still gets its signal and a moment to follow it.
    const left = Math.max(grace - Math.floor((clock.now() - began) / 1000), hook ? 2 : 0);
    await runtime.stopContainer(status.id, left);
  }
}
