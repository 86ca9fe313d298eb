// Garbage collection: what is owned goes with its owners, in the background or before them, or is orphaned.
import { isNotFound, type Client, type ObjectKey, type OwnerReference } from '@stackwright/kube';
import type { ServerContext } from '../context.js';
import type { ApiObject } from '../json.js';
import type { ServedResource } from '../registry/resource.js';
import type { StoreEvent } from '../store/history.js';
import { FOREGROUND, ORPHAN } from '../verbs/delete.js';
import { OwnerGraph, parsePlace, placeKey, placeOf } from './owners.js';
import { Worker } from './worker.js';

export class GarbageCollector {
  readonly #context: ServerContext;
  readonly #client: Client;
  readonly #graph: OwnerGraph;
  readonly #worker = new Worker((key) => this.#process(key));
  readonly #unsubscribe: () => void;

  constructor(context: ServerContext, client: Client) {
    this.#context = context;
    this.#client = client;
    this.#graph = new OwnerGraph(context);
    const { store } = context;
    this.#unsubscribe = store.subscribe((resource, event) => this.#observe(resource, event));
    for (const resource of store.resources())
      for (const object of store.list(resource)) this.#consider(resource, object);
  }

  async stop(): Promise<void> {
    this.#unsubscribe();
    await this.#worker.stop();
  }

  #observe(resource: string, event: StoreEvent): void {
    this.#graph.record(resource, event);
    const { uid } = event.object.metadata;
    if (event.type !== 'DELETED') {
      this.#consider(resource, event.object);
      return;
    }
    for (const dependent of this.#graph.dependentsOf(uid ?? '')) this.#worker.add(placeKey(dependent));
    // An owner may have waited for this one.
    for (const reference of event.object.metadata.ownerReferences ?? []) {
      const owner = this.#graph.owner(event.object, reference);
      if (typeof owner === 'object') this.#consider(this.#storageOf(reference), owner);
    }
  }

  #consider(resource: string, object: ApiObject): void {
    const { metadata } = object;
    const finalizers = metadata.finalizers ?? [];
    const deleting = metadata.deletionTimestamp !== undefined;
    const ends = deleting && (finalizers.includes(FOREGROUND) || finalizers.includes(ORPHAN));
    const loose = !deleting && (metadata.ownerReferences ?? []).some((reference) => !this.#holds(object, reference));
    if (ends || loose) this.#worker.add(placeKey(placeOf(resource, object)));
  }

  /** Whether this owner keeps the object alive. */
  #holds(object: ApiObject, reference: OwnerReference): boolean {
    const owner = this.#graph.owner(object, reference);
    if (owner === 'unknown') return true;
    return owner !== 'gone' && !deletesInForeground(owner);
  }

  async #process(placeText: string): Promise<void> {
    const place = parsePlace(placeText);
    const resource = this.#context.registry.byStorage(place.resource);
    const object = this.#context.store.get(place.resource, place.key);
    if (!resource || !object) return;
    try {
      if (object.metadata.deletionTimestamp !== undefined) await this.#end(resource, object);
      else await this.#collect(resource, object);
    } catch (error) {
      // Gone meanwhile: its event has come, or comes, here.
      if (!isNotFound(error)) throw error;
    }
  }

  /** An object that waits for its dependents: to be orphaned, or to be gone. */
  async #end(resource: ServedResource, object: ApiObject): Promise<void> {
    const uid = object.metadata.uid ?? '';
    const finalizers = object.metadata.finalizers ?? [];
    const dependents = this.#graph.dependentsOf(uid);
    if (finalizers.includes(ORPHAN)) {
      for (const dependent of dependents) {
        const kind = this.#context.registry.byStorage(dependent.resource);
        const child = this.#context.store.get(dependent.resource, dependent.key);
        if (kind && child) await this.#dropOwners(kind, child, (reference) => reference.uid === uid);
      }
      await this.#dropFinalizer(resource, object, ORPHAN);
    } else if (finalizers.includes(FOREGROUND)) {
      const blocking = dependents.filter((dependent) =>
        this.#context.store
          .get(dependent.resource, dependent.key)
          ?.metadata.ownerReferences?.some((reference) => reference.uid === uid && reference.blockOwnerDeletion),
      );
      if (blocking.length === 0) await this.#dropFinalizer(resource, object, FOREGROUND);
      for (const dependent of dependents) this.#worker.add(placeKey(dependent));
    }
  }

  /** An object some of whose owners do not hold it any more. */
  async #collect(resource: ServedResource, object: ApiObject): Promise<void> {
    const references = object.metadata.ownerReferences ?? [];
    const loose = references.filter((reference) => !this.#holds(object, reference));
    if (loose.length === 0) return;
    if (loose.length < references.length) {
      await this.#dropOwners(resource, object, (reference) => loose.includes(reference));
      return;
    }
    const waitedFor = loose.some((reference) => typeof this.#graph.owner(object, reference) === 'object');
    const hasDependents = this.#graph.dependentsOf(object.metadata.uid ?? '').length > 0;
    await this.#client.delete(resource, keyOf(object), {
      preconditions: { uid: object.metadata.uid ?? '' },
      propagationPolicy: waitedFor && hasDependents ? 'Foreground' : 'Background',
    });
  }

  async #dropOwners(
    resource: ServedResource,
    object: ApiObject,
    drop: (reference: OwnerReference) => boolean,
  ): Promise<void> {
    const ownerReferences = (object.metadata.ownerReferences ?? []).filter((reference) => !drop(reference));
    await this.#patch(resource, object, { ownerReferences: ownerReferences.length > 0 ? ownerReferences : null });
  }

  async #dropFinalizer(resource: ServedResource, object: ApiObject, finalizer: string): Promise<void> {
    const finalizers = (object.metadata.finalizers ?? []).filter((item) => item !== finalizer);
    await this.#patch(resource, object, { finalizers: finalizers.length > 0 ? finalizers : null });
  }

  async #patch(resource: ServedResource, object: ApiObject, metadata: object): Promise<void> {
    const { uid, resourceVersion } = object.metadata;
    await this.#client.patch(resource, keyOf(object), {
      type: 'merge',
      body: { metadata: { uid, resourceVersion, ...metadata } },
    });
  }

  #storageOf(reference: OwnerReference): string {
    const slash = reference.apiVersion.indexOf('/');
    const group = slash < 0 ? '' : reference.apiVersion.slice(0, slash);
    return (
      this.#context.registry.all().find((item) => item.group === group && item.kind === reference.kind)?.storage ?? ''
    );
  }
}

const deletesInForeground = ({ metadata }: ApiObject): boolean =>
  metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).includes(FOREGROUND);

export function keyOf({ metadata }: ApiObject): ObjectKey {
  return { name: metadata.name ?? '', ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }) };
}
