// The reconciler of a graph: what happens to one object from its request to its status.
import type { Client } from '@stackwright/kube';
import {
  addFinalizer,
  type Clock,
  type EventRecorder,
  isBeingDeleted,
  type Random,
  type ReconcileContext,
  removeFinalizer,
  type Request,
  type Result,
  scrub,
  TerminalError,
} from '@stackwright/core';
import { allOwned, finalizerOf, GraphError, policyOf, type BuiltGraph, type Graph } from '../declare/graph.js';
import { defaultNames, type Names } from '../declare/names.js';
import { EngineReason } from '../declare/reasons.js';
import type { Reconciled } from '../declare/step.js';
import { Overlay, type ChildReader } from '../evaluate/overlay.js';
import { isPaused } from '../pace/paused.js';
import { unlessStale, type StepFailure } from '../status/failure.js';
import type { StepMetrics } from '../status/metrics.js';
import { stepStatusOf, type StepStatus } from '../status/step-status.js';
import type { Built } from './build.js';
import { Deletion } from './deletion.js';
import type { ExternalRunner } from './external.js';
import type { Records } from './held.js';
import { Memories } from './memories.js';
import { run, type RunResult } from './run.js';
import type { SharedWriteContext } from './step-writes.js';
import { needsFinalizer } from './teardown.js';
import { writingFor } from './writing.js';

export interface GraphReconcilerInit<R extends Reconciled> {
  graph: Graph<R>;
  reader: ChildReader;
  events: EventRecorder;
  clock: Clock;
  random: Random;
  metrics: StepMetrics;
  /** Of server-side apply. */
  fieldManager: string;
  /** What labels and annotations are called. Default: as this project calls them. */
  names?: Names;
  /** Whether a namespace is being deleted, with all that is in it. Default: of none is it known. */
  isEnding?: (namespace: string | undefined) => boolean;
  /** Told of the steps of each object before they are evaluated: kinds that are new have to be watched, and listed. */
  watch?: (graph: BuiltGraph<R>) => Promise<void>;
  /** How external steps look and change. Default: by themselves, as they are declared. */
  externals?: ExternalRunner<R>;
  /** Why the Pods of a StatefulSet or Job could not be made, by its uid. Default: nobody knows. */
  refusalOf?: (uid: string) => string | undefined;
  /** Whether what was applied last is written down where a step does not say what it wants. Default: it is. */
  records?: Records;
  /** Told what came of each reconcile, before its status is written. */
  onReport?: (report: Report<R>) => void;
}

export interface Report<R extends Reconciled> {
  readonly statuses: readonly StepStatus[];
  /** Undefined where the object is being deleted, or where its graph could not be built. */
  readonly result?: RunResult<R>;
}

export class GraphReconciler<R extends Reconciled> {
  readonly #init: GraphReconcilerInit<R>;
  readonly #names: Names;
  readonly #memories: Memories<R>;
  readonly #writing: (object: Readonly<R>, overlay: Overlay) => SharedWriteContext;
  readonly #deletion: Deletion<R>;
  /** As it was last built: mostly it is the same for all objects. */
  #built: Built<R> | undefined;

