// Writes an object's status where it says something else than before, and tells what changed.
import { formatTime, type ObjectKey } from '@stackwright/kube';
import { CacheNotSyncedError, type Clock, type EventRecorder, type ReconcileContext } from '@stackwright/core';
import type { Evaluation } from '../evaluate/evaluate.js';
import type { BuiltGraph, Graph } from '../declare/graph.js';
import { EngineReason } from '../declare/reasons.js';
import { isGone, NoStatusError } from './refusal.js';
import type { StepMetrics } from './metrics.js';
import type { ChildReader } from '../evaluate/overlay.js';
import type { StepStatus } from './step-status.js';
import { statusFor, statusPatch, type ReconciledStatus } from './status.js';
import type { Reconciled, StatusScope } from '../declare/step.js';
import { recordTransitions } from './transitions.js';

export interface StatusWriterInit<R extends Reconciled> {
  graph: Graph<R>;
  events: EventRecorder;
  clock: Pick<Clock, 'now'>;
  metrics: StepMetrics;
  fieldManager: string;
}

export class StatusWriter<R extends Reconciled> {
  readonly #init: StatusWriterInit<R>;
  /** One event for all of a kind: there is no other place to see it in, and nobody needs a thousand. */
  #toldOfNoStatus = false;

  constructor(init: StatusWriterInit<R>) {
    this.#init = init;
  }

  /**
   * `extra`: the graph's own fields. Gives the version of the object that says so; undefined: the object is gone. Tells what
   * changed as events, unless somebody else does.
   */
  async write(
    object: Readonly<R>,
    statuses: readonly StepStatus[],
    extra: object,
    context: Pick<ReconcileContext, 'client' | 'signal'>,
    { events: tells = true }: { events?: boolean } = {},
  ): Promise<string | undefined> {
    const { graph, clock, metrics, events, fieldManager } = this.#init;
    const before = object.status as ReconciledStatus | undefined;
    const status = statusFor(object, statuses, extra, formatTime(clock.now()));
    const { name = '', namespace, uid } = object.metadata ?? {};
    const key = namespace === undefined ? { name } : { namespace, name };
    metrics.statuses(graph.resource, key, statuses);
    const patch = statusPatch(before, status);
    let version = object.metadata?.resourceVersion;
    if (patch) {
      metrics.wrote(graph.resource, 'patch');
      // The uid: an object that was deleted and made again must not get its predecessor's status.
      const body = { metadata: { uid }, status: patch };
      const { client, signal } = context;
      const options = { subresource: 'status', fieldManager, signal };
      try {
        version = (await client.patch(graph.resource, key, { type: 'merge', body }, options)).metadata?.resourceVersion;
      } catch (error) {
        if (await this.#isGone(error, object, key, context)) return undefined;
      }
      // After the status is written, or a crash in between would tell it twice.
      if (tells) recordTransitions(events, object, before?.conditions, statuses);
    }
    return version;
  }

  async #isGone(
    error: unknown,
    object: Readonly<R>,
    key: ObjectKey,
    { client, signal }: Pick<ReconcileContext, 'client' | 'signal'>,
  ): Promise<boolean> {
    const { resource } = this.#init.graph;
    try {
      return await isGone(error, resource, object.metadata?.uid, () => client.get(resource, key, { signal }));
    } catch (failure) {
      if (failure instanceof NoStatusError && !this.#toldOfNoStatus) {
        this.#toldOfNoStatus = true;
        const { Rejected: reason } = EngineReason;
        const note = failure.message;
        this.#init.events.record(object, { type: 'Warning', reason, action: 'Reconcile', note });
      }
      throw failure;
    }
  }

  /** What the graph adds to the status; as it was where a cache that it needs is not filled yet. */
  extra(object: Readonly<R>, built: BuiltGraph<R>, evaluation: Evaluation<R>, reader: ChildReader): object {
    const { name = '', namespace = '' } = object.metadata ?? {};
    const scope: StatusScope<R> = {
      object,
      name,
      namespace,
      // The handle carries the type of what the step of this name gives.
      output: <Out>({ name: step }: { name: string }) =>
        evaluation.isDone(step) ? (evaluation.outputOf(step) as Out) : undefined,
      get: (resource, child) =>
        reader.get(resource, resource.namespaced ? { namespace, name: child } : { name: child }),
      list: (resource, options) =>
        reader.list(resource, resource.namespaced ? { ...options, namespace } : (options ?? {})),
    };
    try {
      return { ...built.status(scope), ...this.#init.graph.options.status?.(scope) };
    } catch (error) {
      if (!(error instanceof CacheNotSyncedError)) throw error;
      return ownFieldsOf(object);
    }
  }
}

/** What the status says that is the graph's own, as it is. */
export function ownFieldsOf({ status = {} }: Readonly<Reconciled>): object {
  const before = status as ReconciledStatus;
  const { observedGeneration: _generation, conditions: _conditions, waitingFor: _waitingFor, ...own } = before;
  return own;
}
