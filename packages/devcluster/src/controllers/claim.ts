import { matchesSelector, type KubeObject, type Resource } from '@stackwright/kube';
import type { LabelSelector } from 'kubernetes-types/meta/v1.d.ts';
import { controllerOf, controllerReference, type Stored } from '../shared/objects.js';
import type { Store } from '../shared/store.js';

/**
 * The children of `owner`: adopts orphans that its selector matches and lets go of those that it matches no more. An
 * owner under deletion adopts nothing.
 */
export async function claimChildren<T extends KubeObject>(
  store: Store<T>,
  ownerKind: Resource,
  owner: Stored,
  selector: LabelSelector | undefined,
): Promise<Stored<T>[]> {
  const children: Stored<T>[] = [];
  for (const object of store.list(owner.metadata.namespace)) {
    const controller = controllerOf(object);
    const matches = matchesSelector(selector, object.metadata.labels);
    if (controller?.uid === owner.metadata.uid) {
      if (matches) children.push(object);
      else await release(store, object, owner);
    } else if (!controller && matches && !object.metadata.deletionTimestamp && !owner.metadata.deletionTimestamp) {
      children.push(await adopt(store, object, ownerKind, owner));
    }
  }
  return children;
}

/** Naming the resource version makes the server refuse the patch when someone else was faster. */
const identity = ({ metadata: { uid, resourceVersion } }: Stored): object => ({ uid, resourceVersion });

function adopt<T extends KubeObject>(
  store: Store<T>,
  object: Stored<T>,
  kind: Resource,
  owner: Stored,
): Promise<Stored<T>> {
  const ownerReferences = [...(object.metadata.ownerReferences ?? []), controllerReference(kind, owner)];
  return store.patch(object.metadata, { metadata: { ...identity(object), ownerReferences } });
}

async function release<T extends KubeObject>(store: Store<T>, object: Stored<T>, owner: Stored): Promise<void> {
  const ownerReferences = object.metadata.ownerReferences?.filter(({ uid }) => uid !== owner.metadata.uid) ?? [];
  await store.patch(object.metadata, { metadata: { ...identity(object), ownerReferences } });
}
