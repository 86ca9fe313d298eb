// The connections of a transport: one set for requests, another for watches, made anew when the certificates change.
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { createSecureContext } from 'node:tls';
import type { AgentLimits, Connection, TlsOptions } from './connection.js';

export interface Agents {
  tls: TlsOptions;
  requests: HttpAgent;
  /** A watch holds its connection for minutes: among those of requests, a few watches would starve every request. */
  watches: HttpAgent;
}

/** Shorter than the idle time-out of API servers (90 s and more), so that it is rarely they who hang up. */
const idleConnection = 60_000;

export class Pool {
  readonly #connection: Connection;
  readonly #maxSockets: number;
  #current: Agents | undefined;

  constructor(connection: Connection, maxSockets: number) {
    this.#connection = connection;
    this.#maxSockets = maxSockets;
  }

  agentsFor(tls: TlsOptions): Agents {
    if (this.#current?.tls !== tls) {
      if (this.#current) retire(this.#current);
      this.#current = { tls, requests: this.#agent(tls, this.#maxSockets), watches: this.#agent(tls, Infinity) };
    }
    return this.#current;
  }

  /** Closes the connections that nobody uses at the moment. */
  dropIdle(): void {
    if (this.#current) for (const agent of [this.#current.requests, this.#current.watches]) dropIdle(agent);
  }

  close(): void {
    this.#current?.requests.destroy();
    this.#current?.watches.destroy();
  }

  #agent(tls: TlsOptions, maxSockets: number): HttpAgent {
    const limits: AgentLimits = { keepAlive: true, maxSockets, timeout: idleConnection };
    if (this.#connection.proxyAgent) return this.#connection.proxyAgent(tls, limits);
    if (this.#connection.server.startsWith('http:')) return new HttpAgent({ ...limits, scheduling: 'lifo' });
    const { ca, cert, key, ...rest } = tls;
    // Made once: parsing a CA for every connection, and naming the pool by its bytes for every request, is not free.
    return new OneServerAgent({
      ...limits,
      ...rest,
      scheduling: 'lifo',
      secureContext: createSecureContext({ ca, cert, key }),
    });
  }
}

/** Its connections are all to one server, with the same options: to tell them apart by all of these takes longer than to find one. */
class OneServerAgent extends HttpsAgent {
  override getName(): string {
    return 'server';
  }
}

/** Calls may end on the connections of the old certificates, which then close; streams would stay on them for minutes. */
function retire({ requests, watches }: Agents): void {
  requests.maxFreeSockets = 0;
  dropIdle(requests);
  watches.destroy();
}

function dropIdle(agent: HttpAgent): void {
  for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
}
