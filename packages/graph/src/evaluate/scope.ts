// What a step sees while it runs, and the notes taken of what it wants and reads.
import { qualifiedName, type KubeObject, type ObjectKey, type ObjectMeta, type Resource } from '@stackwright/kube';
import {
  isBeingDeleted,
  learnSecretsOf,
  type Clock,
  type Random,
  type Reader,
  type ReadListOptions,
} from '@stackwright/core';
import { complete, holdsData, isRetained, withoutPaths } from './desired.js';
import { GraphError, isSameResource, resourceOf, type GraphStep } from '../declare/graph.js';
import { Inputs } from './inputs.js';
import { defaultNames, type Names } from '../declare/names.js';
import { Ownership } from './ownership.js';
import type {
  Amendment,
  Desired,
  OwnOptions,
  Reconciled,
  StepHandle,
  StepScope,
  WantOptions,
  Where,
} from '../declare/step.js';

/** An object that a step wants to exist. */
export interface Want {
  readonly step: string;
  readonly resource: Resource;
  readonly name: string;
  readonly namespace: string | undefined;
  readonly retain: boolean;
  /** As it was when the step ran; undefined also where the step wants the old one removed first. */
  readonly observed: Readonly<KubeObject> | undefined;
  /** What to apply; absent for what is only ever created, or only kept. */
  readonly desired?: Readonly<KubeObject>;
  /** What to create, once. */
  readonly make?: (random: Random) => KubeObject;
  /** How to apply. Default: by force. */
  readonly how?: Applying;
  /** Names of objects of the owner's kind whose children may be taken over. Default: none. */
  readonly from?: readonly string[];
  /** How a refusal of the API server is told. Default: in its words. */
  readonly refusal?: (message: string) => string;
  /** To be put on what an earlier version made for this owner without one. */
  readonly mark?: Pick<ObjectMeta, 'labels' | 'annotations'>;
}

/** How an object is applied. */
export interface Applying {
  /** Take over fields of others. */
  readonly force: boolean;
  /** Fields that are left to others once the object is there, and the object as it is made, with them. */
  readonly atCreation?: { readonly paths: readonly (readonly string[])[]; readonly object: Readonly<KubeObject> };
  /** Make it anew where a change is refused that a new one may have. */
  readonly recreate: boolean;
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
  /** Default: this project's. */
  names?: Names;
  /** Of the object, under these names. Default: made anew. */
  ownership?: Ownership;
  /** Why the Pods of a workload could not be made, by its uid. Default: nobody knows. */
  refusalOf?: (uid: string) => string | undefined;
}

export class EvaluationScope<R extends Reconciled> implements StepScope<R> {
  readonly object: Readonly<R>;
  readonly resource: Resource<R>;
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly clock: Pick<Clock, 'now'>;
  readonly names: Names;
  readonly ownership: Ownership;
  readonly wants: Want[] = [];
  readonly removals: Removal[] = [];
  readonly releases: Release[] = [];
  readonly amendments: Amending[] = [];
  /** What it wanted to remove or to amend, and is not its object's own. */
  readonly refused: Removal[] = [];
  /** Of external steps, which are not asked again while nothing that they read has changed. */
  readonly inputs: Inputs | undefined;
  readonly #step: GraphStep<R>;
  readonly #reader: Reader;
  readonly #refusalOf: (uid: string) => string | undefined;
  readonly #outputOf: (step: string) => unknown;

