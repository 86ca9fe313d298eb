// Leader election by a Lease. Whether somebody else's lease has run out is judged by how long *we* have seen it
// unchanged on our own monotonic clock: clocks of other machines are never trusted. Losing a lease fences nothing: writes must be idempotent anyway.
import {
  type Client,
  formatMicroTime,
  isAlreadyExists,
  isConflict,
  isNotFound,
  Lease,
  type Lease as LeaseObject,
} from '@stackwright/kube';
import type { Registry } from 'prom-client';
import type { Logger } from '../log.js';
import { registerMetrics } from '../metrics/metric.js';
import { leaderElectionMetrics } from '../metrics/table.js';
import type { Clock } from '../seams/clock.js';
import type { Random } from '../seams/random.js';
import { sleep, unlessAborted } from '../seams/wait.js';
import { LeaseLostError } from './manager.js';

export interface LeaderElectionOptions extends LeaseTimings {
  client: Client;
  clock: Clock;
  random: Random;
  log: Logger;
  metrics: Registry;
  /** Where the Lease is. */
  namespace: string;
  /** Of the Lease. */
  name: string;
  /** Who we are: unique among all that want the lease. */
  identity: string;
}

export interface LeaseTimings {
  /** Milliseconds that others leave a lease alone that is not renewed. Default 15 000. */
  leaseDuration?: number;
  /** Milliseconds without a successful renewal after which we step down. Default 10 000. */
  renewDeadline?: number;
  /** Milliseconds between attempts. Default 2 000. */
  retryPeriod?: number;
}

const defaults = { leaseDuration: 15_000, renewDeadline: 10_000, retryPeriod: 2_000 };
/** Those who wait try at different times: up to this much later than the retry period, as a share of it. */
const acquireJitter = 1.2;

export class LeaderElector {
  readonly #options: LeaderElectionOptions & typeof defaults;
  readonly #metrics;
  /** The lease as last seen, and when on the monotonic clock we first saw it like this. */
  #observed: { lease: LeaseObject; at: number } | undefined;
  #leading = false;

  constructor(options: LeaderElectionOptions) {
    this.#options = { ...defaults, ...options };
    this.#metrics = registerMetrics(options.metrics, leaderElectionMetrics);
    this.#metrics.leading.set({ name: options.name }, 0);
    this.#metrics.slowpath.inc({ name: options.name }, 0);
  }

  get leading(): boolean {
    return this.#leading;
  }

