// Which events of a watch reach the queue. A predicate that drops too much makes changes invisible: generationChanged
// hides changes of labels, annotations and status, and resyncs.
import { matchesSelector, parseSelector, type KubeObject, type LabelSelector } from '@stackwright/kube';

export interface Predicate<T extends KubeObject = KubeObject> {
  created(object: Readonly<T>): boolean;
  updated(object: Readonly<T>, previous: Readonly<T>): boolean;
  deleted(object: Readonly<T>): boolean;
}

const onUpdate = (updated: Predicate['updated']): Predicate => ({ created: () => true, updated, deleted: () => true });

/** The spec changed, or the object is being deleted. Not for kinds without a generation (Secret, ConfigMap, Service). */
export const generationChanged = onUpdate(
  (object, previous) =>
    object.metadata?.generation === undefined || object.metadata.generation !== previous.metadata?.generation,
);

/** Anything changed: drops resyncs alone. */
export const resourceVersionChanged = onUpdate(
  (object, previous) => object.metadata?.resourceVersion !== previous.metadata?.resourceVersion,
);

export const labelsChanged = onUpdate(
  (object, previous) => !sameEntries(object.metadata?.labels, previous.metadata?.labels),
);

export const annotationsChanged = onUpdate(
  (object, previous) => !sameEntries(object.metadata?.annotations, previous.metadata?.annotations),
);

/** One test for every event: on updates, of the object as it is now. */
export function matching<T extends KubeObject>(test: (object: Readonly<T>) => boolean): Predicate<T> {
  return { created: test, updated: test, deleted: test };
}

/**
 * The object carries these labels: a selector as in specs, or as kubectl takes it ("tier in (front,back),!legacy"). An
 * object that loses them is seen once more. Unlike the selector of an informer it saves no memory, and hides nothing
 * from readers of the cache. Throws a `SelectorError`.
 */
export function hasLabels(selector: LabelSelector | string): Predicate {
  const requirements = typeof selector === 'string' ? parseSelector(selector) : selector;
  const matches = ({ metadata }: Readonly<KubeObject>) => matchesSelector(requirements, metadata?.labels);
  return {
    created: matches,
    updated: (object, previous) => matches(object) || matches(previous),
    deleted: matches,
  };
}

export function and<T extends KubeObject>(...predicates: readonly Predicate<T>[]): Predicate<T> {
  return {
    created: (object) => predicates.every((predicate) => predicate.created(object)),
    updated: (object, previous) => predicates.every((predicate) => predicate.updated(object, previous)),
    deleted: (object) => predicates.every((predicate) => predicate.deleted(object)),
  };
}

export function or<T extends KubeObject>(...predicates: readonly Predicate<T>[]): Predicate<T> {
  return {
    created: (object) => predicates.some((predicate) => predicate.created(object)),
    updated: (object, previous) => predicates.some((predicate) => predicate.updated(object, previous)),
    deleted: (object) => predicates.some((predicate) => predicate.deleted(object)),
  };
}

export function not<T extends KubeObject>(predicate: Predicate<T>): Predicate<T> {
  return {
    created: (object) => !predicate.created(object),
    updated: (object, previous) => !predicate.updated(object, previous),
    deleted: (object) => !predicate.deleted(object),
  };
}

function sameEntries(a: Readonly<Record<string, string>> = {}, b: Readonly<Record<string, string>> = {}): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
