// What would be written for objects, and why, without writing: the graphs' own reconcilers, run against a shadow of the
// cluster until they rest. What they write is followed to the graphs of the objects that they write.
import {
  apiVersionOf,
  formatTime,
  keyOf,
  type Client,
  type KubeObject,
  type Node,
  type ObjectKey,
  type Resource,
} from '@stackwright/kube';
import { type Clock, controllerOf, isBeingDeleted, type Logger, noSpan, type Random, scrub } from '@stackwright/core';
import { referenceTo } from '../evaluate/reference.js';
import { allOwned, isSameResource, type Graph } from '../declare/graph.js';
import type { StepMetrics } from '../status/metrics.js';
import { defaultNames, type Names } from '../declare/names.js';
import { Ownership } from '../evaluate/ownership.js';
import { Overlay, type ChildReader } from '../evaluate/overlay.js';
import { isPaused, resumed } from '../pace/paused.js';
import { GraphReconciler, type Report } from '../write/reconcile.js';
import type { ObjectReference, Reconciled } from '../declare/step.js';
import { retained, withVolumes } from '../write/retained.js';
import { childrenOf, type Write } from '../evaluate/writes.js';
import { PlannedExternals, Reach } from './planned-externals.js';
import type { Planned } from './planned.js';
import { refusedOf, reportOf, summaryOf, type Plan } from './report.js';
import { ShadowClient, type Asked } from './shadow.js';

export interface PlannedController {
  readonly graph: Graph;
  /** Under which it writes: "keystone-controller". */
  readonly fieldManager: string;
  /** What its labels and annotations are called. Default: as this project calls them. */
  readonly names?: Names;
}

export interface PlanTarget {
  resource: Resource;
  key: ObjectKey;
  /** As if somebody had deleted it. Default false. */
  deleted?: boolean;
}

export interface PlanInput {
  controllers: readonly PlannedController[];
  /** Whose reconciles are planned; those of the objects that they write come along. */
  objects: readonly PlanTarget[];
  /**
   * The cluster as it is, or as it would be. Where its objects carry managedFields, fields are shown with their owners, and
   * those that are no longer wanted are seen to go.
   */
  reader: ChildReader;
  clock: Clock;
  random: Random;
  signal: AbortSignal;
  /** Look at what is outside Kubernetes, without changing it. Default false: such steps are not known, nor what follows. */
  observe?: boolean;
  /** Those of the cluster: whether they have room is said of workloads. Default: nobody knows. */
  nodes?: readonly Readonly<Node>[];
  /** Ask the API server whether it would take each write, and what it would make of it (dryRun=All). Default: ask nobody. */
  server?: Client;
}

/** More than any chain of owners and children. */
const longestCascade = 200;
/** A deletion takes several; a graph that never rests must end too. */
const reconcilesPerObject = 20;

export async function plan(input: PlanInput): Promise<Plan> {
  const reach = input.observe ? new Reach() : undefined;
  const server: Asked = { client: input.server };
  const planned = await cascade(input, server, reach);
  const makes = planned.some(({ writes }) => writes.some(({ verb }) => verb === 'create'));
  // The same with other random numbers: what differs comes of chance, and nobody can say what it will be.
  const otherwise = makes ? await cascade(input, {}, reach) : undefined;
  const objects = planned.map((one) => reportOf(one, otherwise, input.nodes ?? []));
  return {
    objects,
    summary: summaryOf(objects),
    refused: refusedOf(objects),
    ...(reach?.lost === undefined ? {} : { unreachable: scrub(reach.lost) }),
    ...(server.refusal === undefined ? {} : { unconfirmed: scrub(server.refusal) }),
  };
}

/** `gone`: it was there when the plan began, and has been deleted in it. */
type Target = PlanTarget & { gone?: Readonly<KubeObject> };

async function cascade(input: PlanInput, server: Asked, reach: Reach | undefined): Promise<Planned[]> {
  const overlay = new Overlay(input.reader);
  const found = new Map<string, Planned>();
  const queue: Target[] = [...input.objects];
  for (let runs = 0; queue.length > 0 && runs < longestCascade; runs++) {
    input.signal.throwIfAborted();
    const target = queue.shift() as Target;
    const { resource, key } = target;
    const controller = input.controllers.find(({ graph }) => isSameResource(graph.resource, resource));
    if (!controller) continue;
    const id = `${apiVersionOf(resource)} ${resource.kind} ${keyOf(key)}`;
    const one = await planOne(input, controller, target, { overlay, server, reach });
    found.set(id, together(found.get(id), one));
    for (const { resource: kind, key: child, before, after } of one.shadow) {
      const isItself = isSameResource(kind, resource) && keyOf(child) === keyOf(key);
      if (!isItself) queue.push({ resource: kind, key: child, ...(before && !after ? { gone: before } : {}) });
      // Its owner may have waited for it to be gone.
      const owner = isItself && !after ? ownerOf(input.controllers, before) : undefined;
      if (owner) queue.push(owner);
    }
  }
  return [...found.values()];
}

