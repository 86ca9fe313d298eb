import performanceHooks from 'node:perf_hooks';
import { Registry } from 'prom-client';
import { describe, expect, it, vi } from 'vitest';
import { FakeClock, recordingLogger } from '../testing/index.js';
import { WorkQueue } from '../queue/work-queue.js';
import { observeController } from './controller.js';
import { registerMetrics } from './metric.js';
import { LoopLag, observeProcess, observeRequests } from './process.js';
import { controllerMetrics, coreMetrics } from './table.js';
import { observeQueue, observeUnfinishedWork } from './workqueue.js';

/** The names, types and labels that dashboards for controller-runtime query. */
const upstream = `
controller_runtime_reconcile_total counter controller,result
controller_runtime_reconcile_errors_total counter controller
controller_runtime_terminal_reconcile_errors_total counter controller
controller_runtime_reconcile_panics_total counter controller
controller_runtime_reconcile_timeouts_total counter controller
controller_runtime_reconcile_time_seconds histogram controller
controller_runtime_max_concurrent_reconciles gauge controller
controller_runtime_active_workers gauge controller
workqueue_depth gauge name,controller,priority
workqueue_adds_total counter name,controller
workqueue_retries_total counter name,controller
workqueue_queue_duration_seconds histogram name,controller
workqueue_work_duration_seconds histogram name,controller
workqueue_unfinished_work_seconds gauge name,controller
workqueue_longest_running_processor_seconds gauge name,controller
rest_client_requests_total counter code,method,host
rest_client_request_duration_seconds histogram verb,host
leader_election_master_status gauge name
leader_election_slowpath_total counter name
controller_runtime_webhook_requests_total counter webhook,code
controller_runtime_webhook_requests_in_flight gauge webhook
controller_runtime_webhook_latency_seconds histogram webhook
controller_runtime_webhook_panics_total counter -
controller_runtime_conversion_webhook_panics_total counter -
certwatcher_read_certificate_total counter -
certwatcher_read_certificate_errors_total counter -`;

describe('metrics', () => {
  it('have the names, types and labels of controller-runtime; all others are ours by prefix', () => {
    const ours = coreMetrics('mine');
    const lines = ours.map(({ name, type, labels }) => `${name} ${type} ${labels.join(',') || '-'}`);
    expect(lines.filter((line) => !line.startsWith('mine_'))).toEqual(upstream.trim().split('\n'));
    expect(new Set(ours.map(({ name }) => name)).size).toBe(ours.length);
    expect(ours.every(({ help }) => help.length > 10)).toBe(true);
  });

  it('have the buckets of controller-runtime', () => {
    expect(controllerMetrics.time.buckets).toHaveLength(40);
    expect(coreMetrics('mine').find(({ name }) => name === 'workqueue_queue_duration_seconds')).toMatchObject({
      buckets: { length: 12, 0: 1e-8, 11: 1000 },
    });
  });

  it('begin every result at zero, so that the first error is an increase', async () => {
    const registry = new Registry();
    observeController(registry, 'widget', 3);
    const text = await registry.metrics();
    for (const result of ['success', 'error', 'requeue', 'requeue_after']) {
      expect(text).toContain(`controller_runtime_reconcile_total{controller="widget",result="${result}"} 0`);
    }
    expect(text).toContain('controller_runtime_reconcile_errors_total{controller="widget"} 0');
    expect(text).toContain('controller_runtime_max_concurrent_reconciles{controller="widget"} 3');
  });

  it('are registered once however many ask for them', () => {
    const registry = new Registry();
    expect(registerMetrics(registry, controllerMetrics).total).toBe(registerMetrics(registry, controllerMetrics).total);
  });

  it('look up unfinished work of every queue when they are scraped', async () => {
    const registry = new Registry();
    const clock = new FakeClock();
    for (const name of ['one', 'two']) {
      const queue = new WorkQueue({ clock, observer: observeQueue(registry, name) });
      observeUnfinishedWork(registry, name, queue);
      queue.add('a');
      queue.add('b');
      await queue.get();
      await clock.advance(1000);
      await queue.get();
    }
    await clock.advance(1000);
    const text = await registry.metrics();
    expect(text).toContain('workqueue_unfinished_work_seconds{name="one",controller="one"} 5');
    expect(text).toContain('workqueue_longest_running_processor_seconds{name="two",controller="two"} 2');
    expect(text).toContain('workqueue_adds_total{name="one",controller="one"} 2');
  });

  it('give at most 25 priorities a label of their own', async () => {
    const registry = new Registry();
    const queue = new WorkQueue({ clock: new FakeClock(), observer: observeQueue(registry, 'q') });
    for (let n = 0; n < 100; n++) queue.add(`${n}`, { priority: n });
    const values = (await registry.getSingleMetric('workqueue_depth')?.get())?.values ?? [];
    expect(values).toHaveLength(26);
    expect(
      values.find(({ labels }) => (labels as { priority: string }).priority === 'exceeded_cardinality_limit')?.value,
    ).toBe(75);
    expect(values.reduce((sum, { value }) => sum + value, 0)).toBe(100);
  });

  it('count requests of the API client', async () => {
    const registry = new Registry();
    const observe = observeRequests(registry);
    observe({ method: 'GET', verb: 'list', host: 'api:6443', path: '/api/v1/pods', code: 200, duration: 30 });
    observe({ method: 'PATCH', verb: 'apply', host: 'api:6443', path: '/x', code: 0, duration: 5 });
    const text = await registry.metrics();
    expect(text).toContain('rest_client_requests_total{code="200",method="GET",host="api:6443"} 1');
    expect(text).toContain('rest_client_requests_total{code="<error>",method="PATCH",host="api:6443"} 1');
    expect(text).toContain('rest_client_request_duration_seconds_sum{verb="GET",host="api:6443"} 0.03');
  });

  it('show how long the event loop was blocked, and warn before a lease is in danger (pitfall 13)', async () => {
    const registry = new Registry();
    let now = 0;
    const fires: (() => void)[] = [];
    const clock = {
      now: () => now,
      monotonic: () => now,
      schedule: (_: number, fire: () => void) => (fires.push(fire), { cancel: () => {} }),
    };
    const log = recordingLogger();
    const stop = new AbortController();
    void new LoopLag(registry, clock, log).start(stop.signal);
    now += 1_000 + 3_000;
    fires.shift()?.();
    await new Promise(setImmediate);
    expect(await registry.metrics()).toContain('controller_event_loop_lag_seconds 3');
    expect(log.entries.map(({ message }) => message)).toEqual(['Event loop was blocked']);
    expect(await registry.metrics()).toContain('controller_event_loop_stalls_total 1');
    expect(await registry.metrics()).toContain('controller_event_loop_lag_seconds 0');
    stop.abort();
  });

  it('of the process do not wake it: none is computed from a timer that goes off all the time', async () => {
    const monitor = vi.spyOn(performanceHooks, 'monitorEventLoopDelay');
    const registry = new Registry();
    observeProcess(registry);
    for (const [options] of monitor.mock.calls) expect(options?.resolution).toBeGreaterThan(1_000_000);
    const text = await registry.metrics();
    expect(text).toContain('process_cpu_seconds_total');
    expect(text).toContain('nodejs_heap_size_used_bytes');
    expect(text).toContain('nodejs_eventloop_lag_seconds ');
    expect(text).not.toMatch(/nodejs_eventloop_lag_(p99|mean)/);
    monitor.mockRestore();
  });
});
