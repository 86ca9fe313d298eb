// The fields that tests read of answers, of whatever kind they are. None is optional: what is not there is undefined
// all the same, and the assertion says so.

export interface Body {
  kind: string;
  apiVersion: string;
  metadata: Metadata;
  data: Record<string, string>;
  stringData: Record<string, string>;
  type: string;
  spec: Spec;
  status: Status;
  ports: [Port, ...Port[]];
  items: [Body, ...Body[]];
  columnDefinitions: { name: string; priority: number }[];
  rows: [{ cells: unknown[]; object: Body }, ...{ cells: unknown[]; object: Body }[]];
  versions: unknown;
  groups: unknown;
  resources: unknown;
  paths: Record<string, { serverRelativeURL: string }>;
  /** Of a Status. */
  message: string;
  reason: string;
  code: number;
  details: Details;
}

export interface Details {
  name: string;
  group: string;
  kind: string;
  uid: string;
  retryAfterSeconds: number;
  causes: { reason: string; message: string; field: string }[];
}

export interface Metadata {
  name: string;
  namespace: string;
  uid: string;
  resourceVersion: string;
  generation: number;
  creationTimestamp: string;
  deletionTimestamp: string;
  deletionGracePeriodSeconds: number;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  finalizers: string[];
  ownerReferences: { name: string; uid: string }[];
  managedFields: ManagedFields[];
  continue: string;
  remainingItemCount: number;
}

export interface ManagedFields {
  manager: string;
  operation: string;
  subresource?: string;
  fieldsV1: object;
  time: string;
}

export interface Port {
  port: number;
  nodePort: number;
}

export interface Container {
  name: string;
  image: string;
  env?: { name: string; value?: string }[];
  ports?: object[];
  args?: string[];
  resources: { limits: { memory: string } };
}

export interface Spec {
  size: number;
  replicas: number;
  priority: number;
  note: string | null;
  extra: string;
  unit: string;
  clusterIP: string;
  clusterIPs: string[];
  nodeName: string;
  ports: Port[];
  renewTime: string;
  strategy: object;
  unschedulable: boolean;
  suspend: boolean;
  selector: { matchLabels: Record<string, string> };
  containers: [Container, ...Container[]];
  template: { metadata: { labels: Record<string, string> }; spec: { containers: [Container, ...Container[]] } };
  volumeClaimTemplates: [object];
  versions: [
    { schema: { openAPIV3Schema: { properties: { spec: { properties: Record<string, object> } } } } },
    ...object[],
  ];
}

export interface Condition {
  type: string;
  status: string;
  reason: string;
  message?: string;
  lastTransitionTime: string;
}

export interface Status {
  phase: string;
  podIP: string;
  replicas: number;
  readyReplicas: number;
  availableReplicas: number;
  observedGeneration: number;
  succeeded: number;
  numberReady: number;
  desiredNumberScheduled: number;
  disruptionsAllowed: number;
  currentHealthy: number;
  token: string;
  authenticated: boolean;
  allowed: boolean;
  user: { username: string; groups: string[] };
  userInfo: { username: string; groups: string[] };
  conditions: Condition[];
  storedVersions: string[];
}
