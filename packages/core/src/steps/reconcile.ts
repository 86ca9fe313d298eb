// The reconciler of a graph: what happens to one object from its request to its status.
import {
  apiVersionOf,
  type Client,
  formatTime,
  isConflict,
  isInvalid,
  isNotFound,
  type Resource,
} from '@stackwright/kube';
import { CacheNotSyncedError } from '../cache/cache.js';
import type { EventRecorder } from '../events/recorder.js';
import { addFinalizer, hasFinalizer, isBeingDeleted, removeFinalizer } from '../finalizers.js';
import { TerminalError, type ReconcileContext, type Request, type Result } from '../reconciler.js';
import type { Clock } from '../seams/clock.js';
import type { Random } from '../seams/random.js';
import type { WriteContext } from './apply.js';
import { evaluate, type Evaluation } from './evaluate.js';
import { ExternalSteps } from './external.js';
import type { StepFailure } from './failure.js';
import {
  GraphError,
  isSameResource,
  type BuiltGraph,
  type DeletionPolicy,
  type Graph,
  type StatusScope,
} from './graph.js';
import type { StepMetrics } from './metrics.js';
import { Annotation, labelsOf } from './names.js';
import { Overlay, type ChildReader } from './overlay.js';
import { EngineReason } from './reasons.js';
import { Repairs } from './repairs.js';
import { run, type RunResult } from './run.js';
import { scrub } from '../scrub.js';
import { standingOf, type Standing } from './standing.js';
import { statusFor, statusPatch, type ReconciledStatus } from './status.js';
import type { Reconciled } from './step.js';
import { needsFinalizer, tearDown } from './teardown.js';
import { recordTransitions } from './transitions.js';
import type { Write } from './writes.js';

/** Waits between looks at something that failed and gives no sign when it is mended: as long again as it has failed. */
const shortestRetry = 1_000;
const longestRetry = 300_000;
/** What was judged had changed: the cache shows it in a moment. */
const staleRetry = 50;

export interface GraphReconcilerInit<R extends Reconciled> {
  graph: Graph<R>;
  reader: ChildReader;
  events: EventRecorder;
  clock: Clock;
  random: Random;
  metrics: StepMetrics;
  /** Of server-side apply. */
  fieldManager: string;
  /** Told of the steps of each object before they are evaluated: kinds that are new have to be watched. */
  watch?: (graph: BuiltGraph<R>) => void;
}

export class GraphReconciler<R extends Reconciled> {
  readonly #init: GraphReconcilerInit<R>;
  readonly #externals: ExternalSteps<R>;
  readonly #repairs: Repairs;
  /** Since when a step has failed, by uid and step, on the monotonic clock. */
  readonly #failing = new Map<string, Map<string, number>>();
  /** The uid last seen under a name, so that what is remembered goes with its object. */
  readonly #uids = new Map<string, string>();

  constructor(init: GraphReconcilerInit<R>) {
    this.#init = init;
    this.#externals = new ExternalSteps<R>(init.clock, init.random);
    this.#repairs = new Repairs(init.clock);
  }

  async reconcile(request: Request, context: ReconcileContext): Promise<Result | undefined> {
    const { graph, reader, metrics } = this.#init;
    const object = reader.get(graph.resource, request);
    this.#track(request, object?.metadata?.uid);
    if (!object) {
      metrics.conditions(graph.resource, request, undefined);
      return undefined;
    }
    if (object.metadata?.annotations?.[Annotation.paused] === 'true') return undefined;
    return isBeingDeleted(object) ? this.#delete(object, context) : this.#bring(object, context);
  }

  async #bring(found: Readonly<R>, context: ReconcileContext): Promise<Result | undefined> {
    const { graph, clock } = this.#init;
    const built = await this.#build(found, context);
    const object = await this.#withFinalizer(found, built, context.client);
    const overlay = new Overlay(this.#init.reader);
    const result = await run<R>({
      ...context,
      clock,
      graph: built,
      resource: graph.resource,
      owns: allOwned(graph, built),
      object,
      writing: this.#writing(object, overlay),
      externals: this.#externals,
      repairs: this.#repairs,
      repaired: (write) => this.#repaired(object, write),
    });
    const standings = result.evaluation.steps.map((one) =>
      standingOf(one, lasting(result.failures.get(one.step.name))),
    );
    this.#report(result, standings, context);
    await this.#writeStatus(object, standings, this.#extra(object, result.evaluation, overlay), context);
    throwIfFailed(result.failures);
    return this.#next(object, result, standings);
  }

