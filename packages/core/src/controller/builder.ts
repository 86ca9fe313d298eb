// How a controller is put together.
import { keyOf, qualifiedName, type KubeObject, type ObjectKey, type Resource } from '@stackwright/kube';
import type { Registry } from 'prom-client';
import type { Manager } from '../manager/manager.js';
import type { Reconciler, Request } from '../reconciler.js';
import type { Controller, ControllerBuilder, ControllerOptions, MapFunction, SourceOptions } from './controller.js';
import { ControllerRunner } from './runner.js';

/** Two controllers of one name would write the same series. */
const namesIn = new WeakMap<Registry, Set<string>>();

/** `name` is the controller's label in metrics and logs: lower case, unique within the process. */
export function newController(manager: Manager, name: string): ControllerBuilder<KubeObject> {
  return new Builder(manager, name);
}

class Builder<R extends KubeObject> implements ControllerBuilder<R> {
  readonly #manager: Manager;
  readonly #name: string;
  readonly #sources: ((controller: ControllerRunner) => void)[] = [];
  #for: { resource: Resource<R>; options: SourceOptions<R> } | undefined;
  #references = 0;

  constructor(manager: Manager, name: string) {
    this.#manager = manager;
    this.#name = name;
  }

  for<T extends KubeObject>(resource: Resource<T>, options: SourceOptions<T> = {}): ControllerBuilder<T> {
    if (this.#for) throw new Error(`${this.#name}: for() was called twice; use watches() for further kinds`);
    const builder = this as unknown as Builder<T>;
    builder.#for = { resource, options };
    this.#sources.push((controller) => controller.reconciles(resource, (object) => [requestOf(object)], options));
    return builder;
  }

  owns<T extends KubeObject>(resource: Resource<T>, options?: SourceOptions<T>): this {
    this.#sources.push((controller) => controller.owns(resource, options));
    return this;
  }

  watches<T extends KubeObject>(resource: Resource<T>, map: MapFunction<T>, options?: SourceOptions<T>): this {
    this.#sources.push((controller) => controller.watches(resource, map, options));
    return this;
  }

  watchesReferences<T extends KubeObject>(
    resource: Resource<T>,
    references: (object: Readonly<R>) => readonly ObjectKey[],
    options?: SourceOptions<T>,
  ): this {
    if (!this.#for) throw new Error(`${this.#name}: watchesReferences() needs for() first`);
    const informer = this.#manager.cache.informer(this.#for.resource, this.#for.options.informer);
    const index = `${this.#name} → ${qualifiedName(resource)} ${this.#references++}`;
    informer.addIndex(index, (object) =>
      references(object).map((key) => keyOf(resource.namespaced ? within(object, key) : key)),
    );
    return this.watches(
      resource,
      (object) => informer.byIndex(index, keyOf(requestOf(object))).map(requestOf),
      options,
    );
  }

  complete(reconciler: Reconciler, options: ControllerOptions = {}): Controller {
    if (this.#sources.length === 0) throw new Error(`${this.#name}: nothing is watched`);
    const names = namesIn.get(this.#manager.metrics) ?? new Set<string>();
    if (names.has(this.#name)) throw new Error(`There is a controller "${this.#name}" already`);
    namesIn.set(this.#manager.metrics, names.add(this.#name));
    const controller = new ControllerRunner(this.#manager, this.#name, this.#for?.resource, reconciler, options);
    for (const add of this.#sources) add(controller);
    this.#manager.add(controller);
    return controller;
  }
}

function requestOf({ metadata }: Readonly<KubeObject>): Request {
  const { name = '', namespace } = metadata ?? {};
  return namespace === undefined ? { name } : { namespace, name };
}

/** A reference without a namespace is to the namespace of the object that holds it. */
function within({ metadata }: Readonly<KubeObject>, { namespace = metadata?.namespace, name }: ObjectKey): ObjectKey {
  return namespace === undefined ? { name } : { namespace, name };
}
