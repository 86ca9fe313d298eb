import { get } from 'node:http';
import { Lease, Secret } from '@stackwright/kube';
import { describe, expect, it } from 'vitest';
import { newController } from '../controller/builder.js';
import { aborted } from '../seams/wait.js';
import { apiError, FakeClient, FakeClock, settle, testManager } from '../testing/index.js';
import { LeaseLostError } from './manager.js';

const election = { leaderElection: { namespace: 'ns', identity: 'me' } };
const leaseKey = { namespace: 'ns', name: 'test-controller' };
const http = { http: { host: '127.0.0.1', port: 0 } };

async function fetchText(url: string): Promise<{ code: number; body: string }> {
  return new Promise((resolve, reject) => {
    get(url, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('end', () => resolve({ code: response.statusCode ?? 0, body }));
    }).on('error', reject);
  });
}

/** A runnable that writes down when it starts and ends. */
function recorded(order: string[], name: string, everyReplica = false) {
  return {
    everyReplica,
    start: async (signal: AbortSignal) => {
      order.push(`${name} started`);
      await aborted(signal);
      await settle();
      order.push(`${name} ended`);
    },
  };
}

describe('manager', () => {
  it('starts what leads after the lease and stops it before: others, controllers, lease last', async () => {
    const test = testManager(election);
    const order: string[] = [];
    test.client.before = ({ verb, resource, body }) => {
      if (resource !== Lease.plural + '.' + Lease.group) return;
      const holder = (body as { spec?: { holderIdentity?: string } } | undefined)?.spec?.holderIdentity;
      if (verb === 'create') order.push('lease taken');
      if (holder === '') order.push('lease released');
    };
    test.manager.add(recorded(order, 'controller'));
    test.manager.add(recorded(order, 'other', true));
    await test.start();
    await test.stop();
    // The first two happen at the same time.
    expect([...order.slice(0, 2).sort(), ...order.slice(2)]).toEqual([
      'lease taken',
      'other started',
      'controller started',
      'other ended',
      'controller ended',
      'lease released',
    ]);
    expect(test.client.openWatches).toBe(0);
    expect(test.clock.pending).toBe(0);
  });

  it('reconciles nothing while another process leads, but fills its caches and is ready', async () => {
    const clock = new FakeClock();
    const client = new FakeClient(clock);
    await client.create(Lease, { metadata: leaseKey, spec: { holderIdentity: 'other', leaseDurationSeconds: 15 } });
    await client.seed(Secret, { metadata: { namespace: 'ns', name: 'a' } });
    const test = testManager({ ...election, ...http, client, clock });
    let runs = 0;
    newController(test.manager, 'secret')
      .for(Secret)
      .complete(async () => void runs++);
    await test.start();
    await waitFor(() => test.manager.address !== undefined);
    await waitFor(() => test.manager.cache.hasSynced());
    expect((await fetchText(`${test.manager.address}/readyz`)).code).toBe(200);
    expect(runs).toBe(0);
    expect(await test.sample('leader_election_master_status', { name: 'test-controller' })).toBe(0);
    await clock.advance(30_000);
    expect(runs).toBe(1);
    await test.stop();
  });

  it('lets a reconcile finish its work when it is told to stop', async () => {
    const test = testManager(election);
    await test.client.seed(
      Secret,
      { metadata: { namespace: 'ns', name: 'a' } },
      { metadata: { namespace: 'ns', name: 'b' } },
    );
    let finish = () => {};
    const finished: string[] = [];
    newController(test.manager, 'secret')
      .for(Secret)
      .complete(async ({ name }, { signal }) => {
        await new Promise<void>((resolve) => (finish = resolve));
        finished.push(`${name} ${signal.aborted ? 'aborted' : 'in peace'}`);
      });
    await test.start();
    const stopping = test.stop();
    await settle();
    expect(test.client.peek(Lease, leaseKey)?.spec?.holderIdentity).toBe('me');
    finish();
    await stopping;
    expect(finished).toEqual(['a in peace']);
    expect(test.client.peek(Lease, leaseKey)?.spec?.holderIdentity).toBe('');
  });

  it('aborts a reconcile that does not end within ten seconds of the stop', async () => {
    const test = testManager();
    await test.client.seed(Secret, { metadata: { namespace: 'ns', name: 'a' } });
    let ended = false;
    newController(test.manager, 'secret')
      .for(Secret)
      .complete(async (_, { signal }) => {
        await aborted(signal);
        ended = true;
      });
    await test.start();
    const stopping = test.stop();
    await test.clock.advance(9_000);
    expect(ended).toBe(false);
    await test.clock.advance(1_000);
    await stopping;
    expect(ended).toBe(true);
  });

  it('stops without what hangs after the grace period, and says so', async () => {
    const test = testManager();
    test.manager.add({ start: () => new Promise(() => undefined) });
    await test.start();
    const stopping = test.stop();
    await test.clock.advance(30_000);
    await stopping;
    expect(test.log.entries.at(-1)?.message).toBe('Some work did not end in time');
  });

  it('keeps the lease when work that it covers did not end: it runs out, and nobody begins the same meanwhile', async () => {
    const test = testManager(election);
    await test.client.seed(Secret, { metadata: { namespace: 'ns', name: 'a' } });
    newController(test.manager, 'secret')
      .for(Secret)
      .complete(() => new Promise(() => undefined));
    await test.start();
    const stopping = test.stop();
    await test.clock.advance(30_000);
    await stopping;
    expect(test.client.peek(Lease, leaseKey)?.spec?.holderIdentity).toBe('me');
  });

  it('fails at once when the lease is lost: runs are aborted, the lease is left to its new holder', async () => {
    const test = testManager(election);
    await test.client.seed(Secret, { metadata: { namespace: 'ns', name: 'a' } });
    let reason: unknown;
    newController(test.manager, 'secret')
      .for(Secret)
      .complete(async (_, { signal }) => {
        await aborted(signal);
        reason = signal.reason;
      });
    await test.start();
    const current = await test.client.get(Lease, leaseKey);
    await test.client.update(Lease, { ...current, spec: { ...current.spec, holderIdentity: 'thief' } });
    await test.clock.advance(2_000);
    await expect(test.ended()).rejects.toBeInstanceOf(LeaseLostError);
    expect(reason).toBeInstanceOf(LeaseLostError);
    expect(test.client.peek(Lease, leaseKey)?.spec?.holderIdentity).toBe('thief');
  });

  it('fails when a runnable fails, after stopping the rest in order', async () => {
    const test = testManager(election);
    const order: string[] = [];
    test.manager.add(recorded(order, 'other', true));
    test.manager.add({ start: () => Promise.reject(new Error('broken')) });
    await test.start();
    await expect(test.ended()).rejects.toThrow('broken');
    expect(order).toEqual(['other started', 'other ended']);
    expect(test.client.peek(Lease, leaseKey)?.spec?.holderIdentity).toBe('');
  });

  it('fails when a cache does not sync within two minutes; a kind that is not installed is waited for', async () => {
    const test = testManager();
    test.client.before = ({ verb }) => {
      if (verb === 'watch') throw apiError(403, 'Forbidden');
    };
    newController(test.manager, 'secret')
      .for(Secret)
      .complete(async () => {});
    await test.start();
    await test.clock.advance(121_000);
    await expect(test.ended()).rejects.toThrow('secret: the cache of secrets did not sync within 120000 ms');

    const patient = testManager();
    patient.client.missing.add('secrets');
    newController(patient.manager, 'secret')
      .for(Secret)
      .complete(async () => {});
    await patient.start();
    await patient.clock.advance(600_000);
    await patient.stop();
  });

  it('serves metrics and health: not ready until the caches are, with the reason in words', async () => {
    const test = testManager(http);
    test.client.missing.add('secrets');
    let complaint: string | undefined = 'no connection';
    test.manager.addReadyCheck('database', () => complaint);
    newController(test.manager, 'secret')
      .for(Secret)
      .complete(async () => {});
    await test.start();
    await waitFor(() => test.manager.address !== undefined);
    await waitFor(() => test.log.entries.some(({ message }) => message === 'Kind is not installed, waiting for it'));
    const url = test.manager.address ?? '';
    expect(await fetchText(`${url}/healthz`)).toEqual({ code: 200, body: '[+]fatal ok\nok\n' });
    expect(await fetchText(`${url}/readyz`)).toEqual({
      code: 503,
      body: '[-]caches failed: not synced: secrets (not installed)\n[-]database failed: no connection\nfailed\n',
    });
    complaint = undefined;
    test.client.missing.clear();
    await test.clock.advance(10_000);
    expect((await fetchText(`${url}/readyz`)).code).toBe(200);
    const metrics = await fetchText(`${url}/metrics`);
    expect(metrics.body).toContain('controller_runtime_reconcile_total{controller="secret",result="success"} 0');
    expect(metrics.body).toContain('controller_informer_synced{resource="secrets"} 1');
    await test.stop();
    await expect(fetchText(`${url}/healthz`)).rejects.toThrow();
  });

  it('learns of secrets that go through its client, in whatever way, and tells nobody who asks for its health', async () => {
    const test = testManager(http);
    const key = { namespace: 'ns', name: 'a' };
    const encoded = (value: string) => Buffer.from(value).toString('base64');
    await test.client.seed(Secret, { metadata: key, data: { password: encoded('Gotten-0ne') } });
    const { client } = test.manager;
    await client.get(Secret, key);
    const value = encoded('Add3d-one');
    const patch = { type: 'json', body: [{ op: 'add', path: '/data/password', value }] } as const;
    await client.patch(Secret, key, patch).catch(() => undefined);
    await client
      .patch(Secret, key, { type: 'strategic', body: { stringData: { password: 'M3rged-one' } } })
      .catch(() => undefined);
    test.manager.addReadyCheck('a', () => 'neither Gotten-0ne nor Add3d-one nor M3rged-one is right');
    await test.start();
    await waitFor(() => test.manager.address !== undefined);
    expect((await fetchText(`${test.manager.address}/readyz`)).body).toContain('neither *** nor *** nor *** is right');
    await test.stop();
  });

  it('fails when its port is taken', async () => {
    const one = testManager(http);
    await one.start();
    await waitFor(() => one.manager.address !== undefined);
    const port = Number(new URL(one.manager.address ?? '').port);
    const two = testManager({ http: { host: '127.0.0.1', port } });
    await two.start();
    await expect(two.ended()).rejects.toThrow('EADDRINUSE');
    await one.stop();
  });

  it('shows each module of a process under its own name', () => {
    const test = testManager();
    const glance = test.manager.as('glance');
    expect([glance.name, glance.fieldManager]).toEqual(['glance', 'glance-controller']);
    expect(glance.cache).toBe(test.manager.cache);
    glance.log.info({}, 'Said');
    expect(test.log.entries.at(-1)?.fields).toEqual({ module: 'glance' });
  });
});

/** Waits for what the network does, which no fake clock moves. */
async function waitFor(condition: () => boolean): Promise<void> {
  while (!condition()) await settle();
}
