// Lets NetworkPolicies count on a node with real containers: for connections from Pod to Pod by rules in each Pod's network
// namespace, and for those by a Service's address in the proxy, which the Pod would take for the node.
import { Namespace, NetworkPolicy, Pod, type Client } from '@stackwright/kube';
import { letsIn, waysInto, type NetworkedPod, type Way } from './network/network-policies.js';
import { systemClock } from './shared/clock.js';
import type { Log } from './shared/log.js';
import type { Stored } from './shared/objects.js';
import { Store } from './shared/store.js';

export interface EnforcerOptions {
  client: Client;
  log: Log;
  /** Puts the ways into a Pod in the place of those before. Undefined: everybody comes in. */
  apply: (podUid: string, ways: readonly Way[] | undefined) => Promise<void>;
  /** Whether only Pods have this address, also one that is not known yet. Default: those that are known. */
  isPods?: (address: string) => boolean;
}

/** Milliseconds that a connection waits until it is known whose it is: a Pod begins to speak before its status says where it is. */
const patience = 2_000;

export class NetworkPolicyEnforcer {
  readonly #policies: Store<NetworkPolicy>;
  readonly #pods: Store<Pod>;
  readonly #namespaces: Store<Namespace>;
  readonly #options: EnforcerOptions;
  /** By UID of the Pod, as text: what its rules say. */
  readonly #applied = new Map<string, string>();
  #byAddress = new Map<string, readonly Way[] | undefined>();
  readonly #waiting = new Set<() => void>();
  #pending = false;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: EnforcerOptions) {
    const { client, log } = options;
    this.#options = options;
    this.#policies = new Store(client, NetworkPolicy, { clock: systemClock, log });
    this.#pods = new Store(client, Pod, { clock: systemClock, log });
    this.#namespaces = new Store(client, Namespace, { clock: systemClock, log });
  }

  async start(): Promise<void> {
    await Promise.all([this.#policies.start(), this.#pods.start(), this.#namespaces.start()]);
    for (const store of [this.#policies, this.#pods, this.#namespaces]) store.onChange(() => this.#schedule());
    await this.#update();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const done of [...this.#waiting]) done();
    await Promise.all([this.#policies.stop(), this.#pods.stop(), this.#namespaces.stop()]);
    await this.#running;
  }

  /**
   * Whether a Pod takes a connection from this address. Addresses that are no Pod's are the node's business; a Pod of which nobody
   * knows anything is let in by no rule that asks who it is.
   */
  async letsIn(client: string, { ip, port }: { ip: string; port: number }): Promise<boolean> {
    if (!this.#byAddress.has(client)) {
      if (!this.#options.isPods?.(client)) return true;
      const until = performance.now() + patience;
      while (!this.#stopped && !this.#byAddress.has(client) && performance.now() < until)
        await this.#change(until - performance.now());
    }
    return letsIn(this.#byAddress.get(ip), client, port);
  }

  /** The next change, or the end of that many milliseconds. */
  async #change(within: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, within);
      this.#waiting.add(done);
    });
  }

  #schedule(): void {
    if (this.#pending) return;
    this.#pending = true;
    setImmediate(() => {
      this.#pending = false;
      if (!this.#stopped) this.#running = this.#running.then(() => this.#update());
    });
  }

  async #update(): Promise<void> {
    const pods = this.#pods.list().flatMap(networked);
    const policies = this.#policies.list();
    const namespaces = { get: (name: string) => this.#namespaces.get({ name })?.metadata.labels ?? {} };
    const ways = new Map(pods.map((pod) => [pod, waysInto(pod, policies, pods, namespaces)]));
    this.#byAddress = new Map([...ways].map(([{ ip = '' }, into]) => [ip, into]));
    for (const done of [...this.#waiting]) done();
    const changes = [...ways].filter(([{ uid }, into]) => (this.#applied.get(uid) ?? 'null') !== textOf(into));
    for (const uid of this.#applied.keys()) if (!pods.some((pod) => pod.uid === uid)) this.#applied.delete(uid);
    await Promise.all(changes.map(([{ uid }, into]) => this.#apply(uid, into)));
  }

  async #apply(uid: string, ways: readonly Way[] | undefined): Promise<void> {
    try {
      await this.#options.apply(uid, ways);
      this.#applied.set(uid, textOf(ways));
    } catch (error) {
      // One that has just gone has no network any more; of another one the next change of anything asks again.
      this.#options.log.warn('network policies', { pod: uid, error: error instanceof Error ? error.message : '' });
    }
  }
}

const textOf = (ways: readonly Way[] | undefined): string => JSON.stringify(ways ?? null);

/** Those that have an address of their own, and have not ended. */
function networked({ metadata, spec, status }: Stored<Pod>): NetworkedPod[] {
  const { phase, podIP } = status ?? {};
  if (!podIP || spec?.hostNetwork || phase === 'Succeeded' || phase === 'Failed') return [];
  const containers = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
  return [
    {
      uid: metadata.uid,
      namespace: metadata.namespace,
      labels: metadata.labels ?? {},
      ip: podIP,
      ports: containers.flatMap(({ ports = [] }) =>
        ports.flatMap(({ name, containerPort: port, protocol = 'TCP' }) => (name ? [{ name, port, protocol }] : [])),
      ),
    },
  ];
}