  /** `outputOf` gives the outputs of steps that are Done; rejects others by throwing. */
  constructor(init: ScopeInit<R>, step: GraphStep<R>, outputOf: (step: string) => unknown) {
    this.object = init.object;
    this.resource = init.resource;
    this.name = init.object.metadata?.name ?? '';
    this.namespace = init.object.metadata?.namespace ?? '';
    this.names = init.names ?? defaultNames;
    this.ownership = init.ownership ?? new Ownership(this.names, init.resource, init.object);
    this.labels = this.ownership.labels;
    this.clock = init.clock;
    this.inputs = step.external ? new Inputs() : undefined;
    this.#step = step;
    this.#reader = init.reader;
    this.#refusalOf = init.refusalOf ?? (() => undefined);
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

  refusalOf({ metadata }: Readonly<KubeObject>): string | undefined {
    return this.#refusalOf(metadata?.uid ?? '');
  }

  /** What a step gave, for who compares it with what was read: it counts as no input. */
  outputOf(step: string): unknown {
    return this.#outputOf(step);
  }

  get<T extends KubeObject>(resource: Resource<T>, name: string, where: Where = {}): Readonly<T> | undefined {
    this.#check(resource, 'reads');
    const key = this.#keyOf(resource, name, where.namespace);
    const object = this.#reader.get(resource, key);
    learnSecretsOf(resource, object);
    this.inputs?.get(resource, key, object);
    return object;
  }

  list<T extends KubeObject>(resource: Resource<T>, options: ReadListOptions = {}): readonly Readonly<T>[] {
    this.#check(resource, 'reads');
    const { namespace: asked, ...rest } = options;
    const namespace = this.resource.namespaced || asked !== undefined ? this.#namespaceOf(resource, asked) : undefined;
    const all: ReadListOptions = namespace === undefined ? rest : { ...rest, namespace };
    const objects = this.#reader.list(resource, all);
    for (const object of objects) learnSecretsOf(resource, object);
    this.inputs?.list(resource, all, objects);
    return objects;
  }

  isOwn<T extends KubeObject>(resource: Resource<T>, observed: Readonly<T>): boolean {
    return this.ownership.isOwn(resource, observed);
  }

  own<T extends KubeObject>(
    resource: Resource<T>,
    desired: Desired<T>,
    options: OwnOptions = {},
  ): Readonly<T> | undefined {
    const retain = isRetained(resource, options.retain);
    const { name } = desired.metadata;
    const key = this.#keyOf(resource, name, options.namespace);
    const { force = true, atCreation = [], recreate = false, from, refusal } = options;
    const more = { ...(from ? { from } : {}), ...(refusal ? { refusal } : {}) };
    if (recreate === true && holdsData(resource, desired, retain)) {
      throw new GraphError(
        `Step ${this.#step.name} may not make ${resource.kind} ${name} anew: it holds data (recreate: 'WithData' says that this is meant)`,
      );
    }
    const observed = this.#observe(resource, key);
    const paths = atCreation.map((path) => (typeof path === 'string' ? path.split('.') : path));
    const object = this.#complete(resource, this.#noting(desired, paths, force), retain, key.namespace, observed);
    if (force && atCreation.length === 0 && !recreate) {
      return this.#want(resource, key, { retain, observed, desired: object, ...more });
    }
    return this.#want(resource, key, {
      retain,
      observed,
      desired: withoutPaths(object, paths),
      ...more,
      how: { force, recreate: recreate !== false, ...(paths.length > 0 ? { atCreation: { paths, object } } : {}) },
    });
  }

  ownOnce<T extends KubeObject>(
    resource: Resource<T>,
    name: string,
    make: (random: Random) => Desired<T>,
    options: WantOptions = {},
  ): Readonly<T> | undefined {
    const retain = isRetained(resource, options.retain);
    const key = this.#keyOf(resource, name, options.namespace);
    return this.#want(resource, key, {
      retain,
      observed: this.#observe(resource, key),
      make: (random) => {
        const made = make(random);
        const desired = { ...made, metadata: { ...made.metadata, name } };
        return this.#complete(resource, desired, retain, key.namespace);
      },
    });
  }

  keep<T extends KubeObject>(resource: Resource<T>, observed: Readonly<T>): void {
    const { name = '', namespace } = observed.metadata ?? {};
    const key = this.#keyOf(resource, name, this.resource.namespaced ? undefined : namespace);
    this.#want(resource, key, { retain: false, observed: this.#observe(resource, key) });
  }

  remove<T extends KubeObject>(resource: Resource<T>, observed: Readonly<T>): void {
    this.#check(resource, 'owns');
    const isOwn = this.ownership.isOwn(resource, observed);
    (isOwn ? this.removals : this.refused).push({ step: this.#step.name, resource, observed });
  }

  amend<T extends KubeObject>(resource: Resource<T>, observed: Readonly<T>, make: (random: Random) => Amendment): void {
    this.#check(resource, 'owns');
    const amendment = { step: this.#step.name, resource, observed, make };
    // What a person made for it may be amended, too.
    if (this.ownership.marked(resource, observed) === 'Another') this.refused.push(amendment);
    else this.amendments.push(amendment);
  }

  release<T extends KubeObject>(resource: Resource<T>, observed: Readonly<T>): void {
    this.#check(resource, 'owns');
    const owner = this.object.metadata?.uid ?? '';
    const isChild = observed.metadata?.ownerReferences?.some(({ uid }) => uid === owner) ?? false;
    const marked = this.ownership.marked(resource, observed);
    // The mark of another is not ours to take away, whoever has put our ownerReference beside it.
    if (marked === 'Own' || (isChild && marked !== 'Another')) {
      this.releases.push({ step: this.#step.name, resource, observed, owner });
    }
  }

  /** Who finds the object without its step at hand has to know what of it is others', and may be. */
  #noting<T extends KubeObject>(
    desired: Desired<T>,
    paths: readonly (readonly string[])[],
    force: boolean,
  ): Desired<T> {
    if (paths.length === 0 && force) return desired;
    const { annotation } = this.names;
    const annotations = {
      ...desired.metadata.annotations,
      ...(paths.length > 0 ? { [annotation.atCreation]: JSON.stringify(paths) } : {}),
      ...(force ? {} : { [annotation.force]: 'false' }),
    };
    return { ...desired, metadata: { ...desired.metadata, annotations } };
  }

  /** As it is, unless the step wants it removed first. */
  #observe<T extends KubeObject>(resource: Resource<T>, key: ObjectKey): Readonly<T> | undefined {
    this.#check(resource, 'owns');
    const there = this.#reader.get(resource, key);
    learnSecretsOf(resource, there);
    this.inputs?.get(resource, key, there);
    // What is on its way out already has its name for as long as that takes.
    const removed =
      there &&
      !isBeingDeleted(there) &&
      this.removals.some(({ observed }) => observed.metadata?.uid === there.metadata?.uid);
    return removed ? undefined : there;
  }

  #want<T extends KubeObject>(
    resource: Resource<T>,
    { name, namespace }: ObjectKey,
    what: Pick<Want, 'retain' | 'desired' | 'make' | 'how' | 'from' | 'refusal'> & {
      observed: Readonly<T> | undefined;
    },
  ): Readonly<T> | undefined {
    const { observed, desired, make } = what;
    if (this.#step.amends && (desired ?? make))
      throw new GraphError(`Step ${this.#step.name} wants a ${qualifiedName(resource)}, and only amends what it owns`);
    // What is applied gets its mark with all else.
    const mark = observed && !desired ? this.ownership.markForEarlier(resource, observed) : undefined;
    this.wants.push({ step: this.#step.name, resource, name, namespace, ...what, ...(mark ? { mark } : {}) });
    return observed;
  }

  #complete<T extends KubeObject>(
    resource: Resource<T>,
    desired: Desired<T>,
    retain: boolean,
    namespace: string | undefined,
    observed?: Readonly<T>,
  ): KubeObject {
    const { ownership, object: owner, resource: ownerResource } = this;
    const origin = { owner, ownerResource, ownership, step: this.#step.name };
    return complete(origin, resource, desired, { retain, namespace, observed });
  }

  #keyOf(resource: Resource, name: string, asked: string | undefined): ObjectKey {
    const namespace = this.#namespaceOf(resource, asked);
    return namespace === undefined ? { name } : { namespace, name };
  }

  /** Children of an object in a namespace are there, too: the garbage collector would take them for orphans elsewhere. */
  #namespaceOf(resource: Resource, asked: string | undefined): string | undefined {
    if (!resource.namespaced) return undefined;
    const what = `Step ${this.#step.name} uses ${qualifiedName(resource)}`;
    if (this.resource.namespaced) {
      if (asked === undefined || asked === this.namespace) return this.namespace;
      throw new GraphError(`${what} in namespace ${asked}, and its object is in another one`);
    }
    if (asked === undefined || asked === '') throw new GraphError(`${what} without saying in which namespace`);
    return asked;
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
