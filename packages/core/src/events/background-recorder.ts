// Writes events in the background, one after the other. What repeats becomes a series; what is too much is dropped.
import { ApiError, type Client, CoreEvent, formatTime, isNotFound, type KubeObject } from '@stackwright/kube';
import type { Registry } from 'prom-client';
import type { Logger } from '../log.js';
import { registerMetrics } from '../metrics/metric.js';
import { processMetrics } from '../metrics/table.js';
import type { Clock, Timer } from '../seams/clock.js';
import type { Random } from '../seams/random.js';
import { settlesWithin, sleep } from '../seams/wait.js';
import { eventOf, fitting, type Source } from './event.js';
import type { EventDetails, EventRecorder } from './recorder.js';
import { TokenBuckets } from './token-buckets.js';

export interface EventRecorderOptions extends Source {
  client: Client;
  clock: Clock;
  random: Random;
  log: Logger;
  metrics: Registry;
}

/** An event that was written and may repeat. */
interface Series {
  event: CoreEvent;
  count: number;
  lastObserved: number;
  /** What the API server was told. */
  sentCount: number;
  sentAt: number;
}

/** Milliseconds after which the same event is a new one. */
const seriesEnd = 6 * 60_000;
/** Milliseconds after which a series that goes on is written again. */
const seriesRefresh = 30 * 60_000;
const maxSeries = 4096;
const maxPending = 1000;
const attempts = 3;
const retryDelay = 5_000;

export class BackgroundEventRecorder implements EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #series = new Map<string, Series>();
  readonly #budgets: Readonly<Record<EventDetails['type'], TokenBuckets>>;
  readonly #dropped;
  readonly #stop = new AbortController();
  #pending: (() => Promise<void>)[] = [];
  #sending: Promise<void> | undefined;
  #sweep: Timer | undefined;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    const { clock } = options;
    const budget = () => new TokenBuckets({ clock, burst: 25, interval: 300_000, capacity: maxSeries });
    // What is well, however often, leaves room for what is not.
    this.#budgets = { Normal: budget(), Warning: budget() };
    this.#dropped = registerMetrics(options.metrics, processMetrics).eventsDropped;
    for (const reason of ['rate', 'queue', 'refused']) this.#dropped.inc({ reason }, 0);
  }

  /** Series that are remembered. */
  get size(): number {
    return this.#series.size;
  }

  record(regarding: Readonly<KubeObject>, details: EventDetails, related?: Readonly<KubeObject>): void {
    if (this.#stop.signal.aborted) return;
    const now = this.#options.clock.monotonic();
    const { type, reason, action, note } = fitting(details);
    // The API does not let the note of an event change: another note is another event.
    const key = JSON.stringify([regarding.metadata?.uid, related?.metadata?.uid, type, reason, action, note]);
    const series = this.#series.get(key);
    if (series && now - series.lastObserved <= seriesEnd) {
      series.count++;
      series.lastObserved = now;
      // That it repeats is news; how often can wait.
      if (series.sentCount === 1) this.#sendSeries(series);
      return;
    }
    if (!this.#budgets[type].take(regarding.metadata?.uid ?? '')) return this.#drop('rate', reason);
    const { clock, random } = this.#options;
    const moment = { now: clock.now(), suffix: Buffer.from(random.bytes(8)).toString('hex') };
    this.#begin(key, eventOf(this.#options, moment, regarding, { type, reason, action, note }, related), now);
  }

  /** Sends what waits, for at most `grace` milliseconds; takes nothing more. */
  async stop(grace: number): Promise<void> {
    const sent = this.#sending ?? Promise.resolve();
    if (!(await settlesWithin(this.#options.clock, Math.min(grace, 2_000), sent))) this.#pending = [];
    this.#stop.abort();
    this.#sweep?.cancel();
  }

  #begin(key: string, event: CoreEvent, now: number): void {
    this.#series.delete(key);
    this.#series.set(key, { event, count: 1, lastObserved: now, sentCount: 1, sentAt: now });
    if (this.#series.size > maxSeries) this.#series.delete(this.#series.keys().next().value ?? '');
    this.#armSweep();
    this.#send(event.reason ?? '', (client, signal) => client.create(CoreEvent, event, { signal }));
  }

  #sendSeries(series: Series): void {
    const { clock } = this.#options;
    const { name = '', namespace = '' } = series.event.metadata ?? {};
    series.sentCount = series.count;
    series.sentAt = clock.monotonic();
    const lastTimestamp = formatTime(clock.now() - (clock.monotonic() - series.lastObserved));
    const body = { count: series.count, lastTimestamp };
    this.#send(series.event.reason ?? '', async (client, signal) => {
      try {
        await client.patch(CoreEvent, { namespace, name }, { type: 'merge', body }, { signal });
      } catch (error) {
        // The server keeps events for an hour, or for less: what goes on is told again.
        if (!isNotFound(error)) throw error;
        await client.create(CoreEvent, { ...series.event, ...body }, { signal });
      }
    });
  }

  #send(reason: string, call: (client: Client, signal: AbortSignal) => Promise<unknown>): void {
    if (this.#pending.length >= maxPending) return this.#drop('queue', reason);
    this.#pending.push(async () => {
      const { client, clock } = this.#options;
      const { signal } = this.#stop;
      for (let attempt = 1; ; attempt++) {
        try {
          await call(client, signal);
          return;
        } catch (error) {
          if (attempt < attempts && isTransient(error) && !signal.aborted) {
            await sleep(clock, retryDelay, signal).catch(() => undefined);
            continue;
          }
          return this.#drop('refused', reason, error);
        }
      }
    });
    this.#sending ??= this.#drain();
  }

  async #drain(): Promise<void> {
    for (let next = this.#pending.shift(); next; next = this.#pending.shift()) await next();
    this.#sending = undefined;
  }

  #drop(why: 'rate' | 'queue' | 'refused', reason: string, error?: unknown): void {
    this.#dropped.inc({ reason: why });
    this.#options.log.debug({ reason, err: error }, 'Event was not written');
  }

  /** Writes the last count of series that ended, refreshes those that go on. */
  #armSweep(): void {
    if (this.#sweep || this.#series.size === 0) return;
    const { clock } = this.#options;
    this.#sweep = clock.schedule(seriesEnd, () => {
      this.#sweep = undefined;
      const now = clock.monotonic();
      for (const [key, series] of this.#series) {
        const ended = now - series.lastObserved >= seriesEnd;
        if (series.count > series.sentCount && (ended || now - series.sentAt >= seriesRefresh))
          this.#sendSeries(series);
        if (ended) this.#series.delete(key);
      }
      this.#armSweep();
    });
  }
}

function isTransient(error: unknown): boolean {
  return error instanceof ApiError && (error.code === 0 || error.code === 429 || error.code >= 500);
}
