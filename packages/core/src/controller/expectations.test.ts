import { Pod, Secret } from '@stackwright/kube';
import { beforeEach, describe, expect, it } from 'vitest';
import { apiError, FakeClock, settle, testManager, type TestManager } from '../testing/index.js';
import { newController } from './builder.js';
import { Expectations } from './expectations.js';
import { controllerOf } from './owners.js';

const request = { namespace: 'ns', name: 'a' };
const lost = apiError(0, 'Timeout');

describe('expectations', () => {
  let clock: FakeClock;
  let expectations: Expectations;
  beforeEach(() => {
    clock = new FakeClock();
    expectations = new Expectations({ clock });
  });
  const create = (outcome: () => Promise<unknown>) => expectations.creating(request, outcome).catch(() => undefined);

  it('expect nothing of what was refused, and wait for what may have been done', async () => {
    await create(() => Promise.reject(apiError(403, 'Forbidden')));
    expect(expectations.wait(request)).toBeUndefined();
    await create(() => Promise.reject(lost));
    expect(expectations.wait(request)).toBe(300_000);
    await clock.advance(299_000);
    expect(expectations.wait(request)).toBe(1_000);
    await clock.advance(1_000);
    expect(expectations.wait(request)).toBeUndefined();
  });

  it('forget 10 000 requests that never run again, without a timer left (pitfall 15)', async () => {
    for (let n = 0; n < 10_000; n++) await expectations.creating({ name: `${n}` }, async () => undefined);
    for (let n = 0; n < 10_000; n++) await expectations.deleting({ name: `d-${n}` }, 'uid', async () => undefined);
    expect(expectations.size).toBe(20_000);
    await clock.advance(600_000);
    expect(expectations.size).toBe(0);
    expect(clock.pending).toBe(0);
  });
});

describe('a controller of children with generated names', () => {
  let test: TestManager;
  let runs: number;

  /** Wants one Pod per Secret, whatever it is called. */
  const start = async () => {
    test = testManager();
    runs = 0;
    await test.client.seed(Secret, { metadata: request });
    const expectations = new Expectations({ clock: test.clock });
    const ownerOf = (pod: Readonly<Pod>) => ({ namespace: 'ns', name: controllerOf(pod)?.name ?? '' });
    expectations.observe(test.manager.cache.informer(Pod), ownerOf);
    newController(test.manager, 'pods')
      .for(Secret)
      .owns(Pod)
      .complete(async (key, { client }) => {
        runs++;
        const wait = expectations.wait(key);
        if (wait !== undefined) return { requeueAfter: wait };
        if (test.manager.cache.list(Pod).length > 0) return undefined;
        const ownerReferences = [{ apiVersion: 'v1', kind: 'Secret', name: key.name, uid: 'u', controller: true }];
        const pod = { metadata: { namespace: 'ns', generateName: 'a-', ownerReferences } } as Pod;
        await expectations.creating(key, () => client.create(Pod, pod));
        return undefined;
      });
    await test.start();
    return expectations;
  };
  const pods = () => test.client.calls.filter(({ verb }) => verb === 'create').length;

  it('makes no second child when the answer was lost and the cache is stale (pitfall 7)', async () => {
    const losing = start();
    // The first creation takes effect; its answer never comes.
    test.client.after = ({ verb }) => {
      if (verb !== 'create') return;
      test.client.watchesPaused = true;
      throw lost;
    };
    const expectations = await losing;
    while (runs < 1) await settle();
    await test.clock.advance(10_000);
    expect(runs).toBeGreaterThan(1);
    expect(pods()).toBe(1);
    test.client.watchesPaused = false;
    await test.clock.advance(60_000);
    expect(pods()).toBe(1);
    expect(expectations.size).toBe(0);
    await test.stop();
  });
});
