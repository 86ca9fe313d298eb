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
import { Annotation, Label, labelsOf } from '../declare/names.js';
import type { Desired, Reconciled } from '../declare/step.js';

/** Whose child it is and which step wants it. */
export interface Origin {
  owner: Readonly<Reconciled>;
  ownerResource: Resource;
  step: string;
}

/** The object as it is applied, without the hash. */
export function complete<T extends KubeObject>(
  origin: Origin,
  resource: Resource<T>,
  desired: Desired<T>,
  retain: boolean,
): KubeObject {
  const { metadata, ...fields } = desired;
  const { owner } = origin;
  const complete: KubeObject & { metadata: ObjectMeta } = {
    ...normalized(resource, fields, origin),
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    metadata: {
      name: metadata.name,
      ...(owner.metadata?.namespace === undefined ? {} : { namespace: owner.metadata.namespace }),
      labels: { ...ownerLabels(origin), ...metadata.labels, ...(retain ? { [Label.retained]: 'true' } : {}) },
      annotations: { ...metadata.annotations, [Annotation.step]: origin.step },
      ...(retain ? {} : { ownerReferences: [ownerReference(origin)] }),
    },
  };
  return complete;
}

/** What holds data is retained whatever the step says: no ownerReference must ever lead to a volume. */
export function isRetained(resource: Resource, retain: boolean | undefined): boolean {
  return retain === true || isSameResource(resource, PersistentVolumeClaim);
}

/** The object with the hash by which a later reconcile knows that it was this that was applied. */
export function withHash(object: Readonly<KubeObject>, hash: string, acceptedHash?: string): KubeObject {
  return {
    ...object,
    metadata: {
      ...object.metadata,
      annotations: {
        ...object.metadata?.annotations,
        [Annotation.desiredHash]: hash,
        ...(acceptedHash === undefined ? {} : { [Annotation.acceptedHash]: acceptedHash }),
      },
    },
  };
}

function ownerLabels({ owner, ownerResource }: Origin): Record<string, string> {
  return labelsOf(ownerResource.kind, owner.metadata?.name ?? '');
}

function ownerReference({ owner, ownerResource }: Origin) {
  return {
    apiVersion: apiVersionOf(ownerResource),
    kind: ownerResource.kind,
    name: owner.metadata?.name ?? '',
    uid: owner.metadata?.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** Says things the way the API stores them, where that is known beforehand. */
function normalized(resource: Resource, fields: object, origin: Origin): object {
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
    // The claims carry the labels of their template: by these they are found when data is to be deleted.
    const labels = { ...ownerLabels(origin), [Label.retained]: 'true' };
    const volumeClaimTemplates = spec.volumeClaimTemplates.map((template) => ({
      ...template,
      metadata: { ...template.metadata, labels: { ...labels, ...template.metadata?.labels } },
    }));
    return { ...fields, spec: { ...spec, volumeClaimTemplates } };
  }
  return fields;
}
