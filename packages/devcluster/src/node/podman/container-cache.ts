import pLimit from 'p-limit';
import type { ContainerStatus } from '../runtime.js';
import { logPathOf, toStatus } from './container-status.js';
import type { Podman, PodmanContainer } from './podman.js';

interface Known {
  podUid: string;
  logPath: string;
  status: ContainerStatus;
}

/** How long the set of containers is believed without asking podman, milliseconds: for what others did behind us. */
const FULL_LISTING_INTERVAL = 30_000;

/**
 * What is known of this cluster's containers. Only those that something happened to are asked for again: asking
 * podman costs a process, and the agent asks on every change of any Pod.
 */
export class ContainerCache {
  readonly #podman: Podman;
  /** `key=value`, which all containers of this cluster carry. */
  readonly #label: string;
  readonly #known = new Map<string, Known>();
  readonly #stale = new Set<string>();
  readonly #killed = new Set<string>();
  readonly #oneAtATime = pLimit(1);
  #listedAt = -Infinity;

  constructor(podman: Podman, label: string) {
    this.#podman = podman;
    this.#label = label;
  }

  async all(): Promise<ContainerStatus[]> {
    await this.#oneAtATime(() => this.#refresh());
    return [...this.#known.values()].map(({ status }) => status);
  }

  /** Asks podman also for containers it was not told of. */
  relist(): Promise<ContainerStatus[]> {
    this.#listedAt = -Infinity;
    return this.all();
  }

  async get(id: string): Promise<Known | undefined> {
    if (!this.#known.has(id) || this.#stale.has(id)) {
      this.#stale.add(id);
      await this.#oneAtATime(() => this.#refresh());
    }
    return this.#known.get(id);
  }

  /** Something happened to it. Returns whose it is, where that is known. */
  touch(id: string): string | undefined {
    const known = this.#known.get(id);
    // The end is final: a container is not started again.
    if (known?.status.state.phase !== 'exited') this.#stale.add(id);
    return known?.podUid;
  }

  /** Whether something happened to it since it was last asked for. */
  isStale(id: string): boolean {
    return this.#stale.has(id);
  }

  /** From now on a SIGKILL is one of ours. */
  killing(id: string): void {
    this.#killed.add(id);
  }

  forget(id: string): void {
    this.#known.delete(id);
    this.#stale.delete(id);
    this.#killed.delete(id);
  }

  async #refresh(): Promise<void> {
    if (performance.now() - this.#listedAt > FULL_LISTING_INTERVAL) {
      const ids = new Set(await this.#podman.list(this.#label));
      for (const id of this.#known.keys()) if (!ids.has(id)) this.forget(id);
      for (const id of ids) if (!this.#known.has(id)) this.#stale.add(id);
      this.#listedAt = performance.now();
    }
    const asked = [...this.#stale];
    // Before asking: what happens meanwhile makes them stale again.
    this.#stale.clear();
    const found = new Map((await this.#podman.inspect(asked)).map((container) => [container.Id, container]));
    for (const id of asked) {
      const container = found.get(id);
      // Ends are told of all containers on the host: those of other clusters, and of its users, are none of ours.
      if (container === undefined || !this.#isOurs(container)) {
        this.forget(id);
        continue;
      }
      const status = toStatus(container, this.#killed.has(id));
      this.#known.set(id, { podUid: status.podUid, logPath: logPathOf(container) ?? '', status });
    }
  }

  #isOurs({ Config }: PodmanContainer): boolean {
    return Object.entries(Config.Labels ?? {}).some(([key, value]) => `${key}=${value}` === this.#label);
  }
}
