// What the TypeScript types of the built-in kinds cannot say about them: how lists and structs merge, and formats.
import type { Schema } from './schema.js';

interface ListHint {
  /** Server-side apply: keys of a map list; "set" for a list of scalars; absent: atomic. */
  keys?: readonly string[] | 'set';
  /** Strategic merge patch; the key of the elements, absent for scalars. */
  merge?: string | true;
}

const core = 'io.k8s.api.core.v1';
const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1';

const ADMISSION = 'io.k8s.api.admissionregistration.v1';

const named: ListHint = { keys: ['name'], merge: 'name' };
const conditions: ListHint = { keys: ['type'], merge: 'type' };

/** Lists that merge by element, by definition and field. All other lists of built-in kinds are atomic. */
const lists: Record<string, Record<string, ListHint>> = {
  [`${meta}.ObjectMeta`]: {
    finalizers: { keys: 'set', merge: true },
    ownerReferences: { keys: ['uid'], merge: 'uid' },
  },
  [`${core}.PodSpec`]: {
    containers: named,
    initContainers: named,
    ephemeralContainers: named,
    volumes: named,
    imagePullSecrets: named,
    hostAliases: { keys: ['ip'], merge: 'ip' },
    topologySpreadConstraints: { keys: ['topologyKey', 'whenUnsatisfiable'], merge: 'topologyKey' },
    resourceClaims: named,
    schedulingGates: named,
  },
  ...Object.fromEntries(
    ['Container', 'EphemeralContainer'].map((kind) => [
      `${core}.${kind}`,
      {
        env: named,
        ports: { keys: ['containerPort', 'protocol'], merge: 'containerPort' },
        volumeMounts: { keys: ['mountPath'], merge: 'mountPath' },
        volumeDevices: { keys: ['devicePath'], merge: 'devicePath' },
      } satisfies Record<string, ListHint>,
    ]),
  ),
  [`${core}.ResourceRequirements`]: { claims: { keys: ['name'] } },
  [`${core}.PodStatus`]: {
    conditions,
    podIPs: { keys: ['ip'], merge: 'ip' },
    hostIPs: { merge: 'ip' },
    resourceClaimStatuses: named,
  },
  [`${core}.ServiceSpec`]: { ports: { keys: ['port', 'protocol'], merge: 'port' } },
  [`${core}.ServiceStatus`]: { conditions },
  [`${core}.ServiceAccount`]: { secrets: named },
  [`${core}.NamespaceStatus`]: { conditions },
  [`${core}.NodeSpec`]: { podCIDRs: { keys: 'set', merge: true } },
  [`${core}.NodeStatus`]: { conditions, addresses: { keys: ['type'], merge: 'type' } },
  [`${core}.PersistentVolumeClaimStatus`]: { conditions },
  'io.k8s.api.apps.v1.DeploymentStatus': { conditions },
  'io.k8s.api.apps.v1.ReplicaSetStatus': { conditions },
  'io.k8s.api.apps.v1.StatefulSetStatus': { conditions },
  'io.k8s.api.apps.v1.DaemonSetStatus': { conditions },
  'io.k8s.api.batch.v1.JobStatus': { conditions: { merge: 'type' } },
  'io.k8s.api.policy.v1.PodDisruptionBudgetStatus': { conditions },
  [`${ADMISSION}.MutatingWebhookConfiguration`]: { webhooks: named },
  [`${ADMISSION}.ValidatingWebhookConfiguration`]: { webhooks: named },
  [`${ADMISSION}.MutatingWebhook`]: { matchConditions: named },
  [`${ADMISSION}.ValidatingWebhook`]: { matchConditions: named },
  [`${ADMISSION}.ValidatingAdmissionPolicySpec`]: { matchConditions: named, variables: named },
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionStatus': {
    conditions: { keys: ['type'] },
  },
};

/** Strategic merge of structs whose members exclude each other: what the patch does not name is dropped. */
const retainKeys: Record<string, readonly string[]> = {
  'io.k8s.api.apps.v1.DeploymentSpec': ['strategy'],
};

/** Fields that the types call a number but which may have a fraction. */
const fractions = new Set(['minimum', 'maximum', 'multipleOf']);

