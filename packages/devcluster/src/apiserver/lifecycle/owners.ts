// Who owns what: the graph of ownerReferences over all objects of the store.
import type { OwnerReference } from '@stackwright/kube';
import type { ServerContext } from '../context.js';
import type { ApiObject } from '../json.js';
import type { StoreEvent } from '../store/history.js';

/** An object's place in the store. */
export interface Place {
  resource: string;
  key: string;
}

export const placeKey = ({ resource, key }: Place): string => `${resource}|${key}`;

export const parsePlace = (text: string): Place => {
  const bar = text.indexOf('|');
  return { resource: text.slice(0, bar), key: text.slice(bar + 1) };
};

/** How long the UIDs of deleted owners are remembered, counted in deletions. */
const REMEMBERED = 10_000;

export class OwnerGraph {
  readonly #context: ServerContext;
  /** Places of dependents by the UID of their owner. */
  readonly #dependents = new Map<string, Set<string>>();
  /** UIDs that are known to be gone: their kind may be gone as well, and could not be asked any more. */
  readonly #gone = new Set<string>();

  constructor(context: ServerContext) {
    this.#context = context;
    for (const resource of context.store.resources()) {
      for (const object of context.store.list(resource)) this.#add(placeOf(resource, object), object);
    }
  }

  record(resource: string, event: StoreEvent): void {
    const place = { resource, key: event.key };
    if (event.previous) this.#remove(place, event.previous);
    if (event.type !== 'DELETED') {
      this.#add(place, event.object);
      return;
    }
    const [oldest] = this.#gone;
    if (this.#gone.size >= REMEMBERED && oldest !== undefined) this.#gone.delete(oldest);
    if (event.object.metadata.uid !== undefined) this.#gone.add(event.object.metadata.uid);
  }

  dependentsOf(uid: string): Place[] {
    return [...(this.#dependents.get(uid) ?? [])].map(parsePlace);
  }

  /** The owner, or whether it is gone for good or cannot be known (its kind is not served). */
  owner(dependent: ApiObject, reference: OwnerReference): ApiObject | 'gone' | 'unknown' {
    if (this.#gone.has(reference.uid)) return 'gone';
    const slash = reference.apiVersion.indexOf('/');
    const group = slash < 0 ? '' : reference.apiVersion.slice(0, slash);
    const resource = this.#context.registry.all().find((item) => item.group === group && item.kind === reference.kind);
    if (!resource) return 'unknown';
    const key = resource.namespaced ? `${dependent.metadata.namespace ?? ''}/${reference.name}` : reference.name;
    const owner = this.#context.store.get(resource.storage, key);
    return owner?.metadata.uid === reference.uid ? owner : 'gone';
  }

  #add(place: Place, object: ApiObject): void {
    for (const { uid } of object.metadata.ownerReferences ?? []) {
      const known = this.#dependents.get(uid) ?? new Set();
      known.add(placeKey(place));
      this.#dependents.set(uid, known);
    }
  }

  #remove(place: Place, object: ApiObject): void {
    for (const { uid } of object.metadata.ownerReferences ?? []) {
      const known = this.#dependents.get(uid);
      known?.delete(placeKey(place));
      if (known?.size === 0) this.#dependents.delete(uid);
    }
  }
}

export function placeOf(resource: string, { metadata }: ApiObject): Place {
  return { resource, key: metadata.namespace ? `${metadata.namespace}/${metadata.name ?? ''}` : (metadata.name ?? '') };
}
