// The metrics of the informer cache, by resource.
import { qualifiedName, type Resource } from '@stackwright/kube';
import type { Registry } from 'prom-client';
import type { SharedInformer } from '../cache/informer.js';
import type { ReflectorObserver } from '../cache/sink.js';
import type { Clock } from '../seams/clock.js';
import { registerMetrics, whenScraped } from './metric.js';
import { informerMetrics } from './table.js';

/** Gives the cache its observer; `watch` the gauges that are looked up in the cache at each scrape. */
export function observeInformers(registry: Registry, clock: Pick<Clock, 'monotonic'>) {
  const metrics = registerMetrics(registry, informerMetrics);
  const lastEvent = new Map<string, number>();

  const observe = (of: Resource): ReflectorObserver => {
    const resource = qualifiedName(of);
    const relists = metrics.relists.labels({ resource });
    relists.inc(0);
    return {
      relisted: () => relists.inc(),
      restarted: (reason) => metrics.watchRestarts.inc({ resource, reason }),
      received: () => lastEvent.set(resource, clock.monotonic()),
    };
  };

  const watch = (informers: () => Iterable<SharedInformer>): void => {
    whenScraped(metrics.synced, () => {
      const synced = new Map<string, boolean>();
      for (const informer of informers()) {
        const resource = qualifiedName(informer.resource);
        synced.set(resource, (synced.get(resource) ?? true) && informer.hasSynced());
      }
      for (const [resource, value] of synced) metrics.synced.set({ resource }, value ? 1 : 0);
    });
    whenScraped(metrics.objects, () => {
      const objects = new Map<string, number>();
      for (const informer of informers()) {
        const resource = qualifiedName(informer.resource);
        objects.set(resource, (objects.get(resource) ?? 0) + informer.size);
      }
      for (const [resource, value] of objects) metrics.objects.set({ resource }, value);
    });
    whenScraped(metrics.lastEventAge, () => {
      for (const [resource, at] of lastEvent) metrics.lastEventAge.set({ resource }, (clock.monotonic() - at) / 1000);
    });
  };

  return { observe, watch };
}
