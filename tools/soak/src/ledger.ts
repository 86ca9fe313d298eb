// A system outside Kubernetes that loses answers: what a cloud's API is to its controllers. It knows what it was told, so
// it can say what it was told twice.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { json } from 'node:stream/consumers';
import type { Random } from './random.js';

export class Ledger {
  readonly accounts = new Map<string, number>();
  /** What should not have been asked for, in words. */
  readonly findings: string[] = [];
  /** Of each request, the chance that it goes wrong. */
  trouble = 0;
  lostAnswers = 0;
  writes = 0;
  readonly #random: Random;
  readonly #server = createServer((request, response) => {
    this.#serve(request, response).catch(() => response.destroy());
  });

  constructor(random: Random) {
    this.#random = random;
  }

  /** Resolves with the address. */
  async start(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const account = (request.url ?? '').slice(1);
    const chance = this.#random.next();
    if (chance < this.trouble / 2) {
      response.writeHead(500).end();
      return;
    }
    const answer = await this.#do(request, account);
    if (chance < this.trouble) {
      this.lostAnswers += 1;
      response.destroy();
      return;
    }
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ revision: answer }));
  }

  async #do(request: IncomingMessage, account: string): Promise<number | undefined> {
    const before = this.accounts.get(account);
    if (request.method === 'DELETE') this.accounts.delete(account);
    if (request.method !== 'PUT') return before;
    const { revision } = (await json(request)) as { revision: number };
    this.writes += 1;
    const now = this.accounts.get(account);
    if (now === revision) this.findings.push(`account ${account}: revision ${revision} was written twice`);
    if (now !== undefined && now > revision)
      this.findings.push(`account ${account}: revision ${revision} was written over ${now}`);
    this.accounts.set(account, revision);
    return revision;
  }
}
