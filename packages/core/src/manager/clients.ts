// The API clients of a process.
import { createClient, createTransport, type Client, type Connection } from '@stackwright/kube';
import type { Registry } from 'prom-client';
import { observeRequests } from '../metrics/process.js';

export interface ProcessClients {
  client: Client;
  /** For the Lease alone: its connections are shared with nothing, so that a full pool cannot keep a renewal waiting. */
  lease: Client;
  close(): void;
}

export function createClients(connection: Connection, userAgent: string, metrics: Registry): ProcessClients {
  const common = { connection, userAgent, onRequest: observeRequests(metrics) };
  const transport = createTransport(common);
  // Two: an attempt that hangs is given up by the elector, and the next one must not wait for its connection to be gone.
  const leaseTransport = createTransport({ ...common, maxSockets: 2 });
  return {
    client: createClient(transport),
    lease: createClient(leaseTransport),
    close: () => {
      transport.close();
      leaseTransport.close();
    },
  };
}
