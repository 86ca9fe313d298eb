import {
  ConfigMap,
  defineResource,
  Deployment,
  HTTPRoute,
  keyOf,
  qualifiedName,
  Secret,
  type KubeObject,
  type ObjectKey,
} from '@stackwright/kube';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CacheNotSyncedError } from '../cache/cache.js';
import { TerminalError, type ReconcileContext, type Request } from '../reconciler.js';
import { aborted } from '../seams/wait.js';
import { apiError, settle, testManager, type FakeClient, type TestManager } from '../testing/index.js';
import { newController } from './builder.js';
import { generationChanged, hasLabels, matching } from './predicates.js';

interface Widget extends KubeObject {
  spec: { secretName?: string; size?: number };
}
const Widget = defineResource<Widget>({
  group: 'example.dev',
  version: 'v1',
  kind: 'Widget',
  plural: 'widgets',
  namespaced: true,
});
const widget = (name: string, spec: Widget['spec'] = {}): Widget => ({ metadata: { namespace: 'ns', name }, spec });
const at = (name: string): ObjectKey => ({ namespace: 'ns', name });
const metric = 'controller_runtime_reconcile_total';

describe('controllers', () => {
  let test: TestManager;
  let client: FakeClient;
  /** Names, in the order in which they were reconciled. */
  let reconciled: string[];
  beforeEach(() => {
    test = testManager();
    client = test.client;
    reconciled = [];
  });
  afterEach(() => test.stop());

  const record = async (request: Request) => void reconciled.push(request.name);
  const result = (name: string) => test.sample(metric, { controller: 'widget', result: name });

  it('reconciles what is there at the start, then what changes, by key', async () => {
    await client.seed(Widget, widget('a'), widget('b'));
    newController(test.manager, 'widget').for(Widget).complete(record);
    await test.start();
    expect(reconciled).toEqual(['a', 'b']);
    await client.patch(Widget, at('a'), { type: 'merge', body: { spec: { size: 1 } } });
    await client.delete(Widget, at('b'));
    await settle();
    expect(reconciled).toEqual(['a', 'b', 'a', 'b']);
    expect(await result('success')).toBe(4);
  });

  it('serves what nobody has reconciled yet before the backlog of a restart', async () => {
    await client.seed(
      Widget,
      ...['a', 'b', 'c'].map((name) => ({ ...widget(name), status: { observedGeneration: 1 } })),
    );
    await client.seed(Widget, widget('new'));
    newController(test.manager, 'widget').for(Widget).complete(record);
    await test.start();
    expect(reconciled).toEqual(['new', 'a', 'b', 'c']);
  });

  it('… whatever it owns and watches: that a child was made says nothing about its owner', async () => {
    const NetworkPolicy = defineResource<KubeObject>({
      group: 'networking.k8s.io',
      version: 'v1',
      kind: 'NetworkPolicy',
      plural: 'networkpolicies',
      namespaced: true,
    });
    for (const name of ['a', 'b', 'c']) {
      await client.seed(Widget, { ...widget(name), status: { observedGeneration: 1 } } as Widget);
      const uid = client.peek(Widget, at(name))?.metadata?.uid ?? '';
      const owner = { apiVersion: 'example.dev/v1', kind: 'Widget', name, uid, controller: true };
      // It has a generation and no status, as most kinds that are only configuration.
      await client.seed(NetworkPolicy, { metadata: { ...at(`of-${name}`), ownerReferences: [owner] } });
    }
    await client.seed(Widget, widget('new'));
    newController(test.manager, 'widget')
      .for(Widget)
      .owns(NetworkPolicy)
      .watches(HTTPRoute, () => ['a', 'b', 'c'].map(at))
      .complete(record);
    await client.seed(HTTPRoute, { metadata: at('route') });
    await test.start();
    expect(reconciled).toEqual(['new', 'a', 'b', 'c']);
  });

  it('starts no worker before every source has been told its whole initial list (pitfall 6)', async () => {
    await client.seed(Widget, widget('a'));
    await client.seed(Secret, { metadata: at('child') });
    client.before = ({ verb, resource }) => {
      if (['list', 'watch'].includes(verb) && resource === 'secrets') throw apiError(500, 'InternalError');
    };
    let children = -1;
    newController(test.manager, 'widget')
      .for(Widget)
      .owns(Secret)
      .complete(async () => void (children = test.manager.cache.list(Secret).length));
    await test.start();
    await test.clock.advance(60_000);
    expect(children).toBe(-1);
    client.before = undefined;
    await test.clock.advance(60_000);
    expect(children).toBe(1);
  });

  it('serves a new object before the backlog of the start', async () => {
    for (let n = 0; n < 5; n++) await client.seed(Widget, widget(`old-${n}`));
    newController(test.manager, 'widget')
      .for(Widget)
      .complete(async (request) => {
        reconciled.push(request.name);
        if (reconciled.length === 1) {
          await client.seed(Widget, widget('new'));
          await settle();
        }
      });
    await test.start();
    await settle();
    expect(reconciled.indexOf('new')).toBe(1);
    await vi.waitFor(() => expect(reconciled).toHaveLength(6));
  });

  it('says so of a run that ignores its signal: it keeps its worker, and nobody else would notice', async () => {
    await client.seed(Widget, widget('a'), widget('b'));
    let end: () => void = () => undefined;
    newController(test.manager, 'widget')
      .for(Widget)
      .complete(
        async ({ name }) => {
          reconciled.push(name);
          if (name === 'a' && reconciled.length === 1) await new Promise<void>((resolve) => (end = resolve));
        },
        { reconciliationTimeout: 30_000 },
      );
    await test.start();
    const overdue = () => test.sample('controller_overdue_reconciles', { controller: 'widget' });
    const said = () => test.log.entries.filter(({ message }) => message.includes('keeps its worker'));
    await test.clock.advance(35_000);
    expect([await overdue(), said().length, reconciled]).toEqual([0, 0, ['a']]);
    await test.clock.advance(3_600_000);
    expect([await overdue(), said().length, reconciled]).toEqual([1, 1, ['a']]);
    expect(said()[0]?.fields).toMatchObject({ controller: 'widget', name: 'a' });
    expect(await test.sample('controller_runtime_active_workers', { controller: 'widget' })).toBe(1);
    end();
    await settle();
    expect([await overdue(), reconciled]).toEqual([0, ['a', 'b']]);
  });

  it('asks the predicates of the whole controller about the events of every source', async () => {
    newController(test.manager, 'widget')
      .for(Widget)
      .watches(Secret, ({ metadata }) => [at(metadata?.name ?? '')], { predicates: [matching(() => true)] })
      .complete(record, { predicates: [hasLabels('mine')] });
    await test.start();
    await client.seed(Widget, widget('a'), { ...widget('b'), metadata: { ...at('b'), labels: { mine: '' } } });
    await client.seed(Secret, { metadata: at('c') }, { metadata: { ...at('d'), labels: { mine: '' } } });
    await settle();
    expect(reconciled.sort()).toEqual(['b', 'd']);
  });

  it('owns: reconciles the controlling owner of the kind, also when the child is deleted or changes hands', async () => {
    await client.seed(Widget, widget('a'), widget('b'));
    newController(test.manager, 'widget').for(Widget).owns(Secret).complete(record);
    await test.start();
    reconciled.length = 0;
    const owner = (name: string, more: object = {}) => ({
      apiVersion: 'example.dev/v9',
      kind: 'Widget',
      name,
      uid: name,
      controller: true,
      ...more,
    });
    await client.seed(Secret, { metadata: { ...at('s'), ownerReferences: [owner('a')] } });
    await settle();
    expect(reconciled.splice(0)).toEqual(['a']);
    await client.patch(Secret, at('s'), { type: 'merge', body: { metadata: { ownerReferences: [owner('b')] } } });
    await settle();
    expect(reconciled.splice(0).sort()).toEqual(['a', 'b']);
    await client.delete(Secret, at('s'));
    await settle();
    expect(reconciled.splice(0)).toEqual(['b']);
    await client.seed(
      Secret,
      { metadata: { ...at('not controlling'), ownerReferences: [owner('a', { controller: false })] } },
      { metadata: { ...at('another group'), ownerReferences: [owner('a', { apiVersion: 'other.dev/v1' })] } },
      { metadata: at('nobody') },
    );
    await settle();
    expect(reconciled).toEqual([]);
  });

  it('watches references: a change of a Secret reconciles those that name it and no other', async () => {
    await client.seed(
      Widget,
      widget('a', { secretName: 'one' }),
      widget('b', { secretName: 'two' }),
      widget('c', { secretName: 'one' }),
    );
    newController(test.manager, 'widget')
      .for(Widget)
      .watchesReferences(Secret, ({ spec }) => (spec.secretName ? [{ name: spec.secretName }] : []))
      .complete(record);
    await test.start();
    reconciled.length = 0;
    await client.seed(Secret, { metadata: at('one') });
    await settle();
    expect(reconciled.splice(0).sort()).toEqual(['a', 'c']);
    await client.patch(Widget, at('c'), { type: 'merge', body: { spec: { secretName: 'two' } } });
    await settle();
    reconciled.length = 0;
    await client.delete(Secret, at('one'));
    await settle();
    expect(reconciled).toEqual(['a']);
  });

  it('starts without the kinds that not every cluster serves, and hears of their objects once they are there', async () => {
    client.missing.add('httproutes.gateway.networking.k8s.io');
    await client.seed(Widget, widget('a'));
    newController(test.manager, 'widget')
      .for(Widget)
      .watches(HTTPRoute, () => [at('b')])
      .complete(record);
    await test.start();
    expect(reconciled.splice(0)).toEqual(['a']);
    client.missing.delete('httproutes.gateway.networking.k8s.io');
    await client.seed(HTTPRoute, { metadata: at('route') });
    await test.clock.advance(60_000);
    expect(reconciled).toEqual(['b']);
  });

  it('takes sources at run time, also of kinds that are installed later', async () => {
    client.missing.add('configmaps');
    await client.seed(Widget, widget('a'));
    const controller = newController(test.manager, 'widget').for(Widget).complete(record);
    await test.start();
    reconciled.length = 0;
    const source = controller.watches(ConfigMap, ({ metadata }) => [at(metadata?.labels?.['for'] ?? '')]);
    await test.clock.advance(60_000);
    expect(source.hasSynced()).toBe(false);
    client.missing.delete('configmaps');
    await client.seed(ConfigMap, { metadata: { ...at('cm'), labels: { for: 'a' } } });
    await test.clock.advance(60_000);
    expect(source.hasSynced()).toBe(true);
    expect(reconciled).toEqual(['a']);
    source.remove();
    await client.delete(ConfigMap, at('cm'));
    await settle();
    expect(reconciled).toEqual(['a']);
  });

  it('retries errors with back-off for that key alone, and begins anew after a success', async () => {
    await client.seed(Widget, widget('bad'), widget('good'));
    const times: number[] = [];
    newController(test.manager, 'widget')
      .for(Widget)
      .complete(async ({ name }) => {
        reconciled.push(name);
        if (name !== 'bad') return;
        times.push(test.clock.monotonic());
        if (times.length < 6) throw new Error('not yet');
      });
    await test.start();
    await test.clock.advance(1000);
    expect(times.slice(1).map((time, index) => time - (times[index] ?? 0))).toEqual([5, 10, 20, 40, 80]);
    expect(reconciled.filter((name) => name === 'good')).toHaveLength(1);
    expect(await result('error')).toBe(5);
    expect(await test.sample('controller_runtime_reconcile_errors_total')).toBe(5);
    expect(await test.sample('workqueue_retries_total')).toBe(5);
    expect(test.log.entries.filter(({ level }) => level === 'error')).toHaveLength(5);
    expect(test.log.entries.find(({ level }) => level === 'error')?.fields).toMatchObject({
      controller: 'widget',
      namespace: 'ns',
      name: 'bad',
      reconcileID: expect.any(String) as string,
    });
  });

  it('logs the stack of an error once, as long as it is the same, and that it is over', async () => {
    await client.seed(Widget, widget('a'));
    const errors = ['no', 'no', 'no', 'otherwise', 'otherwise'];
    let runs = 0;
    const controller = newController(test.manager, 'widget')
      .for(Widget)
      .complete(async () => {
        const error = errors[runs++];
        if (error !== undefined) throw new Error(error);
      });
    await test.start();
    await test.clock.advance(1_000);
    const logged = test.log.entries.filter(({ level }) => level === 'error').map(({ fields }) => 'err' in fields);
    expect(logged).toEqual([true, false, false, true, false]);
    const over = () => test.log.entries.filter(({ message }) => message === 'Reconcile succeeds again');
    expect(over()).toHaveLength(1);
    controller.enqueue(at('a'));
    await test.clock.advance(1_000);
    expect(over()).toHaveLength(1);
  });

  it('says once that trying again cannot help, however often events come', async () => {
    await client.seed(Widget, widget('a'));
    const controller = newController(test.manager, 'widget')
      .for(Widget)
      .complete(async () => {
        throw new TerminalError('two steps of one name');
      });
    await test.start();
    for (let event = 0; event < 99; event++) {
      controller.enqueue(at('a'));
      await test.clock.advance(9_000);
    }
    expect(test.log.entries.filter(({ level }) => level === 'error')).toHaveLength(1);
  });

  it('repeats after requeueAfter without counting an error, and forgets the back-off (pitfall 11)', async () => {
    await client.seed(Widget, widget('a'));
    const times: number[] = [];
    newController(test.manager, 'widget')
      .for(Widget)
      .complete(async () => {
        times.push(test.clock.monotonic());
        if (times.length === 1 || times.length === 3) throw new Error('now and then');
        return { requeueAfter: 60_000 };
      });
    await test.start();
    await test.clock.advance(120_100);
    expect(times).toEqual([0, 5, 60_005, 60_010, 120_010]);
    expect([await result('requeue_after'), await result('error')]).toEqual([3, 2]);
  });

  it.each([0, -1, -Infinity, Number.MIN_VALUE, 0.5, 1, 99])(
    'comes again, and not more often than ten times a second, after requeueAfter %d',
    async (requeueAfter) => {
      await client.seed(Widget, widget('a'));
      newController(test.manager, 'widget')
        .for(Widget)
        .complete(async ({ name }) => {
          reconciled.push(name);
          return { requeueAfter };
        });
      await test.start();
      await test.clock.advance(10_000);
      expect(reconciled).toHaveLength(101);
    },
  );

  it.each([
    ['requeueAfter', { requeueAfter: NaN }],
    ['priority', { requeueAfter: 1_000, priority: NaN }],
  ])('takes a %s that is no number for a mistake, and backs off', async (_what, returned) => {
    await client.seed(Widget, widget('a'));
    newController(test.manager, 'widget')
      .for(Widget)
      .complete(async ({ name }) => {
        reconciled.push(name);
        return returned;
      });
    await test.start();
    await test.clock.advance(60_000);
    expect(reconciled.length).toBeGreaterThan(5);
    expect(reconciled.length).toBeLessThan(20);
    expect(test.log.entries.at(-1)).toMatchObject({ level: 'error', message: 'Reconcile panicked' });
  });

  it('backs off though each run writes before it fails: its own event is no reason to hurry', async () => {
    await client.seed(Widget, widget('a'));
    const times: number[] = [];
    let mended = false;
    newController(test.manager, 'widget')
      .for(Widget)
      .watches(ConfigMap, () => [at('a')])
      .complete(async (_, { client: own }) => {
        times.push(test.clock.monotonic());
        if (mended || times.length > 1_000) return;
        await own.apply(ConfigMap, { metadata: at('a'), data: { count: `${times.length}` } }, { fieldManager: 'test' });
        throw new Error('after all');
      });
    await test.start();
    await test.clock.advance(60_000);
    expect(times.length).toBeGreaterThan(20);
    expect(times.length).toBeLessThan(90);
    // What may have mended it is tried soon all the same.
    mended = true;
    await client.patch(Widget, at('a'), { type: 'merge', body: { spec: { size: 1 } } });
    await test.clock.advance(1_000);
    expect(await result('success')).toBe(1);
  });

  it('does not retry a terminal error until something changes', async () => {
    await client.seed(Widget, widget('a'));
    newController(test.manager, 'widget')
      .for(Widget)
      .complete(async ({ name }) => {
        reconciled.push(name);
        throw new TerminalError('the spec is wrong');
      });
    await test.start();
    await test.clock.advance(3_600_000);
    expect(reconciled).toEqual(['a']);
    await client.patch(Widget, at('a'), { type: 'merge', body: { spec: { size: 2 } } });
    await settle();
    expect(reconciled).toEqual(['a', 'a']);
    expect(await test.sample('controller_runtime_terminal_reconcile_errors_total')).toBe(2);
  });

  it('lets go of objects whose kind is not served any more, and takes them up when it is again', async () => {
    await client.seed(Widget, widget('a'));
    newController(test.manager, 'widget')
      .for(Widget)
      .complete(async ({ namespace, name }) => {
        reconciled.push(name);
        test.manager.cache.get(Widget, { namespace: namespace ?? '', name });
      });
    await test.start();
    client.missing.add(qualifiedName(Widget));
    client.endWatches();
    await test.clock.advance(24 * 3_600_000);
    // As it was found, and as it went.
    expect(reconciled).toEqual(['a', 'a']);
    client.missing.delete(qualifiedName(Widget));
    await test.clock.advance(10_000);
    expect(reconciled).toEqual(['a', 'a', 'a']);
  });

  it('survives and counts programming errors, also those that are thrown before the first await', async () => {
    await client.seed(Widget, widget('a'), widget('b'));
    newController(test.manager, 'widget')
      .for(Widget)
      .complete(({ name }) => {
        reconciled.push(name);
        if (name === 'a' && reconciled.length < 3) throw new TypeError('undefined is not a function');
        return Promise.resolve();
      });
    await test.start();
    await test.clock.advance(100);
    expect(reconciled).toEqual(['a', 'b', 'a']);
    expect(await test.sample('controller_runtime_reconcile_panics_total')).toBe(1);
  });

  it('lets others have their turn in the middle of a backlog that waits for nothing (pitfall 13)', async () => {
    await client.seed(Widget, ...['a', 'b', 'c', 'd', 'e'].map((name) => widget(name)));
    newController(test.manager, 'widget')
      .for(Widget)
      .complete(async ({ name }) => {
        if (name === 'a') setImmediate(() => reconciled.push('another'));
        reconciled.push(name);
      });
    let time = 0;
    vi.spyOn(test.clock, 'monotonic').mockImplementation(() => (time += 6));
    await test.start();
    await vi.waitFor(() => expect(reconciled).toHaveLength(6));
    expect(reconciled.indexOf('another')).toBeLessThan(3);
  });

  it('gives way to conflicts and to caches that are not there yet: a retry, not an error', async () => {
    await client.seed(Widget, widget('a'));
    const errors = [apiError(409, 'Conflict'), new CacheNotSyncedError('secrets')];
    newController(test.manager, 'widget')
      .for(Widget)
      .complete(async () => {
        const error = errors.shift();
        if (error) throw error;
      });
    await test.start();
    await test.clock.advance(100);
    expect([await result('requeue'), await result('error'), await result('success')]).toEqual([2, 0, 1]);
  });

  it('aborts a run that takes too long, its calls included, counts it and retries', async () => {
    await client.seed(Widget, widget('a'));
    let runs = 0;
    newController(test.manager, 'widget')
      .for(Widget)
      .complete(
        async (_, { signal }) => {
          if (++runs > 1) return;
          await aborted(signal);
          throw signal.reason as Error;
        },
        { reconciliationTimeout: 1000 },
      );
    await test.start();
    await test.clock.advance(999);
    expect(runs).toBe(1);
    await test.clock.advance(100);
    expect(runs).toBe(2);
    expect(await test.sample('controller_runtime_reconcile_timeouts_total')).toBe(1);
    expect(await result('error')).toBe(1);
  });

  it('runs different keys at once up to the limit, one key never', async () => {
    for (const name of ['a', 'b', 'c']) await client.seed(Widget, widget(name));
    const running = new Set<string>();
    let most = 0;
    const controller = newController(test.manager, 'widget')
      .for(Widget)
      .complete(
        async (request) => {
          expect(running.has(keyOf(request))).toBe(false);
          running.add(keyOf(request));
          most = Math.max(most, running.size);
          if (reconciled.push(request.name) < 6) controller.enqueue(request);
          await settle();
          running.delete(keyOf(request));
        },
        { maxConcurrentReconciles: 2 },
      );
    await test.start();
    for (let turn = 0; turn < 10; turn++) await settle();
    expect(most).toBe(2);
    expect(reconciled.length).toBeGreaterThan(6);
    expect(await test.sample('controller_runtime_max_concurrent_reconciles')).toBe(2);
    expect(await test.sample('controller_runtime_active_workers')).toBe(0);
  });

  describe('with own writes that the cache does not show yet (pitfall 7)', () => {
    /** Makes a child with a name of its own whenever the cache shows none. */
    const makeChild = async (request: Request, { client: api }: ReconcileContext) => {
      reconciled.push(request.name);
      if (test.manager.cache.list(Secret).length > 0) return;
      await api.create(Secret, { metadata: at(`child-${reconciled.length}`) });
    };

    it('waits for them, so that nothing is made twice', async () => {
      await client.seed(Widget, widget('a'));
      const controller = newController(test.manager, 'widget')
        .for(Widget)
        .owns(Secret)
        .complete(async (request, context) => {
          client.watchesPaused = true;
          await makeChild(request, context);
        });
      await test.start();
      controller.enqueue(at('a'));
      await test.clock.advance(1000);
      expect(reconciled).toHaveLength(1);
      expect(await test.sample('controller_stale_sync_skips_total', { result: 'put_off' })).toBeGreaterThan(10);
      client.watchesPaused = false;
      await test.clock.advance(100);
      expect(reconciled).toHaveLength(2);
      expect(client.writes).toHaveLength(1);
    });

    it('waits for deletions by uid, too', async () => {
      await client.seed(Widget, widget('a'));
      await client.seed(Secret, { metadata: at('child') });
      const seen: number[] = [];
      const controller = newController(test.manager, 'widget')
        .for(Widget)
        .owns(Secret)
        .complete(async (_, { client: api }) => {
          client.watchesPaused = true;
          seen.push(test.manager.cache.list(Secret).length);
          if (seen.length === 1) await api.delete(Secret, at('child'));
        });
      await test.start();
      controller.enqueue(at('a'));
      await test.clock.advance(500);
      client.watchesPaused = false;
      await test.clock.advance(100);
      expect(seen).toEqual([1, 0]);
    });

    it('runs anyway after five seconds, and says so', async () => {
      await client.seed(Widget, widget('a'));
      const controller = newController(test.manager, 'widget')
        .for(Widget)
        .owns(Secret)
        .complete(async (request, context) => {
          client.watchesPaused = true;
          await makeChild(request, context);
        });
      await test.start();
      controller.enqueue(at('a'));
      await test.clock.advance(4900);
      expect(reconciled).toHaveLength(1);
      await test.clock.advance(200);
      expect(reconciled).toHaveLength(2);
      expect(await test.sample('controller_stale_sync_skips_total', { result: 'timed_out' })).toBe(1);
      expect(test.log.entries.some(({ level }) => level === 'warn')).toBe(true);
    });

    it('does not wait for kinds that nobody watches, dry runs, or other requests', async () => {
      await client.seed(Widget, widget('a'), widget('b'));
      newController(test.manager, 'widget')
        .for(Widget)
        .complete(async (request, { client: api }) => {
          client.watchesPaused = true;
          reconciled.push(request.name);
          if (reconciled.length > 2) return;
          await api.create(Secret, { metadata: at(request.name) });
          await api.patch(
            Widget,
            at(request.name),
            { type: 'merge', body: { spec: { size: 3 } } },
            { dryRun: true, signal: new AbortController().signal },
          );
        });
      await test.start();
      expect(reconciled).toEqual(['a', 'b']);
      expect(await test.sample('controller_stale_sync_skips_total', { result: 'put_off' })).toBe(0);
      expect(client.calls.find(({ verb }) => verb === 'create')?.options).toMatchObject({
        fieldManager: 'test-controller',
      });
    });
  });

  it('with generationChanged, a status write of its own wakes nobody (pitfall 8); another watch may look at more (pitfall 9)', async () => {
    await client.seed(Widget, widget('a'));
    newController(test.manager, 'widget')
      .for(Widget, { predicates: [generationChanged] })
      .complete(async (request, { client: api }) => {
        reconciled.push(request.name);
        const status = { type: 'merge', body: { status: { runs: reconciled.length } } } as const;
        await api.patch(Widget, request, status, { subresource: 'status' });
      });
    newController(test.manager, 'annotations').for(Widget).complete(record);
    await test.start();
    await test.clock.advance(10_000);
    expect(reconciled).toHaveLength(3); // one of `widget`, two of `annotations`: the object and its status
    reconciled.length = 0;
    await client.patch(Widget, at('a'), { type: 'merge', body: { metadata: { annotations: { trigger: 'now' } } } });
    await test.clock.advance(10_000);
    expect(reconciled).toHaveLength(1);
  });

  it('remembers nothing of 2 000 objects that came, failed once, wrote and went (pitfall 15)', async () => {
    const failed = new Set<string>();
    newController(test.manager, 'widget')
      .for(Widget)
      .owns(Secret)
      .complete(
        async (request, { client: api }) => {
          if (!test.manager.cache.get(Widget, request)) return;
          await api.apply(Secret, { metadata: at(request.name) }, { fieldManager: 'test', force: true });
          if (!failed.has(request.name)) {
            failed.add(request.name);
            throw new Error('first time');
          }
        },
        { maxConcurrentReconciles: 50 },
      );
    await test.start();
    for (let n = 0; n < 2000; n++) await client.seed(Widget, widget(`w-${n}`));
    await test.clock.advance(20_000);
    for (let n = 0; n < 2000; n++) await client.delete(Widget, at(`w-${n}`));
    await test.clock.advance(20_000);
    expect(await test.sample('workqueue_depth', { name: 'widget', priority: '0' })).toBe(0);
    // Resync of two informers, of which one timer each, is all that is left.
    expect(test.clock.pending).toBe(2);
  });

  it('finds mistakes when it is built', () => {
    const build = () => newController(test.manager, 'twice').for(Widget).complete(record);
    build();
    expect(build).toThrow('already');
    expect(() => newController(test.manager, 'none').complete(record)).toThrow('nothing is watched');
    expect(() => newController(test.manager, 'owner').owns(Secret).complete(record)).toThrow('for()');
    expect(() => newController(test.manager, 'two').for(Widget).for(Deployment)).toThrow('twice');
  });
});
