// What of Stackwright is in a namespace, in the order in which it can go.
import { publishedService, type PublishedService } from '@stackwright/api';
import {
  ClusterRole,
  ClusterRoleBinding,
  controllerOf,
  CustomResourceDefinition,
  Deployment,
  PersistentVolumeClaim,
  Role,
  RoleBinding,
  Secret,
  ServiceAccount,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  type Client,
  type KubeObject,
  type Resource,
} from '@stackwright/kube';
import { ourResources } from '../observe/take-snapshot.js';
import { groupOf, isClaim, isOurGroup } from '../observe/objects.js';

export interface Found {
  resource: Resource;
  object: KubeObject;
}

export interface Inventory {
  controlPlanes: readonly Found[];
  /** First those that no other needs; each array can go when the ones before it have. */
  tiers: readonly (readonly Found[])[];
  /** What controllers consist of, and what lets them work. */
  controllers: readonly Found[];
  /** Data that stays: it has no owner. */
  kept: readonly Found[];
}

const controllerLabels = 'app.kubernetes.io/part-of=stackwright,app.kubernetes.io/component=controller';

export async function inventoryOf(client: Client, namespace: string, signal: AbortSignal): Promise<Inventory> {
  const published = await publishedKinds(client, signal);
  const found = await objectsOf(client, namespace, signal);
  const controlPlanes = found.filter(({ object }) => object.kind === 'ControlPlane');
  const claims = found.filter(({ object }) => isClaim(object) && !controllerOf(object));
  const services = found.filter(({ object }) => object.kind !== 'ControlPlane' && !isClaim(object));
  const list = async (resource: Resource, labelSelector: string): Promise<Found[]> => {
    const where = resource.namespaced ? { namespace } : {};
    const { items } = await client.listAll(resource, { labelSelector, signal, ...where });
    return items.map((object) => ({ resource, object: { ...object, kind: resource.kind } }));
  };
  const own = await Promise.all(
    [Deployment, RoleBinding, Role, ServiceAccount].map((each) => list(each, controllerLabels)),
  );
  const wide = await Promise.all(
    [ClusterRoleBinding, ClusterRole, ValidatingAdmissionPolicyBinding, ValidatingAdmissionPolicy].map((each) =>
      list(each, controllerLabels),
    ),
  );
  const kept = await Promise.all(
    [PersistentVolumeClaim, Secret].map((each) => list(each, 'stackwright.dev/retained=true')),
  );
  return {
    controlPlanes,
    tiers: [claims, ...tiersOf(services, published)].filter((tier) => tier.length > 0),
    controllers: [
      ...own.flat(),
      // Their names begin with the namespace of the installation.
      ...wide.flat().filter(({ object }) => object.metadata?.name?.startsWith(`${namespace}-`)),
    ],
    kept: kept.flat(),
  };
}

/** All objects of our kinds. */
export async function objectsOf(client: Client, namespace: string, signal: AbortSignal): Promise<Found[]> {
  const lists = await Promise.all(
    (await ourResources(client, signal)).map(async (resource) => {
      const { items } = await client.listAll(resource, { namespace, signal });
      return items.map((object) => ({ resource, object }));
    }),
  );
  return lists.flat();
}

async function publishedKinds(client: Client, signal: AbortSignal): Promise<Map<string, PublishedService>> {
  const { items } = await client.listAll(CustomResourceDefinition, { signal });
  return new Map(
    items.flatMap(({ metadata, spec }) => {
      const service = isOurGroup(spec.group) ? publishedService(metadata ?? {}) : undefined;
      return service ? [[`${spec.names.kind}.${spec.group}`, service] as const] : [];
    }),
  );
}

function tiersOf(services: readonly Found[], published: ReadonlyMap<string, PublishedService>): Found[][] {
  const serviceOf = ({ object }: Found) => published.get(`${object.kind ?? ''}.${groupOf(object.apiVersion)}`);
  const needs = (one: Found, other: Found): boolean => {
    const [from, to] = [serviceOf(one), serviceOf(other)];
    return (from && to && from.requires.some((need) => need === to.service || need === to.provides)) ?? false;
  };
  const tiers: Found[][] = [];
  let left = [...services];
  while (left.length > 0) {
    const free = left.filter((one) => !left.some((other) => other !== one && needs(other, one)));
    // Those that need each other in a circle go together.
    const tier = free.length > 0 ? free : left;
    tiers.push(tier);
    left = left.filter((one) => !tier.includes(one));
  }
  return tiers;
}
