// The manager: everything that the controllers of a process share, started and stopped in order.
//
// Start: HTTP → webhooks → caches → what runs on every replica → leader election → caches shown to be up to date →
// controllers. Webhooks come before caches, since listing a kind may need its conversion webhook.
// Stop: what runs on every replica → controllers (they finish what they do) → events → caches → webhooks → HTTP → release
// of the lease.
import type { Client } from '@stackwright/kube';
import { Registry } from 'prom-client';
import { InformerCache } from '../cache/informer-cache.js';
import { BackgroundEventRecorder } from '../events/background-recorder.js';
import type { Logger } from '../log.js';
import { observeInformers } from '../metrics/informers.js';
import { setMetricPrefix } from '../metrics/metric.js';
import { LearningClient } from '../scrub/learning-client.js';
import type { Clock } from '../seams/clock.js';
import type { Random } from '../seams/random.js';
import { systemClock } from '../seams/system-clock.js';
import { systemRandom } from '../seams/system-random.js';
import { aborted, lasting, reasonOf } from '../seams/wait.js';
import { noTracer, type Tracer } from '../tracing/tracer.js';
import { LeaderElector, type LeaseTimings } from './leader-election.js';
import { LeaseLostError, type Manager, type Runnable } from './manager.js';
import type { Naming } from './naming.js';
import { Runnables } from './runnables.js';
import { Servers, type ServerOptions } from './servers.js';
import type { Webhook } from '../webhook/webhook.js';

export interface ManagerOptions extends Naming, ServerOptions {
  /** "keystone": writes as `keystone-controller`, and that is its Lease's name unless another is given. */
  name: string;
  client: Client;
  log: Logger;
  /** Namespaces to watch; empty: all. Default: all. */
  namespaces?: readonly string[];
  /**
   * Default: none. `name`: of the Lease, default `<name>-controller`. `client`: writes the Lease; one with connections of its
   * own, so that no other call can keep a renewal waiting. Default: the manager's.
   */
  leaderElection?: (LeaseTimings & { namespace: string; identity: string; name?: string; client?: Client }) | undefined;
  /** Default: the machine's. */
  clock?: Clock;
  random?: Random;
  /** Default: a new one, without metrics of the process. */
  metrics?: Registry;
  /** Default: none, spans are not made. */
  tracer?: Tracer;
  /** Milliseconds that everything together has to stop. Default 30 000. */
  gracePeriod?: number;
  /** Makes cached objects immutable. Default: not in production (NODE_ENV). */
  freeze?: boolean;
  /** Milliseconds after which controllers see every cached object again. Default 10 hours. */
  resync?: number;
}

export interface ManagerProcess extends Manager {
  /** The same manager for another module in the same process: its own name, field manager and logs. */
  as(name: string, domain?: string): Manager;
  /** Where /metrics, /healthz and /readyz are, once it runs. */
  readonly address: string | undefined;
  /** Where /metrics is when it has a server of its own. */
  readonly metricsAddress: string | undefined;
  readonly webhookAddress: string | undefined;
  /** Resolves when everything has stopped after `signal`; rejects when a runnable failed or the lease was lost. */
  run(signal: AbortSignal): Promise<void>;
}

/** Milliseconds for work to end when the lease is lost: others may begin it `leaseDuration − renewDeadline` later. */
const leaseLostGrace = 1_000;

export function createManager(options: ManagerOptions): ManagerProcess {
  return new DefaultManager(options);
}

class DefaultManager implements ManagerProcess {
  readonly name: string;
  readonly domain: string | undefined;
  readonly managedBy: string;
  readonly fieldManager: string;
  readonly client: Client;
  readonly cache: InformerCache;
  readonly events: BackgroundEventRecorder;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: Registry;
  readonly tracer: Tracer;
  readonly namespaces: readonly string[];

  readonly #options: ManagerOptions;
  readonly #everywhere: Runnables;
  readonly #controllers: Runnables;
  readonly #recorders: BackgroundEventRecorder[] = [];
  #fail: (error: unknown) => void = () => undefined;
  readonly #failed: Promise<never>;
  #failure: Error | undefined;
  readonly #servers: Servers;

