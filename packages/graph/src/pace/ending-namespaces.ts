// Namespaces that are being deleted. All that is in one goes: the controllers that run there, their rights, and what they would
// undo things on. A finalizer would only keep it from ending.
import { Namespace, type KubeObject } from '@stackwright/kube';
import { isBeingDeleted, type Manager } from '@stackwright/core';

export interface EndingNamespaces {
  has(namespace: string | undefined): boolean;
}

/**
 * Watches the namespaces of the manager, and tells of each that is being deleted, and that it is no more: what is in one of its
 * name by then may have been seen first. Nothing waits for this to be known.
 */
export function watchEndingNamespaces(
  { cache, namespaces }: Pick<Manager, 'cache' | 'namespaces'>,
  onChange: (namespace: string) => void,
): EndingNamespaces {
  const ending = new Set<string>();
  const look = (namespace: Readonly<KubeObject>): void => {
    const { name = '' } = namespace.metadata ?? {};
    if (!isBeingDeleted(namespace) || ending.has(name)) return;
    ending.add(name);
    onChange(name);
  };
  const options =
    namespaces.length === 0 ? [{}] : namespaces.map((name) => ({ fieldSelector: `metadata.name=${name}` }));
  for (const each of options) {
    cache.informer(Namespace, each).addHandler({
      added: look,
      updated: look,
      // One that is made anew under the name has nothing to do with it.
      deleted: ({ metadata: { name = '' } = {} }) => {
        if (ending.delete(name)) onChange(name);
      },
    });
  }
  return { has: (namespace) => namespace !== undefined && ending.has(namespace) };
}
