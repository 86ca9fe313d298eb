// Ownership: who is deleted with whom, and who acts on whose behalf.
import type { KubeObject, OwnerReference } from './meta.js';
import { apiVersionOf, qualifiedName, type Resource } from './resource.js';

/**
 * The reference that a child carries to the object that controls it. `childNamespace` is undefined for cluster-scoped
 * children. Throws where the garbage collector would take the owner for absent, and delete the child: across
 * namespaces, and from a cluster-scoped child to a namespaced owner.
 */
export function controllerReference(
  ownerResource: Resource,
  owner: Readonly<KubeObject>,
  childNamespace: string | undefined,
): OwnerReference {
  const { name, namespace, uid } = owner.metadata ?? {};
  const what = `${qualifiedName(ownerResource)} ${namespace ? `${namespace}/` : ''}${name ?? ''}`;
  if (!name || !uid)
    throw new TypeError(`${what} cannot own anything before the server has named it and given it a uid`);
  if (ownerResource.namespaced && namespace !== childNamespace) {
    const where = childNamespace === undefined ? 'a cluster-scoped object' : `an object in namespace ${childNamespace}`;
    throw new TypeError(`${what} cannot own ${where}`);
  }
  return {
    apiVersion: apiVersionOf(ownerResource),
    kind: ownerResource.kind,
    name,
    uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** The one owner that acts on this object. */
export function controllerOf(object: Readonly<KubeObject>): OwnerReference | undefined {
  return object.metadata?.ownerReferences?.find(({ controller }) => controller);
}

/** Whether `owner`, and not another object that had its name before, controls `object`. */
export function isControlledBy(object: Readonly<KubeObject>, owner: Readonly<KubeObject>): boolean {
  const uid = owner.metadata?.uid;
  return uid !== undefined && controllerOf(object)?.uid === uid;
}
