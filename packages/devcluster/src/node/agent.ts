import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { Client, Pod } from '@stackwright/kube';
import { Loop } from '../controllers/loop.js';
import { systemClock, type Clock, type Timer } from '../shared/clock.js';
import { EventRecorder } from '../shared/events.js';
import { messageOf, silentLog, type Log } from '../shared/log.js';
import type { Stored } from '../shared/objects.js';
import type { ProcessStreams } from '../shared/process.js';
import type { Change } from '../shared/store.js';
import { referencesOf } from './env.js';
import { readLogs, type LogRequest } from './logs.js';
import { createNodeStores, type ClusterDns, type NodeContext } from './node-context.js';
import { PodWorker } from './pod-worker.js';
import { Registration } from './registration.js';
import {
  attachTo,
  execIn,
  forwardTo,
  type CommandRequest,
  type PodReference,
  type SessionRequest,
} from './sessions.js';
import type { ContainerRuntime, HostFacts } from './runtime.js';
import { defaultSettings, type AgentSettings } from './settings.js';
import { RuntimeView } from './view.js';
import { hostMounter, noMounter } from './volumes/mounter.js';
import { Tokens } from './volumes/tokens.js';
import { Volumes } from './volumes/volumes.js';

/** How many Pods are worked on at a time; most of their time is waiting. */
const WORKERS = 32;
/** What a container of a forgotten Pod is given to end, in seconds. */
const ORPHAN_GRACE = 2;

export interface NodeAgentOptions {
  /** A client that acts as the given user: the agent's is `system:node:<name>`. */
  client(user: string): Client;
  runtime: ContainerRuntime;
  /** For the Pods' volumes. Absolute; made when needed. */
  directory: string;
  /** Where containers reach the API server. */
  apiServer: { host: string; port: number };
  /** The node's own address, also that of Pods with hostNetwork. Default "127.0.0.1". */
  nodeIp?: string;
  /** Default: "simulated" on a simulated node, otherwise "devcluster". */
  nodeName?: string;
  dns?: ClusterDns;
  clock?: Clock;
  log?: Log;
  settings?: Partial<AgentSettings>;
}

/** The node: runs the Pods that are bound to it, and keeps running what an earlier process of it started. */
export class NodeAgent {
  readonly #options: NodeAgentOptions;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #workers = new Map<string, PodWorker>();
  readonly #loop: Loop;
  readonly #subscriptions: (() => void)[] = [];
  #node: NodeContext | undefined;
  #registration: Registration | undefined;
  #resync: Timer | undefined;