  constructor(options: ManagerOptions) {
    this.#options = options;
    this.name = options.name;
    this.domain = options.domain;
    this.managedBy = options.managedBy ?? options.name;
    this.fieldManager = fieldManagerOf(options.name);
    this.client = new LearningClient(options.client);
    this.clock = options.clock ?? systemClock;
    this.random = options.random ?? systemRandom;
    this.log = options.log;
    this.metrics = options.metrics ?? new Registry();
    if (options.metricPrefix !== undefined) setMetricPrefix(this.metrics, options.metricPrefix);
    this.tracer = options.tracer ?? noTracer;
    this.namespaces = options.namespaces ?? [];
    const informers = observeInformers(this.metrics, this.clock);
    this.cache = new InformerCache({
      // What is cached is learned when it is read.
      client: options.client,
      clock: this.clock,
      random: this.random,
      log: this.log,
      namespaces: this.namespaces,
      freeze: options.freeze ?? process.env['NODE_ENV'] !== 'production',
      observe: informers.observe,
      ...(options.resync === undefined ? {} : { resync: options.resync }),
    });
    informers.watch(() => this.cache.informers);
    this.events = this.#recorder(options.name, options.domain);
    this.#failed = new Promise<never>((_, reject) => {
      this.#fail = (error) => {
        this.#failure ??= error instanceof Error ? error : new Error(String(error));
        reject(this.#failure);
      };
    });
    this.#failed.catch(() => undefined);
    this.#everywhere = new Runnables((error) => this.#fail(error));
    this.#controllers = new Runnables((error) => this.#fail(error));
    const { client, clock, log, metrics, tracer } = this;
    this.#servers = new Servers(options, { client, clock, log, metrics, tracer, failure: () => this.#failure });
    this.addReadyCheck('caches', () => {
      const unsynced = this.cache.unsynced();
      return unsynced === undefined ? undefined : `not synced: ${unsynced}`;
    });
  }

  get address(): string | undefined {
    return this.#servers.address;
  }

  get metricsAddress(): string | undefined {
    return this.#servers.metricsAddress;
  }

  get webhookAddress(): string | undefined {
    return this.#servers.webhookAddress;
  }

  add(runnable: Runnable): void {
    (runnable.everyReplica ? this.#everywhere : this.#controllers).add(runnable);
  }

  addReadyCheck(name: string, check: () => string | undefined): void {
    this.#servers.addReadyCheck(name, check);
  }

  addWebhook(webhook: Webhook): void {
    this.#servers.addWebhook({ webhook, client: this.client, cache: this.cache, log: this.log });
  }

  as(name: string, domain = this.domain): Manager {
    const log = this.log.child({ module: name });
    return {
      name,
      domain,
      managedBy: this.managedBy,
      fieldManager: fieldManagerOf(name),
      events: name === this.name && domain === this.domain ? this.events : this.#recorder(name, domain),
      log,
      client: this.client,
      cache: this.cache,
      clock: this.clock,
      random: this.random,
      metrics: this.metrics,
      tracer: this.tracer,
      namespaces: this.namespaces,
      add: (runnable) => this.add(runnable),
      addReadyCheck: (check, ready) => this.addReadyCheck(check, ready),
      addWebhook: (webhook) => this.#servers.addWebhook({ webhook, client: this.client, cache: this.cache, log }),
    };
  }

  async run(signal: AbortSignal): Promise<void> {
    const caches = lasting();
    const election = lasting();
    const acquiring = lasting();
    void aborted(signal).then(() => acquiring.abort(reasonOf(signal)));
    const elector = this.#elector();
    let cachesEnded = Promise.resolve();
    try {
      await this.#servers.start();
      cachesEnded = this.cache.run(caches.signal);
      this.#everywhere.start();
      await Promise.race([elector?.acquire(acquiring.signal), this.#failed]);
      // Renewed until all work has ended, which is later than `signal`.
      elector?.hold(election.signal).catch((error: unknown) => this.#fail(error));
      // Who led before may have written what our watches have not told yet, or never will: that must not be written back.
      if (elector) await Promise.race([this.cache.catchUp(acquiring.signal), this.#failed]);
      this.#controllers.start();
      await Promise.race([aborted(signal), this.#failed]);
    } catch (error) {
      if (!signal.aborted) this.#fail(error);
    }
    const cause = this.#failure ?? reasonOf(signal);
    // Who fails while waiting for the lease must not get it afterwards.
    acquiring.abort(cause);
    this.log.info({ cause: cause.message }, 'Stopping');
    const ended = await this.#stop(cause);
    caches.abort(cause);
    await cachesEnded;
    await this.#servers.close();
    election.abort();
    // What goes on for all that must not meet who begins the same: others wait until the lease has run out.
    if (ended) await elector?.release();
    if (this.#failure) throw this.#failure;
  }

  /** False: some work goes on. */
  async #stop(cause: Error): Promise<boolean> {
    const { clock } = this;
    const grace = cause instanceof LeaseLostError ? leaseLostGrace : (this.#options.gracePeriod ?? 30_000);
    const end = clock.monotonic() + grace;
    const left = () => Math.max(0, end - clock.monotonic());
    const ended = this.#everywhere.stop(cause, clock, left()).then(async (first) => {
      const second = await this.#controllers.stop(cause, clock, left());
      await Promise.all(this.#recorders.map((recorder) => recorder.stop(left())));
      return first && second;
    });
    // Losing the lease while stopping leaves no time for the rest.
    const lost = this.#failed.catch((error: unknown) => (error === cause ? ended : false));
    const inTime = await Promise.race([ended, lost]);
    if (!inTime) this.log.error({ grace }, 'Some work did not end in time');
    return inTime;
  }

  #elector(): LeaderElector | undefined {
    const { leaderElection } = this.#options;
    if (!leaderElection) return undefined;
    const { client, clock, random, log, metrics } = this;
    return new LeaderElector({ client, clock, random, log, metrics, name: this.fieldManager, ...leaderElection });
  }

  #recorder(name: string, domain: string | undefined): BackgroundEventRecorder {
    const { client, clock, random, log, metrics } = this;
    const identity = this.#options.leaderElection?.identity ?? name;
    const recorder = new BackgroundEventRecorder({
      client,
      clock,
      random,
      log,
      metrics,
      domain,
      controller: fieldManagerOf(name),
      instance: identity,
    });
    this.#recorders.push(recorder);
    return recorder;
  }
}

function fieldManagerOf(name: string): string {
  return `${name}-controller`;
}
