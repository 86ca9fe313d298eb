// A resource descriptor names a kind on the API and carries its TypeScript type.
import type { KubeObject, ObjectKey } from './meta.js';

declare const type: unique symbol;

export interface Resource<T extends KubeObject = KubeObject> {
  /** "" for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
  /** Reads bring name, labels, annotations, owners and the like, and nothing else; see `metadataOf`. */
  readonly metadataOnly?: true;
  /** Not every cluster serves it: nobody waits for it who does not need an object of it just now. */
  readonly optional?: true;
  /** Carries `T`; never present at run time. */
  readonly [type]?: T;
}

/** The object type of a resource descriptor. */
export type ObjectOf<R> = R extends Resource<infer T> ? T : never;

export function defineResource<T extends KubeObject>(resource: Resource): Resource<T> {
  return Object.freeze({ ...resource }) as Resource<T>;
}

const metadataForms = new WeakMap<Resource, Resource>();

/**
 * The same resource, of which the server sends only the metadata: for who needs to know that objects are there, whose they are
 * and what they are labelled, and does not want to hold the rest in memory. To get, list and watch; writes take the resource itself.
 */
export function metadataOf(resource: Resource): Resource {
  if (resource.metadataOnly) return resource;
  let form = metadataForms.get(resource);
  if (!form) metadataForms.set(resource, (form = Object.freeze({ ...resource, metadataOnly: true })));
  return form;
}

/** The same resource for who does not need it at all times: nobody waits for it where the cluster does not serve it. */
export function optionalForm<T extends KubeObject>(resource: Resource<T>): Resource<T> {
  return Object.freeze({ ...resource, optional: true });
}

export function apiVersionOf(resource: Resource): string {
  return resource.group ? `${resource.group}/${resource.version}` : resource.version;
}

/** "deployments.apps", "pods": the name that RBAC, kubectl and CRDs use. */
export function qualifiedName(resource: Resource): string {
  return resource.group ? `${resource.plural}.${resource.group}` : resource.plural;
}

/** The collection's path, or the object's when `key.name` is given. */
export function pathOf(resource: Resource, key: Partial<ObjectKey> = {}, subresource?: string): string {
  const root = resource.group ? `/apis/${resource.group}/${resource.version}` : `/api/${resource.version}`;
  const namespace = resource.namespaced && key.namespace ? `/namespaces/${encodeURIComponent(key.namespace)}` : '';
  const name = key.name === undefined ? '' : `/${encodeURIComponent(key.name)}`;
  return `${root}${namespace}/${resource.plural}${name}${subresource ? `/${subresource}` : ''}`;
}
