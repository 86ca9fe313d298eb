// A whole cluster in this process: the API server and, as asked, workload controllers and a node.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client, Pod } from '@stackwright/kube';
import { startApiServer, type ApiServer, type ApiServerOptions, type NodeProxy } from './apiserver/index.js';
import { ClusterNetwork } from './cluster-network.js';
import { CONTROLLER_USER, Controllers } from './controllers/index.js';
import { NetworkPolicyEnforcer } from './network-policy-enforcer.js';
import { NodeAgent, type ContainerRuntime, type HostFacts } from './node/index.js';
import { clusterAddresses, forgetNote, noteCluster, PodmanRuntime } from './node/podman/index.js';
import { SimulatedRuntime } from './node/simulated/index.js';
import { hostMounter } from './node/volumes/mounter.js';
import type { AddressPlan } from './network/address-plan.js';
import { isIn } from './network/network-policies.js';
import { silentLog, type Log } from './shared/log.js';
import { openStateDirectory, writePrivate } from './state-directory.js';
import { temporaryFolder } from './temporary.js';

export type NodeDriver = 'podman' | 'simulated' | 'none';

export interface DevclusterOptions extends ApiServerOptions {
  /**
   * "simulated": Pods pretend, in milliseconds. "podman": Pods are real containers; needs root and a state directory.
   * "none": no workload controllers and no node either, only the API, as envtest has it. Default "simulated".
   */
  node?: NodeDriver;
  /** Root of this repository; where a simulated node finds the programs of our own controllers. */
  repository?: string;
  log?: Log;
}

export interface Devcluster {
  readonly url: string;
  /** The administrator's kubeconfig, as YAML. Secret. */
  readonly kubeconfig: string;
  /** A client in this process, as `system:admin`. */
  readonly client: Client;
  readonly server: ApiServer;
  /** The simulated node: its script decides what containers do. */
  readonly simulated?: SimulatedRuntime;
  /** What the node runs on; absent without a node. */
  readonly host?: HostFacts;
  /** Stops everything; containers of a podman node run on. */
  stop(): Promise<void>;
}

const DOMAIN = 'cluster.local';

export async function startDevcluster(options: DevclusterOptions = {}): Promise<Devcluster> {
  const { node = 'simulated', log = silentLog } = options;
  if (options.stateDirectory !== undefined) openStateDirectory(options.stateDirectory);
  const stops: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    // Last started, first stopped; nothing is left behind when one of them fails.
    const results = [];
    for (const end of stops.splice(0).reverse()) results.push(...(await Promise.allSettled([end()])));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  };
  try {
    const addresses = node === 'podman' ? await clusterAddresses(join(stateOf(options), 'addresses.json')) : undefined;
    const server = await startApiServer({
      ...(addresses ? { serviceRange: addresses.serviceCidr } : {}),
      ...(node === 'simulated' ? { loopbackEndpointsOf: CONTROLLER_USER } : {}),
      ...options,
    });
    stops.push(() => server.stop());
    const base = { url: server.url, kubeconfig: server.kubeconfig, client: server.client(), server, stop };
    if (node === 'none') return base;

    const directory = options.stateDirectory ?? (await temporaryDirectory(stops));
    const controllers = new Controllers({
      client: (user) => server.client(user),
      volumeDirectory: join(directory, 'volumes'),
      certificateAuthority: server.certificateAuthority ?? '',
      log,
    });
    stops.push(() => controllers.stop());
    await controllers.start();

    const simulated = node === 'simulated' ? simulatedRuntime(options, server, directory, stops) : undefined;
    const podman = simulated ? undefined : podmanRuntime(directory, addresses as AddressPlan);
    const runtime = simulated ?? (podman as PodmanRuntime);
    if (addresses) await noteCluster(clusterId(directory), directory, addresses.serviceCidr);
    const agent = new NodeAgent(agentOptions(server, runtime, directory, addresses, log));
    stops.push(() => agent.stop());
    const host = await agent.start();
    server.setNodeProxy(proxyTo(agent));
    if (addresses && podman) {
      const client = server.client('system:kube-proxy');
      const { podCidr, nodeIp } = addresses;
      const policies = new NetworkPolicyEnforcer({
        ...{ client, log },
        apply: (uid, ways) => podman.limitIngress(uid, ways),
        isPods: (address) => address !== nodeIp && isIn(podCidr, address),
      });
      stops.push(() => policies.stop());
      await policies.start();
      const network = new ClusterNetwork({
        client,
        dnsAddress: addresses.dnsIp,
        domain: DOMAIN,
        letsIn: (from, endpoint) => policies.letsIn(from, endpoint),
        log,
      });
      stops.push(() => network.stop());
      await network.start();
    }
    log.info('node is up', { runtime: host.description, limitations: host.limitations });
    return { ...base, ...(simulated ? { simulated } : {}), host };
  } catch (error) {
    await stop().catch(() => undefined);
    throw error;
  }
}

