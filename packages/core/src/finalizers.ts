// Finalizers, under the object's resourceVersion: two writers never undo each other.
import { isNotFound, type Client, type KubeObject, type Resource } from '@stackwright/kube';

export function hasFinalizer(object: Readonly<KubeObject>, finalizer: string): boolean {
  return object.metadata?.finalizers?.includes(finalizer) ?? false;
}

export function isBeingDeleted(object: Readonly<KubeObject>): boolean {
  return object.metadata?.deletionTimestamp !== undefined;
}

/**
 * Adds the finalizer unless it is there. Do so before anything is made that it has to undo. Rejects with a Conflict when
 * the object changed since it was read: the next reconcile sees why.
 */
export async function addFinalizer<T extends KubeObject>(
  client: Client,
  resource: Resource<T>,
  object: Readonly<T>,
  finalizer: string,
): Promise<Readonly<T>> {
  if (hasFinalizer(object, finalizer)) return object;
  return patchFinalizers(client, resource, object, [...(object.metadata?.finalizers ?? []), finalizer]);
}

/**
 * Removes the finalizer, and gives the object as it is then; undefined: it is gone. Rejects where it has changed since it was
 * read, or where another one has its name by now (another uid): the next reconcile sees which.
 */
export async function removeFinalizer<T extends KubeObject>(
  client: Client,
  resource: Resource<T>,
  object: Readonly<T>,
  finalizer: string,
): Promise<Readonly<T> | undefined> {
  if (!hasFinalizer(object, finalizer)) return object;
  const others = (object.metadata?.finalizers ?? []).filter((one) => one !== finalizer);
  try {
    return await patchFinalizers(client, resource, object, others);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return undefined;
  }
}

function patchFinalizers<T extends KubeObject>(
  client: Client,
  resource: Resource<T>,
  object: Readonly<T>,
  finalizers: readonly string[],
): Promise<T> {
  const { name = '', namespace, uid, resourceVersion } = object.metadata ?? {};
  const key = namespace === undefined ? { name } : { namespace, name };
  return client.patch(resource, key, { type: 'merge', body: { metadata: { uid, resourceVersion, finalizers } } });
}
