// What happens to an object that is being deleted, from what is undone to its finalizer.
import {
  type Clock,
  type EventRecorder,
  findCondition,
  hasFinalizer,
  type ReconcileContext,
  removeFinalizer,
  type Result,
} from '@stackwright/core';
import type { KubeObject } from '@stackwright/kube';
import { finalizerOf, policyOf, type Graph } from '../declare/graph.js';
import type { Names } from '../declare/names.js';
import { EngineReason } from '../declare/reasons.js';
import type { Reconciled } from '../declare/step.js';
import { evaluate } from '../evaluate/evaluate.js';
import { Ownership } from '../evaluate/ownership.js';
import { Overlay, type ChildReader } from '../evaluate/overlay.js';
import { isPaused } from '../pace/paused.js';
import type { Retries } from '../pace/retries.js';
import type { ReconciledStatus } from '../status/status.js';
import type { StepStatus } from '../status/step-status.js';
import type { StatusWriter } from '../status/writer.js';
import type { Built } from './build.js';
import type { ExternalRunner } from './external.js';
import type { SharedWriteContext } from './step-writes.js';
import { tearDown } from './teardown.js';

export interface DeletionInit<R extends Reconciled> {
  readonly graph: Graph<R>;
  readonly reader: ChildReader;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly names: Names;
  readonly externals: ExternalRunner<R>;
  readonly retries: Retries;
  readonly status: StatusWriter<R>;
  readonly build: (object: Readonly<R>, context: ReconcileContext) => Promise<Built<R>>;
  readonly writing: (object: Readonly<R>, overlay: Overlay) => SharedWriteContext;
  /** Told what is left to be undone, before the status says so. */
  readonly report: (statuses: readonly StepStatus[]) => void;
}

export class Deletion<R extends Reconciled> {
  readonly #init: DeletionInit<R>;

  constructor(init: DeletionInit<R>) {
    this.#init = init;
  }

  async go(object: Readonly<R>, context: ReconcileContext): Promise<Result | undefined> {
    const { graph } = this.#init;
    const finalizer = finalizerOf(graph);
    // Without our finalizer nothing is to be undone: ownerReferences do the rest.
    if (!hasFinalizer(object, finalizer)) return undefined;
    if (isAbandoned(object, this.#init.names)) return this.#abandon(object, context);
    if (isPaused(object, this.#init.names)) return this.#waitUntilResumed(object, context);
    const statuses = await this.#undo(object, context);
    this.#init.report(statuses);
    if (statuses.length === 0) {
      await removeFinalizer(context.client, graph.resource, object, finalizer);
      return undefined;
    }
    // What is undone is known by what the status says, until it is undone.
    await this.#init.status.write(object, statuses, undefined, context);
    return { requeueAfter: this.#init.retries.afterTeardown(object.metadata?.uid ?? '', statuses) };
  }

  /** Its namespace goes, and takes all with it: nothing can be made there any more, not even an event. */
  async letGo(object: Readonly<R>, { client, log }: ReconcileContext): Promise<undefined> {
    const { graph, report } = this.#init;
    report([]);
    if (!hasFinalizer(object, finalizerOf(graph))) return;
    log.warn({}, 'Its namespace is being deleted: let go without undoing what was made outside');
    await removeFinalizer(client, graph.resource, object, finalizerOf(graph));
  }

  /** It goes, and what it has made outside stays, whoever has to see to that now. */
  async #abandon(object: Readonly<R>, { client }: ReconcileContext): Promise<undefined> {
    const { graph, events, report } = this.#init;
    report([]);
    await removeFinalizer(client, graph.resource, object, finalizerOf(graph));
    events.record(object, {
      type: 'Warning',
      reason: EngineReason.CleanupAbandoned,
      action: 'Delete',
      note: `Let go without undoing what was made, as ${this.#init.names.annotation.abandonCleanup} asks`,
    });
  }

  /** Nothing is written for what is paused but this: nobody would know otherwise why it does not go. */
  async #waitUntilResumed(object: Readonly<R>, context: ReconcileContext): Promise<undefined> {
    const message =
      `Is paused: what it made is not undone before it is paused no more (spec.paused, ${this.#init.names.annotation.paused}), ` +
      `or to be let go as it is (${this.#init.names.annotation.abandonCleanup}=true)`;
    const { built } = await this.#init.build(object, context);
    const statuses = built.steps.map(({ name: step }): StepStatus => ({
      step,
      state: 'Waiting',
      reason: EngineReason.Paused,
      message,
    }));
    this.#init.report(statuses);
    const { conditions } = (object.status ?? {}) as ReconciledStatus;
    const isKnown = findCondition(conditions, 'Ready')?.reason === EngineReason.Paused;
    await this.#init.status.write(object, statuses, undefined, context, { events: false });
    if (isKnown) return;
    const event = { type: 'Warning', reason: EngineReason.Paused, action: 'Delete', note: message } as const;
    this.#init.events.record(object, event);
  }

  /** What is left to be undone. */
  async #undo(object: Readonly<R>, context: ReconcileContext): Promise<StepStatus[]> {
    const { graph, reader, clock, names, externals, writing } = this.#init;
    const { built, owns } = await this.#init.build(object, context);
    const overlay = new Overlay(reader);
    const evaluation = evaluate({ graph: built, resource: graph.resource, object, reader: overlay, clock, names });
    return tearDown({
      owns,
      ...(graph.options.volumes === undefined ? {} : { volumes: graph.options.volumes }),
      steps: evaluation.steps,
      object,
      ownership: new Ownership(names, graph.resource, object),
      policy: policyOf(graph, object),
      reader,
      externals,
      external: { evaluation, reader: overlay, signal: context.signal, log: context.log },
      writing: {
        ...writing(object, overlay),
        client: context.client,
        signal: context.signal,
        log: context.log,
      },
    });
  }
}

function isAbandoned({ metadata }: Readonly<KubeObject>, { annotation }: Names): boolean {
  return metadata?.annotations?.[annotation.abandonCleanup] === 'true';
}
