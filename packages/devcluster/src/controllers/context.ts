import {
  ConfigMap,
  ControllerRevision,
  CronJob,
  DaemonSet,
  Deployment,
  Endpoints,
  EndpointSlice,
  Job,
  Namespace,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  PodDisruptionBudget,
  ReplicaSet,
  Service,
  ServiceAccount,
  StatefulSet,
  StorageClass,
  type Client,
  type KubeObject,
  type Resource,
} from '@stackwright/kube';
import type { Clock } from '../shared/clock.js';
import { EventRecorder } from '../shared/events.js';
import type { Log } from '../shared/log.js';
import { Store } from '../shared/store.js';

/** What every workload controller works with. The stores are shared: one watch per kind. */
export interface Context {
  clock: Clock;
  log: Log;
  stores: Stores;
  /** A recorder under the controller's own name. */
  events: (component: string) => EventRecorder;
}

export type Stores = ReturnType<typeof createStores>;

export function createStores(client: Client, clock: Clock, log: Log) {
  const store = <T extends KubeObject>(resource: Resource<T>): Store<T> => new Store(client, resource, { clock, log });
  return {
    namespaces: store(Namespace),
    nodes: store(Node),
    pods: store(Pod),
    services: store(Service),
    endpoints: store(Endpoints),
    endpointSlices: store(EndpointSlice),
    configMaps: store(ConfigMap),
    serviceAccounts: store(ServiceAccount),
    deployments: store(Deployment),
    replicaSets: store(ReplicaSet),
    statefulSets: store(StatefulSet),
    daemonSets: store(DaemonSet),
    controllerRevisions: store(ControllerRevision),
    jobs: store(Job),
    cronJobs: store(CronJob),
    budgets: store(PodDisruptionBudget),
    claims: store(PersistentVolumeClaim),
    volumes: store(PersistentVolume),
    storageClasses: store(StorageClass),
  };
}

export function createContext(client: Client, clock: Clock, log: Log): Context {
  return {
    clock,
    log,
    stores: createStores(client, clock, log),
    events: (component) => new EventRecorder({ client, component, clock, log }),
  };
}
