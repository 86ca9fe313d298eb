import { Secret } from '@stackwright/kube';
import { describe, expect, it } from 'vitest';
import { defineGraph } from '../declare/graph.js';
import { done, failed, waiting, type ExternalStep } from '../declare/step.js';
import { GraphHarness } from '../testing/graph-harness.js';
import { Sample, sample } from '../testing/sample.js';

/** A database server: what it has, and how it behaves. */
class Server {
  readonly databases = new Set<string>();
  down = false;
  silent = false;
  ignores = false;
  looks = 0;
  changes = 0;

  async look(): Promise<ReadonlySet<string>> {
    this.looks++;
    if (this.silent) await new Promise(() => undefined);
    if (this.down) throw new Error('connect ECONNREFUSED mysql://root:hunter2@db:3306');
    return new Set(this.databases);
  }

  async create(name: string): Promise<void> {
    this.changes++;
    if (!this.ignores) this.databases.add(name);
  }
}

type Step = ExternalStep<Sample, ReadonlySet<string>, string, { database: string }>;

function databaseGraph(server: Server, more: Partial<Step> = {}) {
  return defineGraph<Sample>(Sample, (g) => {
    const database = g.external({
      name: 'Database',
      reads: [Secret],
      ready: (scope) => (scope.get(Secret, 'admin') ? done() : waiting('WaitingForObject', 'Waits for Secret admin')),
      observe: () => server.look(),
      diff: (scope, observed) => (observed.has(scope.name) ? [] : [scope.name]),
      describe: (name) => `create database ${name}`,
      apply: async (_scope, names) => {
        for (const name of names) await server.create(name);
      },
      output: (scope) => ({ database: scope.name }),
      ...more,
    });
    g.step({
      name: 'Connection',
      after: [database],
      owns: [Secret],
      run: (scope) => (
        scope.own(Secret, { metadata: { name: 'connection' }, data: { database: scope.output(database).database } }),
        done()
      ),
    });
  });
}

async function harnessFor(server: Server, more: Partial<Step> = {}): Promise<GraphHarness<Sample>> {
  const harness = new GraphHarness(databaseGraph(server, more));
  await harness.api.seed(Secret, { metadata: { namespace: 'ns', name: 'admin' } });
  await harness.create(sample());
  return harness;
}

