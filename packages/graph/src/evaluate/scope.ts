// What a step sees while it runs, and the notes taken of what it wants and reads.
import { qualifiedName, type KubeObject, type ObjectKey, type Resource } from '@stackwright/kube';
import {
  isBeingDeleted,
  learnSecretsOf,
  type Clock,
  type Random,
  type Reader,
  type ReadListOptions,
} from '@stackwright/core';
import { complete, isRetained } from './desired.js';
import { GraphError, isSameResource, resourceOf, type GraphStep } from '../declare/graph.js';
import { Inputs } from './inputs.js';
import { labelsOf } from '../declare/names.js';
import type { Amendment, Desired, Reconciled, StepHandle, StepScope, WantOptions } from '../declare/step.js';

/** An object that a step wants to exist. */
export interface Want {
  readonly step: string;
  readonly resource: Resource;
  readonly name: string;
  readonly retain: boolean;
  /** As it was when the step ran; undefined also where the step wants the old one removed first. */
  readonly observed: Readonly<KubeObject> | undefined;
  /** What to apply; absent for what is only ever created, or only kept. */
  readonly desired?: Readonly<KubeObject>;
  /** What to create, once. */
  readonly make?: (random: Random) => KubeObject;
}

/** An object that a step wants changed. */
export interface Amending extends Removal {
  readonly make: (random: Random) => Amendment;
}

/** An object that a step gives up. */
export interface Release extends Removal {
  /** Uid of the owner whom it is a child of so far. */
  readonly owner: string;
}

/** An object that a step wants gone. */
export interface Removal {
  readonly step: string;
  readonly resource: Resource;
  readonly observed: Readonly<KubeObject>;
}

export interface ScopeInit<R extends Reconciled> {
  object: Readonly<R>;
  resource: Resource<R>;
  reader: Reader;
  clock: Pick<Clock, 'now'>;
}

export class EvaluationScope<R extends Reconciled> implements StepScope<R> {
  readonly object: Readonly<R>;
  readonly resource: Resource<R>;
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly clock: Pick<Clock, 'now'>;
  readonly wants: Want[] = [];
  readonly removals: Removal[] = [];
  readonly releases: Release[] = [];
  readonly amendments: Amending[] = [];
  /** Of external steps, which are not asked again while nothing that they read has changed. */
  readonly inputs: Inputs | undefined;
  readonly #step: GraphStep<R>;
  readonly #reader: Reader;
  readonly #outputOf: (step: string) => unknown;

  /** `outputOf` gives the outputs of steps that are Done; rejects others by throwing. */
  constructor(init: ScopeInit<R>, step: GraphStep<R>, outputOf: (step: string) => unknown) {
    this.object = init.object;
    this.resource = init.resource;
    this.name = init.object.metadata?.name ?? '';
    this.namespace = init.object.metadata?.namespace ?? '';
    this.labels = labelsOf(init.resource.kind, this.name);
    this.clock = init.clock;
    this.inputs = step.external ? new Inputs() : undefined;
    this.#step = step;
    this.#reader = init.reader;
    this.#outputOf = outputOf;
  }

  output<Out>(step: StepHandle<Out>): Out {
    if (!this.#step.after.some(({ name }) => name === step.name)) {
      throw new GraphError(`Step ${this.#step.name} asks for the output of ${step.name}, which is not in its "after"`);
    }
    const output = this.#outputOf(step.name);
    this.inputs?.output(step.name, output);
    // The handle carries the type of what the step of this name gives.
    return output as Out;
  }

  get<T extends KubeObject>(resource: Resource<T>, name: string): Readonly<T> | undefined {
    this.#check(resource, 'reads');
    const key = this.#keyOf(resource, name);
    const object = this.#reader.get(resource, key);
    learnSecretsOf(resource, object);
    this.inputs?.get(resource, key, object);
    return object;
  }

