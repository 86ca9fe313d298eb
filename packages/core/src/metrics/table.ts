// Every metric of this package. The names, labels and buckets of the first six groups are controller-runtime's and
// client-go's, so that the dashboards and alerts that exist for them work unchanged; ours begin with what the process is told
// (`registerMetrics`), and here with an underscore.
import { counter, gauge, histogram, prefixed, type MetricSpec } from './metric.js';

const reconcileBuckets = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5, 1.75, 2,
  2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
];
/** 10 ns to 1000 s. */
const queueBuckets = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10, 100, 1000];
const requestBuckets = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60];

export const reconcileResults = ['success', 'error', 'requeue', 'requeue_after'] as const;
export type ReconcileResult = (typeof reconcileResults)[number];

export const controllerMetrics = {
  total: counter('controller_runtime_reconcile_total', 'Total number of reconciliations per controller', [
    'controller',
    'result',
  ]),
  errors: counter('controller_runtime_reconcile_errors_total', 'Total number of reconciliation errors per controller', [
    'controller',
  ]),
  terminalErrors: counter(
    'controller_runtime_terminal_reconcile_errors_total',
    'Total number of reconciliation errors per controller that are not retried',
    ['controller'],
  ),
  panics: counter(
    'controller_runtime_reconcile_panics_total',
    'Total number of reconciliations per controller that ended in a programming error (TypeError and the like)',
    ['controller'],
  ),
  timeouts: counter(
    'controller_runtime_reconcile_timeouts_total',
    'Total number of reconciliations per controller that timed out',
    ['controller'],
  ),
  time: histogram(
    'controller_runtime_reconcile_time_seconds',
    'Length of time per reconciliation per controller',
    ['controller'],
    reconcileBuckets,
  ),
  maxConcurrent: gauge(
    'controller_runtime_max_concurrent_reconciles',
    'Maximum number of concurrent reconciles per controller',
    ['controller'],
  ),
  activeWorkers: gauge('controller_runtime_active_workers', 'Number of currently used workers per controller', [
    'controller',
  ]),
  overdue: gauge(
    '_overdue_reconciles',
    'Reconciles that go on ten seconds after their signal was aborted; each keeps a worker',
    ['controller'],
  ),
  staleSkips: counter(
    '_stale_sync_skips_total',
    'Reconciliations put off because the cache did not show the last own write yet; result: put off, or run anyway after the time-out',
    ['controller', 'result'],
  ),
} as const;

export const workqueueMetrics = {
  depth: gauge('workqueue_depth', 'Current depth of workqueue by workqueue and priority', [
    'name',
    'controller',
    'priority',
  ]),
  adds: counter('workqueue_adds_total', 'Total number of adds handled by workqueue', ['name', 'controller']),
  retries: counter('workqueue_retries_total', 'Total number of retries handled by workqueue', ['name', 'controller']),
  queueDuration: histogram(
    'workqueue_queue_duration_seconds',
    'How long in seconds an item stays in workqueue before being requested',
    ['name', 'controller'],
    queueBuckets,
  ),
  workDuration: histogram(
    'workqueue_work_duration_seconds',
    'How long in seconds processing an item from workqueue takes',
    ['name', 'controller'],
    queueBuckets,
  ),
  unfinished: gauge(
    'workqueue_unfinished_work_seconds',
    'How many seconds of work has been done that is in progress and has not been observed by work_duration',
    ['name', 'controller'],
  ),
  longestRunning: gauge(
    'workqueue_longest_running_processor_seconds',
    'How many seconds has the longest running processor for workqueue been running',
    ['name', 'controller'],
  ),
} as const;

export const restClientMetrics = {
  requests: counter(
    'rest_client_requests_total',
    'Number of HTTP requests, partitioned by status code, method, and host',
    ['code', 'method', 'host'],
  ),
  duration: histogram(
    'rest_client_request_duration_seconds',
    'Request latency in seconds, partitioned by verb and host; watches until their headers',
    ['verb', 'host'],
    requestBuckets,
  ),
} as const;

export const leaderElectionMetrics = {
  leading: gauge('leader_election_master_status', 'Whether this process is the leader (1) or not (0), by lease', [
    'name',
  ]),
  slowpath: counter(
    'leader_election_slowpath_total',
    'Total number of renewals that had to read the lease first, because somebody else had written it',
    ['name'],
  ),
} as const;

/** Those of prometheus/client_golang: what controller-runtime leaves to its default. */
const defaultBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export const webhookMetrics = {
  requests: counter(
    'controller_runtime_webhook_requests_total',
    'Total number of admission and conversion requests by path and HTTP status code',
    ['webhook', 'code'],
  ),
  inFlight: gauge('controller_runtime_webhook_requests_in_flight', 'Requests of webhooks being answered, by path', [
    'webhook',
  ]),
  latency: histogram(
    'controller_runtime_webhook_latency_seconds',
    'Latency of answering requests of webhooks, by path',
    ['webhook'],
    defaultBuckets,
  ),
  panics: counter(
    'controller_runtime_webhook_panics_total',
    'Admission requests that ended in a programming error, which were refused with 500',
  ),
  conversionPanics: counter(
    'controller_runtime_conversion_webhook_panics_total',
    'Conversion requests that ended in a programming error',
  ),
} as const;

export const certificateMetrics = {
  reads: counter('certwatcher_read_certificate_total', 'Total number of times that certificates of servers were read'),
  errors: counter(
    'certwatcher_read_certificate_errors_total',
    'Total number of times that certificates of servers could not be read or used; the old one is kept',
  ),
} as const;

export const informerMetrics = {
  synced: gauge(
    '_informer_synced',
    'Whether the informers of a resource hold its state (1) or not (0): not read yet, or the kind is not served',
    ['resource'],
  ),
  objects: gauge('_informer_objects', 'Objects in the cache', ['resource']),
  relists: counter('_informer_relists_total', 'Lists taken again because a watch could not go on from where it was', [
    'resource',
  ]),
  watchRestarts: counter('_informer_watch_restarts_total', 'Watches begun anew, by why the one before ended', [
    'resource',
    'reason',
  ]),
  lastEventAge: gauge(
    '_informer_last_event_age_seconds',
    'Seconds since the API server last sent an event or bookmark; far above 60 means a stale cache',
    ['resource'],
  ),
} as const;

export const processMetrics = {
  loopLag: gauge('_event_loop_lag_seconds', 'Longest time that the event loop was blocked since the last scrape', []),
  loopStalls: counter(
    '_event_loop_stalls_total',
    'Times that the event loop was blocked for more than a second, which endangers the lease',
  ),
  eventsDropped: counter('_events_dropped_total', 'Kubernetes events that were not written', ['reason']),
} as const;

const all: readonly MetricSpec[] = [
  controllerMetrics,
  workqueueMetrics,
  restClientMetrics,
  leaderElectionMetrics,
  webhookMetrics,
  certificateMetrics,
  informerMetrics,
  processMetrics,
].flatMap((table) => Object.values<MetricSpec>(table));

/** For generated references, and for tests of dashboards and alerts. `prefix`: the process's `metricPrefix`. */
export function coreMetrics(prefix: string): readonly MetricSpec[] {
  return all.map((spec) => ({ ...spec, name: prefixed(spec.name, prefix) }));
}
