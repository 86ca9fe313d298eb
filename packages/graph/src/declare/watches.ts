// Which events concern which reconciled objects.
import { PersistentVolumeClaim, StatefulSet, type KubeObject, type Resource } from '@stackwright/kube';
import { controllerOf, ownerRequests, type Request } from '@stackwright/core';
import { isSameResource, resourceOf, type Graph } from './graph.js';
import { Label, managedBy } from './names.js';
import type { ReadDeclaration, Reconciled } from './step.js';

export type RequestsFor = (object: Readonly<KubeObject>) => readonly Request[];

export interface Watch {
  resource: Resource;
  map: RequestsFor;
}

/** One watch per kind. `everyIn` gives all reconciled objects of a namespace, or of all. */
export function watchesOf<R extends Reconciled>(
  resource: Resource<R>,
  { owns, reads }: Pick<Graph<R>, 'owns' | 'reads'>,
  everyIn: (namespace: string | undefined) => readonly Request[],
): Watch[] {
  const maps: Watch[] = owns.map((kind) => ({ resource: kind, map: (object) => ownersOf(resource, object) }));
  if (owns.some((kind) => isSameResource(kind, StatefulSet))) {
    maps.push({ resource: PersistentVolumeClaim, map: (object) => wholeOf(resource, object) });
  }
  for (const read of reads) maps.push({ resource: resourceOf(read), map: mapOf(resource, read, everyIn) });

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

function mapOf<R extends Reconciled>(
  resource: Resource<R>,
  read: ReadDeclaration,
  everyIn: (namespace: string | undefined) => readonly Request[],
): RequestsFor {
  if ('map' in read) return read.map;
  if ('parts' in read) return (object) => wholeOf(resource, object);
  return (object) => everyIn(object.metadata?.namespace);
}

/** The controller by ownerReference; for what is retained, which has none, by labels. */
function ownersOf(resource: Resource, object: Readonly<KubeObject>): readonly Request[] {
  return controllerOf(object) ? ownerRequests(resource, object) : wholeOf(resource, object);
}

function wholeOf(resource: Resource, object: Readonly<KubeObject>): readonly Request[] {
  const labels = object.metadata?.labels ?? {};
  const instance = labels[Label.instance];
  const isPart = labels[Label.managedBy] === managedBy && labels[Label.name] === resource.kind.toLowerCase();
  if (!isPart || instance === undefined) return [];
  const namespace = object.metadata?.namespace;
  return [namespace === undefined ? { name: instance } : { namespace, name: instance }];
}
