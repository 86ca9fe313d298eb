// Children that are there although the cache does not show them: it selects by labels that they have lost, or never had. Only a
// refused write tells; from then on they are looked at instead, or one would be sent at every reconcile.
import { isNotFound, keyOf, qualifiedName, type Client, type ObjectKey, type Resource } from '@stackwright/kube';
import type { Overlay } from '../evaluate/overlay.js';
import type { Want } from '../evaluate/scope.js';
import { keyOf as writeKeyOf } from './context.js';

interface Hidden {
  readonly resource: Resource;
  readonly key: ObjectKey;
}

export class HiddenChildren {
  /** By the owner's uid, then by child. */
  readonly #byOwner = new Map<string, Map<string, Hidden>>();

  get size(): number {
    return this.#byOwner.size;
  }

  forget(uid: string): void {
    this.#byOwner.delete(uid);
  }

  found(uid: string, resource: Resource, key: ObjectKey): void {
    const children = this.#byOwner.get(uid) ?? new Map<string, Hidden>();
    this.#byOwner.set(uid, children.set(idOf(resource, key), { resource, key }));
  }

  /** What no step wants any more need not be looked at. */
  keepOnly(uid: string, wants: readonly Pick<Want, 'resource' | 'name' | 'namespace'>[]): void {
    const children = this.#byOwner.get(uid);
    if (!children) return;
    const wanted = new Set(wants.map(({ resource, ...of }) => idOf(resource, writeKeyOf(of))));
    for (const id of children.keys()) if (!wanted.has(id)) children.delete(id);
    if (children.size === 0) this.#byOwner.delete(uid);
  }

  /** Lays over the cache, as they are now, those that it still does not show. The others are forgotten. */
  async layOver(
    overlay: Overlay,
    uid: string,
    client: Client,
    context: { readonly signal: AbortSignal },
  ): Promise<void> {
    const children = this.#byOwner.get(uid);
    if (!children) return;
    for (const [id, { resource, key }] of children) {
      try {
        if (overlay.get(resource, key)) children.delete(id);
        else overlay.wrote(resource, await client.get(resource, key, { signal: context.signal }));
      } catch (error) {
        if (!isNotFound(error)) throw error;
        children.delete(id);
      }
    }
    if (children.size === 0) this.#byOwner.delete(uid);
  }
}

function idOf(resource: Resource, key: ObjectKey): string {
  return `${qualifiedName(resource)} ${keyOf(key)}`;
}
