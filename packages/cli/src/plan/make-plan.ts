// A plan of this workspace's controllers for a cluster.
import { stackwright } from '@stackwright/api';
import { systemClock, systemRandom } from '@stackwright/core';
import {
  ClusterSnapshot,
  namesOf,
  plan,
  type ObjectReference,
  type Plan,
  type PlannedController,
  type PlannedField,
  type GraphModule,
} from '@stackwright/graph';
import {
  controllerOf,
  CustomResourceDefinition,
  Deployment,
  isForbidden,
  Node,
  type Client,
  type ObjectKey,
  type Resource,
} from '@stackwright/kube';
import { CliError } from '../errors.js';
import { controllerName } from '../manifests/controller.js';
import { applyFile, type Edit } from './edits.js';

export interface PlanRequest {
  client: Client;
  namespace: string;
  modules: readonly GraphModule[];
  /** "keystone" or "Keystone/keystone". Default: the objects of `file`, else all of the namespace. */
  target?: string | undefined;
  file?: string | undefined;
  /** As if the target were deleted. */
  deleted?: boolean | undefined;
  /** Look at what is outside Kubernetes. Default true. */
  observe?: boolean | undefined;
  /** Ask the API server about each write. Default true. */
  confirm?: boolean | undefined;
  signal: AbortSignal;
}

export interface PlanReport extends Plan {
  /** What the file would change, before any controller acts. */
  edits: readonly Omit<Edit, 'resource' | 'key'>[];
  /** Controllers of the edited objects' owners would set fields back: the owner is to be edited instead. */
  undone: readonly { object: ObjectReference; by: ObjectReference; fields: readonly PlannedField[] }[];
}

interface Target {
  resource: Resource;
  key: ObjectKey;
}

export async function makePlan(request: PlanRequest): Promise<PlanReport> {
  const { client, namespace, modules, file, target, deleted = false, observe = true, confirm = true, signal } = request;
  if (deleted && target === undefined)
    throw new CliError('Name what shall be deleted, for instance Keystone/keystone.');
  const snapshot = await ClusterSnapshot.read({
    client,
    graphs: (reader) => modules.flatMap((module) => module.graphs?.(reader) ?? []),
    also: [CustomResourceDefinition, Deployment],
    namespace,
    signal,
  });
  useImagesOf(snapshot);
  const nodes = await nodesOf(client, signal);
  const controllers = modules.flatMap((module): PlannedController[] =>
    (module.graphs?.(snapshot) ?? []).map((graph) => ({
      graph,
      fieldManager: controllerName(module),
      names: namesOf(module.naming ?? stackwright),
    })),
  );
  const resources = controllers.map(({ graph }) => graph.resource);
  const edits = file === undefined ? [] : await applyFile(file, { client, snapshot, resources, namespace, signal });
  const objects =
    target !== undefined
      ? targetsOf(snapshot, resources, namespace, target)
      : edits.length > 0
        ? edits
        : everything(snapshot, resources);
  const input = {
    controllers,
    reader: snapshot,
    clock: systemClock,
    random: systemRandom,
    signal,
    observe,
    nodes,
    ...(confirm ? { server: client } : {}),
  };
  const made = await plan({ ...input, objects: objects.map(({ resource, key }) => ({ resource, key, deleted })) });
  const undone: PlanReport['undone'][number][] = [];
  for (const edit of edits) {
    const owner = ownerOf(snapshot, resources, edit);
    if (!owner) continue;
    const { objects: ofOwner } = await plan({ ...input, objects: [owner] });
    const change = ofOwner[0]?.steps
      .flatMap(({ changes }) => changes)
      .find(
        (each) =>
          each.action === 'change' && each.object.kind === edit.object.kind && each.object.name === edit.object.name,
      );
    const by = ofOwner[0]?.object;
    if (by && change?.action === 'change') undone.push({ object: edit.object, by, fields: change.fields });
  }
  return { ...made, edits: edits.map(({ object, isNew, fields }) => ({ object, isNew, fields })), undone };
}

/** Who may plan for a namespace need not be allowed to see nodes: then nothing is said of them. */
async function nodesOf(client: Client, signal: AbortSignal): Promise<readonly Readonly<Node>[]> {
  try {
    return (await client.listAll(Node, { signal })).items;
  } catch (error) {
    if (isForbidden(error)) return [];
    throw error;
  }
}

/** The controllers on the cluster may take images from elsewhere than this machine would. */
function useImagesOf(snapshot: ClusterSnapshot): void {
  const prefixes = snapshot
    .list(Deployment)
    .flatMap(({ spec }) => spec?.template.spec?.containers.flatMap(({ env = [] }) => env) ?? [])
    .flatMap(({ name, value }) => (name === 'STACKWRIGHT_IMAGE_PREFIX' && value ? [value] : []));
  if (prefixes[0] !== undefined) process.env['STACKWRIGHT_IMAGE_PREFIX'] ??= prefixes[0];
}

function targetsOf(
  snapshot: ClusterSnapshot,
  resources: readonly Resource[],
  namespace: string,
  target: string,
): Target[] {
  const [kind, name] = target.includes('/') ? (target.split('/', 2) as [string, string]) : [undefined, target];
  const isMeant = (resource: Resource) =>
    kind === undefined || [resource.kind, resource.plural].some((word) => word.toLowerCase() === kind.toLowerCase());
  const found = resources.filter(isMeant).flatMap((resource) => {
    const key = { namespace, name };
    return snapshot.get(resource, key) ? [{ resource, key }] : [];
  });
  if (found.length > 0) return found;
  const there = everything(snapshot, resources).map(({ resource, key }) => `${resource.kind}/${key.name}`);
  throw new CliError(`There is no ${target} in namespace ${namespace} that a controller here reconciles.`, {
    hints: there.length > 0 ? [`What there is: ${there.join(', ')}`] : ['Name another one with --namespace.'],
  });
}

function everything(snapshot: ClusterSnapshot, resources: readonly Resource[]): Target[] {
  return resources.flatMap((resource) =>
    snapshot.list(resource).map(({ metadata }) => {
      const { name = '', namespace } = metadata ?? {};
      return { resource, key: namespace === undefined ? { name } : { namespace, name } };
    }),
  );
}

function ownerOf(
  snapshot: ClusterSnapshot,
  resources: readonly Resource[],
  { resource, key }: Edit,
): Target | undefined {
  const object = snapshot.get(resource, key);
  const owner = object && controllerOf(object);
  const kind = resources.find((each) => each.kind === owner?.kind);
  return owner && kind ? { resource: kind, key: { ...key, name: owner.name } } : undefined;
}
