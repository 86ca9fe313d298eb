// Which events concern which reconciled objects.
import { PersistentVolumeClaim, StatefulSet, type KubeObject, type Resource } from '@stackwright/kube';
import { controllerOf, ownerRequests, type Request } from '@stackwright/core';
import { isSameResource, resourceOf, type Graph } from './graph.js';
import { identityOf, isSameIdentity, parseMark } from './mark.js';
import { defaultNames, Label, labelValue, type Names } from './names.js';
import type { ReadDeclaration, Reconciled } from './step.js';

export type RequestsFor = (object: Readonly<KubeObject>) => readonly Request[];

export interface Watch {
  resource: Resource;
  map: RequestsFor;
}

/** One watch per kind. `everyIn` gives all reconciled objects of a namespace, or of all. */
export function watchesOf<R extends Reconciled>(
  resource: Resource<R>,
  { owns, reads, options }: Pick<Graph<R>, 'owns' | 'reads'> & { options?: Pick<Graph<R>['options'], 'volumes'> },
  everyIn: (namespace: string | undefined) => readonly Request[],
  names: Names = defaultNames,
): Watch[] {
  const owners = new Owners(resource, everyIn, names);
  const maps: Watch[] = owns.map((kind) => ({ resource: kind, map: (object) => owners.ofChild(object) }));
  if (options?.volumes !== false && owns.some((kind) => isSameResource(kind, StatefulSet))) {
    maps.push({ resource: PersistentVolumeClaim, map: (object) => owners.ofChild(object) });
  }
  for (const read of reads) maps.push({ resource: resourceOf(read), map: mapOf(read, owners) });

  const watches: { resource: Resource; maps: RequestsFor[] }[] = [];
  for (const { resource: kind, map } of maps) {
    const watch = watches.find((one) => isSameResource(one.resource, kind));
    if (watch) watch.maps.push(map);
    else watches.push({ resource: kind, maps: [map] });
  }
  return watches.map((watch) => ({
    resource: watch.resource,
    map: (object) => watch.maps.flatMap((map) => map(object)),
  }));
}

function mapOf(read: ReadDeclaration, owners: Owners): RequestsFor {
  if ('map' in read) return read.map;
  if ('parts' in read) return (object) => owners.ofPart(object);
  return (object) => owners.beside(object);
}

/** Which of the reconciled objects an event concerns. To wake one too many does no harm. */
class Owners {
  readonly #resource: Resource;
  readonly #everyIn: (namespace: string | undefined) => readonly Request[];
  readonly #names: Names;

  constructor(resource: Resource, everyIn: (namespace: string | undefined) => readonly Request[], names: Names) {
    this.#resource = resource;
    this.#everyIn = everyIn;
    this.#names = names;
  }

  /** The controller by ownerReference; of what is retained, which has none, the owner that its mark names. */
  ofChild(object: Readonly<KubeObject>): readonly Request[] {
    if (controllerOf(object)) return ownerRequests(this.#resource, object);
    const mark = parseMark(object.metadata?.annotations?.[this.#names.annotation.owner] ?? '');
    if (!mark) return this.ofPart(object);
    const { name, namespace } = mark.owner;
    const key = namespace === '' ? { name } : { namespace, name };
    return isSameIdentity(mark.owner, identityOf(this.#resource, { metadata: key })) ? [key] : [];
  }

  /** By labels. Those of long names are cut: then it is any of the objects of which they may be. */
  ofPart(object: Readonly<KubeObject>): readonly Request[] {
    const labels = object.metadata?.labels ?? {};
    const instance = labels[Label.instance];
    const isPart =
      labels[Label.managedBy] === this.#names.managedBy && labels[Label.name] === this.#resource.kind.toLowerCase();
    if (!isPart || instance === undefined) return [];
    if (labelValue(`${instance}-`) !== `${instance}-`) {
      return this.beside(object).filter(({ name }) => labelValue(name) === instance);
    }
    const { namespace } = object.metadata ?? {};
    return [this.#resource.namespaced && namespace !== undefined ? { namespace, name: instance } : { name: instance }];
  }

  /** All in the same namespace, or all that there are. */
  beside({ metadata }: Readonly<KubeObject>): readonly Request[] {
    return this.#everyIn(this.#resource.namespaced ? metadata?.namespace : undefined);
  }
}
