// The metrics of one controller, bound to its name.
import type { Registry } from 'prom-client';
import { registerMetrics, whenScraped } from './metric.js';
import { controllerMetrics, reconcileResults, type ReconcileResult } from './table.js';

export interface ControllerObserver {
  started(): void;
  /** `seconds`: how long the run took. */
  finished(result: ReconcileResult, seconds: number): void;
  failed(kind: 'terminal' | 'panic' | 'timeout'): void;
  stale(result: 'put_off' | 'timed_out'): void;
}

export function observeController(
  registry: Registry,
  controller: string,
  maxConcurrentReconciles: number,
): ControllerObserver {
  const metrics = registerMetrics(registry, controllerMetrics);
  const labels = { controller };
  const total = Object.fromEntries(
    reconcileResults.map((result) => [result, metrics.total.labels({ controller, result })]),
  ) as Record<ReconcileResult, { inc(value?: number): void }>;
  const errors = metrics.errors.labels(labels);
  const failures = {
    terminal: metrics.terminalErrors.labels(labels),
    panic: metrics.panics.labels(labels),
    timeout: metrics.timeouts.labels(labels),
  };
  const stale = {
    put_off: metrics.staleSkips.labels({ controller, result: 'put_off' }),
    timed_out: metrics.staleSkips.labels({ controller, result: 'timed_out' }),
  };
  const time = metrics.time.labels(labels);
  const active = metrics.activeWorkers.labels(labels);

  // A rate over a series that begins with its first error misses that error: all begin at 0.
  for (const each of [...Object.values(total), errors, ...Object.values(failures), ...Object.values(stale)])
    each.inc(0);
  active.set(0);
  metrics.maxConcurrent.set(labels, maxConcurrentReconciles);

  return {
    started: () => active.inc(),
    finished: (result, seconds) => {
      active.dec();
      total[result].inc();
      if (result === 'error') errors.inc();
      time.observe(seconds);
    },
    failed: (kind) => failures[kind].inc(),
    stale: (result) => stale[result].inc(),
  };
}

/** Looked up at each scrape. */
export function observeOverdueRuns(registry: Registry, controller: string, runs: { readonly overdue: number }): void {
  const { overdue } = registerMetrics(registry, controllerMetrics);
  overdue.set({ controller }, 0);
  whenScraped(overdue, () => overdue.set({ controller }, runs.overdue));
}
