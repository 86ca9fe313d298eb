// Objects of which only the metadata is read (`metadataOf`): how they are asked for, and what they look like here.
import type { KubeObject } from './meta.js';
import { apiVersionOf, type Resource } from './resource.js';

/** Undefined: the whole object. A server that does not know the form sends that too. */
export function acceptOf(
  resource: Resource,
  as: 'PartialObjectMetadata' | 'PartialObjectMetadataList',
): string | undefined {
  return resource.metadataOnly ? `application/json;as=${as};g=meta.k8s.io;v=v1,application/json` : undefined;
}

/** Servers name the form as its kind: owner references and events need the kind of the object. */
export function onlyMetadata<T extends KubeObject>(resource: Resource<T>, { metadata }: T): T {
  const object: KubeObject = { apiVersion: apiVersionOf(resource), kind: resource.kind, ...(metadata && { metadata }) };
  // The form is part of the resource's type, and such a T has nothing else.
  return object as T;
}
