import {
  ConfigMap,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  Secret,
  Service,
  ServiceAccount,
  type Client,
} from '@stackwright/kube';
import type { Clock } from '../shared/clock.js';
import type { EventRecorder } from '../shared/events.js';
import type { Log } from '../shared/log.js';
import { Store } from '../shared/store.js';
import type { ContainerRuntime, HostFacts } from './runtime.js';
import type { AgentSettings } from './settings.js';
import type { RuntimeView } from './view.js';
import type { Tokens } from './volumes/tokens.js';
import type { Volumes } from './volumes/volumes.js';

/** Cluster DNS, as Pods are told about it. */
export interface ClusterDns {
  nameserver: string;
  /** "cluster.local". */
  domain: string;
}

/** What every part of the agent works with. */
export interface NodeContext {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  readonly events: EventRecorder;
  readonly settings: AgentSettings;
  readonly runtime: ContainerRuntime;
  readonly view: RuntimeView;
  readonly facts: HostFacts;
  readonly nodeName: string;
  readonly nodeIp: string;
  readonly stores: NodeStores;
  readonly volumes: Volumes;
  readonly tokens: Tokens;
  /** Where containers reach the API server. */
  readonly apiServer: { host: string; port: number };
  readonly dns: ClusterDns | undefined;
}

export type NodeStores = ReturnType<typeof createNodeStores>;

export function createNodeStores(client: Client, nodeName: string, clock: Clock, log: Log) {
  return {
    pods: new Store(client, Pod, { clock, log, fieldSelector: `spec.nodeName=${nodeName}` }),
    secrets: new Store(client, Secret, { clock, log }),
    configMaps: new Store(client, ConfigMap, { clock, log }),
    serviceAccounts: new Store(client, ServiceAccount, { clock, log }),
    claims: new Store(client, PersistentVolumeClaim, { clock, log }),
    services: new Store(client, Service, { clock, log }),
    volumes: new Store(client, PersistentVolume, { clock, log }),
  };
}

/** "podman" of "podman 4.3.1 (runc)": the scheme of container ids. */
export function runtimeName(facts: HostFacts): string {
  return facts.description.split(' ')[0] ?? 'unknown';
}
