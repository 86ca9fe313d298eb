// The children that an object has, of all kinds that it may have children of.
import type { KubeObject, Resource } from '@stackwright/kube';
import { CacheNotSyncedError } from '@stackwright/core';
import type { ChildReader } from '../evaluate/overlay.js';
import { childrenOf } from '../evaluate/writes.js';

export interface OwnedChild {
  readonly resource: Resource;
  readonly child: Readonly<KubeObject>;
}

/** `uid` of the owner. A kind that is not in the cache yet has nothing to show; its turn comes when it is. */
export function ownedChildren(reader: ChildReader, owns: readonly Resource[], uid: string): OwnedChild[] {
  return owns.flatMap((resource) => {
    try {
      return childrenOf(reader, resource, uid).map((child) => ({ resource, child }));
    } catch (error) {
      if (error instanceof CacheNotSyncedError) return [];
      throw error;
    }
  });
}
