// What feeds a controller's queue: watches, the predicates that drop events and the maps that say whom one concerns.
import { keyOf, qualifiedName, type KubeObject, type Resource } from '@stackwright/kube';
import { CacheNotSyncedError, type Cache, type HandlerRegistration, type Informer } from '../cache/cache.js';
import type { Logger } from '../log.js';
import { lowPriority } from '../queue/work-queue.js';
import type { Request } from '../reconciler.js';
import type { Clock } from '../seams/clock.js';
import { settlesWithin } from '../seams/wait.js';
import type { MapFunction, Source, SourceOptions } from './controller.js';
import type { Predicate } from './predicates.js';

export interface SourcesOptions {
  /** Of the controller. */
  name: string;
  cache: Cache;
  clock: Clock;
  log: Logger;
  /** Of every source, besides its own. */
  predicates: readonly Predicate[];
  /** Milliseconds. */
  syncTimeout: number;
  enqueue: (key: string, priority: number) => void;
  /** A predicate or a map threw. */
  panicked: () => void;
}

interface AttachedSource {
  resource: Resource;
  informer: Pick<Informer, 'hasSynced' | 'isMissing' | 'whenUsable'>;
  attach(): HandlerRegistration;
  registration: HandlerRegistration | undefined;
}

export class Sources {
  readonly #options: SourcesOptions;
  readonly #sources = new Set<AttachedSource>();
  #attached = false;

  constructor(options: SourcesOptions) {
    this.#options = options;
  }

  /** `atStart`: priority of what is there when the source begins. */
  add<T extends KubeObject>(
    resource: Resource<T>,
    map: MapFunction<T>,
    atStart: (object: Readonly<T>) => number,
    options: SourceOptions<T> = {},
  ): Source {
    const informer = this.#options.cache.informer(resource, options.informer);
    const predicates = [...this.#options.predicates, ...(options.predicates ?? [])];
    const source: AttachedSource = {
      resource,
      informer,
      attach: () => this.#attach(informer, map, atStart, predicates),
      registration: undefined,
    };
    this.#sources.add(source);
    if (this.#attached) source.registration = source.attach();
    return {
      hasSynced: () => source.registration?.hasSynced() ?? false,
      remove: () => {
        this.#sources.delete(source);
        source.registration?.remove();
      },
    };
  }

  attach(): void {
    this.#attached = true;
    for (const source of this.#sources) source.registration ??= source.attach();
  }

  detach(): void {
    for (const source of this.#sources) source.registration?.remove();
  }

  /** Resolves when every handler has been told its whole initial list; rejects when that takes too long. */
  async synced(signal: AbortSignal): Promise<void> {
    const { name, clock, syncTimeout } = this.#options;
    const sources = [...this.#sources];
    const synced = Promise.all(sources.map(({ informer }) => informer.whenUsable(signal)));
    while (!(await settlesWithin(clock, syncTimeout, synced))) {
      const late = sources.filter(({ informer }) => !informer.hasSynced() && !informer.isMissing());
      if (late.length === 0) continue;
      const names = late.map(({ resource }) => qualifiedName(resource)).join(', ');
      throw new Error(`${name}: the cache of ${names} did not sync within ${syncTimeout} ms`);
    }
  }

  #attach<T extends KubeObject>(
    informer: Informer<T>,
    map: MapFunction<T>,
    atStart: (object: Readonly<T>) => number,
    predicates: readonly Predicate<T>[],
  ): HandlerRegistration {
    const enqueue = (priority: number, object: Readonly<T>, previous?: Readonly<T>) => {
      // Each key once: a waiting worker takes the first at once, and a second would be a run of its own.
      const keys = new Set<string>();
      for (const request of this.#requests(map, object)) keys.add(keyOf(request));
      if (previous) for (const request of this.#requests(map, previous)) keys.add(keyOf(request));
      for (const key of keys) this.#options.enqueue(key, priority);
    };
    const lets = (object: Readonly<T>, ask: (predicate: Predicate<T>) => boolean) =>
      predicates.every((predicate) => this.#guarded(object, true, () => ask(predicate)));
    return informer.addHandler({
      added: (object, initial) => {
        if (lets(object, (predicate) => predicate.created(object))) enqueue(initial ? atStart(object) : 0, object);
      },
      updated: (object, previous) => {
        if (!lets(object, (predicate) => predicate.updated(object, previous))) return;
        if (object === previous) enqueue(lowPriority, object);
        // Whoever it concerned before may have to know that it does not any more.
        else enqueue(0, object, previous);
      },
      deleted: (object) => {
        if (lets(object, (predicate) => predicate.deleted(object))) enqueue(0, object);
      },
    });
  }

  #requests<T extends KubeObject>(map: MapFunction<T>, object: Readonly<T>): readonly Request[] {
    return this.#guarded(object, [], () => {
      try {
        return map(object);
      } catch (error) {
        // The kind that the map looks at is not there yet; when it is, all of it is enqueued anyway.
        if (error instanceof CacheNotSyncedError) return [];
        throw error;
      }
    });
  }

  /**
   * A predicate or map that throws is a bug, counted as a panic. It costs no other event: a predicate counts as true,
   * since one reconcile too many does no harm.
   */
  #guarded<Result>(object: Readonly<KubeObject>, otherwise: Result, call: () => Result): Result {
    try {
      return call();
    } catch (error) {
      const { namespace, name } = object.metadata ?? {};
      this.#options.panicked();
      this.#options.log.error({ err: error, kind: object.kind, namespace, name }, 'Predicate or map panicked');
      return otherwise;
    }
  }
}
