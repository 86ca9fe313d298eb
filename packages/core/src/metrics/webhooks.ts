// The metrics of the webhook server, by path.
import type { Registry } from 'prom-client';
import { registerMetrics } from './metric.js';
import { webhookMetrics } from './table.js';

export interface WebhookObserver {
  /** Of one path; bound to it once. */
  of(path: string): {
    begun(): void;
    /** `seconds`: how long the request took. */
    ended(code: number, seconds: number): void;
  };
  panicked: (kind: 'admission' | 'conversion') => void;
}

export function observeWebhooks(registry: Registry): WebhookObserver {
  const metrics = registerMetrics(registry, webhookMetrics);
  metrics.panics.inc(0);
  metrics.conversionPanics.inc(0);
  return {
    of: (webhook) => {
      const inFlight = metrics.inFlight.labels({ webhook });
      const latency = metrics.latency.labels({ webhook });
      // A rate over a series that begins with its first request misses that one.
      for (const code of ['200', '500']) metrics.requests.inc({ webhook, code }, 0);
      inFlight.set(0);
      return {
        begun: () => inFlight.inc(),
        ended: (code, seconds) => {
          inFlight.dec();
          metrics.requests.inc({ webhook, code: `${code}` });
          latency.observe(seconds);
        },
      };
    },
    panicked: (kind) => (kind === 'admission' ? metrics.panics : metrics.conversionPanics).inc(),
  };
}
