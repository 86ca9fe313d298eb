// Whatever a step says and whatever goes wrong, an object is reconciled a bounded number of times per second: by its own doing,
// with nobody changing anything.
import { ConfigMap, Deployment, Job, Secret } from '@stackwright/kube';
import { CacheNotSyncedError, KindMissingError } from '@stackwright/core';
import { apiError, testManager, type FakeCall } from '@stackwright/core/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { controllerForGraph } from '../controller.js';
import { defineGraph } from '../declare/graph.js';
import { done, failed, waiting, type Outcome, type StepScope } from '../declare/step.js';
import { Sample, sample } from '../testing/sample.js';

/** Milliseconds that a behaviour lasts: longer than an observation is good for, so that one made in good times gets old. */
const phase = 100_000;
const resync = 40_000;
/**
 * Of each second, once what failed at first has begun to wait: one, another where that fails every other time (a first failure is
 * tried again at once), and the echo of what it wrote. And what the first moments of a phase may cost beside.
 */
const perSecond = 3;
const atFirst = 40;

const delay = fc.constantFrom(undefined, 0, -1, NaN, Infinity, -Infinity, Number.MIN_VALUE, 0.5, 1, 900, 5_000);

const outcome = fc.oneof(
  fc.record({ says: fc.constantFrom('Done' as const, 'Waiting' as const, 'Failed' as const), delay }),
  fc.record({
    says: fc.constantFrom('throws' as const, 'throws a word' as const, 'is missing' as const, 'is not synced' as const),
    delay: fc.constant(undefined),
  }),
);
type Says = typeof outcome extends fc.Arbitrary<infer T> ? T : never;

/** What a step wants: the same each time, something else each time, or in turns. */
const wants = fc.constantFrom('nothing', 'the same', 'another', 'gone', 'by the clock', 'amended', 'another name');
const call = fc.constantFrom('well' as const, 'throws' as const, 'hangs' as const, 'waits' as const);
const outside = fc.record({
  ready: outcome,
  observe: call,
  differs: fc.constantFrom('never', 'always', 'at random', 'throws'),
  apply: call,
  output: fc.constantFrom('well', 'throws'),
  explain: fc.constantFrom('not', 'Waiting', 'Failed', 'throws'),
});
type Outside = typeof outside extends fc.Arbitrary<infer T> ? T : never;

const fault = fc.record({
  verb: fc.constantFrom('get', 'create', 'apply', 'patch', 'delete'),
  of: fc.constantFrom('configmaps', 'secrets', 'samples.test.dev', 'samples.test.dev/status'),
  error: fc.constantFrom(
    ...[403, 404, 410, 422, 429, 500, 503].map((code) => [code, 'Whatever'] as const),
    [409, 'Conflict'] as const,
    [409, 'AlreadyExists'] as const,
    [0, 'ConnectionFailed'] as const,
  ),
  every: fc.constantFrom(1, 2),
});
type Fault = typeof fault extends fc.Arbitrary<infer T> ? T : never;

const behaviour = fc.record({ step: outcome, wants, outside, faults: fc.array(fault, { maxLength: 2 }) });

type Behaviour = typeof behaviour extends fc.Arbitrary<infer T> ? T : never;

/** A loop that never waits would stand still in the clock's time: then it is told to end, and the count says what it was. */
const tooMany = 600;

class World {
  asked = 0;
  #runs = 0;
  #now: Behaviour;

  constructor(now: Behaviour) {
    this.#now = now;
  }

  set now(now: Behaviour) {
    this.#now = now;
    this.#runs = 0;
  }

  get now(): Behaviour {
    return this.#now;
  }

  ran(): void {
    if (++this.#runs > tooMany) throw new Error('ran too often');
  }
}

function say({ says, delay: after }: Says): Outcome<undefined> {
  const soon = after === undefined ? {} : { after };
  switch (says) {
    case 'Done':
      return done(undefined, soon);
    case 'Waiting':
      return waiting('Pending', 'waits', soon);
    case 'Failed':
      return failed('Error', 'fails', after === undefined ? {} : { retryAfter: after });
    case 'throws':
      throw new Error('thrown');
    case 'throws a word':
      // What a library may throw.
      throw Object.assign(Object.create(null) as Error, { word: true });
    case 'is missing':
      throw new KindMissingError('the cluster has no such kind');
    case 'is not synced':
      throw new CacheNotSyncedError('the cache is not there yet');
  }
}

function want(scope: StepScope<Sample>, how: string, world: World): void {
  const { name, clock } = scope;
  const observed = scope.get(ConfigMap, name);
  const count = `${world.asked++}`;
  if (how === 'the same') scope.own(ConfigMap, { metadata: { name }, data: { same: 'x' } });
  if (how === 'another') scope.own(ConfigMap, { metadata: { name }, data: { count } });
  if (how === 'another name') scope.own(ConfigMap, { metadata: { name: `${name}-${count}` }, data: {} });
  if (how === 'gone' && observed) scope.remove(ConfigMap, observed);
  if (how === 'gone') scope.own(ConfigMap, { metadata: { name }, data: {} });
  if (how === 'by the clock') scope.own(ConfigMap, { metadata: { name }, data: { now: `${clock.now()}` } });
  if (how !== 'amended') return;
  const secret = scope.ownOnce(Secret, name, () => ({ metadata: { name }, data: {} }));
  if (secret) scope.amend(Secret, secret, () => ({ patch: { data: { count } } }));
}

async function calls(how: string, signal: AbortSignal): Promise<void> {
  if (how === 'throws') throw new Error('the other side is down');
  if (how === 'hangs')
    await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('late'))));
}

