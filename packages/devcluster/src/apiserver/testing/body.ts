// What tests read of answers.

/**
 * The fields that tests read of answers, of whatever kind they are. None is optional: what is not there is undefined
 * all the same, and the assertion says so.
 */
export interface Body {
  kind: string;
  apiVersion: string;
  metadata: Metadata;
  data: Data;
  stringData: Record<string, string>;
  type: string;
  spec: Spec;
  status: BodyStatus;
  ports: [Port, ...Port[]];
  items: [Body, ...Body[]];
  columnDefinitions: { name: string; priority: number }[];
  rows: [{ cells: unknown[]; object: Body }];
  versions: unknown;
  groups: unknown;
  resources: unknown;
  paths: unknown;
  /** Of a Status. */
  message: string;
}

interface Data {
  a: string;
  [key: string]: string;
}

interface Metadata {
  name: string;
  namespace: string;
  uid: string;
  resourceVersion: string;
  generation: number;
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

interface Port {
  port: number;
  nodePort: number;
}

interface Container {
  name: string;
  image: string;
  env?: { name: string; value?: string }[];
  ports?: object[];
  resources: { limits: { memory: string } };
}

interface Spec {
  size: number;
  replicas: number;
  note: string | null;
  extra: string;
  clusterIP: string;
  clusterIPs: string[];
  ports: Port[];
  renewTime: string;
  strategy: object;
  selector: { matchLabels: Record<string, string> };
  containers: [Container, ...Container[]];
  template: { metadata: { labels: Record<string, string> }; spec: { containers: [Container, ...Container[]] } };
  volumeClaimTemplates: [object];
  versions: [{ schema: { openAPIV3Schema: { properties: { spec: { properties: Record<string, object> } } } } }];
}

interface Condition {
  type: string;
  status: string;
  reason: string;
  lastTransitionTime: string;
}

interface BodyStatus {
  phase: string;
  replicas: number;
  token: string;
  userInfo: object;
  conditions: [Condition, ...Condition[]];
}
