// What a Role has to allow for a graph, from its declaration: exactly the kinds that it names, in its own namespace.
import type { Resource } from '@stackwright/kube';
import { ControllerRevision, CoreEvent, Job, PersistentVolumeClaim, StatefulSet } from '@stackwright/kube';
import type { PolicyRule } from '@stackwright/core';
import { isSameResource, resourceOf, type Graph } from './graph.js';

/** By the cache, which asks for no single object. */
const reading = ['list', 'watch'] as const;
/** `get`: what a write ran into is looked at as it is. */
const changing = [...reading, 'get', 'patch', 'delete'] as const;
const writing = [...changing, 'create'] as const;

type Declared = Pick<Graph, 'owns' | 'reads' | 'isOfObject' | 'amends'> & {
  resource: Resource;
  options?: Pick<Graph['options'], 'volumes'>;
};

/** The rules of all graphs of a module together, within a namespace: without duplicates, in a stable order. */
export function rulesOf(...graphs: readonly Declared[]): PolicyRule[] {
  return rules(graphs, (resource, graph) => resource.namespaced && graph.resource.namespaced);
}

/**
 * What the same graphs need of kinds that are in no namespace, and of all kinds where the reconciled object is in none: for a
 * ClusterRole. Mostly nothing.
 */
export function clusterRulesOf(...graphs: readonly Declared[]): PolicyRule[] {
  return rules(graphs, (resource, graph) => !(resource.namespaced && graph.resource.namespaced));
}

function rules(graphs: readonly Declared[], isMeant: (resource: Resource, graph: Declared) => boolean): PolicyRule[] {
  const verbs = new Map<string, { group: string; resource: string; verbs: Set<string> }>();
  const allow = (graph: Declared, resource: Resource, allowed: readonly string[], subresource = ''): void => {
    if (!isMeant(resource, graph)) return;
    const name = resource.plural + subresource;
    const key = `${resource.group}/${name}`;
    const entry = verbs.get(key) ?? { group: resource.group, resource: name, verbs: new Set() };
    for (const verb of allowed) entry.verbs.add(verb);
    verbs.set(key, entry);
  };
  for (const graph of graphs) {
    // `patch` on the object itself is for its finalizer.
    allow(graph, graph.resource, [...reading, 'get', 'patch']);
    allow(graph, graph.resource, ['patch'], '/status');
    // An ownerReference that blocks its owner's deletion needs this where the cluster runs that admission plugin.
    allow(graph, graph.resource, ['update'], '/finalizers');
    for (const kind of graph.owns) {
      const isAmended = graph.amends?.some((one) => isSameResource(one, kind)) ?? false;
      allow(graph, kind, isAmended ? changing : writing);
    }
    // What was applied last, where a step does not say what it wants.
    if (graph.resource.namespaced && (graph.owns.length > 0 || graph.isOfObject))
      allow(graph, ControllerRevision, ['get', 'create', 'delete']);
    for (const read of graph.reads) allow(graph, resourceOf(read), reading);
    // Pods that the API server refuses to a StatefulSet or a Job are told there, and nowhere else.
    if (graph.owns.some((kind) => [StatefulSet, Job].some((one) => isSameResource(one, kind))))
      allow(graph, CoreEvent, ['list', 'watch']);
    // Volumes outlive their StatefulSet; with deletion policy Delete the engine removes them, and marks those that are not.
    if (graph.options?.volumes !== false && graph.owns.some((kind) => isSameResource(kind, StatefulSet)))
      allow(graph, PersistentVolumeClaim, [...reading, 'patch', 'delete']);
  }
  return [...verbs.values()].map((entry) => ({
    apiGroups: [entry.group],
    resources: [entry.resource],
    verbs: [...entry.verbs],
  }));
}