/** Removes what a cluster's podman node ever made on this host; its state directory stays. Nothing may be running. */
export async function teardownPodman(stateDirectory: string): Promise<void> {
  const addresses = await clusterAddresses(join(stateDirectory, 'addresses.json'));
  await podmanRuntime(stateDirectory, addresses).teardown();
  await forgetNote(clusterId(stateDirectory));
  // With the memory that Pods had for volumes, which nobody looks at any more, and which keeps its directory from going.
  await hostMounter.unmountAll(nodeDirectory(stateDirectory));
}

/** Where the agent keeps what Pods mount. */
const nodeDirectory = (stateDirectory: string): string => join(stateDirectory, 'node');

function stateOf({ stateDirectory }: DevclusterOptions): string {
  if (stateDirectory === undefined)
    throw new Error('a podman node needs a state directory: its containers outlive this process');
  return stateDirectory;
}

async function temporaryDirectory(stops: (() => Promise<void>)[]): Promise<string> {
  const directory = await temporaryFolder();
  stops.push(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

function simulatedRuntime(
  { repository }: DevclusterOptions,
  server: ApiServer,
  directory: string,
  stops: (() => Promise<void>)[],
): SimulatedRuntime {
  const runtime = new SimulatedRuntime({
    apiServer: server.url,
    directory,
    ...(repository === undefined ? {} : { repository }),
  });
  // Its containers are part of this process, and end with it.
  stops.push(() => runtime.teardown());
  return runtime;
}

function podmanRuntime(directory: string, addresses: AddressPlan): PodmanRuntime {
  return new PodmanRuntime({ clusterId: clusterId(directory), directory: join(directory, 'podman'), addresses });
}

/** Tells this cluster's containers from those of others on the same host. */
function clusterId(directory: string): string {
  const path = join(directory, 'cluster-id');
  if (!existsSync(path)) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    writePrivate(path, randomBytes(4).toString('hex'));
  }
  return readFileSync(path, 'utf8').trim();
}

function agentOptions(
  server: ApiServer,
  runtime: ContainerRuntime,
  directory: string,
  addresses: AddressPlan | undefined,
  log: Log,
): ConstructorParameters<typeof NodeAgent>[0] {
  return {
    client: (user) => server.client(user),
    runtime,
    directory: nodeDirectory(directory),
    // Containers go by the Service `kubernetes`; what is simulated is on this host anyway.
    apiServer: addresses ? { host: addresses.apiIp, port: 443 } : { host: '127.0.0.1', port: server.port },
    ...(addresses ? { nodeIp: addresses.nodeIp, dns: { nameserver: addresses.dnsIp, domain: DOMAIN } } : {}),
    log,
  };
}

function proxyTo(agent: NodeAgent): NodeProxy {
  const named = ({ metadata }: Pod): { namespace: string; pod: string } => ({
    namespace: metadata?.namespace ?? '',
    pod: metadata?.name ?? '',
  });
  return {
    logs: (pod, options) => agent.logs({ ...named(pod), ...options }),
    exec: (pod, options) => agent.exec({ ...named(pod), ...options }),
    attach: (pod, options) => agent.attach({ ...named(pod), ...options }),
    portForward: (pod, port) => agent.portForward({ ...named(pod), port }),
  };
}
