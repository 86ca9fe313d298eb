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
  type: string;
  spec: Spec;
  status: BodyStatus;
  ports: [Port, ...Port[]];
  items: [Body, ...Body[]];
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
  labels: Record<string, string>;
  annotations: Record<string, string>;
  finalizers: string[];
  ownerReferences: { name: string; uid: string }[];
  managedFields: ManagedFields[];
  continue: string;
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
  clusterIP: string;
  ports: Port[];
  selector: { matchLabels: Record<string, string> };
  containers: [Container, ...Container[]];
  template: { metadata: { labels: Record<string, string> }; spec: { containers: [Container, ...Container[]] } };
  versions: [{ schema: { openAPIV3Schema: { properties: { spec: { properties: Record<string, object> } } } } }];
}

interface Condition {
  type: string;
  status: string;
  reason: string;
  lastTransitionTime: string;
}

interface BodyStatus {
  replicas: number;
  token: string;
  userInfo: object;
  conditions: [Condition, ...Condition[]];
}
