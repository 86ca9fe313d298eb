// Metrics of the process and of its API client.
import type { RequestInfo } from '@stackwright/kube';
import { collectDefaultMetrics, type Registry } from 'prom-client';
import type { Logger } from '../log.js';
import type { Runnable } from '../manager/manager.js';
import type { Clock } from '../seams/clock.js';
import { sleep } from '../seams/wait.js';
import { registerMetrics, whenScraped } from './metric.js';
import { processMetrics, restClientMetrics } from './table.js';

/** Milliseconds: as long as a timer can be. */
const never = 2 ** 31 - 1;
/** What prom-client computes from a timer that goes off a hundred times a second, also where nothing else ever happens. */
const fineLag = ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'].map((of) => `nodejs_eventloop_lag_${of}_seconds`);

/** `process_*` and `nodejs_*`, but for what would wake an idle process: how long the loop was blocked says `LoopLag`. */
export function observeProcess(registry: Registry): void {
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: never });
  for (const name of fineLag) registry.removeSingleMetric(name);
}

/** To be given to kube's transport. */
export function observeRequests(registry: Registry): (request: RequestInfo) => void {
  const { requests, duration } = registerMetrics(registry, restClientMetrics);
  // Finding a series by its labels costs more than counting in it.
  const series = new Map<string, (seconds: number) => void>();
  const seriesOf = ({ method, host, code }: RequestInfo): ((seconds: number) => void) => {
    const count = requests.labels({ code: code === 0 ? '<error>' : `${code}`, method, host });
    const time = duration.labels({ verb: method, host });
    return (seconds) => {
      count.inc();
      time.observe(seconds);
    };
  };
  return (request) => {
    const key = `${request.method} ${request.code} ${request.host}`;
    let observe = series.get(key);
    if (!observe) series.set(key, (observe = seriesOf(request)));
    observe(request.duration / 1000);
  };
}

const lagPeriod = 1_000;
/** Milliseconds: a tenth of the time that a lease renewal has. */
const lagAlarm = 1_000;

/** Says when the event loop was blocked: a blocked process cannot renew its lease. */
export class LoopLag implements Runnable {
  readonly everyReplica = true;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #stalls;
  #longest = 0;

  constructor(registry: Registry, clock: Clock, log: Logger) {
    this.#clock = clock;
    this.#log = log;
    const { loopLag, loopStalls } = registerMetrics(registry, processMetrics);
    this.#stalls = loopStalls;
    loopStalls.inc(0);
    whenScraped(loopLag, () => {
      loopLag.set(this.#longest / 1000);
      this.#longest = 0;
    });
  }

  async start(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const due = this.#clock.monotonic() + lagPeriod;
      await sleep(this.#clock, lagPeriod, signal).catch(() => undefined);
      const lag = Math.max(0, this.#clock.monotonic() - due);
      if (signal.aborted) return;
      this.#longest = Math.max(this.#longest, lag);
      if (lag < lagAlarm) continue;
      this.#stalls.inc();
      this.#log.warn({ milliseconds: Math.round(lag) }, 'Event loop was blocked');
    }
  }
}