  constructor(init: GraphReconcilerInit<R>) {
    const names = init.names ?? defaultNames;
    this.#init = init;
    this.#names = names;
    this.#memories = new Memories<R>(init);
    const { externals, retries, status, hidden: hiddenChildren } = this.#memories;
    this.#writing = (object, overlay) => writingFor({ ...init, names, hiddenChildren }, object, overlay);
    this.#deletion = new Deletion<R>({
      ...{ graph: init.graph, reader: init.reader, events: init.events, clock: init.clock },
      ...{ names, externals, retries, status, writing: this.#writing },
      build: (object, context) => this.#build(object, context),
      report: (statuses) => init.onReport?.({ statuses }),
    });
  }

  /** What is remembered of objects, all in all: 0 when all of them have gone. */
  get remembered(): number {
    return this.#memories.size;
  }

  async reconcile(request: Request, context: ReconcileContext): Promise<Result | undefined> {
    const { graph, reader, metrics } = this.#init;
    const object = reader.get(graph.resource, request);
    this.#memories.track(request, object?.metadata?.uid);
    if (!object) {
      metrics.statuses(graph.resource, request, undefined);
      return undefined;
    }
    if (this.#init.isEnding?.(object.metadata?.namespace)) return this.#deletion.letGo(object, context);
    if (isPaused(object, this.#names) && !isBeingDeleted(object)) return undefined;
    if (this.#memories.echoes.isEcho(object, reader)) {
      this.#memories.held.shown(object.metadata?.uid ?? '', reader);
      return undefined;
    }
    return isBeingDeleted(object) ? this.#deletion.go(object, context) : this.#bring(object, context);
  }

  /** Brings about what the object asks for. */
  async #bring(found: Readonly<R>, context: ReconcileContext): Promise<Result | undefined> {
    const { graph, clock } = this.#init;
    const { built, owns } = await this.#build(found, context);
    const object = await this.#withFinalizer(found, built, context.client);
    const overlay = new Overlay(this.#init.reader);
    const uid = object.metadata?.uid ?? '';
    const { externals, writeBackoff, upToDate, held, hidden, lastOutputs, retries, doubts } = this.#memories;
    await hidden.layOver(overlay, uid, context.client, context);
    const result = await run<R>({
      client: context.client,
      context,
      log: context.log,
      span: context.span,
      clock,
      graph: built,
      resource: graph.resource,
      owns,
      object,
      writing: this.#writing(object, overlay),
      ...{ externals, writeBackoff, upToDate, held },
      ...(this.#init.refusalOf ? { refusalOf: this.#init.refusalOf } : {}),
      lastOutputs: lastOutputs.of(uid),
    });
    const { evaluation, failures } = result;
    const wants = evaluation.steps.flatMap(({ scope }) => scope.wants);
    hidden.keepOnly(uid, [...wants, ...held.keysOf(uid)]);
    const statuses = evaluation.steps.map((one) => {
      const { name } = one.step;
      return stepStatusOf(one, unlessStale(failures.get(name)), built.available.includes(name));
    });
    lastOutputs.keep(uid, built, evaluation);
    this.#report(uid, result, statuses, context);
    const isUnsaid = doubts.holds(object, evaluation) || held.isStuck(uid);
    const version = isUnsaid
      ? object.metadata?.resourceVersion
      : await this.#say(object, built, result, statuses, context);
    const said = result.written.filter((write) => !result.repaired.includes(write));
    const isRestless = (step: string) => retries.isTroubled(uid, step) && said.some((write) => write.step === step);
    throwIfFailed(failures, isRestless);
    const requeueAfter = sooner(retries.after(uid, result, statuses), held.dueIn(uid));
    if (requeueAfter !== undefined) return { requeueAfter };
    const { reads } = result.record;
    const isFixed = !result.asksTime && built.steps.every(({ external }) => !external);
    // What wrote nothing has no echo.
    const wrote = result.written.length > 0 || version !== found.metadata?.resourceVersion;
    if (wrote && isFixed && reads && version !== undefined) this.#memories.echoes.finished(uid, version, reads);
    return undefined;
  }

  /** The version of the object that says it. */
  #say(
    object: Readonly<R>,
    built: BuiltGraph<R>,
    { evaluation, record }: RunResult<R>,
    statuses: readonly StepStatus[],
    context: ReconcileContext,
  ): Promise<string | undefined> {
    return this.#memories.status.write(
      object,
      statuses,
      this.#memories.status.extra(object, built, evaluation, record),
      context,
    );
  }

  /** A graph that is a function of the object can be wrong because of the object: that has to be seen on it. */
  async #build(object: Readonly<R>, context: ReconcileContext): Promise<Built<R>> {
    let built: BuiltGraph<R>;
    try {
      built = this.#init.graph.build(object);
    } catch (error) {
      if (!(error instanceof GraphError)) throw error;
      const status: StepStatus = {
        step: 'Graph',
        state: 'Failed',
        reason: EngineReason.Error,
        message: error.message,
      };
      this.#init.onReport?.({ statuses: [status] });
      await this.#memories.status.write(object, [status], undefined, context);
      throw new TerminalError(error.message, { cause: error });
    }
    if (built !== this.#built?.built) {
      await this.#init.watch?.(built);
      this.#built = { built, owns: allOwned(this.#init.graph, built) };
    }
    return this.#built;
  }

  /** Before anything is made that it has to undo; and away with it when there is nothing to undo any more. */
  async #withFinalizer(object: Readonly<R>, built: BuiltGraph<R>, client: Client): Promise<Readonly<R>> {
    const { graph } = this.#init;
    const finalizer = finalizerOf(graph);
    if (needsFinalizer(built.steps, policyOf(graph, object))) {
      return addFinalizer(client, graph.resource, object, finalizer);
    }
    return (await removeFinalizer(client, graph.resource, object, finalizer)) ?? object;
  }

  #report(uid: string, result: RunResult<R>, statuses: readonly StepStatus[], { log, span }: ReconcileContext): void {
    const { graph, metrics, onReport } = this.#init;
    for (const [step, milliseconds] of result.durations) metrics.step(graph.resource, step, milliseconds / 1_000);
    this.#memories.log.report(uid, result.evaluation.steps, statuses, log);
    if (span.recording) {
      span.set(Object.fromEntries(statuses.map(({ step, state }) => [`step.${step}`, state])));
    }
    onReport?.({ statuses, result });
  }
}

function sooner(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.min(one, other);
}

/**
 * A call that failed counts as an error of the reconcile and is tried again with the queue's back-off. What the API server has
 * judged and refused it refuses again: that is the step's failure, and looked at again as any other. Unless the step writes
 * something else each time that it is refused: the event of that comes at once, and it would never rest.
 */
function throwIfFailed(failures: ReadonlyMap<string, StepFailure>, isRestless: (step: string) => boolean): void {
  const errors = [...failures].flatMap(([step, failure]) => {
    const isError = failure.reason !== EngineReason.Rejected || isRestless(step);
    return isError && unlessStale(failure) ? [failure] : [];
  });
  const [first] = errors;
  if (first) throw new Error(errors.map(({ message }) => scrub(message)).join('; '), { cause: first.error });
}