/** Structs that server-side apply treats as one value. */
const atomicStructs = new Set([
  `${meta}.LabelSelector`,
  ...[
    'ConfigMapKeySelector',
    'LocalObjectReference',
    'NodeSelector',
    'NodeSelectorTerm',
    'ObjectFieldSelector',
    'ObjectReference',
    'ResourceFieldSelector',
    'ScopeSelector',
    'SecretKeySelector',
    'SecretReference',
    'TopologySelectorTerm',
    'TypedLocalObjectReference',
    'EndpointAddress',
    'EndpointPort',
  ].map((name) => `${core}.${name}`),
  `${ADMISSION}.ParamKind`,
  `${ADMISSION}.ParamRef`,
  `${ADMISSION}.NamedRuleWithOperations`,
  'io.k8s.api.rbac.v1.RoleRef',
  'io.k8s.api.rbac.v1.Subject',
  'io.k8s.api.discovery.v1.EndpointPort',
  'io.k8s.api.networking.v1.ServiceBackendPort',
]);

/** Maps of built-in kinds that are one value. */
const atomicMaps: Record<string, readonly string[]> = {
  [`${core}.ServiceSpec`]: ['selector'],
  [`${core}.PodSpec`]: ['nodeSelector'],
};

const formats: Record<string, Record<string, Schema>> = {
  [`${core}.Secret`]: { data: { type: 'object', additionalProperties: { type: 'string', format: 'byte' } } },
  [`${core}.ConfigMap`]: { binaryData: { type: 'object', additionalProperties: { type: 'string', format: 'byte' } } },
  // Part of the key of their lists: elements that do not say it have the default's.
  [`${core}.ContainerPort`]: { protocol: { default: 'TCP' } },
  [`${core}.ServicePort`]: { protocol: { default: 'TCP' } },
  'io.k8s.api.apps.v1.ControllerRevision': { data: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
};

const CRD = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1';

export function fieldHints(definition: string, field: string): Schema {
  const hint: Schema = { ...formats[definition]?.[field] };
  const list = lists[definition]?.[field];
  if (list?.keys === 'set') hint['x-kubernetes-list-type'] = 'set';
  else if (list?.keys) {
    hint['x-kubernetes-list-type'] = 'map';
    hint['x-kubernetes-list-map-keys'] = [...list.keys];
  }
  if (list?.merge !== undefined) {
    hint['x-kubernetes-patch-strategy'] = field === 'volumes' ? 'merge,retainKeys' : 'merge';
    if (list.merge !== true) hint['x-kubernetes-patch-merge-key'] = list.merge;
  }
  if (retainKeys[definition]?.includes(field)) hint['x-kubernetes-patch-strategy'] = 'retainKeys';
  if (atomicMaps[definition]?.includes(field)) hint['x-kubernetes-map-type'] = 'atomic';
  if (definition === `${CRD}.JSONSchemaProps` && fractions.has(field)) hint.type = 'number';
  return hint;
}

/** Required in the published schema, but not by the server: it fills them in, or takes absent for empty. */
const optional: Record<string, readonly string[]> = {
  'io.k8s.api.discovery.v1.EndpointSlice': ['endpoints'],
  'io.k8s.api.rbac.v1.RoleRef': ['apiGroup'],
  'io.k8s.api.authentication.v1.TokenRequestSpec': ['audiences'],
  'io.k8s.api.apps.v1.ControllerRevision': ['revision'],
  'io.k8s.api.apps.v1.StatefulSetSpec': ['serviceName'],
  [`${core}.HTTPHeader`]: ['value'],
};

export const isOptional = (definition: string, field: string): boolean =>
  optional[definition]?.includes(field) ?? false;

/** Missing in the types altogether. */
const resourceRule = (): Record<string, Schema> => ({
  resources: { type: 'array', items: { type: 'string' } },
  scope: { type: 'string' },
});

export function structHints(definition: string): Schema {
  return {
    ...(atomicStructs.has(definition) ? { 'x-kubernetes-map-type': 'atomic' as const } : {}),
    ...(definition.startsWith(ADMISSION) && definition.endsWith('RuleWithOperations')
      ? { properties: resourceRule() }
      : {}),
    // A schema in a CRD also has the x-kubernetes extensions, which the types leave out.
    ...(definition === `${CRD}.JSONSchemaProps` ? { 'x-kubernetes-preserve-unknown-fields': true } : {}),
  };
}
