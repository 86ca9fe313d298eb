// The reconciler of a graph: what happens to one object from its request to its status.
import type { Client, KubeObject, Resource } from '@stackwright/kube';
import {
  addFinalizer,
  type Clock,
  type EventRecorder,
  findCondition,
  hasFinalizer,
  isBeingDeleted,
  type Random,
  type ReconcileContext,
  removeFinalizer,
  type Request,
  type Result,
  scrub,
  TerminalError,
} from '@stackwright/core';
import { UpToDateCache } from '../evaluate/up-to-date.js';
import type { WriteContext } from './context.js';
import type { SharedWriteContext } from './step-writes.js';
import { evaluate } from '../evaluate/evaluate.js';
import { ExternalSteps, type ExternalRunner } from './external.js';
import { unlessStale, type StepFailure } from '../status/failure.js';
import { allOwned, finalizerOf, GraphError, policyOf, type BuiltGraph, type Graph } from '../declare/graph.js';
import type { StepMetrics } from '../status/metrics.js';
import { defaultNames, type Names } from '../declare/names.js';
import { Ownership } from '../evaluate/ownership.js';
import { LastOutputs } from '../evaluate/last-outputs.js';
import { Overlay, type ChildReader } from '../evaluate/overlay.js';
import { EngineReason } from '../declare/reasons.js';
import { Doubts } from '../pace/doubt.js';
import { EchoFilter } from '../pace/echo-filter.js';
import { Retries } from '../pace/retries.js';
import { run, type RunResult } from './run.js';
import { stepStatusOf, type StepStatus } from '../status/step-status.js';
import { StepLog } from '../status/step-log.js';
import type { ReconciledStatus } from '../status/status.js';
import { StatusWriter } from '../status/writer.js';
import type { Reconciled } from '../declare/step.js';
import { HeldChildren } from './held.js';
import { HiddenChildren } from './hidden.js';
import { needsFinalizer, tearDown } from './teardown.js';
import { formatPath } from '../evaluate/paths.js';
import { isPaused } from '../pace/paused.js';
import { WriteBackoff } from './write-backoff.js';
import type { Write } from '../evaluate/writes.js';

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
  /** Whether what was applied last is written down where a step does not say what it wants. Default true. */
  keepsRecords?: boolean;
  /** Told what came of each reconcile, before its status is written. */
  onReport?: (report: Report<R>) => void;
}

export interface Report<R extends Reconciled> {
  readonly statuses: readonly StepStatus[];
  /** Undefined where the object is being deleted, or where its graph could not be built. */
  readonly result?: RunResult<R>;
}

interface ObjectMemory {
  forget(uid: string): void;
  readonly size: number;
}

interface Built<R extends Reconciled> {
  built: BuiltGraph<R>;
  /** All kinds that it may have children of. */
  owns: readonly Resource[];
}

export class GraphReconciler<R extends Reconciled> {
  readonly #init: GraphReconcilerInit<R>;
  readonly #names: Names;
  readonly #externals: ExternalRunner<R>;
  readonly #writeBackoff: WriteBackoff;
  readonly #retries: Retries;
  readonly #doubts: Doubts;
  readonly #upToDate = new UpToDateCache();
  readonly #hidden = new HiddenChildren();
  readonly #lastOutputs = new LastOutputs();
  readonly #held: HeldChildren;
  readonly #status: StatusWriter<R>;
  readonly #log = new StepLog();
  readonly #echoes: EchoFilter;
  /** All that is remembered by uid. */
  readonly #memories: readonly ObjectMemory[];
  /** The uid last seen under a name, so that what is remembered goes with its object. */
  readonly #uids = new Map<string, string>();
  /** As it was last built: mostly it is the same for all objects. */
  #built: Built<R> | undefined;

