// What a plan reads when there is no cache: everything that graphs may look at, listed once, with its managedFields.
import {
  apiVersionOf,
  ControllerRevision,
  isForbidden,
  isNotFound,
  qualifiedName,
  type Client,
  type KubeObject,
  type ObjectKey,
  type Resource,
} from '@stackwright/kube';
import { type Reader, type ReadListOptions, Store } from '@stackwright/core';
import { resourceOf, type Graph } from '../declare/graph.js';
import type { ChildReader } from '../evaluate/overlay.js';
import type { Reconciled } from '../declare/step.js';
import { withVolumes } from '../write/retained.js';

export interface SnapshotOptions {
  client: Client;
  /** Of which it holds all that they declare. May depend on what was read of the kinds in `also`. */
  graphs: (reader: Reader) => readonly Graph[];
  /** Kinds that are read besides. */
  also?: readonly Resource[];
  /** Default: all. */
  namespace?: string;
  signal: AbortSignal;
}

/** Objects that were read at about the same time. What was not read cannot be asked for. */
export class ClusterSnapshot implements ChildReader {
  readonly #kinds = new Map<string, Store<KubeObject>>();

  /** Kinds that the cluster does not know have no objects. Graphs that depend on objects are asked for those that there are. */
  static async read({ client, graphs, also = [], namespace, signal }: SnapshotOptions): Promise<ClusterSnapshot> {
    const snapshot = new ClusterSnapshot();
    const list = async (resources: readonly Resource[]): Promise<void> => {
      const missing = resources.filter((resource) => !snapshot.has(resource) && snapshot.#add(resource));
      await Promise.all(
        missing.map(async (resource) => {
          for (const object of await listed(client, resource, resource.namespaced ? namespace : undefined, signal)) {
            snapshot.put(resource, object);
          }
        }),
      );
    };
    // What was applied last, where it is written down. Who may not see it sees less, and nothing is wrong.
    await list([ControllerRevision]);
    await list(also);
    const all = graphs(snapshot);
    await list(
      all.flatMap(({ resource, owns, reads, options }) => [
        resource,
        ...withVolumes(owns, options),
        ...reads.map(resourceOf),
      ]),
    );
    await list(all.flatMap((graph) => snapshot.list(graph.resource).flatMap((object) => kindsFor(graph, object))));
    return snapshot;
  }

  has(resource: Resource): boolean {
    return this.#kinds.has(qualifiedName(resource));
  }

  /** Puts an object in the place of the one that was read: as it would be. */
  put(resource: Resource, object: Readonly<KubeObject>): void {
    this.#add(resource).set({ ...object, apiVersion: apiVersionOf(resource), kind: resource.kind });
  }

  get<T extends KubeObject>(resource: Resource<T>, key: ObjectKey): Readonly<T> | undefined {
    return this.#of(resource).get(key);
  }

  list<T extends KubeObject>(resource: Resource<T>, options: ReadListOptions = {}): readonly Readonly<T>[] {
    return this.#of(resource).list(options);
  }

  ownedBy<T extends KubeObject>(resource: Resource<T>, uid: string): readonly Readonly<T>[] {
    return this.#of(resource).ownedBy(uid);
  }

  /** What was put under a descriptor is of the descriptor's type. */
  #of<T extends KubeObject>(resource: Resource<T>): Store<T> {
    const store = this.#kinds.get(qualifiedName(resource));
    if (!store) throw new Error(`${qualifiedName(resource)} were not read`);
    return store as unknown as Store<T>;
  }

  #add(resource: Resource): Store<KubeObject> {
    const store = this.#kinds.get(qualifiedName(resource)) ?? new Store<KubeObject>();
    this.#kinds.set(qualifiedName(resource), store);
    return store;
  }
}

/** Of a graph that cannot be built for an object its plan says why. */
function kindsFor(graph: Graph, object: Readonly<Reconciled>): readonly Resource[] {
  try {
    return graph.build(object).steps.flatMap(({ owns, reads }) => [...owns, ...reads.map(resourceOf)]);
  } catch {
    return [];
  }
}

async function listed(
  client: Client,
  resource: Resource,
  namespace: string | undefined,
  signal: AbortSignal,
): Promise<KubeObject[]> {
  try {
    return (await client.listAll(resource, { signal, ...(namespace === undefined ? {} : { namespace }) })).items;
  } catch (error) {
    if (isNotFound(error) || (isForbidden(error) && resource === ControllerRevision)) return [];
    throw error;
  }
}
