// The engine's metrics, as its parts record them.
import { apiVersionOf, keyOf, qualifiedName, type ObjectKey, type Resource } from '@stackwright/kube';
import type { Registry } from 'prom-client';
import { counter, gauge, histogram, registerMetrics } from '@stackwright/core';
import { availableOf, rootsOf, type StepStatus } from './step-status.js';

export const stepMetrics = {
  duration: histogram(
    '_step_duration_seconds',
    'Time that a step took within a reconcile, its writes and external calls included; only of steps that had any',
    ['kind', 'step'],
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  ),
  errors: counter('_step_errors_total', 'Reconciles at the end of which the step had failed, by its reason', [
    'kind',
    'step',
    'reason',
  ]),
  writes: counter('_writes_total', 'Mutating requests for children and status; flat at steady state', ['gvk', 'verb']),
  drift: counter(
    '_drift_corrections_total',
    'Children that somebody had changed and that were set right, by the field manager that had changed them; "" where nobody knows',
    ['gvk', 'manager'],
  ),
  outcomes: counter('_step_outcomes_total', 'How the step stood at the end of a reconcile', [
    'kind',
    'step',
    'outcome',
  ]),
  standing: gauge('_step_standing', 'Objects by how the step stands for them now', ['kind', 'step', 'standing']),
  resources: gauge('_resources', 'Reconciled objects by whether they are ready: "true" or "false"', ['kind', 'ready']),
  // By object, as no other metric may be: only exceptions have a series, and it goes when they are none any more.
  notReady: gauge(
    '_resource_not_ready',
    'Reconciled objects that are not ready, each 1, by the reason of their condition Ready',
    ['kind', 'namespace', 'name', 'reason'],
  ),
  // What alerts stand on: not ready is also what serves, with a change that is refused.
  unavailable: gauge(
    '_resource_unavailable',
    'Reconciled objects that do not do their work now, each 1, by the reason of their condition Available; only of kinds that have one',
    ['kind', 'namespace', 'name', 'reason'],
  ),
} as const;

export interface StepMetrics {
  step(resource: Resource, step: string, seconds: number): void;
  /**
   * How the steps of an object stand now; undefined: the object is gone. `isReady`: what its condition says, which stays True while
   * what runs is changed. Default: whether all steps are done.
   */
  statuses(resource: Resource, key: ObjectKey, statuses: readonly StepStatus[] | undefined, isReady?: boolean): void;
  wrote(resource: Resource, verb: string): void;
  driftRepaired(resource: Resource, managers: readonly string[]): void;
}

/** Anybody may write under any name: so many different ones are told apart, and no more. */
const mostManagers = 25;
const furtherManagers = 'exceeded_cardinality_limit';

export function observeSteps(registry: Registry): StepMetrics {
  const { duration, errors, writes, drift, outcomes, standing, resources, notReady, unavailable } = registerMetrics(
    registry,
    stepMetrics,
  );
  /** By object: what the gauges count for it. */
  const counted = new Map<string, Shape>();
  const shapes = new Shapes();
  const count = ({ kind }: Resource, { namespace = '', name }: ObjectKey, shape: Shape, by: 1 | -1) => {
    for (const { step, state } of shape.steps) standing.inc({ kind, step, standing: state }, by);
    resources.inc({ kind, ready: `${shape.reason === undefined}` }, by);
    const exceptions = [
      [notReady, shape.reason],
      [unavailable, shape.away],
    ] as const;
    for (const [series, reason] of exceptions) {
      if (reason === undefined) continue;
      const labels = { kind, namespace, name, reason };
      if (by > 0) series.set(labels, 1);
      else series.remove(labels);
    }
  };
  const outcomeOf = seriesOf((kind, step, outcome) => outcomes.labels({ kind, step, outcome }));
  const durationOf = seriesOf((kind, step) => duration.labels({ kind, step }));
  const writesOf = seriesOf((gvk, verb) => writes.labels({ gvk, verb }));
  const managers = new Set<string>();
  const boundedManager = (manager: string): string => {
    if (managers.size < mostManagers) managers.add(manager);
    return managers.has(manager) ? manager : furtherManagers;
  };
  return {
    step: (resource, step, seconds) => durationOf(resource.kind, step).observe(seconds),
    statuses(resource, key, now, isReady) {
      const { kind } = resource;
      const id = `${qualifiedName(resource)} ${keyOf(key)}`;
      const before = counted.get(id);
      const shape = now && shapes.of(now, isReady);
      if (shape !== before) {
        if (before) count(resource, key, before, -1);
        if (shape) count(resource, key, shape, 1);
        if (shape) counted.set(id, shape);
        else counted.delete(id);
        if (before) shapes.released(before);
        if (shape) shapes.taken(shape);
      }
      for (const { step, state, reason } of now ?? []) {
        outcomeOf(kind, step, state).inc();
        if (state === 'Failed') errors.inc({ kind, step, reason });
      }
    },
    wrote: (resource, verb) => writesOf(gvkOf(resource), verb).inc(),
    driftRepaired(resource, by) {
      for (const manager of by.length > 0 ? by : ['']) {
        drift.inc({ gvk: gvkOf(resource), manager: boundedManager(manager) });
      }
    },
  };
}

/** Each series is looked for once: in every reconcile, finding it by its labels would cost more than counting in it. */
function seriesOf<Series>(find: (...labels: string[]) => Series): (...labels: string[]) => Series {
  const known = new Map<string, Series>();
  return (...labels) => {
    const id = labels.join(' ');
    let series = known.get(id);
    if (!series) known.set(id, (series = find(...labels)));
    return series;
  };
}

/** How an object stands, as far as gauges tell. */
interface Shape {
  readonly id: string;
  objects: number;
  readonly steps: readonly Pick<StepStatus, 'step' | 'state'>[];
  /** Why it is not ready; undefined: it is. */
  readonly reason: string | undefined;
  /** Why it is not available; undefined: it is, or nobody says. */
  readonly away: string | undefined;
}

/** Thousands of objects stand in a few ways: each way is kept once, for as long as any does. */
class Shapes {
  readonly #known = new Map<string, Shape>();

  of(statuses: readonly StepStatus[], isReady = false): Shape {
    const reason = isReady ? undefined : rootsOf(statuses)[0]?.reason;
    const available = availableOf(statuses);
    const away = available && available.status !== 'True' ? available.reason : undefined;
    const id = statuses.reduce((text, { step, state }) => `${text}${step}=${state},`, `${reason ?? ''}:${away ?? ''}:`);
    const known = this.#known.get(id);
    return known ?? { id, objects: 0, steps: statuses.map(({ step, state }) => ({ step, state })), reason, away };
  }

  taken(shape: Shape): void {
    if (shape.objects++ === 0) this.#known.set(shape.id, shape);
  }

  released(shape: Shape): void {
    if (--shape.objects === 0) this.#known.delete(shape.id);
  }
}

/** "apps/v1/Deployment", "v1/Secret". */
export function gvkOf(resource: Resource): string {
  return `${apiVersionOf(resource)}/${resource.kind}`;
}
