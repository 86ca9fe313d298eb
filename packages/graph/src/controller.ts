// Binds a graph to a controller: watches, workers, the reconcile that runs the graph.
import { qualifiedName, type KubeObject } from '@stackwright/kube';
import {
  type Controller,
  type ControllerOptions,
  type Manager,
  newController,
  type Predicate,
  type Request,
  settlesWithin,
} from '@stackwright/core';
import type { Graph } from './declare/graph.js';
import { observeSteps } from './status/metrics.js';
import { GraphReconciler } from './write/reconcile.js';
import { isSame } from './evaluate/same.js';
import type { Reconciled } from './declare/step.js';
import { watchesOf } from './declare/watches.js';

export interface GraphControllerOptions extends ControllerOptions {
  /** The controller's label in metrics and logs. Default: the kind in lower case. */
  name?: string;
}

/** Milliseconds that a reconcile waits for the first list of kinds that are new to it; a kind may also never be listed. */
const patience = 5_000;

/** Adds a controller to the manager that reconciles the graph's objects. */
export function controllerForGraph<R extends Reconciled>(
  manager: Manager,
  graph: Graph<R>,
  options: GraphControllerOptions = {},
): Controller {
  const { name = graph.resource.kind.toLowerCase(), ...rest } = options;
  const { cache, events, clock, random } = manager;
  const everyIn = (namespace: string | undefined): readonly Request[] =>
    cache.list(graph.resource, namespace === undefined ? {} : { namespace }).map(({ metadata }) => ({
      name: metadata?.name ?? '',
      ...(metadata?.namespace === undefined ? {} : { namespace: metadata.namespace }),
    }));

  const watched = new Set<string>();
  const newWatches = (kinds: Pick<Graph<R>, 'owns' | 'reads'>) =>
    watchesOf(graph.resource, kinds, everyIn).filter(({ resource }) => {
      const kind = qualifiedName(resource);
      return !watched.has(kind) && watched.add(kind);
    });

  const reconciler = new GraphReconciler<R>({
    graph,
    reader: cache,
    events,
    clock,
    random,
    metrics: observeSteps(manager.metrics),
    fieldManager: manager.fieldManager,
    watch: async ({ steps }) => {
      const firstLists: Promise<void>[] = [];
      const kinds = { owns: steps.flatMap(({ owns }) => owns), reads: steps.flatMap(({ reads }) => reads) };
      for (const { resource, map } of newWatches(kinds)) {
        controller.watches(resource, map);
        const informer = cache.informer(resource);
        if (informer.hasSynced()) continue;
        const first = informer.whenSynced();
        // An empty one has no event that would wake those who could not wait for it.
        void first.then(() => everyIn(undefined).forEach((one) => controller.enqueue(one)));
        firstLists.push(first);
      }
      // Judged sooner, all that stands would be told to be missing, after each restart.
      if (firstLists.length > 0) await settlesWithin(clock, patience, Promise.all(firstLists));
    },
  });

  const builder = newController(manager, name).for(graph.resource, { predicates: [exceptStatus] });
  for (const { resource, map } of newWatches(graph)) builder.watches(resource, map);
  const controller = builder.complete(
    async (request, context) => (await reconciler.reconcile(request, context)) ?? {},
    { maxConcurrentReconciles: 4, ...rest },
  );
  return controller;
}

/** Whatever a person can change: spec, labels, annotations, finalizers, deletion. Our own status writes are not news. */
const exceptStatus: Predicate = {
  created: () => true,
  deleted: () => true,
  // The same object: a resync.
  updated: (object, previous) => object === previous || !isSame(newsOf(object), newsOf(previous)),
};

function newsOf({ metadata }: Readonly<KubeObject>): unknown {
  const { generation, labels, annotations, finalizers, deletionTimestamp } = metadata ?? {};
  return [generation, labels, annotations, finalizers, deletionTimestamp];
}