function graphOf(world: World) {
  const external = (): Outside => world.now.outside;
  return defineGraph<Sample>(Sample, (g) => {
    const first = g.external<number, string, number>({
      name: 'Outside',
      resync,
      reads: [Secret],
      ready: () => (world.ran(), say(external().ready)),
      observe: async (_scope, signal) => {
        await calls(external().observe, signal);
        return world.asked++;
      },
      diff: (_scope, observed) => {
        const { differs } = external();
        if (differs === 'throws') throw new Error('cannot compare');
        return differs === 'always' || (differs === 'at random' && (observed + world.asked++) % 2 === 0) ? ['it'] : [];
      },
      describe: (change) => change,
      apply: (_scope, _changes, signal) => calls(external().apply, signal),
      output: (_scope, observed) => {
        if (external().output === 'throws') throw new Error('has no output');
        return observed;
      },
      explain: (error) => {
        const { explain } = external();
        if (explain === 'throws') throw new Error('cannot explain');
        return { ...(explain === 'Waiting' ? { state: explain } : {}), reason: 'Error', message: String(error) };
      },
      remove: (_scope, signal) => calls(external().apply, signal),
    });
    g.step({
      name: 'Own',
      owns: [ConfigMap, Secret],
      run(scope) {
        world.ran();
        want(scope, world.now.wants, world);
        return say(world.now.step);
      },
    });
    g.step({
      name: 'After',
      after: [first],
      owns: [Deployment, Job],
      run: (scope) => (scope.output(first), done()),
    });
  });
}

function failing(faults: readonly Fault[]): (call: FakeCall) => void {
  const counts = new Map<Fault, number>();
  return ({ verb, resource, options }) => {
    const { subresource } = options as { subresource?: string };
    const of = subresource === undefined ? resource : `${resource}/${subresource}`;
    for (const one of faults) {
      if (one.verb !== verb || one.of !== of) continue;
      const count = (counts.get(one) ?? 0) + 1;
      counts.set(one, count);
      if (count % one.every === 0) throw apiError(one.error[0], one.error[1], 'as the test says');
    }
  };
}

describe('whatever a step says and whatever goes wrong', () => {
  it('an object is reconciled a bounded number of times per second, until it is gone', async () => {
    const deletion = fc.constantFrom('none', 'Retain' as const, 'Delete' as const);
    await fc.assert(
      fc.asyncProperty(fc.array(behaviour, { minLength: 1, maxLength: 3 }), deletion, async (behaviours, policy) => {
        const [start] = behaviours;
        if (!start) return;
        const world = new World(start);
        const test = testManager();
        const reconciles = async (): Promise<number> => {
          const values = (await test.manager.metrics.getSingleMetric('controller_runtime_reconcile_total')?.get())
            ?.values;
          return (values ?? []).reduce((sum, { value }) => sum + value, 0);
        };
        const isBounded = async (milliseconds: number, most: number): Promise<void> => {
          const before = await reconciles();
          await test.clock.advance(milliseconds);
          expect((await reconciles()) - before).toBeLessThanOrEqual(most);
        };
        controllerForGraph(test.manager, graphOf(world));
        await test.client.seed(Sample, {
          ...sample(policy === 'none' ? {} : { deletionPolicy: policy }),
          metadata: { namespace: 'ns', name: 'one' },
        });
        await test.start();
        for (const [index, one] of behaviours.entries()) {
          world.now = one;
          test.client.before = failing(one.faults);
          if (index === behaviours.length - 1 && policy !== 'none') {
            await test.client.delete(Sample, { namespace: 'ns', name: 'one' }).catch(() => undefined);
          }
          await isBounded(10_000, atFirst + 10 * perSecond);
          for (let at = 10_000; at < phase; at += 30_000) await isBounded(30_000, 4 + 30 * perSecond);
        }
        const stopped = test.stop();
        // Runs have time to end by themselves.
        await test.clock.advance(60_000);
        await stopped;
      }),
      { numRuns: 40, endOnFailure: true },
    );
  }, 120_000);
});
