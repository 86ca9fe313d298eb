import { Lease } from '@stackwright/kube';
import { Registry } from 'prom-client';
import { beforeEach, describe, expect, it } from 'vitest';
import { apiError, FakeClient, FakeClock, recordingLogger, SeededRandom, settle } from '../testing/index.js';
import { LeaderElector, type LeaderElectionOptions } from './leader-election.js';
import { LeaseLostError } from './manager.js';

const key = { namespace: 'ns', name: 'test-controller' };

describe('leader election', () => {
  let clock: FakeClock;
  let client: FakeClient;
  let stop: AbortController;
  let metrics: Registry;

  beforeEach(() => {
    clock = new FakeClock();
    client = new FakeClient(clock);
    stop = new AbortController();
    metrics = new Registry();
    return () => stop.abort();
  });

  const elector = (identity: string, more: Partial<LeaderElectionOptions> = {}) =>
    new LeaderElector({
      client,
      clock,
      random: new SeededRandom(),
      log: recordingLogger(),
      metrics,
      ...key,
      identity,
      ...more,
    });
  const lease = () => client.peek(Lease, key)?.spec;

  /** What became of a promise, without waiting for it. */
  function watch(promise: Promise<unknown>) {
    const state = { done: false, error: undefined as unknown };
    promise.then(
      () => (state.done = true),
      (error: unknown) => (state.error = error),
    );
    return state;
  }

  it('takes a lease that nobody has, with times of exactly six fraction digits (pitfall 12)', async () => {
    await elector('one').acquire(stop.signal);
    expect(lease()).toMatchObject({ holderIdentity: 'one', leaseDurationSeconds: 15, leaseTransitions: 0 });
    expect(lease()?.renewTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    expect(lease()?.acquireTime).toBe(lease()?.renewTime);
  });

  it('renews every two seconds with one call each', async () => {
    const one = elector('one');
    await one.acquire(stop.signal);
    const holding = watch(one.hold(stop.signal));
    const acquired = lease()?.acquireTime;
    client.calls.length = 0;
    await clock.advance(60_000);
    expect(client.calls.map(({ verb }) => verb)).toEqual(Array.from({ length: 30 }, () => 'update'));
    expect(lease()).toMatchObject({ holderIdentity: 'one', acquireTime: acquired });
    expect(holding).toEqual({ done: false, error: undefined });
    stop.abort();
    await settle();
    expect(holding.done).toBe(true);
  });

  it('waits while another renews, and takes over 15 s after it was last seen to', async () => {
    const one = elector('one');
    await one.acquire(stop.signal);
    const oneStops = new AbortController();
    void one.hold(oneStops.signal);
    const two = elector('two');
    const acquiring = watch(two.acquire(stop.signal));
    await clock.advance(120_000);
    expect(acquiring.done).toBe(false);
    oneStops.abort();
    const died = clock.monotonic();
    await clock.until(() => acquiring.done);
    expect(clock.monotonic() - died).toBeGreaterThan(10_000);
    expect(clock.monotonic() - died).toBeLessThan(25_000);
    expect(lease()).toMatchObject({ holderIdentity: 'two', leaseTransitions: 1 });
  });

  it('judges by its own clock, whatever times the lease holds', async () => {
    const farFuture = '2999-01-01T00:00:00.000000Z';
    await client.create(Lease, {
      metadata: key,
      spec: { holderIdentity: 'dead', renewTime: farFuture, leaseDurationSeconds: 15 },
    });
    const acquiring = watch(elector('one').acquire(stop.signal));
    await clock.advance(14_000);
    expect(acquiring.done).toBe(false);
    await clock.advance(8_000);
    expect(acquiring.done).toBe(true);
  });

  it('does not take a lease that looks long expired before having watched it for its duration', async () => {
    await client.create(Lease, {
      metadata: key,
      spec: { holderIdentity: 'alive', renewTime: '1999-01-01T00:00:00.000000Z', leaseDurationSeconds: 15 },
    });
    const acquiring = watch(elector('one').acquire(stop.signal));
    for (let second = 0; second < 60; second++) {
      await clock.advance(1000);
      const current = await client.get(Lease, key);
      await client.update(Lease, {
        ...current,
        spec: { ...current.spec, renewTime: `1999-01-01T00:00:${String(second).padStart(2, '0')}.000001Z` },
      });
    }
    expect(acquiring.done).toBe(false);
  });

  it('steps down when it could not renew for ten seconds', async () => {
    const one = elector('one');
    await one.acquire(stop.signal);
    const holding = watch(one.hold(stop.signal));
    client.before = () => {
      throw apiError(500, 'InternalError');
    };
    await clock.advance(9_000);
    expect(holding.error).toBeUndefined();
    await clock.advance(3_000);
    expect(holding.error).toBeInstanceOf(LeaseLostError);
    expect(one.leading).toBe(false);
  });

  it('steps down in time even when the API server does not answer at all', async () => {
    const one = elector('one');
    await one.acquire(stop.signal);
    const holding = watch(one.hold(stop.signal));
    client.before = ({ options }) =>
      new Promise((_, reject) => {
        (options as { signal: AbortSignal }).signal.addEventListener('abort', () => reject(new Error('Aborted')));
      });
    await clock.advance(10_000);
    expect(holding.error).toBeInstanceOf(LeaseLostError);
  });

  it('steps down at once when somebody else has taken the lease', async () => {
    const one = elector('one');
    await one.acquire(stop.signal);
    const holding = watch(one.hold(stop.signal));
    const current = await client.get(Lease, key);
    await client.update(Lease, { ...current, spec: { ...current.spec, holderIdentity: 'thief' } });
    await clock.advance(2_000);
    expect(holding.error).toBeInstanceOf(LeaseLostError);
    expect(lease()?.holderIdentity).toBe('thief');
  });

  it('keeps the lease when somebody merely labels it, by the slow path', async () => {
    const one = elector('one');
    await one.acquire(stop.signal);
    const holding = watch(one.hold(stop.signal));
    await client.patch(Lease, key, { type: 'merge', body: { metadata: { labels: { seen: 'yes' } } } });
    await clock.advance(30_000);
    expect(holding.error).toBeUndefined();
    const slow = await metrics.getSingleMetric('leader_election_slowpath_total')?.get();
    expect(slow?.values[0]?.value).toBe(1);
  });

  it('releases: the next one has it within a retry period', async () => {
    const one = elector('one');
    await one.acquire(stop.signal);
    const acquiring = watch(elector('two').acquire(stop.signal));
    await clock.advance(1000);
    await one.release();
    expect(lease()).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1 });
    await clock.advance(4_400);
    expect(acquiring.done).toBe(true);
  });

  it('has one winner when many start together', async () => {
    const candidates = ['one', 'two', 'three', 'four'].map((identity) => elector(identity));
    for (const candidate of candidates) candidate.acquire(stop.signal).catch(() => undefined);
    await clock.advance(10_000);
    expect(candidates.filter(({ leading }) => leading)).toHaveLength(1);
  });

  it('gives an attempt a third of the time, so that a call that nobody answers costs one attempt and not the lease', async () => {
    const one = elector('one');
    await one.acquire(stop.signal);
    const holding = watch(one.hold(stop.signal));
    await clock.advance(2_000);
    // What is sent in the next two attempts is lost, and the client does not even keep to its signal.
    let lost = 2;
    client.before = () => (lost-- > 0 ? new Promise(() => undefined) : undefined);
    await clock.advance(9_000);
    expect(lost).toBeLessThan(0);
    expect(holding).toEqual({ done: false, error: undefined });
    expect(one.leading).toBe(true);
    await clock.advance(60_000);
    expect(holding.error).toBeUndefined();
  });

  it('does not wait for an answer longer than that when it wants the lease, either', async () => {
    let lost = 1;
    client.before = () => (lost-- > 0 ? new Promise(() => undefined) : undefined);
    const acquiring = watch(elector('one').acquire(stop.signal));
    await clock.advance(8_000);
    expect(acquiring.done).toBe(true);
  });

  it('leaves a lease alone for as long as its holder asked for, not for as long as it would ask itself', async () => {
    const slow = { leaseDuration: 137_000, renewDeadline: 107_000, retryPeriod: 26_000 };
    const one = elector('one', slow);
    await one.acquire(stop.signal);
    const acquiring = watch(elector('two').acquire(stop.signal));
    await clock.advance(130_000);
    expect(acquiring.done).toBe(false);
    await clock.advance(15_000);
    expect(acquiring.done).toBe(true);
  });

  it('counts from when it had seen the lease, not from when it began to look: the holder may have renewed it meanwhile', async () => {
    const before = { holderIdentity: 'alive', renewTime: '2026-01-01T00:00:00.000000Z', leaseDurationSeconds: 15 };
    const first = await client.create(Lease, { metadata: key, spec: before });
    let slow: (() => void) | undefined;
    client.before = ({ verb }) =>
      verb === 'get' && !slow ? new Promise<void>((resolve) => (slow = resolve)) : undefined;
    const acquiring = watch(elector('one').acquire(stop.signal));
    await clock.advance(3_000);
    await client.update(Lease, { ...first, spec: { ...before, renewTime: '2026-01-01T00:00:03.000000Z' } });
    slow?.();
    await settle();
    const seen = clock.monotonic();
    await clock.until(() => acquiring.done);
    expect(clock.monotonic() - seen).toBeGreaterThanOrEqual(15_000);
  });

  it.each([0, -5])('takes its own lease duration where the lease says %d', async (leaseDurationSeconds) => {
    await client.create(Lease, { metadata: key, spec: { holderIdentity: 'dead', leaseDurationSeconds } });
    const acquiring = watch(elector('one').acquire(stop.signal));
    await clock.advance(14_000);
    expect(acquiring.done).toBe(false);
    await clock.advance(8_000);
    expect(acquiring.done).toBe(true);
  });

  it('renews with another time each time, even when the clock of the machine is set back', async () => {
    const stuck = new FakeClock();
    const machine = {
      now: () => stuck.now(),
      monotonic: () => clock.monotonic(),
      schedule: (delay: number, callback: () => void) => clock.schedule(delay, callback),
    };
    const one = elector('one', { clock: machine });
    await one.acquire(stop.signal);
    void one.hold(stop.signal);
    const two = elector('two');
    const acquiring = watch(two.acquire(stop.signal));
    await clock.advance(60_000);
    expect(acquiring.done).toBe(false);
    expect(one.leading).toBe(true);
  });

  describe('release', () => {
    it('gives the lease back though a renewal is under way whose answer never comes', async () => {
      const one = elector('one');
      await one.acquire(stop.signal);
      const ending = new AbortController();
      void one.hold(ending.signal);
      let answers = 1;
      client.after = ({ verb }) => (verb === 'update' && answers-- > 0 ? new Promise(() => undefined) : undefined);
      await clock.advance(2_000);
      ending.abort(new Error('stopping'));
      const released = watch(one.release());
      await clock.advance(10_000);
      expect(released.done).toBe(true);
      expect(lease()?.holderIdentity).toBe('');
    });

    it('is not undone by a renewal that is still on its way', async () => {
      const one = elector('one');
      await one.acquire(stop.signal);
      const ending = new AbortController();
      void one.hold(ending.signal);
      let arrive: () => void = () => undefined;
      let late = 1;
      client.before = () => (late-- > 0 ? new Promise<void>((resolve) => (arrive = resolve)) : undefined);
      await clock.advance(2_000);
      ending.abort(new Error('stopping'));
      const released = watch(one.release());
      await clock.advance(5_000);
      arrive();
      await clock.advance(5_000);
      expect(released.done).toBe(true);
      expect(lease()?.holderIdentity).toBe('');
    });

    it('gives back a lease that was got at the moment of the stop, which nobody heard of', async () => {
      const one = elector('one');
      client.after = ({ verb }) => (verb === 'create' ? new Promise(() => undefined) : undefined);
      const ending = new AbortController();
      const acquiring = watch(one.acquire(ending.signal));
      await settle();
      expect(lease()?.holderIdentity).toBe('one');
      ending.abort(new Error('stopping'));
      await settle();
      expect(acquiring.error).toBeDefined();
      const released = watch(one.release());
      await clock.advance(10_000);
      expect(released.done).toBe(true);
      expect(lease()?.holderIdentity).toBe('');
    });

    it('costs nothing when the lease was only waited for, and touches nobody else’s', async () => {
      await elector('one').acquire(stop.signal);
      const two = elector('two');
      const ending = new AbortController();
      two.acquire(ending.signal).catch(() => undefined);
      await clock.advance(5_000);
      ending.abort(new Error('stopping'));
      client.calls.length = 0;
      await two.release();
      expect(client.calls).toEqual([]);
      expect(lease()?.holderIdentity).toBe('one');
    });
  });

  it.each([
    ['a deadline after the end of the lease', { leaseDuration: 10_000, renewDeadline: 10_000 }, 'leaseDuration'],
    ['no time for a second attempt', { renewDeadline: 2_000, retryPeriod: 2_000 }, 'retryPeriod'],
    ['no pause', { retryPeriod: 0 }, 'retryPeriod'],
  ])('refuses timings with %s', (_what, timings, named) => {
    expect(() => elector('one', timings)).toThrow(named);
  });
});
