// Who owns an object.
import { controllerOf, type KubeObject, type Resource } from '@stackwright/kube';
import type { Request } from '../reconciler.js';

export { controllerOf };

/** The controlling owner as a request, when it is of this kind. Versions of a kind are the same kind. */
export function ownerRequests(owner: Resource, object: Readonly<KubeObject>): readonly Request[] {
  const reference = controllerOf(object);
  if (!reference || reference.kind !== owner.kind || groupOf(reference.apiVersion) !== owner.group) return [];
  const namespace = object.metadata?.namespace;
  return owner.namespaced && namespace !== undefined
    ? [{ namespace, name: reference.name }]
    : [{ name: reference.name }];
}

function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? '' : apiVersion.slice(0, slash);
}
