// From what a step says it wants to the object as it is applied: namespace, labels, ownerReference, hash.
import {
  apiVersionOf,
  PersistentVolumeClaim,
  Secret,
  StatefulSet,
  type KubeObject,
  type ObjectMeta,
  type Resource,
} from '@stackwright/kube';
import { isSameResource } from '../declare/graph.js';
import { claimName } from '../declare/mark.js';
import type { Names } from '../declare/names.js';
import type { Desired, Reconciled } from '../declare/step.js';
import { isFields } from './compare.js';
import type { Ownership } from './ownership.js';

/** Whose child it is and which step wants it. */
export interface Origin {
  owner: Readonly<Reconciled>;
  ownerResource: Resource;
  ownership: Ownership;
  step: string;
}

export interface Completing<T extends KubeObject> {
  retain: boolean;
  /** Of kinds that are in one. */
  namespace: string | undefined;
  observed: Readonly<T> | undefined;
}

/** The object as it is applied, without the hash. */
export function complete<T extends KubeObject>(
  origin: Origin,
  resource: Resource<T>,
  desired: Desired<T>,
  { retain, namespace, observed }: Completing<T>,
): KubeObject {
  const { metadata: given, ...fields } = desired;
  const { ownership, step } = origin;
  const { names } = ownership;
  const key = namespace === undefined ? { name: given.name } : { name: given.name, namespace };
  const mark = {
    [names.annotation.owner]: ownership.markFor(resource, { metadata: key }),
    [names.annotation.step]: step,
  };
  // Assigned, here and below: in a literal each field that comes after a spread costs as much as all others.
  const metadata: ObjectMeta = {
    labels: Object.assign({}, ownership.labels, given.labels, retain ? { [names.label.retained]: 'true' } : undefined),
    annotations: given.annotations ? Object.assign({}, given.annotations, mark) : mark,
    ...key,
    ...(retain ? {} : { ownerReferences: [childReference(origin.owner, origin.ownerResource)] }),
  };
  const types = { apiVersion: apiVersionOf(resource), kind: resource.kind };
  return Object.assign({}, normalized(resource, fields, { origin, key, observed }), types, { metadata });
}

/** Whether making it anew may lose data. */
export function holdsData<T extends KubeObject>(resource: Resource<T>, desired: Desired<T>, retain: boolean): boolean {
  if (isRetained(resource, retain)) return true;
  if (!isSameResource(resource, StatefulSet)) return false;
  const { spec } = desired as { spec?: { persistentVolumeClaimRetentionPolicy?: { whenDeleted?: string } } };
  return spec?.persistentVolumeClaimRetentionPolicy?.whenDeleted === 'Delete';
}

/** A copy without these fields. */
export function withoutPaths(object: KubeObject, paths: readonly (readonly string[])[]): KubeObject {
  return paths.reduce<unknown>(without, object) as KubeObject;
}

function without(value: unknown, [first, ...rest]: readonly string[]): unknown {
  if (first === undefined || !isFields(value) || !(first in value)) return value;
  const { [first]: inner, ...others } = value;
  return rest.length === 0 ? others : { ...value, [first]: without(inner, rest) };
}

/** A copy with this value at the path. */
export function withValue<T extends object>(object: T, [first, ...rest]: readonly string[], value: unknown): T {
  if (first === undefined) return object;
  const inner = (object as Record<string, unknown>)[first];
  return { ...object, [first]: rest.length === 0 ? value : withValue(inner ?? {}, rest, value) };
}

/** What holds data is retained whatever the step says: no ownerReference must ever lead to a volume. */
export function isRetained(resource: Resource, retain: boolean | undefined): boolean {
  return retain === true || isSameResource(resource, PersistentVolumeClaim);
}

/** The object with the hash by which a later reconcile knows that it was this that was applied. */
export function withHash(
  object: Readonly<KubeObject>,
  { annotation }: Names,
  hash: string,
  acceptedHash?: string,
): KubeObject {
  const hashes = {
    [annotation.desiredHash]: hash,
    ...(acceptedHash === undefined ? {} : { [annotation.acceptedHash]: acceptedHash }),
  };
  const annotations = Object.assign({}, object.metadata?.annotations, hashes);
  return { ...object, metadata: { ...object.metadata, annotations } };
}

/** The ownerReference that a child of it carries. */
export function childReference(owner: Readonly<KubeObject>, ownerResource: Resource) {
  return {
    apiVersion: apiVersionOf(ownerResource),
    kind: ownerResource.kind,
    name: owner.metadata?.name ?? '',
    uid: owner.metadata?.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** Whose fields are normalized. */
interface Completed {
  origin: Origin;
  key: { name: string; namespace?: string };
  observed: Readonly<KubeObject> | undefined;
}

/** Says things the way the API stores them, where that is known beforehand. */
function normalized(resource: Resource, fields: object, completed: Completed): object {
  if (isSameResource(resource, Secret) && 'stringData' in fields) {
    const { stringData, data, ...rest } = fields as {
      stringData: Record<string, string>;
      data?: Record<string, string>;
    };
    const encoded = Object.entries(stringData).map(([key, value]) => [
      key,
      Buffer.from(value, 'utf8').toString('base64'),
    ]);
    return { ...rest, data: { ...data, ...(Object.fromEntries(encoded) as Record<string, string>) } };
  }
  if (isSameResource(resource, StatefulSet)) {
    const { spec } = fields as { spec?: { volumeClaimTemplates?: readonly KubeObject[] } };
    if (!spec?.volumeClaimTemplates) return fields;
    const volumeClaimTemplates = spec.volumeClaimTemplates.map((template) => marked(template, completed));
    return { ...fields, spec: { ...spec, volumeClaimTemplates } };
  }
  return fields;
}

/** The claims carry labels and annotations of their template: by these they are found when data is to be deleted. */
function marked(template: Readonly<KubeObject>, { origin, key, observed }: Completed): KubeObject {
  const { names, labels } = origin.ownership;
  const { name = '', annotations } = template.metadata ?? {};
  const before = (observed as Readonly<StatefulSet> | undefined)?.spec?.volumeClaimTemplates?.find(
    ({ metadata }) => metadata?.name === name,
  );
  // A template can never be changed: what an earlier version made of it has no mark.
  const isUnmarked = before && before.metadata?.annotations?.[names.annotation.owner] === undefined;
  const claim = { metadata: { ...key, name: claimName(name, key.name) } };
  const mark = { [names.annotation.owner]: origin.ownership.markFor(PersistentVolumeClaim, claim) };
  return {
    ...template,
    metadata: {
      ...template.metadata,
      labels: { ...labels, [names.label.retained]: 'true', ...template.metadata?.labels },
      ...(isUnmarked ? {} : { annotations: { ...annotations, ...mark } }),
    },
  };
}
