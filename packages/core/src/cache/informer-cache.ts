// The informers of a process: each resource and selection once, however many controllers ask for it.
import {
  apiVersionOf,
  formatSelector,
  parseSelector,
  qualifiedName,
  type KubeObject,
  type ObjectKey,
  type Resource,
} from '@stackwright/kube';
import type { ReadListOptions } from '../reader.js';
import { aborted } from '../seams/wait.js';
import type { Cache, FieldIndex, InformerOptions, ResourceCacheOptions, Selectors } from './cache.js';
import { SharedInformer, type InformerEnvironment, type Transform } from './informer.js';
import type { ScopeOptions } from './scope.js';

export interface InformerCacheOptions extends InformerEnvironment {
  /** Empty: all. */
  namespaces: readonly string[];
}

/** Of any resource: an object of the kind is what its transform takes. */
type Configuration = Omit<ResourceCacheOptions<KubeObject>, 'transform'> & { transform?: unknown };

export class InformerCache implements Cache {
  readonly #options: InformerCacheOptions;
  readonly #configured = new Map<string, Configuration>();
  readonly #informers = new Map<string, SharedInformer>();
  /** What `find` found: every read of the cache begins with it. */
  readonly #found = new WeakMap<Resource, SharedInformer>();
  readonly #indexes = new Map<string, unknown>();
  readonly #running = new Set<Promise<void>>();
  #signal: AbortSignal | undefined;

  constructor(options: InformerCacheOptions) {
    this.#options = { listedOnly: new Set(), ...options };
  }

  get informers(): Iterable<SharedInformer> {
    return this.#informers.values();
  }

  configure<T extends KubeObject>(resource: Resource<T>, options: ResourceCacheOptions<T>): void {
    const form = formOf(resource);
    const cached = [...this.#informers.values()].some((informer) => formOf(informer.resource) === form);
    if (cached) throw new Error(`${qualifiedName(resource)} is cached already: configure it before it is watched`);
    if (this.#configured.has(form)) throw new Error(`How ${qualifiedName(resource)} is cached was said already`);
    this.#configured.set(form, options);
  }

  informer<T extends KubeObject>(resource: Resource<T>, options: InformerOptions = {}): SharedInformer<T> {
    const selection = this.#normalize(resource, options);
    const id = idOf(resource, selection);
    const known = this.#informers.get(id);
    // The id says the resource, and the resource says the type.
    if (known) return known as unknown as SharedInformer<T>;
    const transform = this.#configured.get(formOf(resource))?.transform as Transform<T> | undefined;
    const made = new SharedInformer<T>(
      this.#options,
      resource,
      selection,
      this.#scopesOf(resource, selection),
      transform,
    );
    this.#informers.set(id, made as unknown as SharedInformer);
    if (this.#signal) this.#start(made as unknown as SharedInformer, this.#signal);
    return made;
  }

  /** The informer of everything of a resource, if somebody asked for it. */
  find<T extends KubeObject>(resource: Resource<T>): SharedInformer<T> | undefined {
    let informer = this.#found.get(resource);
    if (!informer) {
      informer = this.#informers.get(idOf(resource, {}));
      if (informer) this.#found.set(resource, informer);
    }
    return informer as unknown as SharedInformer<T> | undefined;
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

  addIndex<T extends KubeObject>(index: FieldIndex<T>): void {
    const id = `${formOf(index.resource)} ${index.name}`;
    if (this.#indexes.get(id) === index) return;
    if (this.#indexes.has(id)) {
      throw new Error(`${qualifiedName(index.resource)} has another index "${index.name}" already`);
    }
    this.informer(index.resource).addIndex(index.name, index.values);
    this.#indexes.set(id, index);
  }

  byIndex<T extends KubeObject>(
    index: FieldIndex<T>,
    value: string,
    options?: { namespace?: string },
  ): readonly Readonly<T>[] {
    return this.#known(index.resource).byIndex(index.name, value, options);
  }

  hasSynced(): boolean {
    return [...this.#informers.values()].every(isUsable);
  }

  /** "secrets, keystones.keystone.stackwright.dev (not installed)": what is not synced, or undefined. */
  unsynced(): string | undefined {
    const names = [...this.#informers.values()]
      .filter((informer) => !isUsable(informer))
      .map((informer) => `${qualifiedName(informer.resource)}${informer.isMissing() ? ' (not installed)' : ''}`);
    return names.length ? [...new Set(names)].join(', ') : undefined;
  }

  /**
   * Resolves when every informer that there is shows what the server has now; see `SharedInformer.catchUp`. Rejects with the
   * signal's reason. Call it when it runs.
   */
  async catchUp(signal: AbortSignal): Promise<void> {
    await Promise.all([...this.#informers.values()].map((informer) => informer.catchUp(signal)));
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
    const namespaces = Object.keys(this.#namespacesOf(resource));
    const all =
      namespace === undefined || !resource.namespaced || (namespaces.length === 1 && namespaces[0] === namespace);
    return {
      ...(all ? {} : { namespace }),
      ...(labelSelector ? { labelSelector: normalSelector(labelSelector) } : {}),
      ...(fieldSelector ? { fieldSelector } : {}),
    };
  }

  /** Namespaces of a resource with the selectors of their own; empty: all. */
  #namespacesOf(resource: Resource): Readonly<Record<string, Selectors>> {
    if (!resource.namespaced) return {};
    const namespaces = this.#configured.get(formOf(resource))?.namespaces ?? this.#options.namespaces;
    return isList(namespaces) ? Object.fromEntries(namespaces.map((name) => [name, {}])) : namespaces;
  }

  /** What is asked for goes before what is configured for a namespace, and that before what is configured for the resource. */
  #scopesOf(resource: Resource, { namespace, ...asked }: InformerOptions): readonly ScopeOptions[] {
    const { labelSelector, fieldSelector } = this.#configured.get(formOf(resource)) ?? {};
    const general = { ...(labelSelector ? { labelSelector } : {}), ...(fieldSelector ? { fieldSelector } : {}) };
    const namespaces = this.#namespacesOf(resource);
    const names = namespace === undefined ? Object.keys(namespaces) : [namespace];
    if (names.length === 0) return [{ ...general, ...asked }];
    return names.map((name) => ({ ...general, ...namespaces[name], ...asked, namespace: name }));
  }
}

function isUsable(informer: SharedInformer): boolean {
  return informer.hasSynced() || (informer.resource.optional === true && informer.isMissing());
}

function isList(namespaces: readonly string[] | Readonly<Record<string, Selectors>>): namespaces is readonly string[] {
  return Array.isArray(namespaces);
}

/** "a=b,c" and "c, a==b" are the same watch. */
function normalSelector(text: string): string {
  const requirements = parseSelector(text).map((requirement) => formatSelector([requirement]));
  return requirements.sort().join(',');
}

/** What of a resource is cached: whole objects or their metadata. */
function formOf(resource: Resource): string {
  return `${apiVersionOf(resource)} ${resource.plural}${resource.metadataOnly ? ' metadata' : ''}`;
}

function idOf(resource: Resource, { namespace = '', labelSelector = '', fieldSelector = '' }: InformerOptions): string {
  return [formOf(resource), namespace, labelSelector, fieldSelector].join(' ');
}