describe('an external step', () => {
  it('changes what is outside, and steps after it get its output, in one reconcile', async () => {
    const server = new Server();
    const harness = await harnessFor(server);
    await harness.reconcile();
    expect([...server.databases]).toEqual(['sample']);
    expect(harness.api.peek(Secret, { namespace: 'ns', name: 'connection' })?.data).toEqual({ database: 'sample' });
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(harness.logs).toContainEqual(expect.objectContaining({ message: 'Changed what is outside' }));
  });

  it('does not look outside before it is ready to', async () => {
    const server = new Server();
    const harness = await harnessFor(server);
    await harness.api.delete(Secret, { namespace: 'ns', name: 'admin' });
    await harness.settle();
    expect(server.looks).toBe(0);
    expect(harness.condition('DatabaseReady')).toMatchObject({ reason: 'WaitingForObject' });
  });

  it('tells what a change says of itself, once it is made', async () => {
    const server = new Server();
    const tells: Step['tells'] = (_scope, name) => ({ reason: 'MadeAgain', note: `${name} was gone` });
    const harness = await harnessFor(server, { tells });
    server.ignores = true;
    await harness.settle();
    const told = () => harness.events.filter(({ reason }) => reason === 'MadeAgain');
    expect(told()).toEqual([]);
    server.ignores = false;
    await harness.clock.advance(300_000);
    await harness.settle();
    expect(told()).toMatchObject([{ type: 'Warning', note: 'sample was gone' }]);
    await harness.clock.advance(300_000);
    await harness.settle();
    expect(told()).toHaveLength(1);
  });

  it('looks again only when something that it read has changed, or after its resync', async () => {
    const server = new Server();
    const harness = await harnessFor(server, { resync: 60_000 });
    await harness.settle();
    const before = server.looks;
    for (let round = 0; round < 5; round++) await harness.reconcile();
    expect(server.looks).toBe(before);

    await harness.edit(Secret, 'admin', { data: { password: 'bmV3' } });
    const { requeueAfter } = await harness.reconcile();
    expect(server.looks).toBe(before + 1);
    expect(requeueAfter).toBe(60_000);

    server.databases.clear();
    await harness.clock.advance(60_000);
    await harness.reconcile();
    expect([...server.databases]).toEqual(['sample']);
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
  });

  it('backs off while the other side fails, at a bounded rate however often it is asked', async () => {
    const server = new Server();
    server.down = true;
    const harness = await harnessFor(server, {
      explain: (error) => ({ reason: 'ServerUnreachable', message: String(error) }),
    });
    for (let second = 0; second < 600; second++) {
      await harness.reconcile();
      await harness.clock.advance(1_000);
    }
    expect(server.looks).toBeLessThan(15);
    expect(harness.condition('Ready')).toMatchObject({
      reason: 'ServerUnreachable',
      message: 'Error: connect ECONNREFUSED mysql://***@db:3306',
    });
    expect(JSON.stringify([harness.logs, harness.events, harness.object])).not.toContain('hunter2');
    expect(harness.events.filter(({ type }) => type === 'Warning')).toHaveLength(1);

    server.down = false;
    await harness.clock.advance(120_000 * 1.2);
    await harness.reconcile();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });

  it('looks at what has failed no less often than at what is well', async () => {
    const server = new Server();
    server.down = true;
    const harness = await harnessFor(server, { resync: 10_000 });
    for (let failure = 0; failure < 10; failure++) {
      const { requeueAfter = Infinity } = await harness.settle();
      expect(requeueAfter).toBeLessThanOrEqual(12_000);
      await harness.clock.advance(requeueAfter);
    }
    expect(server.looks).toBe(10);
  });

  it('that is not ready any more looks at nothing, and waits longer and longer however old its observation is', async () => {
    const server = new Server();
    let isReady = true;
    const harness = await harnessFor(server, {
      ready: () => (isReady ? done() : failed('CredentialsMissing', 'the Secret has no key "port"')),
    });
    await harness.settle();
    isReady = false;
    const delays: number[] = [];
    for (let attempt = 0; attempt < 14; attempt++) {
      const { requeueAfter = 0 } = await harness.reconcile();
      delays.push(requeueAfter);
      await harness.clock.advance(requeueAfter);
    }
    expect(delays.slice(0, 4)).toEqual([1_000, 1_000, 2_000, 4_000]);
    expect(delays.at(-1)).toBe(300_000);
    expect(server.looks).toBe(2);
  });

  it('looks again where its difference is not what it was a moment ago', async () => {
    const server = new Server();
    let asked = 0;
    const harness = await harnessFor(server, { diff: () => (asked++ % 2 === 0 ? ['x'] : []) });
    const { requeueAfter } = await harness.reconcile();
    expect(harness.condition('DatabaseReady')).toMatchObject({ status: 'False', reason: 'Pending' });
    expect(requeueAfter).toBe(1_000);
  });

  it('waits, where the other side cannot be asked because of something else, and looks again by itself', async () => {
    const server = new Server();
    server.down = true;
    const on = { apiVersion: 'v1', kind: 'Service', name: 'keystone', namespace: 'ns' };
    const harness = await harnessFor(server, {
      explain: () => ({ state: 'Waiting', reason: 'WaitingForObject', message: 'No token', on }),
    });
    const { requeueAfter = 0 } = await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ reason: 'WaitingForObject', message: 'No token' });
    expect(harness.object.status).toMatchObject({
      waitingFor: [{ step: 'Database', kind: 'Service', name: 'keystone' }],
    });
    expect(harness.events.filter(({ type }) => type === 'Warning')).toEqual([]);
    server.down = false;
    await harness.clock.advance(requeueAfter);
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });

  it('tries again at once when what it reads has changed', async () => {
    const server = new Server();
    server.down = true;
    const harness = await harnessFor(server);
    await harness.settle();
    server.down = false;
    await harness.edit(Secret, 'admin', { data: { password: 'bmV3' } });
    await harness.reconcile();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });

  it('does not wait for ever for an answer', async () => {
    const server = new Server();
    server.silent = true;
    const harness = await harnessFor(server, { timeout: 5_000 });
    const reconcile = harness.reconcile();
    await harness.clock.advance(5_000);
    await reconcile;
    expect(harness.condition('DatabaseReady')).toMatchObject({ reason: 'Error', message: 'No answer within 5 s' });
  });

  it('fails, and does not repeat at once, when its change does not last', async () => {
    const server = new Server();
    server.ignores = true;
    const harness = await harnessFor(server);
    await harness.settle();
    expect(server.changes).toBe(1);
    expect(harness.condition('DatabaseReady')).toMatchObject({
      message: 'What was changed is not so afterwards: create database sample',
    });
  });

  it('is asked anew after a restart, and changes nothing that is right', async () => {
    const server = new Server();
    const harness = await harnessFor(server);
    await harness.settle();
    harness.restart();
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
    expect(server.changes).toBe(1);
  });

  it('that was done stays so while a look or two fail, and says the third', async () => {
    const server = new Server();
    const harness = await harnessFor(server, { resync: 60_000 });
    await harness.settle();
    server.down = true;
    await harness.clock.advance(60_000);
    for (let failure = 1; failure < 3; failure++) {
      expect(await harness.writesOf(() => harness.reconcile())).toEqual([]);
      expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
      await harness.clock.advance(3_000);
    }
    expect(server.looks).toBe(4);
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'Error' });
  });

  it('that was done and whose look failed once is well when the next one is answered', async () => {
    const server = new Server();
    const harness = await harnessFor(server, { resync: 60_000 });
    await harness.settle();
    for (let resync = 0; resync < 5; resync++) {
      server.down = true;
      await harness.clock.advance(60_000);
      await harness.reconcile();
      server.down = false;
      await harness.clock.advance(2_000);
      expect(await harness.writesOf(() => harness.settle())).toEqual([]);
    }
  });

  it('says at once that it fails where what it asks for or asks with has changed', async () => {
    const server = new Server();
    const harness = await harnessFor(server);
    await harness.settle();
    server.down = true;
    await harness.edit(Secret, 'admin', { data: { password: 'bmV3' } });
    await harness.reconcile();
    expect(harness.condition('Ready')).toMatchObject({ status: 'False' });
  });

  it('that a process before has found done is not said to have failed because of one look, nor what stands on it', async () => {
    const server = new Server();
    const harness = await harnessFor(server);
    await harness.settle();
    harness.restart();
    server.down = true;
    expect(await harness.writesOf(() => harness.reconcile())).toEqual([]);
    server.down = false;
    await harness.clock.advance(2_000);
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });

    harness.restart();
    server.down = true;
    for (let look = 0; look < 3; look++) {
      await harness.reconcile();
      await harness.clock.advance(5_000);
    }
    expect(harness.condition('Ready')).toMatchObject({ status: 'False' });
    // Nobody has found anything wrong with it.
    expect(harness.condition('ConnectionReady')).toMatchObject({ status: 'True' });
  });

  it('is said to be down also by processes that are ended every two seconds, and by none at its first look', async () => {
    const server = new Server();
    const harness = await harnessFor(server);
    await harness.settle();
    server.down = true;
    harness.restart();
    expect(await harness.writesOf(() => harness.reconcile())).toEqual([]);
    harness.restart();
    const { requeueAfter = Infinity } = await harness.reconcile();
    expect(requeueAfter).toBeLessThan(2_000);
    await harness.clock.advance(requeueAfter);
    await harness.reconcile();
    expect(harness.condition('Ready')).toMatchObject({ status: 'False' });
    // The next one knows that from the status, and has nothing to write.
    harness.restart();
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
    server.down = false;
    await harness.clock.advance(120_000);
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });
});
