// One reconcile of a graph: evaluate, carry out what the evaluation asks for, evaluate again with the answers, until
// nothing is left to do now. Independent steps go on side by side.
import type { Client, Resource } from '@stackwright/kube';
import type { Logger } from '../log.js';
import type { Clock } from '../seams/clock.js';
import { carryOut, type WriteContext } from './apply.js';
import { evaluate, type Evaluation, type Observation, type StepEvaluation } from './evaluate.js';
import type { ExternalSteps } from './external.js';
import type { StepFailure } from './failure.js';
import type { BuiltGraph } from './graph.js';
import { gvkOf } from './metrics.js';
import { prune } from './prune.js';
import { EngineReason } from './reasons.js';
import type { Repairs } from './repairs.js';
import type { Reconciled } from './step.js';
import type { Write } from './writes.js';

/** How often one object may be written in one reconcile. Steps that say something else each time would never end. */
const writesPerObject = 3;

export interface RunInput<R extends Reconciled> {
  graph: BuiltGraph<R>;
  resource: Resource<R>;
  /** All kinds that the graph may have children of. */
  owns: readonly Resource[];
  object: Readonly<R>;
  writing: Omit<WriteContext, 'client' | 'signal' | 'log'>;
  client: Client;
  signal: AbortSignal;
  log: Logger;
  clock: Clock;
  externals: ExternalSteps<R>;
  repairs: Repairs;
  repaired: (write: Write) => void;
}

export interface RunResult<R extends Reconciled> {
  evaluation: Evaluation<R>;
  /** By step. */
  failures: ReadonlyMap<string, StepFailure>;
  /** Milliseconds that each step took, what it wrote and called included. */
  durations: ReadonlyMap<string, number>;
  /** Writes that wait for their time. */
  postponed: readonly { write: Write; wait: number }[];
}

export async function run<R extends Reconciled>(input: RunInput<R>): Promise<RunResult<R>> {
  const { graph, object, clock, signal, repairs } = input;
  const uid = object.metadata?.uid ?? '';
  const reader = input.writing.overlay;
  const writing: WriteContext = { ...input.writing, client: input.client, signal, log: input.log };
  const observations = new Map<string, Observation>();
  const changed = new Set<string>();
  const failures = new Map<string, StepFailure>();
  const durations = new Map<string, number>();
  const counts = new Map<string, number>();

  const made = (one: Write): void => {
    repairs.made(uid, one);
    if (one.why === 'Drifted') input.repaired(one);
  };
  const timed = async (step: string, work: () => Promise<void>): Promise<void> => {
    const start = clock.monotonic();
    await work();
    durations.set(step, (durations.get(step) ?? 0) + clock.monotonic() - start);
  };
  const write = (step: string, writes: readonly Write[]) =>
    timed(step, async () => {
      const restless = writes.find((one) => counted(counts, one) > writesPerObject);
      const failure = restless ? restlessness(restless) : await carryOut(writes, writing);
      if (failure) failures.set(step, failure);
      else writes.forEach(made);
    });

  const outside = (one: StepEvaluation<R>, evaluation: Evaluation<R>): (() => Promise<void>) | undefined => {
    const { name } = one.step;
    const context = { evaluation, reader, signal, log: input.log };
    if (one.outcome.state === 'Unobserved') {
      return async () => void observations.set(name, await input.externals.observe(one, context));
    }
    // Once per reconcile: what is not so afterwards is a failure, not a reason to do it again at once.
    if (one.outcome.state === 'Changing' && !changed.has(name)) {
      changed.add(name);
      return async () => void observations.set(name, await input.externals.change(one, context));
    }
    return undefined;
  };

  for (;;) {
    signal.throwIfAborted();
    const postponed: { write: Write; wait: number }[] = [];
    const evaluation = evaluate({
      graph,
      resource: input.resource,
      object,
      reader,
      clock,
      observations,
      postponed: (one) => {
        const wait = repairs.wait(uid, one);
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
      else if (look) work.push(timed(name, look));
    }
    if (work.length === 0) {
      const unwanted = prune(evaluation, object, input.owns, reader).filter(({ step }) => !failures.has(step));
      if (unwanted.length === 0) return { evaluation, failures, durations, postponed };
      for (const [step, writes] of grouped(unwanted)) work.push(write(step, writes));
    }
    await Promise.all(work);
  }
}

function counted(counts: Map<string, number>, { resource, name }: Write): number {
  const id = `${gvkOf(resource)} ${name}`;
  const count = (counts.get(id) ?? 0) + 1;
  counts.set(id, count);
  return count;
}

function restlessness({ resource, name, step }: Write): StepFailure {
  const message = `Step ${step} says something else of ${resource.kind} ${name} each time that it is asked`;
  return { reason: EngineReason.Error, message, error: new Error(message) };
}

function grouped(writes: readonly Write[]): Map<string, Write[]> {
  const groups = new Map<string, Write[]>();
  for (const write of writes) groups.set(write.step, [...(groups.get(write.step) ?? []), write]);
  return groups;
}
