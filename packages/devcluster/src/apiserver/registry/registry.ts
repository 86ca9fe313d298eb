// Everything that is served: the built-in kinds and those of CRDs.
import type { ServedResource } from './resource.js';

const id = (group: string, version: string, plural: string): string => `${group}/${version}/${plural}`;

export class Registry {
  readonly #resources = new Map<string, ServedResource>();
  readonly #listeners = new Set<() => void>();
  /** Counts changes; a cache of what is derived from the registry is good while it stays the same. */
  generation = 0;

  add(...resources: readonly ServedResource[]): void {
    for (const resource of resources)
      this.#resources.set(id(resource.group, resource.version, resource.plural), resource);
    this.#changed();
  }

  /** Drops all versions of a resource, and serves these instead. */
  replace(group: string, plural: string, resources: readonly ServedResource[]): void {
    for (const [key, resource] of this.#resources) {
      if (resource.group === group && resource.plural === plural) this.#resources.delete(key);
    }
    this.add(...resources);
  }

  get(group: string, version: string, plural: string): ServedResource | undefined {
    return this.#resources.get(id(group, version, plural));
  }

  byKind(group: string, version: string, kind: string): ServedResource | undefined {
    for (const resource of this.#resources.values()) {
      if (resource.group === group && resource.version === version && resource.kind === kind) return resource;
    }
    return undefined;
  }

  /** The resource that serves the objects stored under "group/plural". */
  byStorage(storage: string): ServedResource | undefined {
    for (const resource of this.#resources.values()) if (resource.storage === storage) return resource;
    return undefined;
  }

  all(): ServedResource[] {
    return [...this.#resources.values()];
  }

  /** One resource per kind of stored object: what garbage collection and namespace deletion go through. */
  stored(): ServedResource[] {
    const seen = new Map<string, ServedResource>();
    for (const resource of this.#resources.values())
      if (!seen.has(resource.storage)) seen.set(resource.storage, resource);
    return [...seen.values()];
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #changed(): void {
    this.generation += 1;
    for (const listener of [...this.#listeners]) listener();
  }
}
