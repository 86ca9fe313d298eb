// One reconcile of a graph: evaluate, carry out what the evaluation asks for, evaluate again with the answers, until
// nothing is left to do now. Independent steps go on side by side.
import type { Client, Resource } from '@stackwright/kube';
import { clientWithin, type Clock, type Logger, type ReconcileContext, type Span } from '@stackwright/core';
import type { Agreements } from '../evaluate/agreements.js';
import { carryOut } from './apply.js';
import type { WriteContext, WriteLine } from './context.js';
import { evaluate, type Evaluation, type Observation, type StepEvaluation } from '../evaluate/evaluate.js';
import type { Outside } from './external.js';
import type { StepFailure } from '../status/failure.js';
import type { BuiltGraph } from '../declare/graph.js';
import { gvkOf } from '../status/metrics.js';
import { Ownership } from '../evaluate/ownership.js';
import { prune } from './prune.js';
import { EngineReason } from '../declare/reasons.js';
import { ReadRecord } from '../pace/rests.js';
import type { WriteBackoff } from './write-backoff.js';
import type { Reconciled } from '../declare/step.js';
import type { Write } from '../evaluate/writes.js';

/** How often one object may be written in one reconcile. Steps that say something else each time would never end. */
const writesPerObject = 3;
/** And how often a step may have something to write: it may as well want another object each time. */
const roundsPerStep = 100;

export interface RunInput<R extends Reconciled> {
  graph: BuiltGraph<R>;
  resource: Resource<R>;
  /** All kinds that the graph may have children of. */
  owns: readonly Resource[];
  object: Readonly<R>;
  writing: Omit<WriteContext, 'client' | 'signal' | 'log' | 'agreements' | 'wrote'>;
  client: Client;
  /** Most runs call nothing: the signal is made when it is asked for. */
  context: Pick<ReconcileContext, 'signal'>;
  log: Logger;
  clock: Clock;
  externals: Outside<R>;
  /** Of the reconcile. */
  span: Span;
  writeBackoff: WriteBackoff;
  agreements: Agreements;
}

export interface RunResult<R extends Reconciled> {
  evaluation: Evaluation<R>;
  /** By step. */
  failures: ReadonlyMap<string, StepFailure>;
  /** Milliseconds that each step took, what it wrote and called included. */
  durations: ReadonlyMap<string, number>;
  /** Writes that wait for their time. */
  postponed: readonly { write: Write; wait: number }[];
  /** What was carried out: of each step in order. */
  written: readonly Write[];
  /** What the evaluation read. */
  record: ReadRecord;
  /** Whether a step asked what time it is: it may say something else without anything having changed. */
  asksTime: boolean;
}