  constructor(options: NodeAgentOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log ?? silentLog;
    this.#loop = new Loop({
      name: 'node',
      reconcile: ({ name }) => this.#sync(name),
      clock: this.#clock,
      log: this.#log,
      workers: WORKERS,
    });
  }

  /** Probes the host, takes over what runs there, and begins to work. Rejects when no containers can run here. */
  async start(): Promise<HostFacts> {
    const { runtime } = this.#options;
    const facts = await runtime.start();
    const node = this.#createContext(facts);
    this.#node = node;
    await Promise.all(Object.values(node.stores).map((store) => store.start()));
    await node.view.refresh();
    this.#subscribe(node);
    for (const pod of node.stores.pods.list()) this.#add(pod);
    await this.#removeOrphans(node);
    this.#loop.start();
    this.#registration = new Registration(node);
    await this.#registration.start();
    this.#scheduleResync(node);
    return facts;
  }

  /** Stops working; containers run on. */
  async stop(): Promise<void> {
    this.#registration?.stop();
    this.#resync?.cancel();
    for (const unsubscribe of this.#subscriptions.splice(0)) unsubscribe();
    for (const worker of this.#workers.values()) worker.stop();
    await this.#loop.stop();
    await this.#node?.events.flush();
    await Promise.all(Object.values(this.#node?.stores ?? {}).map((store) => store.stop()));
    await this.#options.runtime.stop();
  }

  /** A container's output in pieces; rejects with an ApiError that says why there is none. */
  logs(request: LogRequest): Promise<AsyncIterable<string>> {
    return readLogs(this.#started(), request);
  }

  /** Runs a command in a container, for somebody who talks to it. Rejects with what that user should read. */
  exec(request: CommandRequest): Promise<ProcessStreams> {
    return execIn(this.#started(), request);
  }

  /** Talks to a container's own process. */
  attach(request: SessionRequest): Promise<ProcessStreams> {
    return attachTo(this.#started(), request);
  }

  /** A connection to a port that a Pod serves on its loopback address. */
  portForward(request: PodReference & { port: number }): Promise<Duplex> {
    return forwardTo(this.#started(), request);
  }

  #started(): NodeContext {
    if (!this.#node) throw new Error('the node has not started');
    return this.#node;
  }

  #createContext(facts: HostFacts): NodeContext {
    const { runtime, directory, apiServer, nodeIp = '127.0.0.1', dns } = this.#options;
    const nodeName = this.#options.nodeName ?? (facts.simulated ? 'simulated' : 'devcluster');
    const client = this.#options.client(`system:node:${nodeName}`);
    const stores = createNodeStores(client, nodeName, this.#clock, this.#log);
    return {
      client,
      clock: this.#clock,
      log: this.#log,
      events: new EventRecorder({ client, component: 'kubelet', host: nodeName, clock: this.#clock, log: this.#log }),
      settings: { ...defaultSettings, ...this.#options.settings },
      runtime,
      view: new RuntimeView(runtime),
      facts,
      nodeName,
      nodeIp,
      stores,
      volumes: new Volumes({
        directory: join(directory, 'pods'),
        mounter: facts.simulated ? noMounter : hostMounter,
        claim: (namespace, name) => stores.claims.get({ namespace, name }),
        persistentVolume: (name) => stores.volumes.get({ name }),
      }),
      tokens: new Tokens(client, this.#clock),
      apiServer,
      dns,
    };
  }

  #subscribe(node: NodeContext): void {
    const { stores, runtime, view } = node;
    this.#subscriptions.push(
      runtime.onChange((podUid) => {
        view.invalidate();
        this.#loop.add({ name: podUid });
      }),
      stores.pods.onChange(({ object, deleted }) => {
        if (!deleted) this.#add(object);
        else this.#loop.add({ name: object.metadata.uid });
      }),
      stores.secrets.onChange((change) => this.#wakeReaders('Secret', change)),
      stores.configMaps.onChange((change) => this.#wakeReaders('ConfigMap', change)),
      stores.serviceAccounts.onChange(({ object }) => this.#wake(object.metadata.namespace)),
      stores.claims.onChange(({ object }) => this.#wake(object.metadata.namespace)),
    );
  }

  #add(pod: Stored<Pod>): void {
    const { uid } = pod.metadata;
    if (!this.#workers.has(uid)) {
      this.#workers.set(uid, new PodWorker(this.#started(), pod, () => this.#loop.add({ name: uid })));
    }
    this.#loop.add({ name: uid });
  }

  async #sync(uid: string): Promise<number | void> {
    const worker = this.#workers.get(uid);
    if (!worker) return;
    const current = this.#started().stores.pods.get(worker.pod.metadata);
    const pod = current?.metadata.uid === uid ? current : undefined;
    const again = await worker.sync(pod);
    if (worker.disposed && !pod) this.#workers.delete(uid);
    return again;
  }

  #wakeReaders(kind: 'Secret' | 'ConfigMap', { object }: Change<{ metadata?: object }>): void {
    const reference = `${kind}/${object.metadata.name}`;
    // The token that every Pod has reads this one.
    const common = object.metadata.name === 'kube-root-ca.crt';
    this.#wake(object.metadata.namespace, (pod) => common || referencesOf(pod).has(reference));
  }

  #wake(namespace: string, filter: (pod: Pod) => boolean = () => true): void {
    for (const [uid, { pod }] of this.#workers) {
      if (pod.metadata.namespace === namespace && filter(pod)) this.#loop.add({ name: uid });
    }
  }

  /** What the runtime and the disk have of Pods that were deleted while nobody looked. */
  async #removeOrphans({ view, runtime, volumes }: NodeContext): Promise<void> {
    const directories = await readdir(volumes.podDirectory('')).catch(() => []);
    for (const uid of new Set([...view.pods(), ...directories])) {
      if (this.#workers.has(uid)) continue;
      this.#log.info('removing what is left of a deleted Pod', { uid });
      try {
        const containers = view.containersOf(uid);
        const running = containers.filter(({ state }) => state.phase === 'running');
        await Promise.all(running.map(({ id }) => runtime.stopContainer(id, ORPHAN_GRACE)));
        for (const { id } of containers) await runtime.removeContainer(id);
        await runtime.removeSandbox(uid);
        await volumes.remove(uid);
      } catch (error) {
        this.#log.warn('not removed', { uid, error: messageOf(error) });
      }
    }
    view.invalidate();
  }

  #scheduleResync(node: NodeContext): void {
    this.#resync = this.#clock.schedule(node.settings.resync, () => {
      node.view.invalidate();
      for (const uid of this.#workers.keys()) this.#loop.add({ name: uid });
      this.#scheduleResync(node);
    });
  }
}