  /** Resolves when the lease is ours; rejects with the signal's reason. */
  async acquire(signal: AbortSignal): Promise<void> {
    const { clock, random, log, name, identity, renewDeadline, retryPeriod } = this.#options;
    log.info({ lease: name, identity }, 'Waiting for the lease');
    while (!(await this.#attempt(renewDeadline, signal))) {
      await sleep(clock, retryPeriod * (1 + acquireJitter * random.float()), signal);
    }
    this.#setLeading(true);
    log.info({ lease: name, identity }, 'Became leader');
  }

  /** Renews until `signal` is aborted, then resolves; rejects with a LeaseLostError when the lease is lost. */
  async hold(signal: AbortSignal): Promise<void> {
    const { clock, retryPeriod, renewDeadline, identity, name } = this.#options;
    let renewed = this.#observed?.at ?? clock.monotonic();
    while (!signal.aborted) {
      await sleep(clock, retryPeriod, signal).catch(() => undefined);
      if (signal.aborted) return;
      const began = clock.monotonic();
      const left = renewed + renewDeadline - began;
      if (left > 0 && (await this.#attempt(left, signal))) {
        renewed = began;
        continue;
      }
      if (signal.aborted) return;
      const holder = this.#observed?.lease.spec?.holderIdentity;
      const taken = holder !== undefined && holder !== '' && holder !== identity;
      if (!taken && clock.monotonic() - renewed < renewDeadline) continue;
      this.#setLeading(false);
      throw new LeaseLostError(
        taken ? `the lease ${name} was taken by ${holder}` : `the lease ${name} was not renewed in ${renewDeadline} ms`,
      );
    }
  }

  /** Lets somebody else have the lease at once. Call it when all work has ended. Never rejects. */
  async release(): Promise<void> {
    if (!this.#leading || !this.#observed) return;
    this.#setLeading(false);
    const { client, log, name, renewDeadline } = this.#options;
    const { lease } = this.#observed;
    try {
      const spec = { ...this.#spec(lease), holderIdentity: '', leaseDurationSeconds: 1 };
      await client.update(Lease, { ...lease, spec }, { timeout: renewDeadline / 2 });
    } catch (error) {
      log.warn({ err: error, lease: name }, 'Lease was not released, others wait until it has run out');
    }
  }

  /** One attempt to get or keep the lease, ended after `within` milliseconds. */
  async #attempt(within: number, signal: AbortSignal): Promise<boolean> {
    const { clock, log, name } = this.#options;
    const deadline = new AbortController();
    const stop = () => deadline.abort(signal.reason);
    const timer = clock.schedule(within, () => deadline.abort(new Error('Too late to renew the lease')));
    signal.addEventListener('abort', stop, { once: true });
    try {
      // Whether or not the client keeps to the signal: a call that hangs must not hide that the time is over.
      return await unlessAborted(this.#tryAcquireOrRenew(deadline.signal), deadline.signal);
    } catch (error) {
      if (!signal.aborted) log.warn({ err: error, lease: name }, 'Lease could not be read or written');
      return false;
    } finally {
      timer.cancel();
      signal.removeEventListener('abort', stop);
    }
  }

  async #tryAcquireOrRenew(signal: AbortSignal): Promise<boolean> {
    const { client, clock, name, namespace, identity, leaseDuration } = this.#options;
    const known = this.#observed;
    if (this.#leading && known) {
      // Nobody else writes a lease that is held: renewing takes one call.
      const began = clock.monotonic();
      try {
        this.#observe(await client.update(Lease, { ...known.lease, spec: this.#spec(known.lease) }, { signal }), began);
        return true;
      } catch (error) {
        if (!isConflict(error) && !isNotFound(error)) throw error;
        this.#metrics.slowpath.inc({ name });
      }
    }

    const began = clock.monotonic();
    const lease = await this.#read(signal);
    if (!lease) {
      const made: LeaseObject = {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name, namespace },
        spec: this.#spec(),
      };
      return this.#write(client.create(Lease, made, { signal }), began);
    }
    if (!this.#observed || !sameHolding(this.#observed.lease, lease)) this.#observe(lease, began);
    else this.#observed.lease = lease;

    const holder = lease.spec?.holderIdentity ?? '';
    const since = this.#observed?.at ?? began;
    if (holder !== '' && holder !== identity && clock.monotonic() < since + leaseDuration) return false;
    return this.#write(client.update(Lease, { ...lease, spec: this.#spec(lease) }, { signal }), began);
  }

  async #read(signal: AbortSignal): Promise<LeaseObject | undefined> {
    const { client, namespace, name } = this.#options;
    try {
      return await client.get(Lease, { namespace, name }, { signal });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** False: somebody else was faster. */
  async #write(call: Promise<LeaseObject>, began: number): Promise<boolean> {
    try {
      this.#observe(await call, began);
      return true;
    } catch (error) {
      if (isConflict(error) || isAlreadyExists(error)) return false;
      throw error;
    }
  }

  #observe(lease: LeaseObject, at: number): void {
    this.#observed = { lease, at };
  }

  /** What we write: a renewal of our own lease, or the beginning of a new holding. */
  #spec(current?: LeaseObject): NonNullable<LeaseObject['spec']> {
    const { clock, identity, leaseDuration } = this.#options;
    const now = formatMicroTime(clock.now());
    const before = current?.spec;
    const ours = before?.holderIdentity === identity;
    return {
      ...before,
      holderIdentity: identity,
      leaseDurationSeconds: Math.round(leaseDuration / 1000),
      acquireTime: ours && before.acquireTime ? before.acquireTime : now,
      renewTime: now,
      leaseTransitions: (before?.leaseTransitions ?? 0) + (before && !ours ? 1 : 0),
    };
  }

  #setLeading(leading: boolean): void {
    this.#leading = leading;
    this.#metrics.leading.set({ name: this.#options.name }, leading ? 1 : 0);
  }
}

/** Whether a lease is as it was: not taken and not renewed. Labels that somebody sets are no renewal. */
function sameHolding({ spec: a }: LeaseObject, { spec: b }: LeaseObject): boolean {
  return (
    a?.holderIdentity === b?.holderIdentity &&
    a?.renewTime === b?.renewTime &&
    a?.acquireTime === b?.acquireTime &&
    a?.leaseTransitions === b?.leaseTransitions &&
    a?.leaseDurationSeconds === b?.leaseDurationSeconds
  );
}
