// The engine's metrics. Registered once per registry, however many graphs a process runs.
import { apiVersionOf, qualifiedName, type Condition, type Resource } from '@stackwright/kube';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export interface StepMetrics {
  step(resource: Resource, step: string, seconds: number): void;
  stepFailed(resource: Resource, step: string, reason: string): void;
  wrote(resource: Resource, verb: string): void;
  driftRepaired(resource: Resource): void;
  /** The conditions of an object as they are now; undefined: the object is gone. */
  conditions(
    resource: Resource,
    key: { namespace?: string; name: string },
    conditions: readonly Condition[] | undefined,
  ): void;
}

const cache = new WeakMap<Registry, StepMetrics>();

export function stepMetrics(registry: Registry): StepMetrics {
  let metrics = cache.get(registry);
  if (!metrics) cache.set(registry, (metrics = create(registry)));
  return metrics;
}

function create(registry: Registry): StepMetrics {
  const registers = [registry];
  const duration = new Histogram({
    name: 'stackwright_step_duration_seconds',
    help: 'Time that one run of a step took within a reconcile, its writes and external calls included.',
    labelNames: ['kind', 'step'] as const,
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  });
  const errors = new Counter({
    name: 'stackwright_step_errors_total',
    help: 'Reconciles that ended with the step failed, by its reason.',
    labelNames: ['kind', 'step', 'reason'] as const,
    registers,
  });
  const writes = new Counter({
    name: 'stackwright_writes_total',
    help: 'Mutating requests for owned objects and status. Flat at steady state.',
    labelNames: ['gvk', 'verb'] as const,
    registers,
  });
  const drift = new Counter({
    name: 'stackwright_drift_corrections_total',
    help: 'Owned objects that somebody had changed and that were set right.',
    labelNames: ['gvk'] as const,
    registers,
  });
  const condition = new Gauge({
    name: 'stackwright_resource_condition',
    help: 'Conditions of reconciled objects: 1 for the status that each has now.',
    labelNames: ['kind', 'namespace', 'name', 'type', 'status'] as const,
    registers,
  });
  /** Which series there are for an object, so that none outlives its condition or its object. */
  const series = new Map<string, Map<string, string>>();

  return {
    step: (resource, step, seconds) => duration.observe({ kind: resource.kind, step }, seconds),
    stepFailed: (resource, step, reason) => errors.inc({ kind: resource.kind, step, reason }),
    wrote: (resource, verb) => writes.inc({ gvk: gvkOf(resource), verb }),
    driftRepaired: (resource) => drift.inc({ gvk: gvkOf(resource) }),
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
