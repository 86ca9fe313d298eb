// What the TypeScript types of the built-in kinds cannot say about them: how lists and structs merge, and formats.
import { builtInField, isAtomicStruct } from '@stackwright/kube';
import type { Schema } from './schema.js';

const core = 'io.k8s.api.core.v1';
const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1';

const ADMISSION = 'io.k8s.api.admissionregistration.v1';

const EXTENSIONS = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1';

/**
 * A strategic merge patch merges what server-side apply merges, by the first of its keys, but for these fields: by no key, or
 * by one that server-side apply does not know. `true`: scalars.
 */
const mergedOtherwise: Record<string, Record<string, string | true | undefined>> = {
  [`${meta}.ObjectMeta`]: { finalizers: true },
  [`${core}.NodeSpec`]: { podCIDRs: true },
  [`${core}.ResourceRequirements`]: { claims: undefined },
  [`${core}.PodStatus`]: { hostIPs: 'ip' },
  'io.k8s.api.batch.v1.JobStatus': { conditions: 'type' },
  'io.k8s.api.certificates.v1.CertificateSigningRequestStatus': { conditions: undefined },
  [`${ADMISSION}.ValidatingAdmissionPolicyStatus`]: { conditions: undefined },
  [`${EXTENSIONS}.CustomResourceDefinitionStatus`]: { conditions: undefined },
};

function mergeKeyOf(definition: string, field: string): string | true | undefined {
  const otherwise = mergedOtherwise[definition];
  if (otherwise && Object.hasOwn(otherwise, field)) return otherwise[field];
  const keys = builtInField(definition, field)?.keys;
  return keys === 'set' ? undefined : keys?.[0];
}

/** Strategic merge of structs whose members exclude each other: what the patch does not name is dropped. */
const retainKeys: Record<string, readonly string[]> = {
  'io.k8s.api.apps.v1.DeploymentSpec': ['strategy'],
};

/** Lists whose items are merged so, too: a volume is of one kind. */
const retained = new Set(['volumes', 'resourceClaims', 'resourceClaimStatuses']);

/** Fields that the types call a number but which may have a fraction. */
const fractions = new Set(['minimum', 'maximum', 'multipleOf']);

const formats: Record<string, Record<string, Schema>> = {
  [`${core}.Secret`]: { data: { type: 'object', additionalProperties: { type: 'string', format: 'byte' } } },
  [`${core}.ConfigMap`]: { binaryData: { type: 'object', additionalProperties: { type: 'string', format: 'byte' } } },
  // Part of the key of their lists: elements that do not say it have the default's.
  [`${core}.ContainerPort`]: { protocol: { default: 'TCP' } },
  [`${core}.ServicePort`]: { protocol: { default: 'TCP' } },
  'io.k8s.api.apps.v1.ControllerRevision': { data: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
};

export function fieldHints(definition: string, field: string): Schema {
  const hint: Schema = { ...formats[definition]?.[field] };
  const { keys, atomic } = builtInField(definition, field) ?? {};
  if (keys === 'set') hint['x-kubernetes-list-type'] = 'set';
  else if (keys) {
    hint['x-kubernetes-list-type'] = 'map';
    hint['x-kubernetes-list-map-keys'] = [...keys];
  }
  const mergeKey = mergeKeyOf(definition, field);
  if (mergeKey !== undefined) {
    hint['x-kubernetes-patch-strategy'] = retained.has(field) ? 'merge,retainKeys' : 'merge';
    if (mergeKey !== true) hint['x-kubernetes-patch-merge-key'] = mergeKey;
  }
  if (retainKeys[definition]?.includes(field)) hint['x-kubernetes-patch-strategy'] = 'retainKeys';
  if (atomic) hint['x-kubernetes-map-type'] = 'atomic';
  if (definition === `${EXTENSIONS}.JSONSchemaProps` && fractions.has(field)) hint.type = 'number';
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

/** What a schema in a CRD has of Kubernetes' own: the types leave it out. */
function extensions(): Record<string, Schema> {
  const text: Schema = { type: 'string' };
  const flag: Schema = { type: 'boolean' };
  const rule = {
    rule: text,
    message: text,
    messageExpression: text,
    reason: text,
    fieldPath: text,
    optionalOldSelf: flag,
  };
  return {
    'x-kubernetes-preserve-unknown-fields': flag,
    'x-kubernetes-embedded-resource': flag,
    'x-kubernetes-int-or-string': flag,
    'x-kubernetes-list-type': text,
    'x-kubernetes-map-type': text,
    'x-kubernetes-list-map-keys': { type: 'array', items: text },
    'x-kubernetes-validations': { type: 'array', items: { type: 'object', properties: rule } },
  };
}

export function structHints(definition: string): Schema {
  return {
    ...(isAtomicStruct(definition) ? { 'x-kubernetes-map-type': 'atomic' as const } : {}),
    ...(definition.startsWith(ADMISSION) && definition.endsWith('RuleWithOperations')
      ? { properties: resourceRule() }
      : {}),
    ...(definition === `${EXTENSIONS}.JSONSchemaProps` ? { properties: extensions() } : {}),
  };
}
