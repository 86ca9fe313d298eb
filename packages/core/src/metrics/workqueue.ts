// The metrics of one work queue, bound to its controller's name.
import type { Registry } from 'prom-client';
import type { QueueObserver, WorkQueue } from '../queue/work-queue.js';
import { registerMetrics, whenScraped } from './metric.js';
import { workqueueMetrics } from './table.js';

/** Priorities are numbers of the user's choice: beyond so many distinct ones they share a label. */
const maxPriorities = 25;
const otherPriorities = 'exceeded_cardinality_limit';

export function observeQueue(registry: Registry, controller: string): QueueObserver {
  const metrics = registerMetrics(registry, workqueueMetrics);
  const labels = { name: controller, controller };
  const adds = metrics.adds.labels(labels);
  const retries = metrics.retries.labels(labels);
  const queueDuration = metrics.queueDuration.labels(labels);
  const workDuration = metrics.workDuration.labels(labels);
  adds.inc(0);
  retries.inc(0);

  const depths = new Map<number, { inc(value: number): void }>();
  const depthOf = (priority: number) => {
    let depth = depths.get(priority);
    if (!depth) {
      const known = depths.size < maxPriorities;
      depth = metrics.depth.labels({ ...labels, priority: known ? `${priority}` : otherPriorities });
      if (known) depths.set(priority, depth);
    }
    return depth;
  };
  depthOf(0).inc(0);

  return {
    depthChanged: (priority, by) => depthOf(priority).inc(by),
    added: () => adds.inc(),
    handedOut: (seconds) => queueDuration.observe(seconds),
    finished: (seconds) => workDuration.observe(seconds),
    retried: () => retries.inc(),
  };
}

/** Work in progress, looked up at each scrape. */
export function observeUnfinishedWork(registry: Registry, controller: string, queue: WorkQueue): void {
  const { unfinished, longestRunning } = registerMetrics(registry, workqueueMetrics);
  const labels = { name: controller, controller };
  const times = () => [...queue.processingTimes()];
  whenScraped(unfinished, () =>
    unfinished.set(
      labels,
      times().reduce((sum, seconds) => sum + seconds, 0),
    ),
  );
  whenScraped(longestRunning, () => longestRunning.set(labels, Math.max(0, ...times())));
}