  async #delete(object: Readonly<R>, context: ReconcileContext): Promise<Result | undefined> {
    const { graph, reader, clock, events } = this.#init;
    const finalizer = finalizerOf(graph);
    // Without our finalizer nothing is to be undone: ownerReferences do the rest.
    if (!hasFinalizer(object, finalizer)) return undefined;
    const standings: Standing[] = [];
    if (object.metadata?.annotations?.[Annotation.abandonCleanup] === 'true') {
      events.record(object, {
        type: 'Warning',
        reason: EngineReason.CleanupAbandoned,
        action: 'Delete',
        note: `Let go without undoing what was made, as ${Annotation.abandonCleanup} asks`,
      });
    } else {
      const built = await this.#build(object, context);
      const overlay = new Overlay(reader);
      const evaluation = evaluate({ graph: built, resource: graph.resource, object, reader: overlay, clock });
      const left = await tearDown({
        graph: { ...graph, owns: allOwned(graph, built) },
        steps: evaluation.steps,
        object,
        labels: labelsOf(graph.resource.kind, object.metadata?.name ?? ''),
        policy: policyOf(graph, object),
        reader,
        externals: this.#externals,
        external: { evaluation, reader: overlay, signal: context.signal, log: context.log },
        writing: { ...this.#writing(object, overlay), ...context },
      });
      standings.push(...left);
    }
    if (standings.length === 0) {
      await removeFinalizer(context.client, graph.resource, object, finalizer);
      return undefined;
    }
    await this.#writeStatus(object, standings, {}, context);
    const dues = standings.flatMap(({ step }) => this.#externals.dueIn(object.metadata?.uid ?? '', step) ?? []);
    const failed = standings.some(
      ({ state, step }) => state === 'Failed' && this.#externals.dueIn(object.metadata?.uid ?? '', step) === undefined,
    );
    return { requeueAfter: Math.max(shortestRetry, Math.min(...dues, failed ? shortestRetry : longestRetry)) };
  }

  /** A graph that is a function of the object can be wrong because of the object: that has to be seen on it. */
  async #build(object: Readonly<R>, context: ReconcileContext): Promise<BuiltGraph<R>> {
    let built: BuiltGraph<R>;
    try {
      built = this.#init.graph.build(object);
    } catch (error) {
      if (!(error instanceof GraphError)) throw error;
      const standing: Standing = { step: 'Graph', state: 'Failed', reason: EngineReason.Error, message: error.message };
      await this.#writeStatus(object, [standing], {}, context);
      throw new TerminalError(error.message, { cause: error });
    }
    this.#init.watch?.(built);
    return built;
  }

