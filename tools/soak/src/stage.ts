// The processes that take part, and what can be done to them.
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  createClient,
  createTransport,
  crdOf,
  CustomResourceDefinition,
  loadConfig,
  Namespace,
  type Client,
  type KubeObject,
  type Transport,
} from '@stackwright/kube';
import { Child } from './child.js';
import { Ledger } from './ledger.js';
import { randomFrom, type Random } from './random.js';
import { readJournal, type JournalEntry } from './server/journal.js';
import type { ServerOrder, ServerReport } from './server/main.js';
import { cachedKinds, type CacheContents } from './subject/caches.js';
import { NAMESPACE, widgetKinds } from './subject/kinds.js';

const CONTROLLERS = 2;
/** Of the requests to the ledger in a storm, how many go wrong. */
const LEDGER_TROUBLE = 0.2;

export class Stage {
  readonly ledger: Ledger;
  /** Of the server's administrator, whom no fault meets. */
  readonly client: Client;
  readonly #directory: string;
  readonly #transport: Transport;
  readonly #server: Child;
  readonly #controllers: readonly Child[];
  readonly #reports: Reports;
  readonly #disasters: Record<string, number> = {};
  readonly #answers: ((contents: CacheContents) => void)[][];

  static async set({ directory, seed }: { directory: string; seed: number }): Promise<Stage> {
    const ledger = new Ledger(randomFrom(seed + 1));
    const ledgerUrl = await ledger.start();
    const port = await freePort();
    const reports = new Reports();
    const log = join(directory, 'processes.log');
    const server = new Child({
      name: 'server',
      module: new URL('./server/main.ts', import.meta.url),
      arguments: (restarts) => [directory, String(port), String(seed + 2 + restarts)],
      log,
      onMessage: (message, restarts) => reports.take(message as ServerReport, restarts),
    });
    const kubeconfig = join(directory, 'kubeconfig');
    while (!existsSync(kubeconfig)) await sleep(50);
    const transport = createTransport({ connection: await loadConfig({ kubeconfig }), userAgent: 'soak-load' });
    const client = createClient(transport);
    await client.create(Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
    const answers: ((contents: CacheContents) => void)[][] = [];
    const controllers = Array.from({ length: CONTROLLERS }, (_, index) => {
      const waiting: ((contents: CacheContents) => void)[] = (answers[index] = []);
      return new Child({
        name: `controller-${index}`,
        module: new URL('./subject/main.ts', import.meta.url),
        environment: {
          KUBECONFIG: kubeconfig,
          WATCH_NAMESPACE: NAMESPACE,
          POD_NAMESPACE: NAMESPACE,
          LEADER_ELECTION: 'true',
          BIND_ADDRESS: '127.0.0.1',
          HTTP_PORT: '0',
          LOG_LEVEL: 'info',
          LEDGER_URL: ledgerUrl,
        },
        log,
        onMessage: (message) => {
          for (const answer of waiting.splice(0)) answer(message as CacheContents);
        },
      });
    });
    // Only now: controllers must bear that their kinds are not there yet, and then take a moment.
    for (const kind of widgetKinds) await client.create(CustomResourceDefinition, crdOf(kind));
    return new Stage({ ledger, client, transport, directory, server, controllers, reports, answers });
  }

  private constructor(parts: {
    ledger: Ledger;
    client: Client;
    transport: Transport;
    directory: string;
    server: Child;
    controllers: readonly Child[];
    reports: Reports;
    answers: ((contents: CacheContents) => void)[][];
  }) {
    this.ledger = parts.ledger;
    this.client = parts.client;
    this.#transport = parts.transport;
    this.#directory = parts.directory;
    this.#server = parts.server;
    this.#controllers = parts.controllers;
    this.#reports = parts.reports;
    this.#answers = parts.answers;
  }

  storm(): void {
    this.ledger.trouble = LEDGER_TROUBLE;
    this.#order('storm');
  }

  calm(): void {
    this.ledger.trouble = 0;
    this.#order('calm');
  }

  /** Something that happens to a process. */
  async disaster(random: Random): Promise<void> {
    const controller = random.pick(this.#controllers as [Child, ...Child[]]);
    const disasters = {
      'server killed': () => this.#server.signal('SIGKILL'),
      'server restarted': () => this.#server.signal('SIGTERM'),
      'controller killed': () => controller.signal('SIGKILL'),
      'controller restarted': () => controller.signal('SIGTERM'),
      // Shorter than its Lease: who sleeps longer than that has lost it.
      'controller paused': async () => {
        controller.signal('SIGSTOP');
        await sleep(random.between(500, 5000));
        controller.signal('SIGCONT');
      },
      'server paused': async () => {
        this.#server.signal('SIGSTOP');
        await sleep(random.between(500, 5000));
        this.#server.signal('SIGCONT');
      },
    };
    const names = Object.keys(disasters) as (keyof typeof disasters)[];
    const name = random.pick(names as [keyof typeof disasters, ...(keyof typeof disasters)[]]);
    this.#disasters[name] = (this.#disasters[name] ?? 0) + 1;
    await disasters[name]();
    // A server that was started anew knows nothing of the storm.
    if (name.startsWith('server')) {
      await this.#reports.next(this.#server);
      this.#order('storm');
    }
  }

  /** What the server holds, in the order of `cachedKinds`. */
  async objects(): Promise<[readonly KubeObject[], readonly KubeObject[], readonly KubeObject[]]> {
    const lists = cachedKinds.map((kind) => this.client.listAll(kind, { namespace: NAMESPACE }));
    const [plain, graph, parts] = await Promise.all(lists);
    return [plain?.items ?? [], graph?.items ?? [], parts?.items ?? []];
  }

  /** What each controller process has in its caches; empty for one that does not say. */
  caches(): Promise<CacheContents[]> {
    return Promise.all(
      this.#controllers.map((controller, index) => {
        const answer = new Promise<CacheContents>((resolve) => this.#answers[index]?.push(resolve));
        controller.send({ question: 'caches' });
        return Promise.race([answer, sleep(5000, {}, { ref: false })]);
      }),
    );
  }

  journal(): JournalEntry[] {
    return readJournal(join(this.#directory, 'journal.jsonl'));
  }

  /** Writes of the controllers so far, as the server counts them. */
  get writes(): number {
    return this.#reports.totals().writes.sent;
  }

  /** Watches that the controllers began so far. */
  get watches(): number {
    return this.#reports.totals().watches;
  }

  totals(): { faults: Record<string, number>; writes: { sent: number; effective: number } } {
    const { faults, writes } = this.#reports.totals();
    return {
      faults: { ...faults, 'answer of the ledger lost': this.ledger.lostAnswers, ...this.#disasters },
      writes,
    };
  }

  /** Ends everything. */
  async strike(): Promise<void> {
    await Promise.all(this.#controllers.map((controller) => controller.stop()));
    await this.#server.stop();
    this.#transport.close();
    await this.ledger.stop();
  }

  #order(order: ServerOrder['order']): void {
    this.#server.send({ order } satisfies ServerOrder);
  }
}

/** What servers said, one after the other. */
class Reports {
  readonly #byStart: ServerReport[] = [];
  #waiting: (() => void)[] = [];

  take(report: ServerReport, start: number): void {
    this.#byStart[start] = report;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Resolves when a server that runs has said something. */
  async next(server: Child): Promise<void> {
    do {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } while (!server.runs);
  }

  totals(): { faults: Record<string, number>; writes: { sent: number; effective: number }; watches: number } {
    const faults: Record<string, number> = {};
    const writes = { sent: 0, effective: 0 };
    let watches = 0;
    for (const report of this.#byStart.filter(Boolean)) {
      writes.sent += report.writes;
      writes.effective += report.changes;
      watches += report.watches;
      for (const [fault, count] of Object.entries(report.faults)) faults[fault] = (faults[fault] ?? 0) + count;
    }
    return { faults, writes, watches };
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
