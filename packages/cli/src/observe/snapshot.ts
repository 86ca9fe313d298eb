// Everything that the looking commands look at, read at about the same time. What is made of it is pure.
import type { ObjectReference } from '@stackwright/graph';
import type { KubeObject } from '@stackwright/kube';
import { groupOf, isClaim, isOurGroup, type CustomResourceObject } from './objects.js';

export class Snapshot {
  readonly namespace: string;
  /** Milliseconds since the epoch. */
  readonly takenAt: number;
  readonly #objects = new Map<string, KubeObject>();

  constructor(namespace: string, takenAt: number, objects: Iterable<KubeObject>) {
    this.namespace = namespace;
    this.takenAt = takenAt;
    for (const object of objects)
      this.#objects.set(keyFor(object.apiVersion, object.kind, object.metadata?.name), object);
  }

  /** By group, kind and name: the version in `apiVersion` does not matter. */
  find(reference: Omit<ObjectReference, 'namespace'>): KubeObject | undefined {
    return this.#objects.get(keyFor(reference.apiVersion, reference.kind, reference.name));
  }

  list<T extends KubeObject>(kind: string): T[] {
    return [...this.#objects.values()].filter((object): object is T => object.kind === kind);
  }

  get all(): KubeObject[] {
    return [...this.#objects.values()];
  }

  get controlPlane(): CustomResourceObject | undefined {
    return this.list<CustomResourceObject>('ControlPlane')[0];
  }

  /** The namespace, where one may see it. */
  get home(): KubeObject | undefined {
    return this.find({ apiVersion: 'v1', kind: 'Namespace', name: this.namespace });
  }

  /** Everything of our kinds. */
  get ours(): CustomResourceObject[] {
    return [...this.#objects.values()].filter((object) => isOurGroup(groupOf(object.apiVersion)));
  }

  /** The services' custom resources: neither the control plane nor claims, in the order in which they were made. */
  get services(): CustomResourceObject[] {
    const made = (object: KubeObject) => object.metadata?.creationTimestamp ?? '';
    return [...this.#objects.values()]
      .filter((object) => isOurGroup(groupOf(object.apiVersion)) && object.kind !== 'ControlPlane' && !isClaim(object))
      .sort((a, b) => made(a).localeCompare(made(b)) || nameOf(a).localeCompare(nameOf(b)));
  }
}

const nameOf = (object: KubeObject): string => object.metadata?.name ?? '';

const keyFor = (apiVersion: string | undefined, kind: string | undefined, name: string | undefined): string =>
  `${groupOf(apiVersion)}/${kind ?? ''}/${name ?? ''}`;