  list<T extends KubeObject>(
    resource: Resource<T>,
    options: Omit<ReadListOptions, 'namespace'> = {},
  ): readonly Readonly<T>[] {
    this.#check(resource, 'reads');
    const all: ReadListOptions = resource.namespaced ? { ...options, namespace: this.namespace } : options;
    const objects = this.#reader.list(resource, all);
    for (const object of objects) learnSecretsOf(resource, object);
    this.inputs?.list(resource, all, objects);
    return objects;
  }

  own<T extends KubeObject>(
    resource: Resource<T>,
    desired: Desired<T>,
    options: WantOptions = {},
  ): Readonly<T> | undefined {
    const retain = isRetained(resource, options.retain);
    return this.#want(resource, desired.metadata.name, { retain, desired: this.#complete(resource, desired, retain) });
  }

  ownOnce<T extends KubeObject>(
    resource: Resource<T>,
    name: string,
    make: (random: Random) => Desired<T>,
    options: WantOptions = {},
  ): Readonly<T> | undefined {
    const retain = isRetained(resource, options.retain);
    return this.#want(resource, name, {
      retain,
      make: (random) => {
        const made = make(random);
        return this.#complete(resource, { ...made, metadata: { ...made.metadata, name } }, retain);
      },
    });
  }

  keep<T extends KubeObject>(resource: Resource<T>, observed: Readonly<T>): void {
    this.#want(resource, observed.metadata?.name ?? '', { retain: false });
  }

  remove<T extends KubeObject>(resource: Resource<T>, observed: Readonly<T>): void {
    this.#check(resource, 'owns');
    this.removals.push({ step: this.#step.name, resource, observed });
  }

  amend<T extends KubeObject>(resource: Resource<T>, observed: Readonly<T>, make: (random: Random) => Amendment): void {
    this.#check(resource, 'owns');
    this.amendments.push({ step: this.#step.name, resource, observed, make });
  }

  release<T extends KubeObject>(resource: Resource<T>, observed: Readonly<T>): void {
    this.#check(resource, 'owns');
    const owner = this.object.metadata?.uid ?? '';
    const isChild = observed.metadata?.ownerReferences?.some(({ uid }) => uid === owner) ?? false;
    if (isChild) this.releases.push({ step: this.#step.name, resource, observed, owner });
  }

  #want<T extends KubeObject>(
    resource: Resource<T>,
    name: string,
    what: Pick<Want, 'retain' | 'desired' | 'make'>,
  ): Readonly<T> | undefined {
    this.#check(resource, 'owns');
    const key = this.#keyOf(resource, name);
    const there = this.#reader.get(resource, key);
    learnSecretsOf(resource, there);
    this.inputs?.get(resource, key, there);
    // What is on its way out already has its name for as long as that takes.
    const removed =
      there &&
      !isBeingDeleted(there) &&
      this.removals.some(({ observed }) => observed.metadata?.uid === there.metadata?.uid);
    const observed = removed ? undefined : there;
    this.wants.push({ step: this.#step.name, resource, name, observed, ...what });
    return observed;
  }

  #complete<T extends KubeObject>(resource: Resource<T>, desired: Desired<T>, retain: boolean): KubeObject {
    return complete(
      { owner: this.object, ownerResource: this.resource, step: this.#step.name },
      resource,
      desired,
      retain,
    );
  }

  #keyOf(resource: Resource, name: string): ObjectKey {
    return resource.namespaced ? { namespace: this.namespace, name } : { name };
  }

  /** What is not declared is not watched: reading it would be stale, and the Role would not allow it. */
  #check(resource: Resource, how: 'owns' | 'reads'): void {
    const { name, owns, reads } = this.#step;
    const declared =
      owns.some((kind) => isSameResource(kind, resource)) ||
      (how === 'reads' && reads.some((read) => isSameResource(resourceOf(read), resource)));
    if (!declared)
      throw new GraphError(`Step ${name} uses ${qualifiedName(resource)} without declaring it in "${how}"`);
  }
}
