// What an object goes through between the wire and the store.
import { apiVersionOf, type KubeObject, type Resource } from '@stackwright/kube';

/**
 * Who owns which field is two thirds of an object's size, and nobody here reads it. Copied rather than deleted from: V8 makes
 * a hash table, twice the size, of an object that loses a property that was not its last.
 */
export function stripManagedFields(object: KubeObject): void {
  if (!object.metadata?.managedFields) return;
  const { managedFields: _, ...metadata } = object.metadata;
  object.metadata = metadata;
}

/** Items of lists carry neither; events and owner references need both. */
export function setKind(object: KubeObject, resource: Resource): void {
  object.apiVersion ??= apiVersionOf(resource);
  object.kind ??= resource.kind;
}

/** Makes a write to a shared object throw where it happens. Costs time: for tests and development. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const child of Object.values(value)) deepFreeze(child);
  }
  return value;
}