  constructor(init: GraphReconcilerInit<R>) {
    this.#init = init;
    this.#names = init.names ?? defaultNames;
    this.#externals = init.externals ?? new ExternalSteps<R>(init.clock, init.random);
    this.#writeBackoff = new WriteBackoff(init.clock);
    this.#retries = new Retries(init.clock, this.#externals);
    this.#doubts = new Doubts(init.clock);
    this.#held = new HeldChildren(init.clock, init.keepsRecords ?? true);
    this.#status = new StatusWriter<R>(init);
    this.#echoes = new EchoFilter(init.clock);
    this.#memories = [
      this.#externals,
      this.#writeBackoff,
      this.#retries,
      this.#doubts,
      this.#upToDate,
      this.#hidden,
      this.#lastOutputs,
      this.#held,
      this.#echoes,
      this.#status,
      this.#log,
    ];
  }

  /** What is remembered of objects, all in all: 0 when all of them have gone. */
  get remembered(): number {
    return this.#memories.reduce((sum, { size }) => sum + size, this.#uids.size);
  }

  async reconcile(request: Request, context: ReconcileContext): Promise<Result | undefined> {
    const { graph, reader, metrics } = this.#init;
    const object = reader.get(graph.resource, request);
    this.#track(request, object?.metadata?.uid);
    if (!object) {
      metrics.statuses(graph.resource, request, undefined);
      return undefined;
    }
    if (this.#init.isEnding?.(object.metadata?.namespace)) return this.#letGo(object, context);
    if (isPaused(object, this.#names) && !isBeingDeleted(object)) return undefined;
    if (this.#echoes.isEcho(object, reader)) return undefined;
    return isBeingDeleted(object) ? this.#delete(object, context) : this.#bring(object, context);
  }

  /** Brings about what the object asks for. */
  async #bring(found: Readonly<R>, context: ReconcileContext): Promise<Result | undefined> {
    const { graph, clock } = this.#init;
    const { built, owns } = await this.#build(found, context);
    const object = await this.#withFinalizer(found, built, context.client);
    const overlay = new Overlay(this.#init.reader);
    await this.#hidden.layOver(overlay, object.metadata?.uid ?? '', context.client, context);
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
      externals: this.#externals,
      writeBackoff: this.#writeBackoff,
      upToDate: this.#upToDate,
      held: this.#held,
      ...(this.#init.refusalOf ? { refusalOf: this.#init.refusalOf } : {}),
      lastOutputs: this.#lastOutputs.of(object.metadata?.uid ?? ''),
    });
    const { evaluation, failures } = result;
    this.#hidden.keepOnly(
      object.metadata?.uid ?? '',
      evaluation.steps.flatMap(({ scope }) => scope.wants),
    );
    const statuses = evaluation.steps.map((one) => {
      const { name } = one.step;
      return stepStatusOf(one, unlessStale(failures.get(name)), built.available.includes(name));
    });
    this.#lastOutputs.keep(object.metadata?.uid ?? '', built, evaluation);
    this.#report(object.metadata?.uid ?? '', result, statuses, context);
    const version = this.#doubts.holds(object, evaluation)
      ? object.metadata?.resourceVersion
      : await this.#say(object, built, result, statuses, context);
    throwIfFailed(failures);
    const uid = object.metadata?.uid ?? '';
    const requeueAfter = sooner(this.#retries.after(uid, result, statuses), this.#held.dueIn(uid));
    if (requeueAfter !== undefined) return { requeueAfter };
    const { reads } = result.record;
    const isFixed = !result.asksTime && built.steps.every(({ external }) => !external);
    // What wrote nothing has no echo.
    const wrote = result.written.length > 0 || version !== found.metadata?.resourceVersion;
    if (wrote && isFixed && reads && version !== undefined) this.#echoes.finished(uid, version, reads);
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
    return this.#status.write(object, statuses, this.#status.extra(object, built, evaluation, record), context);
  }

  async #delete(object: Readonly<R>, context: ReconcileContext): Promise<Result | undefined> {
    const { graph } = this.#init;
    const finalizer = finalizerOf(graph);
    // Without our finalizer nothing is to be undone: ownerReferences do the rest.
    if (!hasFinalizer(object, finalizer)) return undefined;
    if (isAbandoned(object, this.#names)) return this.#abandon(object, context);
    if (isPaused(object, this.#names)) return this.#waitUntilResumed(object, context);
    const statuses = await this.#undo(object, context);
    this.#init.onReport?.({ statuses });
    if (statuses.length === 0) {
      await removeFinalizer(context.client, graph.resource, object, finalizer);
      return undefined;
    }
    await this.#status.write(object, statuses, {}, context);
    return { requeueAfter: this.#retries.afterTeardown(object.metadata?.uid ?? '', statuses) };
  }

  /** Its namespace goes, and takes all with it: nothing can be made there any more, not even an event. */
  async #letGo(object: Readonly<R>, { client, log }: ReconcileContext): Promise<undefined> {
    const { graph, onReport } = this.#init;
    onReport?.({ statuses: [] });
    if (!hasFinalizer(object, finalizerOf(graph))) return;
    log.warn({}, 'Its namespace is being deleted: let go without undoing what was made outside');
    await removeFinalizer(client, graph.resource, object, finalizerOf(graph));
  }

  /** It goes, and what it has made outside stays, whoever has to see to that now. */
  async #abandon(object: Readonly<R>, { client }: ReconcileContext): Promise<undefined> {
    const { graph, events, onReport } = this.#init;
    onReport?.({ statuses: [] });
    await removeFinalizer(client, graph.resource, object, finalizerOf(graph));
    events.record(object, {
      type: 'Warning',
      reason: EngineReason.CleanupAbandoned,
      action: 'Delete',
      note: `Let go without undoing what was made, as ${this.#names.annotation.abandonCleanup} asks`,
    });
  }

  /** Nothing is written for what is paused but this: nobody would know otherwise why it does not go. */
  async #waitUntilResumed(object: Readonly<R>, context: ReconcileContext): Promise<undefined> {
    const message =
      `Is paused: what it made is not undone before it is paused no more (spec.paused, ${this.#names.annotation.paused}), ` +
      `or to be let go as it is (${this.#names.annotation.abandonCleanup}=true)`;
    const { built } = await this.#build(object, context);
    const statuses = built.steps.map(({ name: step }): StepStatus => ({
      step,
      state: 'Waiting',
      reason: EngineReason.Paused,
      message,
    }));
    this.#init.onReport?.({ statuses });
    const { conditions } = (object.status ?? {}) as ReconciledStatus;
    const isKnown = findCondition(conditions, 'Ready')?.reason === EngineReason.Paused;
    await this.#status.write(object, statuses, undefined, context, { events: false });
    if (isKnown) return;
    const event = { type: 'Warning', reason: EngineReason.Paused, action: 'Delete', note: message } as const;
    this.#init.events.record(object, event);
  }

  /** What is left to be undone. */
  async #undo(object: Readonly<R>, context: ReconcileContext): Promise<StepStatus[]> {
    const { graph, reader, clock } = this.#init;
    const { built, owns } = await this.#build(object, context);
    const overlay = new Overlay(reader);
    const names = this.#names;
    const evaluation = evaluate({ graph: built, resource: graph.resource, object, reader: overlay, clock, names });
    return tearDown({
      owns,
      steps: evaluation.steps,
      object,
      ownership: new Ownership(names, graph.resource, object),
      policy: policyOf(graph, object),
      reader,
      externals: this.#externals,
      external: { evaluation, reader: overlay, signal: context.signal, log: context.log },
      writing: {
        ...this.#writing(object, overlay),
        client: context.client,
        signal: context.signal,
        log: context.log,
      },
    });
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
      await this.#status.write(object, [status], {}, context);
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

  #writing(object: Readonly<R>, overlay: Overlay): SharedWriteContext {
    const { fieldManager, random, metrics } = this.#init;
    const names = this.#names;
    const repaired: WriteContext['repaired'] = (write, managers) => this.#repaired(object, write, managers);
    const amended: WriteContext['amended'] = (event) =>
      this.#init.events.record(object, { type: 'Normal', action: 'Reconcile', ...event });
    const told: WriteContext['told'] = (event) =>
      this.#init.events.record(object, { type: 'Warning', action: 'Reconcile', ...event });
    const hidden: WriteContext['hidden'] = (resource, key) =>
      this.#hidden.found(object.metadata?.uid ?? '', resource, key);
    return { overlay, fieldManager, random, metrics, names, hidden, repaired, amended, told };
  }

  #repaired(object: Readonly<R>, write: Write & { verb: 'apply' }, managers: readonly string[]): void {
    const { events, metrics } = this.#init;
    metrics.driftRepaired(write.resource, managers);
    const who = managers.length > 0 ? managers.join(' and ') : 'somebody';
    events.record(object, {
      type: 'Normal',
      reason: EngineReason.DriftRepaired,
      action: 'Reconcile',
      note: `Set right what ${who} had changed of ${write.resource.kind} ${write.name}: ${write.fields.map(formatPath).join(', ')}`,
    });
  }

  #report(uid: string, result: RunResult<R>, statuses: readonly StepStatus[], { log, span }: ReconcileContext): void {
    const { graph, metrics, onReport } = this.#init;
    for (const [step, milliseconds] of result.durations) metrics.step(graph.resource, step, milliseconds / 1_000);
    this.#log.report(uid, result.evaluation.steps, statuses, log);
    if (span.recording) {
      span.set(Object.fromEntries(statuses.map(({ step, state }) => [`step.${step}`, state])));
    }
    onReport?.({ statuses, result });
  }

  #track(request: Request, uid: string | undefined): void {
    const key = `${request.namespace ?? ''}/${request.name}`;
    const before = this.#uids.get(key);
    if (before !== undefined && before !== uid) {
      for (const memory of this.#memories) memory.forget(before);
    }
    if (uid === undefined) this.#uids.delete(key);
    else this.#uids.set(key, uid);
  }
}

function isAbandoned({ metadata }: Readonly<KubeObject>, { annotation }: Names): boolean {
  return metadata?.annotations?.[annotation.abandonCleanup] === 'true';
}

function sooner(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.min(one, other);
}

/**
 * A call that failed counts as an error of the reconcile and is tried again with the queue's back-off. What the API server has
 * judged and refused it refuses again: that is the step's failure, and looked at again as any other.
 */
function throwIfFailed(failures: ReadonlyMap<string, StepFailure>): void {
  const isError = (failure: StepFailure) => unlessStale(failure) && failure.reason !== EngineReason.Rejected;
  const errors = [...failures.values()].filter(isError);
  const [first] = errors;
  if (first) throw new Error(errors.map(({ message }) => scrub(message)).join('; '), { cause: first.error });
}
