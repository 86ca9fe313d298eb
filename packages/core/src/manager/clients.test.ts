// A lease must be renewed whatever the rest of the process does to its connections.
import { createServer, type Server } from 'node:http';
import { connect, createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { connectionTo, Lease, Secret } from '@stackwright/kube';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { systemClock } from '../seams/system-clock.js';
import { systemRandom } from '../seams/system-random.js';
import { recordingLogger } from '../testing/index.js';
import { createClients } from './clients.js';
import { LeaderElector } from './leader-election.js';

const lease = { kind: 'Lease', apiVersion: 'coordination.k8s.io/v1', metadata: { namespace: 'ns', name: 'a' } };
let server: Server;
/** Requests that are never answered. */
let hanging: number;
/** Requests for the lease. */
let leases: number;
let changed: () => void;

beforeEach(async () => {
  hanging = 0;
  leases = 0;
  changed = () => undefined;
  server = createServer((request, response) => {
    if (request.url?.includes('/leases/')) {
      leases++;
      response.end(JSON.stringify(lease));
    } else hanging++;
    changed();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

it('the lease has connections of its own: a pool that is used up does not keep a renewal waiting (pitfall 13)', async () => {
  const connection = connectionTo({ server: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  const clients = createClients(connection, 'test', new Registry());
  const key = { namespace: 'ns', name: 'a' };
  const stuck = Array.from({ length: 100 }, () => clients.client.get(Secret, key).catch(() => undefined));
  // As many as the pool lets out; the others, and whatever comes, wait behind them.
  await new Promise<void>((resolve) => (changed = () => hanging === 32 && resolve()));
  let answered = false;
  void clients.client.get(Lease, key).then(
    () => (answered = true),
    () => undefined,
  );
  expect((await clients.lease.get(Lease, key)).kind).toBe('Lease');
  expect(answered).toBe(false);
  clients.close();
  await Promise.all(stuck);
});

it('a connection that went silent costs one attempt to renew: the next one has a connection of its own', async () => {
  // A balancer that forgets the connections it has, without a word to anybody, and takes new ones.
  const open: [Socket, Socket][] = [];
  let accepted = 0;
  const balancer = createTcpServer((from) => {
    accepted++;
    const to = connect((server.address() as AddressInfo).port, '127.0.0.1');
    open.push([from, to]);
    for (const socket of [from, to]) socket.on('error', () => undefined);
    from.pipe(to).pipe(from);
  });
  await new Promise<void>((resolve) => balancer.listen(0, '127.0.0.1', resolve));
  const connection = connectionTo({ server: `http://127.0.0.1:${(balancer.address() as AddressInfo).port}` });
  const clients = createClients(connection, 'test', new Registry());
  const elector = new LeaderElector({
    client: clients.lease,
    clock: systemClock,
    random: systemRandom,
    log: recordingLogger(),
    metrics: new Registry(),
    namespace: 'ns',
    name: 'a',
    identity: 'one',
    leaseDuration: 9_000,
    renewDeadline: 3_000,
    retryPeriod: 100,
  });
  const stop = new AbortController();
  await elector.acquire(stop.signal);
  const holding = elector.hold(stop.signal);
  for (const [from, to] of open) {
    from.unpipe(to);
    to.unpipe(from);
  }
  const [before, connections] = [leases, accepted];
  const renewed = new Promise<void>((resolve) => (changed = () => leases > before && resolve()));
  await Promise.race([renewed, holding]);
  expect(leases).toBeGreaterThan(before);
  expect(accepted).toBeGreaterThan(connections);
  expect(elector.leading).toBe(true);
  stop.abort();
  await holding;
  clients.close();
  balancer.close();
  for (const socket of open.flat()) socket.destroy();
});