async function planOne(
  { clock, random, signal }: PlanInput,
  { graph, fieldManager, names = defaultNames }: PlannedController,
  { key, gone, deleted = false }: Target,
  { overlay, server, reach }: { overlay: Overlay; server: Asked; reach: Reach | undefined },
): Promise<Planned> {
  const found = gone ?? overlay.get(graph.resource, key);
  const paused = found !== undefined && isPaused(found, names);
  const before = found && (deleted || gone) ? doomed(found, clock.now()) : found;
  if (before && before !== found && !gone) overlay.wrote(graph.resource, before);
  if (before && paused) overlay.wrote(graph.resource, newer(resumed(before, names)));
  const client = new ShadowClient(overlay, { clock, server });
  // Nobody has to agree: the garbage collector follows.
  if (before && isBeingDeleted(before) && !before.metadata?.finalizers?.length) {
    overlay.deleted(before);
    await collect(graph, before, overlay, client);
  }
  const outside = new PlannedExternals<Reconciled>({ clock, random }, reach);
  const writes: Write[] = [];
  let last: Report<Reconciled> | undefined;
  const reconciler = new GraphReconciler<Reconciled>({
    graph,
    reader: overlay,
    events: { record: () => undefined },
    clock,
    random,
    metrics: noMetrics,
    fieldManager,
    names,
    externals: outside,
    records: 'Read',
    onReport: (report) => {
      last = report;
      client.keepsStatus = isOnlyUnseen(report);
      writes.push(...(report.result?.written ?? []));
    },
  });
  let error: string | undefined;
  for (let round = 0; round < reconcilesPerObject; round++) {
    const count = client.writes.length;
    try {
      await reconciler.reconcile(key, {
        client,
        signal,
        log: noLog,
        reconcileID: 'plan',
        span: noSpan,
      });
    } catch (failure) {
      signal.throwIfAborted();
      error = scrub(failure instanceof Error ? failure.message : String(failure));
    }
    if (error !== undefined || client.writes.length === count) break;
  }
  const { removed } = outside;
  const kept = before && isBeingDeleted(before) ? keptOf(graph, before, overlay, names) : [];
  return {
    resource: graph.resource,
    key,
    before,
    paused,
    names,
    writes,
    shadow: client.writes,
    removed,
    last,
    error,
    kept,
  };
}

/** As when a deletion was asked for. */
function doomed(object: Readonly<KubeObject>, now: number): KubeObject {
  if (isBeingDeleted(object)) return object;
  const { resourceVersion = '0' } = object.metadata ?? {};
  const metadata = { ...object.metadata, deletionTimestamp: formatTime(now) };
  return { ...object, metadata: { ...metadata, resourceVersion: `${BigInt(resourceVersion) + 1n}` } };
}

/** What the garbage collector does with the children of what is gone. */
async function collect(graph: Graph, owner: Readonly<KubeObject>, overlay: Overlay, client: Client): Promise<void> {
  for (const kind of ownedKinds(graph, owner)) {
    for (const { metadata } of childrenOf(overlay, kind, owner.metadata?.uid ?? '')) {
      if (metadata?.deletionTimestamp) continue;
      const { name = '', namespace } = metadata ?? {};
      await client.delete(kind, namespace === undefined ? { name } : { namespace, name });
    }
  }
}

function keptOf(graph: Graph, object: Readonly<KubeObject>, overlay: Overlay, names: Names): ObjectReference[] {
  // A graph's objects are what its resource says.
  const owner = object as Readonly<Reconciled>;
  const ownership = new Ownership(names, graph.resource, owner);
  return ownedKinds(graph, object).flatMap((kind) =>
    retained({ object: owner, ownership, reader: overlay }, kind)
      .filter((child) => !isBeingDeleted(child))
      .map((child) => referenceTo(kind, child)),
  );
}

function ownedKinds(graph: Graph, object: Readonly<KubeObject>): readonly Resource[] {
  // A graph's objects are what its resource says.
  return withVolumes(allOwned(graph, graph.build(object as Readonly<Reconciled>)), graph.options);
}

/** Nothing is in the way but that nobody has looked outside: then nobody can say either that it would not be ready. */
function isOnlyUnseen({ result }: Report<Reconciled>): boolean {
  const states = (result?.evaluation.steps ?? []).map(({ outcome }) => outcome.state);
  return states.includes('Unobserved') && states.every((state) => ['Done', 'Blocked', 'Unobserved'].includes(state));
}

/** An object may be looked at more than once: again when what it waited for has happened. */
function together(first: Planned | undefined, then: Planned): Planned {
  if (!first) return then;
  return {
    ...then,
    before: first.before,
    paused: first.paused,
    writes: [...first.writes, ...then.writes],
    shadow: [...first.shadow, ...then.shadow],
    removed: [...new Set([...first.removed, ...then.removed])],
    last: then.last ?? first.last,
    kept: then.kept,
  };
}

/** So that it stands over what was read. */
function newer(object: Readonly<KubeObject>): KubeObject {
  const { resourceVersion = '0' } = object.metadata ?? {};
  return { ...object, metadata: { ...object.metadata, resourceVersion: `${BigInt(resourceVersion) + 1n}` } };
}

function ownerOf(
  controllers: readonly PlannedController[],
  child: Readonly<KubeObject> | undefined,
): { resource: Resource; key: ObjectKey } | undefined {
  const owner = child && isBeingDeleted(child) ? controllerOf(child) : undefined;
  const resource = controllers.find(({ graph }) => graph.resource.kind === owner?.kind)?.graph.resource;
  if (!owner || !resource) return undefined;
  const namespace = child?.metadata?.namespace;
  return { resource, key: namespace === undefined ? { name: owner.name } : { namespace, name: owner.name } };
}

const nothing = () => undefined;
const noLog: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing, child: () => noLog };
const noMetrics: StepMetrics = {
  step: nothing,
  statuses: nothing,
  wrote: nothing,
  driftRepaired: nothing,
};
