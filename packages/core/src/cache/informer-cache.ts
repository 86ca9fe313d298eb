// The informers of a process: each resource and selection once, however many controllers ask for it.
import { apiVersionOf, qualifiedName, type KubeObject, type ObjectKey, type Resource } from '@stackwright/kube';
import type { ReadListOptions } from '../reader.js';
import { aborted } from '../seams/wait.js';
import type { Cache, InformerOptions } from './cache.js';
import { SharedInformer, type InformerEnvironment } from './informer.js';

export interface InformerCacheOptions extends InformerEnvironment {
  /** Empty: all. */
  namespaces: readonly string[];
}

export class InformerCache implements Cache {
  readonly #options: InformerCacheOptions;
  readonly #informers = new Map<string, SharedInformer>();
  readonly #running = new Set<Promise<void>>();
  #signal: AbortSignal | undefined;

  constructor(options: InformerCacheOptions) {
    this.#options = options;
  }

  get informers(): Iterable<SharedInformer> {
    return this.#informers.values();
  }

  informer<T extends KubeObject>(resource: Resource<T>, options: InformerOptions = {}): SharedInformer<T> {
    const selection = this.#normalize(resource, options);
    const id = idOf(resource, selection);
    const known = this.#informers.get(id);
    // The id says the resource, and the resource says the type.
    if (known) return known as unknown as SharedInformer<T>;
    const made = new SharedInformer<T>(this.#options, resource, selection, this.#namespacesOf(resource, selection));
    this.#informers.set(id, made as unknown as SharedInformer);
    if (this.#signal) this.#start(made as unknown as SharedInformer, this.#signal);
    return made;
  }

  /** The informer of everything of a resource, if somebody asked for it. */
  find<T extends KubeObject>(resource: Resource<T>): SharedInformer<T> | undefined {
    return this.#informers.get(idOf(resource, {})) as unknown as SharedInformer<T> | undefined;
  }

  get<T extends KubeObject>(resource: Resource<T>, key: ObjectKey): Readonly<T> | undefined {
    return this.#known(resource).get(key);
  }

  list<T extends KubeObject>(resource: Resource<T>, options?: ReadListOptions): readonly Readonly<T>[] {
    return this.#known(resource).list(options);
  }

  ownedBy<T extends KubeObject>(resource: Resource<T>, uid: string): readonly Readonly<T>[] {
    return this.#known(resource).ownedBy(uid);
  }

  hasSynced(): boolean {
    return [...this.#informers.values()].every((informer) => informer.hasSynced());
  }

  /** "secrets, keystones.keystone.stackwright.dev (not installed)": what is not synced, or undefined. */
  unsynced(): string | undefined {
    const names = [...this.#informers.values()]
      .filter((informer) => !informer.hasSynced())
      .map((informer) => `${qualifiedName(informer.resource)}${informer.isMissing() ? ' (not installed)' : ''}`);
    return names.length ? [...new Set(names)].join(', ') : undefined;
  }

  /** Runs every informer, also those that are asked for later; resolves when all have ended after `signal`. */
  async run(signal: AbortSignal): Promise<void> {
    if (this.#signal) throw new Error('The cache runs already');
    this.#signal = signal;
    for (const informer of this.#informers.values()) this.#start(informer, signal);
    await aborted(signal);
    await Promise.all(this.#running);
  }

  #start(informer: SharedInformer, signal: AbortSignal): void {
    const run = informer.run(signal);
    this.#running.add(run);
    void run.finally(() => this.#running.delete(run));
  }

  #known<T extends KubeObject>(resource: Resource<T>): SharedInformer<T> {
    const informer = this.find(resource);
    if (!informer)
      throw new Error(`${qualifiedName(resource)} is read but not watched: name it in owns, watches or cache.informer`);
    return informer;
  }

  /** What selects the same has the same id. */
  #normalize(resource: Resource, options: InformerOptions): InformerOptions {
    const { namespace, labelSelector, fieldSelector } = options;
    const { namespaces } = this.#options;
    const all =
      namespace === undefined || !resource.namespaced || (namespaces.length === 1 && namespaces[0] === namespace);
    return {
      ...(all ? {} : { namespace }),
      ...(labelSelector ? { labelSelector } : {}),
      ...(fieldSelector ? { fieldSelector } : {}),
    };
  }

  #namespacesOf(resource: Resource, { namespace }: InformerOptions): readonly string[] {
    if (!resource.namespaced) return [];
    return namespace === undefined ? this.#options.namespaces : [namespace];
  }
}

function idOf(resource: Resource, { namespace = '', labelSelector = '', fieldSelector = '' }: InformerOptions): string {
  return [apiVersionOf(resource), resource.plural, namespace, labelSelector, fieldSelector].join(' ');
}
