import { ApiError, defineResource, type Client, type KubeObject, type Resource } from '@stackwright/kube';
import {
  ClusterRole,
  ClusterRoleBinding,
  CustomResourceDefinition,
  Deployment,
  Namespace,
  NetworkPolicy,
  Role,
  RoleBinding,
  ServiceAccount,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  isNotFound,
} from '@stackwright/kube';
import { until } from '../cluster/wait.js';
import { groupOf } from '../observe/objects.js';

const resources: readonly Resource[] = [
  Namespace,
  CustomResourceDefinition,
  ServiceAccount,
  Role,
  RoleBinding,
  ClusterRole,
  ClusterRoleBinding,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  NetworkPolicy,
  Deployment,
];

export const fieldManager = 'stackwright-cli';

/** Server-side apply of each, in order. Changes nothing where everything is as it should be. */
export async function applyAll(client: Client, objects: readonly KubeObject[], signal: AbortSignal): Promise<void> {
  for (const object of objects) await client.apply(resourceOf(object), object, { fieldManager, force: true, signal });
}

function resourceOf({ apiVersion, kind }: KubeObject): Resource {
  const found = resources.find((resource) => resource.kind === kind && resource.group === groupOf(apiVersion));
  if (!found) throw new Error(`No resource is known for ${kind ?? ''}`);
  return found;
}

/** Waits until the API serves the kinds: a new CRD takes a moment. */
export async function untilServed(
  client: Client,
  definitions: readonly CustomResourceDefinition[],
  signal: AbortSignal,
): Promise<void> {
  for (const { spec } of definitions) {
    const resource = defineResource({
      group: spec.group,
      version: spec.versions[0]?.name ?? '',
      kind: spec.names.kind,
      plural: spec.names.plural,
      namespaced: spec.scope === 'Namespaced',
    });
    await until(() => client.list(resource, { limit: 1, signal }).then(() => true, ignoreUnserved), {
      every: 100,
      signal,
    });
  }
}

/** An API server that has just learnt of a kind says 404, or 429 while its storage is being made. */
function ignoreUnserved(error: unknown): undefined {
  if (isNotFound(error) || (error instanceof ApiError && error.code === 429)) return undefined;
  throw error;
}
