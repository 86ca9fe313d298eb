// One reconcile of a graph: evaluate, carry out what the evaluation asks for, evaluate again with the answers, until
// nothing is left to do now. Independent steps go on side by side.
import type { Client, Resource } from '@stackwright/kube';
import type { Clock, Logger, ReconcileContext, Span } from '@stackwright/core';
import type { UpToDateCache } from '../evaluate/up-to-date.js';
import { evaluate, type Evaluation } from '../evaluate/evaluate.js';
import type { ExternalRunner } from './external.js';
import { ExternalLooks } from './external-looks.js';
import type { StepFailure } from '../status/failure.js';
import type { BuiltGraph } from '../declare/graph.js';
import { Ownership } from '../evaluate/ownership.js';
import { ownedChildren } from './children.js';
import type { HeldChildren } from './held.js';
import { prune } from './prune.js';
import { ReadRecord } from '../pace/read-record.js';
import { StepSpans } from './step-spans.js';
import { StepWrites, type SharedWriteContext } from './step-writes.js';
import type { WriteBackoff } from './write-backoff.js';
import type { Reconciled } from '../declare/step.js';
import type { Write } from '../evaluate/writes.js';

export interface RunInput<R extends Reconciled> {
  graph: BuiltGraph<R>;
  resource: Resource<R>;
  /** All kinds that the graph may have children of. */
  owns: readonly Resource[];
  object: Readonly<R>;
  writing: SharedWriteContext;
  client: Client;
  /** Most runs call nothing: the signal is made when it is asked for. */
  context: Pick<ReconcileContext, 'signal'>;
  log: Logger;
  clock: Clock;
  externals: ExternalRunner<R>;
  /** Of the reconcile. */
  span: Span;
  writeBackoff: WriteBackoff;
  upToDate: UpToDateCache;
  held: HeldChildren;
  refusalOf?: (uid: string) => string | undefined;
  /** What steps gave last, by name. */
  lastOutputs: ReadonlyMap<string, unknown>;
}

export interface RunResult<R extends Reconciled> {
  evaluation: Evaluation<R>;
  /** By step. */
  failures: ReadonlyMap<string, StepFailure>;
  /** Milliseconds that each step took, what it wrote and called included. */
  durations: ReadonlyMap<string, number>;
  /** Writes that wait for their time. */
  postponed: readonly PostponedWrite[];
  /** What was carried out: of each step in order. */
  written: readonly Write[];
  /** Of it, what was set right of steps that do not say what they want. */
  repaired: readonly Write[];
  /** What the evaluation read. */
  record: ReadRecord;
  /** Whether a step asked what time it is: it may say something else without anything having changed. */
  asksTime: boolean;
}

export interface PostponedWrite {
  readonly write: Write;
  /** Milliseconds. */
  readonly wait: number;
}

export async function run<R extends Reconciled>(input: RunInput<R>): Promise<RunResult<R>> {
  const { graph, resource, object, context, log, writing, writeBackoff } = input;
  const uid = object.metadata?.uid ?? '';
  const { names } = writing;
  const ownership = new Ownership(names, resource, object);
  const upToDate = input.upToDate.of(uid);
  const clock = new AskedClock(input.clock);
  const spans = new StepSpans(input.span, resource.kind, input.clock);
  const writes = new StepWrites({
    uid,
    client: input.client,
    context,
    log,
    writing,
    upToDate,
    backoff: writeBackoff,
    spans,
  });
  const looks = new ExternalLooks({ externals: input.externals, spans, log, context, tell: writing.told });
  const { failures, written } = writes;
  const repaired: Write[] = [];

  for (let round = 0; ; round++) {
    if (round > 0) context.signal.throwIfAborted();
    const postponed: PostponedWrite[] = [];
    const isPostponed = (write: Write) => {
      const wait = writeBackoff.wait(uid, write);
      if (wait > 0) postponed.push({ write, wait });
      return wait > 0;
    };
    const record = new ReadRecord(writing.overlay);
    const evaluation = evaluate({
      graph,
      resource,
      object,
      reader: record,
      clock,
      names,
      ownership,
      lastOutputs: input.lastOutputs,
      observations: looks.observations,
      upToDate,
      postponed: isPostponed,
      ...(input.refusalOf ? { refusalOf: input.refusalOf } : {}),
    });
    const work = evaluation.steps.flatMap((one) => {
      const { name } = one.step;
      if (failures.has(name)) return [];
      if (one.writes.length > 0) return [() => writes.carryOut(name, one.writes)];
      const look = looks.next(one, evaluation, record);
      return look ? [look] : [];
    });
    if (work.length === 0) {
      const children = ownedChildren(record, input.owns, uid);
      const unwanted = prune(evaluation, children, ownership).filter(({ step }) => !failures.has(step));
      const { owns, client } = input;
      const { fieldManager } = writing;
      const lacking = await input.held.repairs({
        ...{ object, resource, owns, ownership, client, fieldManager, context, log },
        ...{ evaluation, failures, children, written, reader: record },
      });
      // Once: what does not last, or is refused, has its time later.
      const repairs = lacking.filter((write) => !isRepaired(write, repaired) && !isPostponed(write));
      repaired.push(...repairs);
      if (unwanted.length === 0 && repairs.length === 0) {
        upToDate.keep();
        if (evaluation.steps.every(({ outcome }) => outcome.state === 'Done')) {
          const wants = evaluation.steps.flatMap(({ scope }) => scope.wants);
          writeBackoff.keepOnly(uid, wants);
        }
        const { durations } = spans;
        return { evaluation, failures, durations, postponed, written, repaired, record, asksTime: clock.wasAsked };
      }
      for (const [step, all] of byStep([...unwanted, ...repairs])) work.push(() => writes.carryOut(step, all));
    }
    try {
      await Promise.all(work.map((start) => start()));
    } finally {
      writes.logWritten();
    }
  }
}

/** The clock of steps: whoever has asked it may say something else without anything having changed. */
class AskedClock {
  wasAsked = false;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  now(): number {
    this.wasAsked = true;
    return this.#clock.now();
  }
}

function isRepaired({ resource, name, namespace }: Write, repaired: readonly Write[]): boolean {
  return repaired.some((one) => one.name === name && one.namespace === namespace && one.resource === resource);
}

function byStep(writes: readonly Write[]): Map<string, Write[]> {
  const groups = new Map<string, Write[]>();
  for (const write of writes) groups.set(write.step, [...(groups.get(write.step) ?? []), write]);
  return groups;
}