export async function run<R extends Reconciled>(input: RunInput<R>): Promise<RunResult<R>> {
  const { graph, object, clock, writeBackoff } = input;
  const uid = object.metadata?.uid ?? '';
  let record = new ReadRecord(input.writing.overlay);
  let asksTime = false;
  const now = () => {
    asksTime = true;
    return clock.now();
  };
  const agreements = input.agreements.of(uid);
  const { names } = input.writing;
  const ownership = new Ownership(names, input.resource, object);
  const lines: WriteLine[] = [];
  const observations = new Map<string, Observation>();
  const looked = new Set<string>();
  const changed = new Set<string>();
  const written: Write[] = [];
  const failures = new Map<string, StepFailure>();
  const durations = new Map<string, number>();
  const counts = new Map<string, number>();

  const unrestOf = (step: string, writes: readonly Write[]): StepFailure | undefined => {
    const rounds = counted(counts, `step ${step}`);
    const often = writes.filter(
      ({ resource, name, namespace = '' }) =>
        counted(counts, `${gvkOf(resource)} ${namespace}/${name}`) > writesPerObject,
    )[0];
    if (often) writeBackoff.foundRestless(uid, step, restless(step, `${often.resource.kind} ${often.name}`));
    else if (rounds > roundsPerStep) writeBackoff.foundRestless(uid, step, restless(step, 'what it wants'));
    const message = writeBackoff.unrestOf(uid, step);
    return message === undefined ? undefined : { reason: EngineReason.Error, message, error: new Error(message) };
  };

  /** What a step does, in a span of its own. */
  const during = async (step: string, work: (span: Span) => Promise<void>): Promise<void> => {
    const start = clock.monotonic();
    await input.span.span(`step ${step}`, { step, kind: input.resource.kind }, work);
    durations.set(step, (durations.get(step) ?? 0) + clock.monotonic() - start);
  };
  const write = (step: string, writes: readonly Write[]) =>
    during(step, async (span) => {
      const context: WriteContext = {
        ...input.writing,
        client: clientWithin(input.client, span),
        signal: input.context.signal,
        log: input.log,
        agreements,
        wrote: (one, line) => {
          lines.push(line);
          written.push(one);
          writeBackoff.made(uid, one);
        },
      };
      const failure = unrestOf(step, writes) ?? (await carryOut(writes, context));
      if (failure) {
        failures.set(step, failure);
        span.fail(failure.error);
      }
    });

  const outside = (one: StepEvaluation<R>, evaluation: Evaluation<R>): (() => Promise<void>) | undefined => {
    const { name } = one.step;
    const { state } = one.outcome;
    const look = (how: 'observe' | 'change') => () =>
      during(name, async (span) => {
        const context = { evaluation, reader: record, signal: input.context.signal, log: input.log };
        const observation = await input.externals[how](one, context);
        if (observation) observations.set(name, observation);
        if (observation?.state === 'Failed') span.fail(new Error(observation.message));
      });
    if (state === 'Unobserved' && !looked.has(name)) {
      looked.add(name);
      return look('observe');
    }
    // Once per reconcile: what is not so afterwards is a failure, not a reason to do it again at once.
    if (state === 'Changing' && !changed.has(name)) {
      changed.add(name);
      return look('change');
    }
    return undefined;
  };

  for (let round = 0; ; round++) {
    if (round > 0) input.context.signal.throwIfAborted();
    const postponed: { write: Write; wait: number }[] = [];
    record = new ReadRecord(input.writing.overlay);
    const evaluation = evaluate({
      graph,
      resource: input.resource,
      object,
      reader: record,
      clock: { now },
      names,
      observations,
      agreements,
      postponed: (one) => {
        const wait = writeBackoff.wait(uid, one);
        if (wait > 0) postponed.push({ write: one, wait });
        return wait > 0;
      },
    });
    const work: Promise<void>[] = [];
    for (const one of evaluation.steps) {
      const { name } = one.step;
      if (failures.has(name)) continue;
      const look = outside(one, evaluation);
      if (one.writes.length > 0) work.push(write(name, one.writes));
      else if (look) work.push(look());
    }
    if (work.length === 0) {
      const unwanted = prune(evaluation, object, input.owns, record, ownership).filter(
        ({ step }) => !failures.has(step),
      );
      if (unwanted.length === 0) {
        agreements.keep();
        if (evaluation.steps.every(({ outcome }) => outcome.state === 'Done')) {
          writeBackoff.keepOnly(
            uid,
            evaluation.steps.flatMap(({ scope }) => scope.wants),
          );
        }
        return { evaluation, failures, durations, postponed, written, record, asksTime };
      }
      for (const [step, writes] of grouped(unwanted)) work.push(write(step, writes));
    }
    try {
      await Promise.all(work);
    } finally {
      if (lines.length > 0) input.log.info({ writes: lines.splice(0) }, 'Wrote');
    }
  }
}

function counted(counts: Map<string, number>, id: string): number {
  const count = (counts.get(id) ?? 0) + 1;
  counts.set(id, count);
  return count;
}

function restless(step: string, what: string): string {
  return `Step ${step} says something else of ${what} each time that it is asked`;
}

function grouped(writes: readonly Write[]): Map<string, Write[]> {
  const groups = new Map<string, Write[]>();
  for (const write of writes) groups.set(write.step, [...(groups.get(write.step) ?? []), write]);
  return groups;
}
