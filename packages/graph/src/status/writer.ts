// Writes an object's status where it says something else than before, and tells what changed.
import { formatTime, isConflict, isNotFound, type Condition, type ObjectKey } from '@stackwright/kube';
import { CacheNotSyncedError, type Clock, type EventRecorder, type ReconcileContext } from '@stackwright/core';
import type { Evaluation } from '../evaluate/evaluate.js';
import type { BuiltGraph, Graph } from '../declare/graph.js';
import { EngineReason } from '../declare/reasons.js';
import { isGone, NoStatusError } from './refusal.js';
import type { StepMetrics } from './metrics.js';
import type { ChildReader } from '../evaluate/overlay.js';
import type { StepStatus } from './step-status.js';
import { StatusParts } from './parts.js';
import { said, statusFor, statusPatch, unsaid, type ReconciledStatus, type StatusWanted } from './status.js';
import type { Reconciled, StatusScope } from '../declare/step.js';
import { recordTransitions } from './transitions.js';

export interface StatusWriterInit<R extends Reconciled> {
  graph: Graph<R>;
  events: EventRecorder;
  clock: Pick<Clock, 'now'>;
  metrics: StepMetrics;
  fieldManager: string;
}

/** How often a status is written anew where somebody else has written meanwhile, before the queue's back-off has its turn. */
const attempts = 3;

export class StatusWriter<R extends Reconciled> {
  readonly #init: StatusWriterInit<R>;
  readonly #parts: StatusParts;
  /** One event for all of a kind: there is no other place to see it in, and nobody needs a thousand. */
  #toldOfNoStatus = false;

  constructor(init: StatusWriterInit<R>) {
    this.#init = init;
    this.#parts = new StatusParts(init.fieldManager);
  }

  /** Objects of whose status anything is remembered. */
  get size(): number {
    return this.#parts.size;
  }

  forget(uid: string): void {
    this.#parts.forget(uid);
  }

  /**
   * `extra`: the graph's own fields; undefined: they stay as they are. What others have written stays in any case. Gives the
   * version of the object that says so; undefined: the object is gone. Tells what changed as events, unless somebody else does.
   */
  async write(
    object: Readonly<R>,
    statuses: readonly StepStatus[],
    extra: object | undefined,
    context: Pick<ReconcileContext, 'client' | 'signal'>,
    { events: tells = true }: { events?: boolean } = {},
  ): Promise<string | undefined> {
    const { graph, metrics, events } = this.#init;
    const { name = '', namespace } = object.metadata ?? {};
    const key = namespace === undefined ? { name } : { namespace, name };
    const wanted = statusFor(object, statuses, extra ?? {});
    const isReady = wanted.conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
    metrics.statuses(graph.resource, key, statuses, isReady);
    let current = object;
    for (let attempt = 1; ; attempt++) {
      try {
        const version = await this.#bring(current, wanted, extra === undefined, key, context);
        if (version === undefined) return current.metadata?.resourceVersion;
        // After the status is written, or a crash in between would tell it twice.
        if (tells) recordTransitions(events, object, conditionsOf(current), statuses);
        return version;
      } catch (error) {
        const live = attempt < attempts && isConflict(error) ? await this.#live(object, key, context) : undefined;
        if (!live && (await this.#isGone(error, object, key, context))) return undefined;
        if (live) current = live;
      }
    }
  }

  /** The version that says so; undefined where the status says it already. */
  async #bring(
    current: Readonly<R>,
    wanted: StatusWanted,
    keepsFields: boolean,
    key: ObjectKey,
    { client, signal }: Pick<ReconcileContext, 'client' | 'signal'>,
  ): Promise<string | undefined> {
    const { graph, clock, metrics, fieldManager } = this.#init;
    const before = current.status as ReconciledStatus | undefined;
    this.#parts.wrote(said(wanted));
    const rest = unsaid(before, wanted);
    const fields = keepsFields ? rest.filter((part) => !part.startsWith('conditions[')) : [];
    const asked = rest.filter((part) => !fields.includes(part));
    const look = () => client.get(graph.resource, key, { signal });
    const others = new Set([...fields, ...(await this.#parts.othersOf(current, asked, look))]);
    const patch = statusPatch(before, wanted, others, formatTime(clock.now()));
    if (!patch) {
      if (!keepsFields) this.#parts.settled(current);
      return undefined;
    }
    metrics.wrote(graph.resource, 'patch');
    const { uid, resourceVersion } = current.metadata ?? {};
    // The uid: an object that was deleted and made again must not get its predecessor's status. The version: conditions are
    // replaced as a list, and what somebody has written since must not get lost.
    const metadata = { uid, ...('conditions' in patch && resourceVersion ? { resourceVersion } : {}) };
    const body = { metadata, status: patch };
    const options = { subresource: 'status', fieldManager, signal };
    const answer = await client.patch(graph.resource, key, { type: 'merge', body }, options);
    if (!keepsFields) this.#parts.settled(current);
    return answer.metadata?.resourceVersion ?? '';
  }

  /** As it is now; undefined where it is gone, or another one has its name. */
  async #live(
    { metadata }: Readonly<R>,
    key: ObjectKey,
    { client, signal }: Pick<ReconcileContext, 'client' | 'signal'>,
  ): Promise<Readonly<R> | undefined> {
    try {
      const live = await client.get(this.#init.graph.resource, key, { signal });
      return live.metadata?.uid === metadata?.uid ? live : undefined;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
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

  /** What the graph adds to the status; undefined where a cache that it needs is not filled yet. */
  extra(object: Readonly<R>, built: BuiltGraph<R>, evaluation: Evaluation<R>, reader: ChildReader): object | undefined {
    const { name = '', namespace = '' } = object.metadata ?? {};
    const scope: StatusScope<R> = {
      object,
      name,
      namespace,
      // The handle carries the type of what the step of this name gives.
      output: <Out>({ name: step }: { name: string }) =>
        evaluation.isDone(step) ? (evaluation.outputOf(step) as Out) : undefined,
      get: (resource, child, where = { namespace }) =>
        reader.get(resource, resource.namespaced ? { namespace: where.namespace ?? '', name: child } : { name: child }),
      list: (resource, options = {}) =>
        reader.list(resource, resource.namespaced && namespace !== '' ? { ...options, namespace } : options),
    };
    try {
      return { ...built.status(scope), ...this.#init.graph.options.status?.(scope) };
    } catch (error) {
      if (!(error instanceof CacheNotSyncedError)) throw error;
      return undefined;
    }
  }
}

function conditionsOf({ status }: Readonly<Reconciled>): readonly Condition[] | undefined {
  return (status as ReconciledStatus | undefined)?.conditions;
}
