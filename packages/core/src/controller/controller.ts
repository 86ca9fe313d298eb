// The plain level of the library. `newController(manager, name).for(R).owns(S).complete(reconciler)`.
import type { KubeObject, ObjectKey, Resource } from '@stackwright/kube';
import type { HandlerRegistration, InformerOptions } from '../cache/cache.js';
import type { Reconciler, Request } from '../reconciler.js';
import type { Predicate } from './predicates.js';

export interface SourceOptions<T extends KubeObject = KubeObject> {
  /** All must hold. Default: every event. */
  predicates?: readonly Predicate<T>[];
  informer?: InformerOptions;
}

/** Which requests a change of `object` concerns. Must be quick. When it throws, nobody is reconciled for it. */
export type MapFunction<T extends KubeObject> = (object: Readonly<T>) => readonly Request[];

export interface ControllerOptions {
  /** How many keys are reconciled at once; one key never is. Default 1. */
  maxConcurrentReconciles?: number;
  /**
   * Milliseconds until a reconcile's signal is aborted and the run counts as timed out. A run that does not end then keeps its worker
   * and its key: nothing can end it but the process. Ten seconds later it is logged and counted as overdue. Default: none.
   */
  reconciliationTimeout?: number;
  /**
   * Milliseconds to wait for the caches of the controller's sources before the manager fails. Time during which a
   * kind is not installed does not count. Default 120 000.
   */
  cacheSyncTimeout?: number;
  /** Milliseconds after each of its own writes that a request waits for the cache to show it. Default 5 000. */
  consistencyTimeout?: number;
  /** Per-request back-off after errors, in milliseconds. Default 5 to 1 000 000, doubling. */
  backoff?: { base: number; max: number };
  /** What must hold for an event of any source, besides the source's own predicates. Default: nothing. */
  predicates?: readonly Predicate[];
  /** Runs on every replica, not only on the leader. Default false. */
  everyReplica?: boolean;
}

export interface EnqueueOptions {
  /** Milliseconds. Default 0; of a request that fails again and again, 1,000. */
  after?: number;
  /** Higher first. Default 0. */
  priority?: number;
}

/** One of the watches that feed a controller's queue. */
export type Source = HandlerRegistration;

/** What can be done to a controller at run time. */
export interface Controller {
  readonly name: string;
  enqueue(request: Request, options?: EnqueueOptions): void;
  /** Sources may be added at any time, for kinds discovered at run time. */
  owns<T extends KubeObject>(resource: Resource<T>, options?: SourceOptions<T>): Source;
  watches<T extends KubeObject>(resource: Resource<T>, map: MapFunction<T>, options?: SourceOptions<T>): Source;
}

export interface ControllerBuilder<R extends KubeObject> {
  /** The reconciled resource: an event of an object enqueues that object. */
  for<T extends KubeObject>(resource: Resource<T>, options?: SourceOptions<T>): ControllerBuilder<T>;
  /** Enqueues the owner that is the object's controller, when it is of the reconciled kind. */
  owns<T extends KubeObject>(resource: Resource<T>, options?: SourceOptions<T>): this;
  watches<T extends KubeObject>(resource: Resource<T>, map: MapFunction<T>, options?: SourceOptions<T>): this;
  /**
   * Enqueues every reconciled object that names the changed one: `references` says which objects of `resource` an
   * object of the reconciled kind refers to (kept as an index, so no list is scanned).
   */
  watchesReferences<T extends KubeObject>(
    resource: Resource<T>,
    references: (object: Readonly<R>) => readonly ObjectKey[],
    options?: SourceOptions<T>,
  ): this;
  /** Adds the controller to the manager. Names are unique within a process. */
  complete(reconciler: Reconciler, options?: ControllerOptions): Controller;
}
