import type { ContainerRuntime, ContainerStatus, Sandbox } from './runtime.js';

/**
 * What the runtime has, as last read. Reading it may be a process each time, so all Pods share one reading, and it is
 * renewed only after something changed.
 */
export class RuntimeView {
  readonly #runtime: ContainerRuntime;
  #containers = new Map<string, ContainerStatus[]>();
  #sandboxes = new Map<string, Sandbox>();
  #stale = true;
  #reading: Promise<void> | undefined;

  constructor(runtime: ContainerRuntime) {
    this.#runtime = runtime;
  }

  /** Call when something changed, or may have. */
  invalidate(): void {
    this.#stale = true;
  }

  /** Afterwards the view shows what was so when this was called, or later. */
  async refresh(): Promise<void> {
    // A reading that is under way may have begun before the last change; one that begins now did not.
    await this.#reading?.catch(() => undefined);
    if (!this.#stale) return;
    this.#reading ??= this.#read().finally(() => (this.#reading = undefined));
    await this.#reading;
  }

  /** All of a Pod's containers, those that ended included, oldest attempt first. */
  containersOf(podUid: string): readonly ContainerStatus[] {
    return this.#containers.get(podUid) ?? [];
  }

  sandboxOf(podUid: string): Sandbox | undefined {
    return this.#sandboxes.get(podUid);
  }

  /** UIDs of all Pods that have anything here. */
  pods(): Set<string> {
    return new Set([...this.#containers.keys(), ...this.#sandboxes.keys()]);
  }

  async #read(): Promise<void> {
    this.#stale = false;
    try {
      const [containers, sandboxes] = await Promise.all([this.#runtime.containers(), this.#runtime.sandboxes()]);
      const byPod = new Map<string, ContainerStatus[]>();
      for (const container of [...containers].sort((a, b) => a.attempt - b.attempt)) {
        byPod.set(container.podUid, [...(byPod.get(container.podUid) ?? []), container]);
      }
      this.#containers = byPod;
      this.#sandboxes = new Map(sandboxes.map((sandbox) => [sandbox.podUid, sandbox]));
    } catch (error) {
      this.#stale = true;
      throw error;
    }
  }
}
