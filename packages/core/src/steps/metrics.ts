// The engine's metrics, as its parts record them.
import { apiVersionOf, keyOf, qualifiedName, type Condition, type ObjectKey, type Resource } from '@stackwright/kube';
import type { Registry } from 'prom-client';
import { counter, gauge, histogram, registerMetrics } from '../metrics/metric.js';
import type { Standing } from './standing.js';

export const stepMetrics = {
  duration: histogram(
    'stackwright_step_duration_seconds',
    'Time that a step took within a reconcile, its writes and external calls included; only of steps that had any',
    ['kind', 'step'],
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  ),
  errors: counter(
    'stackwright_step_errors_total',
    'Reconciles at the end of which the step had failed, by its reason',
    ['kind', 'step', 'reason'],
  ),
  writes: counter('stackwright_writes_total', 'Mutating requests for children and status; flat at steady state', [
    'gvk',
    'verb',
  ]),
  drift: counter(
    'stackwright_drift_corrections_total',
    'Children that somebody had changed and that were set right, by the field manager that had changed them; "" where nobody knows',
    ['gvk', 'manager'],
  ),
  outcomes: counter('stackwright_step_outcomes_total', 'How the step stood at the end of a reconcile', [
    'kind',
    'step',
    'outcome',
  ]),
  standing: gauge('stackwright_step_standing', 'Objects by how the step stands for them now', [
    'kind',
    'step',
    'standing',
  ]),
  // By object, as few other metrics may be: series go with their object.
  condition: gauge(
    'stackwright_resource_condition',
    'Conditions of reconciled objects: 1 for the status that each has now',
    ['kind', 'namespace', 'name', 'type', 'status'],
  ),
} as const;

export interface StepMetrics {
  step(resource: Resource, step: string, seconds: number): void;
  /** How the steps of an object stand now; undefined: the object is gone. */
  standings(resource: Resource, key: ObjectKey, standings: readonly Standing[] | undefined): void;
  wrote(resource: Resource, verb: string): void;
  driftRepaired(resource: Resource, managers: readonly string[]): void;
  /** The conditions of an object as they are now; undefined: the object is gone. */
  conditions(resource: Resource, key: ObjectKey, conditions: readonly Condition[] | undefined): void;
}

/** Anybody may write under any name: so many different ones are told apart, and no more. */
const mostManagers = 25;
const furtherManagers = 'exceeded_cardinality_limit';

export function observeSteps(registry: Registry): StepMetrics {
  const { duration, errors, writes, drift, outcomes, standing, condition } = registerMetrics(registry, stepMetrics);
  /** Which series there are for an object, so that none outlives its condition or its object. */
  const series = new Map<string, ReadonlyMap<string, string>>();
  /** By object and then by step: what the gauge counts. */
  const standings = new Map<string, ReadonlyMap<string, string>>();
  const managers = new Set<string>();
  const boundedManager = (manager: string): string => {
    if (managers.size < mostManagers) managers.add(manager);
    return managers.has(manager) ? manager : furtherManagers;
  };
  return {
    step: (resource, step, seconds) => duration.observe({ kind: resource.kind, step }, seconds),
    standings(resource, key, now) {
      const { kind } = resource;
      const id = `${qualifiedName(resource)} ${keyOf(key)}`;
      for (const [step, state] of standings.get(id) ?? []) standing.dec({ kind, step, standing: state });
      if (!now) return void standings.delete(id);
      standings.set(id, new Map(now.map(({ step, state }) => [step, state])));
      for (const { step, state, reason } of now) {
        standing.inc({ kind, step, standing: state });
        outcomes.inc({ kind, step, outcome: state });
        if (state === 'Failed') errors.inc({ kind, step, reason });
      }
    },
    wrote: (resource, verb) => writes.inc({ gvk: gvkOf(resource), verb }),
    driftRepaired(resource, by) {
      for (const manager of by.length > 0 ? by : ['']) {
        drift.inc({ gvk: gvkOf(resource), manager: boundedManager(manager) });
      }
    },
    conditions(resource, { namespace = '', name }, conditions) {
      const id = `${qualifiedName(resource)} ${namespace}/${name}`;
      const before = series.get(id) ?? new Map<string, string>();
      const now = new Map((conditions ?? []).map(({ type, status }) => [type, status]));
      const labels = { kind: resource.kind, namespace, name };
      for (const [type, status] of before) if (now.get(type) !== status) condition.remove({ ...labels, type, status });
      for (const [type, status] of now) if (before.get(type) !== status) condition.set({ ...labels, type, status }, 1);
      if (now.size > 0) series.set(id, now);
      else series.delete(id);
    },
  };
}

/** "apps/v1/Deployment", "v1/Secret". */
export function gvkOf(resource: Resource): string {
  return `${apiVersionOf(resource)}/${resource.kind}`;
}
