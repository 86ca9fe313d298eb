// A lease must be renewed whatever the rest of the process does to its connections.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connectionTo, Lease, Secret } from '@stackwright/kube';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createClients } from './clients.js';

let server: Server;
/** Requests that are never answered. */
let hanging: number;
let changed: () => void;

beforeEach(async () => {
  hanging = 0;
  changed = () => undefined;
  server = createServer((request, response) => {
    if (request.url?.includes('/leases/')) response.end('{"kind":"Lease","apiVersion":"coordination.k8s.io/v1"}');
    else {
      hanging++;
      changed();
    }
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
