import { Lease, type Client } from '@stackwright/kube';
import { Registry } from 'prom-client';
import { beforeEach, describe, expect, it } from 'vitest';
import { apiError, FakeClient, FakeClock, recordingLogger, SeededRandom, settle } from '../testing/index.js';
import { LeaderElector } from './leader-election.js';
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

  const elector = (identity: string, more: { client?: Client; clock?: FakeClock } = {}) =>
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
});
