// How an object is named in a condition.
import { apiVersionOf, type KubeObject, type Resource } from '@stackwright/kube';
import type { ObjectReference } from '../declare/step.js';

export function referenceTo(resource: Resource, object: Readonly<KubeObject>): ObjectReference {
  const { name = '', namespace } = object.metadata ?? {};
  return {
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    name,
    ...(namespace === undefined ? {} : { namespace }),
  };
}
