// Binds a graph to a controller: watches, workers, the reconcile that runs the graph.
import { qualifiedName, type CoreEvent, type KubeObject, type Resource } from '@stackwright/kube';
import {
  type Controller,
  type ControllerOptions,
  type Manager,
  newController,
  ownerRequests,
  type Predicate,
  type Request,
  settlesWithin,
} from '@stackwright/core';
import { GraphError, type Graph } from './declare/graph.js';
import { namesOf, type GraphNaming } from './declare/names.js';
import { observeSteps } from './status/metrics.js';
import { GraphReconciler } from './write/reconcile.js';
import { isSame } from './evaluate/same.js';
import type { Reconciled } from './declare/step.js';
import { watchesOf } from './declare/watches.js';
import { saysInEvents, watchRefusals } from './workloads/refusals.js';
import { watchEndingNamespaces } from './pace/ending-namespaces.js';

export interface GraphControllerOptions extends ControllerOptions {
  /** The controller's label in metrics and logs. Default: the kind in lower case. */
  name?: string;
  /** What labels and annotations are called. Default: as the manager calls what it writes. */
  naming?: GraphNaming;
  /**
   * Let go of all objects of a namespace that is being deleted, as they are: what they would undo goes with it, and so does the
   * controller where it runs there. What is outside the cluster stays. Needs the right to get, list and watch the manager's
   * namespaces. Default false: deletion undoes one object after the other, and the namespace ends when all are undone.
   */
  endsWithNamespace?: boolean;
}

/** Milliseconds that a reconcile waits for the first list of kinds that are new to it; a kind may also never be listed. */
const patience = 5_000;

/**
 * The kinds that graphs reconcile, by what all managers of a process share. Two graphs of one kind would each write `Ready`, take
 * the finalizer away that the other needs, and prune what the other made, without end.
 */
const reconciled = new WeakMap<Manager['cache'], Set<string>>();

/**
 * Adds a controller to the manager that reconciles the graph's objects. Throws a GraphError where another graph of the process
 * reconciles the kind already.
 */
export function controllerForGraph<R extends Reconciled>(
  manager: Manager,
  graph: Graph<R>,
  options: GraphControllerOptions = {},
): Controller {
  const { name = graph.resource.kind.toLowerCase(), naming = {}, endsWithNamespace = false, ...rest } = options;
  const { cache, events, clock, random, domain, managedBy } = manager;
  const names = namesOf({ domain, managedBy, ...naming });
  claimKind(cache, graph.resource);
  const everyIn = (namespace: string | undefined): readonly Request[] =>
    cache.list(graph.resource, namespace === undefined ? {} : { namespace }).map(({ metadata }) => ({
      name: metadata?.name ?? '',
      ...(metadata?.namespace === undefined ? {} : { namespace: metadata.namespace }),
    }));

  // As soon as it is told: a moment later the controller's own rights are gone.
  const ending = endsWithNamespace
    ? watchEndingNamespaces(manager, (namespace) => {
        if (cache.find(graph.resource)?.hasSynced()) everyIn(namespace).forEach((one) => controller.enqueue(one));
      })
    : undefined;

  const watched = new Set<string>();
  const newWatches = (kinds: Pick<Graph<R>, 'owns' | 'reads'>) =>
    watchesOf(graph.resource, { ...kinds, options: graph.options }, everyIn, names).filter(({ resource }) => {
      const kind = qualifiedName(resource);
      return !watched.has(kind) && watched.add(kind);
    });

  const refusals = graph.owns.some(saysInEvents) ? watchRefusals(cache) : undefined;
  const reconciler = new GraphReconciler<R>({
    graph,
    reader: cache,
    events,
    clock,
    random,
    metrics: observeSteps(manager.metrics),
    fieldManager: manager.fieldManager,
    names,
    ...(refusals ? { refusalOf: (uid) => refusals.of(uid) } : {}),
    ...(ending ? { isEnding: (namespace) => ending.has(namespace) } : {}),
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
  refusals?.onSaid((workload) => {
    for (const request of ownersOf(cache, graph, workload)) controller.enqueue(request);
  });
  return controller;
}

/** Whose child a workload is of which an Event tells. */
function ownersOf<R extends Reconciled>(
  cache: Manager['cache'],
  graph: Graph<R>,
  { kind, namespace, name = '' }: NonNullable<CoreEvent['involvedObject']>,
): readonly Request[] {
  const resource = graph.owns.find((one) => one.kind === kind && saysInEvents(one));
  const informer = resource && cache.find(resource);
  if (!informer?.hasSynced()) return [];
  const workload = informer.get(namespace === undefined ? { name } : { namespace, name });
  return workload ? ownerRequests(graph.resource, workload) : [];
}

function claimKind(cache: Manager['cache'], resource: Resource): void {
  const kinds = reconciled.get(cache) ?? new Set<string>();
  const kind = `${resource.group}/${resource.plural}`;
  if (kinds.has(kind)) {
    throw new GraphError(
      `Two graphs reconcile ${qualifiedName(resource)}: each would undo what the other does. Make one graph of them`,
    );
  }
  reconciled.set(cache, kinds.add(kind));
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