  /** Before anything is made that it has to undo; and away with it when there is nothing to undo any more. */
  async #withFinalizer(object: Readonly<R>, built: BuiltGraph<R>, client: Client): Promise<Readonly<R>> {
    const { graph } = this.#init;
    const finalizer = finalizerOf(graph);
    if (needsFinalizer(built.steps, policyOf(graph, object)))
      return addFinalizer(client, graph.resource, object, finalizer);
    await removeFinalizer(client, graph.resource, object, finalizer);
    return object;
  }

  #writing(object: Readonly<R>, overlay: Overlay): Omit<WriteContext, 'client' | 'signal' | 'log'> {
    const { fieldManager, random, metrics } = this.#init;
    return { overlay, fieldManager, random, metrics, namespace: object.metadata?.namespace };
  }

  #extra(object: Readonly<R>, evaluation: Evaluation<R>, reader: ChildReader): object {
    const { name = '', namespace = '' } = object.metadata ?? {};
    const scope: StatusScope<R> = {
      object,
      name,
      namespace,
      output: <Out>({ name: step }: { name: string }) =>
        evaluation.isDone(step) ? (evaluation.outputOf(step) as Out) : undefined,
      get: (resource, child) =>
        reader.get(resource, resource.namespaced ? { namespace, name: child } : { name: child }),
      list: (resource, options) =>
        reader.list(resource, resource.namespaced ? { ...options, namespace } : (options ?? {})),
    };
    try {
      return this.#init.graph.options.status?.(scope) ?? {};
    } catch (error) {
      if (!(error instanceof CacheNotSyncedError)) throw error;
      const {
        observedGeneration: _generation,
        conditions: _conditions,
        waitingFor: _waitingFor,
        ...before
      } = (object.status ?? {}) as ReconciledStatus;
      return before;
    }
  }

  async #writeStatus(
    object: Readonly<R>,
    standings: readonly Standing[],
    extra: object,
    context: ReconcileContext,
  ): Promise<void> {
    const { graph, clock, metrics, events, fieldManager } = this.#init;
    const before = object.status as ReconciledStatus | undefined;
    const status = statusFor(object, standings, extra, formatTime(clock.now()));
    const { name = '', namespace, uid } = object.metadata ?? {};
    const key = namespace === undefined ? { name } : { namespace, name };
    const patch = statusPatch(before, status);
    if (patch) {
      metrics.wrote(graph.resource, 'patch');
      try {
        // The uid: an object that was deleted and made again must not get its predecessor's status.
        const body = { metadata: { uid }, status: patch };
        await context.client.patch(
          graph.resource,
          key,
          { type: 'merge', body },
          { subresource: 'status', fieldManager, signal: context.signal },
        );
      } catch (error) {
        if (!isGoneOrAnother(error)) throw error;
        return;
      }
      // After the status is written, or a crash in between would tell it twice.
      recordTransitions(events, object, before?.conditions, standings);
    }
    metrics.conditions(graph.resource, key, status.conditions);
  }

  #repaired(object: Readonly<R>, write: Write): void {
    const fields = write.verb === 'apply' ? write.fields.join(', ') : '';
    this.#init.events.record(object, {
      type: 'Normal',
      reason: EngineReason.DriftRepaired,
      action: 'Reconcile',
      note: `Set right what somebody had changed of ${write.resource.kind} ${write.name}: ${fields}`,
    });
  }

  #report(result: RunResult<R>, standings: readonly Standing[], { log }: ReconcileContext): void {
    const { graph, metrics } = this.#init;
    for (const [step, milliseconds] of result.durations) metrics.step(graph.resource, step, milliseconds / 1_000);
    for (const { step, error } of result.evaluation.steps) {
      if (error !== undefined) log.error({ step: step.name, error: describe(error) }, 'Step threw');
    }
    for (const { step, state, reason } of standings)
      if (state === 'Failed') metrics.stepFailed(graph.resource, step, reason);
  }

  #next(
    object: Readonly<R>,
    { evaluation, failures, postponed }: RunResult<R>,
    standings: readonly Standing[],
  ): Result | undefined {
    const uid = object.metadata?.uid ?? '';
    const delays = postponed.map(({ wait }) => wait);
    if (failures.size > 0) delays.push(staleRetry);
    const failing = this.#failing.get(uid) ?? new Map<string, number>();
    const now = this.#init.clock.monotonic();
    for (const [index, { step, outcome }] of evaluation.steps.entries()) {
      if (standings[index]?.state !== 'Failed') failing.delete(step.name);
      if (outcome.state === 'Waiting' && outcome.after !== undefined) delays.push(outcome.after);
      const due = step.external ? this.#externals.dueIn(uid, step.name) : undefined;
      if (outcome.state === 'Done' && due !== undefined) delays.push(due);
      if (outcome.state !== 'Failed') continue;
      const since = failing.get(step.name) ?? now;
      failing.set(step.name, since);
      delays.push(outcome.retryAfter ?? due ?? Math.min(Math.max(now - since, shortestRetry), longestRetry));
    }
    if (failing.size > 0) this.#failing.set(uid, failing);
    else this.#failing.delete(uid);
    return delays.length > 0 ? { requeueAfter: Math.max(1, Math.min(...delays)) } : undefined;
  }

  #track(request: Request, uid: string | undefined): void {
    const key = `${request.namespace ?? ''}/${request.name}`;
    const before = this.#uids.get(key);
    if (before !== undefined && before !== uid) {
      this.#externals.forget(before);
      this.#repairs.forget(before);
      this.#failing.delete(before);
    }
    if (uid === undefined) this.#uids.delete(key);
    else this.#uids.set(key, uid);
  }
}

function finalizerOf<R extends Reconciled>({ resource, options }: Graph<R>): string {
  return options.finalizer ?? `${resource.group || apiVersionOf(resource)}/cleanup`;
}

function policyOf<R extends Reconciled>({ options }: Graph<R>, object: Readonly<R>): DeletionPolicy {
  if (options.deletionPolicy) return options.deletionPolicy(object);
  return (object.spec as { deletionPolicy?: DeletionPolicy }).deletionPolicy ?? 'Retain';
}

/** What the graph declares, and what the steps of this object say besides. */
function allOwned<R extends Reconciled>(graph: Graph<R>, { steps }: BuiltGraph<R>): readonly Resource[] {
  const kinds = [...graph.owns];
  for (const kind of steps.flatMap((step) => step.owns))
    if (!kinds.some((known) => isSameResource(known, kind))) kinds.push(kind);
  return kinds;
}

/** The object is not there any more; what has its name may be another one, with another uid. */
function isGoneOrAnother(error: unknown): boolean {
  if (isNotFound(error) || isConflict(error)) return true;
  return isInvalid(error) && (error.status?.details?.causes ?? []).some(({ field }) => field === 'metadata.uid');
}

/** What the API server refused counts as an error of the reconcile and is tried again with the queue's back-off. */
function throwIfFailed(failures: ReadonlyMap<string, StepFailure>): void {
  const errors = [...failures.values()].filter((failure) => lasting(failure));
  const [first] = errors;
  if (first) throw new Error(errors.map(({ message }) => scrub(message)).join('; '), { cause: first.error });
}

/** What had only changed under our hands is not worth a condition. */
function lasting(failure: StepFailure | undefined): StepFailure | undefined {
  return failure?.stale ? undefined : failure;
}

function describe(error: unknown): string {
  return scrub(error instanceof Error ? (error.stack ?? error.message) : String(error));
}
