// A cluster for tests: the real API server, the controllers and the agent, on a simulated node and a clock that the
// test moves.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isNotFound, Namespace, type Client, type KubeObject, type ObjectKey, type Resource } from '@stackwright/kube';
import { startApiServer, type ApiServer } from '../apiserver/index.js';
import { CONTROLLER_USER, Controllers } from '../controllers/index.js';
import { NodeAgent } from '../node/agent.js';
import type { AgentSettings } from '../node/settings.js';
import { SimulatedRuntime } from '../node/simulated/index.js';
import { silentLog, type Log } from '../shared/log.js';
import { ManualClock, settle } from './manual-clock.js';

export interface TestClusterOptions {
  /** Default true. */
  node?: boolean;
  settings?: Partial<AgentSettings>;
  log?: Log;
}

export class TestCluster {
  readonly clock = new ManualClock();
  readonly runtime = new SimulatedRuntime({ clock: this.clock });
  readonly server: ApiServer;
  readonly client: Client;
  readonly directory: string;
  readonly #options: TestClusterOptions;
  #controllers: Controllers | undefined;
  #agent: NodeAgent | undefined;

  static async start(options: TestClusterOptions = {}): Promise<TestCluster> {
    const server = await startApiServer({ loopbackEndpointsOf: CONTROLLER_USER });
    const directory = await mkdtemp(join(tmpdir(), 'devcluster-'));
    const cluster = new TestCluster(server, directory, options);
    server.context.now = () => cluster.clock.now();
    await cluster.startControllers();
    if (options.node ?? true) await cluster.startAgent();
    await cluster.client.create(Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'test' } });
    return cluster;
  }

  private constructor(server: ApiServer, directory: string, options: TestClusterOptions) {
    this.server = server;
    this.client = server.client('tester');
    this.directory = directory;
    this.#options = options;
  }

  get agent(): NodeAgent {
    if (!this.#agent) throw new Error('the cluster has no node');
    return this.#agent;
  }

  async startControllers(): Promise<void> {
    this.#controllers = new Controllers({
      client: (user) => this.server.client(user),
      volumeDirectory: join(this.directory, 'volumes'),
      certificateAuthority: 'a certificate',
      clock: this.clock,
      log: this.#options.log ?? silentLog,
    });
    await this.#controllers.start();
  }

  async stopControllers(): Promise<void> {
    await this.#controllers?.stop();
  }

  async startAgent(): Promise<void> {
    this.#agent = new NodeAgent({
      client: (user) => this.server.client(user),
      runtime: this.runtime,
      directory: this.directory,
      apiServer: { host: '127.0.0.1', port: this.server.port },
      clock: this.clock,
      log: this.#options.log ?? silentLog,
      ...(this.#options.settings ? { settings: this.#options.settings } : {}),
    });
    await this.#agent.start();
  }

  async stopAgent(): Promise<void> {
    await this.#agent?.stop();
    this.#agent = undefined;
  }

  async stop(): Promise<void> {
    await this.stopAgent();
    await this.stopControllers();
    await this.runtime.teardown();
    await this.server.stop();
    await rm(this.directory, { recursive: true, force: true });
  }

  /** Undefined when there is no such object. */
  async get<T extends KubeObject>(resource: Resource<T>, name: string, namespace = 'test'): Promise<T | undefined> {
    const key: ObjectKey = resource.namespaced ? { namespace, name } : { name };
    try {
      return await this.client.get(resource, key);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async list<T extends KubeObject>(resource: Resource<T>, labelSelector?: string): Promise<T[]> {
    const { items } = await this.client.listAll(resource, {
      namespace: 'test',
      ...(labelSelector ? { labelSelector } : {}),
    });
    return items;
  }

  /**
   * Waits for what `probe` finds, moving the clock on in steps of `step` milliseconds between looks. Gives up after
   * `within` milliseconds on that clock, so that a test fails with what it waited for.
   */
  async until<T>(
    what: string,
    probe: () => T | Promise<T>,
    options: { step?: number; within?: number } = {},
  ): Promise<NonNullable<T>> {
    const { step = 100, within = 120_000 } = options;
    const deadline = this.clock.now() + within;
    for (;;) {
      await this.quiet();
      const found = await probe();
      if (found) return found;
      if (this.clock.now() >= deadline) throw new Error(`not within ${within / 1000} s: ${what}`);
      await this.clock.advance(step);
    }
  }

  /** As `until`, for one object. */
  untilObject<T extends KubeObject>(
    resource: Resource<T>,
    name: string,
    holds: (object: T) => unknown,
    options?: { step?: number; within?: number },
  ): Promise<T> {
    return this.until(
      `${resource.kind} ${name}`,
      async () => {
        const object = await this.get(resource, name);
        return object && holds(object) ? object : undefined;
      },
      options,
    );
  }

  untilGone(resource: Resource, name: string, options?: { step?: number; within?: number }): Promise<unknown> {
    return this.until(
      `${resource.kind} ${name} to go`,
      async () => (await this.get(resource, name)) === undefined,
      options,
    );
  }

  /** Lets the clock run for a while. */
  async pass(milliseconds: number, step = 1000): Promise<void> {
    for (let passed = 0; passed < milliseconds; passed += step) {
      await this.clock.advance(Math.min(step, milliseconds - passed));
      await this.quiet();
    }
  }

  /** Waits until nothing that needs no time is left to do: no write, and no file in use, for some turns of the event loop. */
  async quiet(): Promise<void> {
    const { store } = this.server.context;
    for (let still = 0, revision = -1; still < 3; still = store.revision === revision && !usesFiles() ? still + 1 : 0) {
      revision = store.revision;
      await new Promise((resolve) => setTimeout(resolve, 1));
      await settle();
    }
  }
}

/** The node's agent makes volumes: on a machine that is busy otherwise, the clock must not run ahead of it. */
function usesFiles(): boolean {
  return process.getActiveResourcesInfo().some((resource) => resource.startsWith('FSReq'));
}
