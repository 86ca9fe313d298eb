import {
  ConfigMap,
  CoreEvent,
  CronJob,
  CustomResourceDefinition,
  defineResource,
  Deployment,
  HTTPRoute,
  Ingress,
  isForbidden,
  isNotFound,
  Job,
  Lease,
  Namespace,
  NetworkPolicy,
  PersistentVolumeClaim,
  Pod,
  PodDisruptionBudget,
  Secret,
  Service,
  ServiceAccount,
  StatefulSet,
  apiVersionOf,
  type Client,
  type KubeObject,
  type Resource,
} from '@stackwright/kube';
import { groupOf, isOurGroup, type CustomResourceObject } from './objects.js';
import { Snapshot } from './snapshot.js';

const workloads: readonly Resource[] = [Deployment, StatefulSet, Job, Pod, PersistentVolumeClaim];

/** Our kinds, as the cluster has them. */
export async function ourResources(client: Client, signal?: AbortSignal): Promise<Resource[]> {
  const definitions = await client.listAll(CustomResourceDefinition, signal ? { signal } : {});
  return definitions.items
    .filter(({ spec }) => isOurGroup(spec.group) && spec.scope === 'Namespaced')
    .map(({ spec }) =>
      defineResource({
        group: spec.group,
        version: spec.versions.find((version) => version.storage)?.name ?? 'v1alpha1',
        kind: spec.names.kind,
        plural: spec.names.plural,
        namespaced: true,
      }),
    );
}

/** Reads one namespace: our custom resources, whatever kinds there are, and the workloads. */
export async function takeSnapshot(client: Client, namespace: string, signal?: AbortSignal): Promise<Snapshot> {
  const ours = await ourResources(client, signal);
  const lists = await Promise.all([
    ...[...ours, ...workloads].map((resource) => listOf(client, resource, namespace, { signal })),
    // Not everybody may see these; without them less is known, and nothing is wrong.
    ifAllowed(() => listOf(client, Lease, namespace, { signal })),
    ifAllowed(() => listOf(client, CoreEvent, namespace, { signal, fieldSelector: 'type=Warning' })),
    ifAllowed(async () => [await client.get(Namespace, { name: namespace }, signal ? { signal } : {})]),
  ]);
  const objects = lists.flat();
  const listed = new Set([...ours, ...workloads].map(({ kind }) => kind));
  const further = await namedInWaits(client, namespace, objects, listed, signal);
  return new Snapshot(namespace, Date.now(), [...objects, ...further]);
}

/** Of what is only ever named, existence is all that matters: no Secret's content is kept. */
const named: readonly Resource[] = [
  ConfigMap,
  CronJob,
  HTTPRoute,
  Ingress,
  NetworkPolicy,
  PodDisruptionBudget,
  Secret,
  Service,
  ServiceAccount,
];

async function namedInWaits(
  client: Client,
  namespace: string,
  objects: readonly CustomResourceObject[],
  listed: ReadonlySet<string>,
  signal?: AbortSignal,
): Promise<KubeObject[]> {
  const wanted = new Map<string, { resource: Resource; name: string }>();
  const unread: KubeObject[] = [];
  for (const { apiVersion, kind, name } of objects.flatMap((object) =>
    isOurGroup(groupOf(object.apiVersion)) ? (object.status?.waitingFor ?? []) : [],
  )) {
    const resource = named.find((each) => each.kind === kind);
    if (resource) wanted.set(`${kind}/${name}`, { resource, name });
    // Of a kind that is not read nobody knows whether it is there: who names it says what is the matter with it.
    else if (!listed.has(kind)) unread.push({ apiVersion, kind, metadata: { namespace, name } });
  }
  const found = await Promise.all(
    [...wanted.values()].map(async ({ resource, name }): Promise<KubeObject[]> => {
      try {
        const { metadata } = await client.get(resource, { namespace, name }, signal ? { signal } : {});
        return [{ apiVersion: apiVersionOf(resource), kind: resource.kind, metadata: metadata ?? {} }];
      } catch (error) {
        if (isNotFound(error)) return [];
        throw error;
      }
    }),
  );
  return [...unread, ...found.flat()];
}

/** Nothing, where the kind has gone in the meantime. */
async function listOf(
  client: Client,
  resource: Resource,
  namespace: string,
  { signal, fieldSelector }: { signal?: AbortSignal | undefined; fieldSelector?: string } = {},
): Promise<KubeObject[]> {
  const options = { namespace, ...(signal ? { signal } : {}), ...(fieldSelector ? { fieldSelector } : {}) };
  try {
    const { items } = await client.listAll(resource, options);
    return items.map((item) => ({ ...item, apiVersion: apiVersionOf(resource), kind: resource.kind }));
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}

async function ifAllowed(read: () => Promise<KubeObject[]>): Promise<KubeObject[]> {
  try {
    return await read();
  } catch (error) {
    if (isForbidden(error) || isNotFound(error)) return [];
    throw error;
  }
}
