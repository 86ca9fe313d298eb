// The wire shape of objects. Times are RFC 3339 strings, as they are on the wire.

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

export interface ManagedFieldsEntry {
  manager?: string;
  /** "Apply" or "Update". */
  operation?: string;
  apiVersion?: string;
  time?: string;
  fieldsType?: string;
  fieldsV1?: object;
  subresource?: string;
}

export interface ObjectMeta {
  name?: string;
  generateName?: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: OwnerReference[];
  finalizers?: string[];
  managedFields?: ManagedFieldsEntry[];
}

/** Any object of the API. `T extends KubeObject` everywhere; kinds give the rest. */
export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
}

export interface ListMeta {
  resourceVersion?: string;
  continue?: string;
  remainingItemCount?: number;
}

export interface KubeList<T extends KubeObject> {
  apiVersion?: string;
  kind?: string;
  metadata: ListMeta;
  items: T[];
}

/** metav1.Condition. */
export interface Condition {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  /** PascalCase, stable, part of the API. */
  reason: string;
  message: string;
  /** When `status` last changed. */
  lastTransitionTime: string;
  /** The `metadata.generation` that this condition was computed from. */
  observedGeneration?: number;
}

/** metav1.Status: the body of every error of the API server. */
export interface Status {
  apiVersion: 'v1';
  kind: 'Status';
  metadata?: ListMeta;
  status?: 'Success' | 'Failure';
  message?: string;
  reason?: string;
  details?: {
    name?: string;
    group?: string;
    kind?: string;
    uid?: string;
    causes?: { reason?: string; message?: string; field?: string }[];
    retryAfterSeconds?: number;
  };
  code?: number;
}

/** Names an object of a known resource; `namespace` is absent for cluster-scoped ones. */
export interface ObjectKey {
  namespace?: string;
  name: string;
}

/** "namespace/name", or "name" for cluster-scoped objects: the key of queues and stores. */
export function keyOf(object: ObjectKey | KubeObject): string {
  const key: { namespace?: string; name?: string } =
    'metadata' in object && object.metadata ? object.metadata : (object as ObjectKey);
  return key.namespace ? `${key.namespace}/${key.name ?? ''}` : (key.name ?? '');
}

export function parseKey(key: string): ObjectKey {
  const slash = key.indexOf('/');
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
