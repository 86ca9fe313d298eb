// What a controller process consists of, as data, so that processes, the all-in-one, manifests and
// generated references all come from the same declaration.
import type { CustomResource } from '@stackwright/kube';
import type { Manager } from './manager/manager.js';
import type { Webhook } from './webhook/webhook.js';

/** rbac.authorization.k8s.io/v1 PolicyRule. */
export interface PolicyRule {
  apiGroups: readonly string[];
  resources: readonly string[];
  resourceNames?: readonly string[];
  verbs: readonly string[];
}

/** What Pods that a controller lets run may have, which no other service's need. */
export interface PodNeeds {
  /** ServiceAccounts that they run as. Default: `default`, which may do nothing; its token is not mounted either way. */
  serviceAccounts?: readonly string[];
  /** Types of volumes. Default: `configMap`, `emptyDir`, `secret`, and `persistentVolumeClaim` where the rules speak of such claims. */
  volumes?: readonly string[];
}

export interface ControllerModule {
  /** "keystone": the name of process, ServiceAccount, Role, Lease and field manager (`<name>-controller`). */
  name: string;
  /** DNS name of whose controller it is, where that differs from the process's: "example.com". */
  domain?: string;
  /** The CRDs that this controller owns. */
  customResources: readonly CustomResource[];
  /** What its Role allows in a watched namespace: exactly what it uses. Leases and events are added for all. */
  rules: readonly PolicyRule[];
  /** What it needs beyond namespaces (a ClusterRole). Most need nothing. */
  clusterRules?: readonly PolicyRule[];
  /** The Pods of what it may create by its rules: whatever else they ask for is refused to it. */
  pods?: PodNeeds;
  /** What the API server asks it before it stores an object, or to convert one. Most need none. */
  webhooks?: readonly Webhook[];
  /** Adds its controllers to the manager. */
  setup(manager: Manager): void;
}

/** What every controller process needs besides its module's rules, in the namespace where it runs: its Lease. */
export const leaseRules: readonly PolicyRule[] = [
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'update'] },
];

/** What every controller process needs besides its module's rules, in each namespace that it watches: events. */
export const eventRules: readonly PolicyRule[] = [
  { apiGroups: [''], resources: ['events'], verbs: ['create', 'patch'] },
];
