// Leader election by a Lease. Whether somebody else's lease has run out is judged by how long *we* have seen it
// unchanged on our own monotonic clock: clocks of other machines are never trusted. For how long it counts, its holder says in it.
// Losing a lease fences nothing: writes must be idempotent anyway.
import {
  type Client,
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
import { reasonOf, settlesWithin, sleep, unlessAborted } from '../seams/wait.js';
import { durationOf, held, holderOf, released, sameHolding } from './lease.js';
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
/**
 * One attempt has a third of the renew deadline. An attempt on a connection that nobody answers any more ends with that connection,
 * and there is time for two more on new ones.
 */
const attemptsWithinDeadline = 3;

export class LeaderElector {
  readonly #options: LeaderElectionOptions & typeof defaults;
  readonly #metrics;
  /** Milliseconds. */
  readonly #attemptTime: number;
  /** The lease as last seen, and when on the monotonic clock we first saw it like this. */
  #observed: { lease: LeaseObject; at: number } | undefined;
  #leading = false;
  /** A write that makes us the holder was sent, and nothing seen since says that somebody else is. */
  #mayHold = false;
  /** The calls of the last attempt, which may outlive it. */
  #underWay: Promise<unknown> = Promise.resolve();

  /** Throws a RangeError for timings by which two could lead at once, or one could never renew. */
  constructor(options: LeaderElectionOptions) {
    this.#options = { ...defaults, ...options };
    const { leaseDuration, renewDeadline, retryPeriod } = this.#options;
    if (!(leaseDuration > renewDeadline))
      throw new RangeError(`leaseDuration (${leaseDuration}) must be longer than renewDeadline (${renewDeadline})`);
    if (!(renewDeadline > retryPeriod * acquireJitter && retryPeriod > 0))
      throw new RangeError(
        `renewDeadline (${renewDeadline}) must be longer than ${acquireJitter} × retryPeriod (${retryPeriod})`,
      );
    this.#attemptTime = renewDeadline / attemptsWithinDeadline;
    this.#metrics = registerMetrics(options.metrics, leaderElectionMetrics);
    this.#metrics.leading.set({ name: options.name }, 0);
    this.#metrics.slowpath.inc({ name: options.name }, 0);
  }

  get leading(): boolean {
    return this.#leading;
  }

  /** Resolves when the lease is ours; rejects with the signal's reason. */
  async acquire(signal: AbortSignal): Promise<void> {
    const { clock, random, log, name, identity, retryPeriod } = this.#options;
    log.info({ lease: name, identity }, 'Waiting for the lease');
    while (!(await this.#attempt(this.#attemptTime, signal))) {
      await sleep(clock, retryPeriod * (1 + acquireJitter * random.float()), signal);
    }
    this.#setLeading(true);
    log.info({ lease: name, identity }, 'Became leader');
  }

  /** Renews until `signal` is aborted, then resolves; rejects with a LeaseLostError when the lease is lost. */
  async hold(signal: AbortSignal): Promise<void> {
    const { clock, retryPeriod, renewDeadline, identity, name } = this.#options;
    let renewed = this.#observed?.at ?? clock.monotonic();
    let pause = retryPeriod;
    while (!signal.aborted) {
      await sleep(clock, pause, signal).catch(() => undefined);
      if (signal.aborted) return;
      const began = clock.monotonic();
      const left = renewed + renewDeadline - began;
      if (left > 0 && (await this.#attempt(Math.min(left, this.#attemptTime), signal))) {
        renewed = began;
        pause = retryPeriod;
        continue;
      }
      if (signal.aborted) return;
      const holder = holderOf(this.#observed?.lease);
      const taken = holder !== '' && holder !== identity;
      const now = clock.monotonic();
      // An attempt that took its time was the pause.
      pause = Math.max(0, began + retryPeriod - now);
      if (!taken && now - renewed < renewDeadline) continue;
      this.#setLeading(false);
      this.#mayHold = false;
      throw new LeaseLostError(
        taken ? `the lease ${name} was taken by ${holder}` : `the lease ${name} was not renewed in ${renewDeadline} ms`,
      );
    }
  }

  /**
   * Lets somebody else have the lease at once, also one that we got without hearing of it. Call it when all work has ended and
   * the signals of `acquire` and `hold` are aborted. Never rejects.
   */
  async release(): Promise<void> {
    const { clock, log, name } = this.#options;
    this.#setLeading(false);
    // What is still on its way would be a later write than the release, or take the lease again.
    if (this.#mayHold) await settlesWithin(clock, this.#attemptTime, this.#underWay);
    if (!this.#mayHold) return;
    let known = this.#observed?.lease;
    let failure: unknown;
    for (let attempt = 1; attempt < attemptsWithinDeadline; attempt++) {
      try {
        await this.#within(this.#attemptTime, undefined, (signal) => this.#giveBack(known, signal));
        this.#mayHold = false;
        return;
      } catch (error) {
        // A renewal whose answer did not arrive made it another version; or the connection is dead.
        known = undefined;
        failure = error;
      }
    }
    log.warn({ err: failure, lease: name }, 'Lease was not released, others wait until it has run out');
  }

  async #giveBack(known: LeaseObject | undefined, signal: AbortSignal): Promise<void> {
    const { client, clock, identity } = this.#options;
    const lease = holderOf(known) === identity ? known : await this.#read(signal);
    if (!lease || holderOf(lease) !== identity) return;
    await client.update(Lease, { ...lease, spec: released(lease.spec, clock.now()) }, { signal });
  }

  /** One attempt to get or keep the lease, ended after `time` milliseconds. */
  async #attempt(time: number, signal: AbortSignal): Promise<boolean> {
    const { log, name } = this.#options;
    try {
      return await this.#within(time, signal, (ends) => this.#tryAcquireOrRenew(ends));
    } catch (error) {
      if (!signal.aborted) log.warn({ err: error, lease: name }, 'Lease could not be read or written');
      return false;
    }
  }

  async #within<T>(
    time: number,
    signal: AbortSignal | undefined,
    act: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { clock } = this.#options;
    signal?.throwIfAborted();
    const deadline = new AbortController();
    const stop = () => deadline.abort(signal && reasonOf(signal));
    const timer = clock.schedule(time, () =>
      deadline.abort(new Error(`The lease had no answer within ${Math.round(time)} ms`)),
    );
    signal?.addEventListener('abort', stop, { once: true });
    try {
      const calls = act(deadline.signal);
      this.#underWay = calls.catch(() => undefined);
      // Whether or not the client keeps to the signal: a call that hangs must not hide that the time is over.
      return await unlessAborted(calls, deadline.signal);
    } finally {
      timer.cancel();
      signal?.removeEventListener('abort', stop);
    }
  }

  async #tryAcquireOrRenew(signal: AbortSignal): Promise<boolean> {
    const { client, clock, name, namespace, identity, leaseDuration } = this.#options;
    const known = this.#observed;
    if (this.#leading && known) {
      // Nobody else writes a lease that is held: renewing takes one call.
      const began = clock.monotonic();
      try {
        const renewed = await client.update(Lease, { ...known.lease, spec: this.#held(known.lease) }, { signal });
        signal.throwIfAborted();
        this.#observe(renewed, began);
        return true;
      } catch (error) {
        if (!isConflict(error) && !isNotFound(error)) throw error;
        this.#metrics.slowpath.inc({ name });
      }
    }

    const began = clock.monotonic();
    const lease = await this.#read(signal);
    // An attempt that was given up must not write any more: another one may have begun, or the release.
    signal.throwIfAborted();
    if (!lease) {
      const made: LeaseObject = {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name, namespace },
        spec: this.#held(),
      };
      return this.#take((options) => client.create(Lease, made, options), began, signal);
    }
    // Not since `began`: it may have been renewed while we asked, and what is another's runs from when it was seen at the earliest.
    if (!this.#observed || !sameHolding(this.#observed.lease, lease)) this.#observe(lease, clock.monotonic());
    else this.#observed.lease = lease;

    const holder = holderOf(lease);
    const another = holder !== '' && holder !== identity;
    if (another) this.#mayHold = false;
    const since = this.#observed?.at ?? clock.monotonic();
    if (another && clock.monotonic() < since + durationOf(lease, leaseDuration)) return false;
    const taken = { ...lease, spec: this.#held(lease) };
    return this.#take((options) => client.update(Lease, taken, options), began, signal);
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
  async #take(
    write: (options: { signal: AbortSignal }) => Promise<LeaseObject>,
    began: number,
    signal: AbortSignal,
  ): Promise<boolean> {
    this.#mayHold = true;
    try {
      const lease = await write({ signal });
      signal.throwIfAborted();
      this.#observe(lease, began);
      return true;
    } catch (error) {
      if (isConflict(error) || isAlreadyExists(error)) return false;
      throw error;
    }
  }

  #observe(lease: LeaseObject, at: number): void {
    this.#observed = { lease, at };
  }

  #held(current?: LeaseObject): NonNullable<LeaseObject['spec']> {
    const { clock, identity, leaseDuration } = this.#options;
    return held(current?.spec, { identity, leaseDuration, now: clock.now() });
  }

  #setLeading(leading: boolean): void {
    this.#leading = leading;
    this.#metrics.leading.set({ name: this.#options.name }, leading ? 1 : 0);
  }
}
