// Which services there are is read from the cluster: each publishes itself on its CRD. No service is known beforehand.
import { labels, publishedService, type Conditioned, type PublishedService } from '@stackwright/api';
import { defineResource, type CustomResourceDefinition, type Resource } from '@stackwright/kube';
import type { FieldSchema } from './unknown-fields.js';

/** A service's object, as far as all services have the same: the rest of its spec is never read. */
export interface ServiceObject extends Conditioned {
  spec?: Record<string, unknown>;
  status?: Conditioned['status'] & { endpoint?: string; release?: string };
}

/** A kind of service that the cluster has. */
export interface ServiceKind extends PublishedService {
  resource: Resource<ServiceObject>;
  /** Which of the fields that a ControlPlane hands down its spec has. */
  accepts: { release: boolean; deletionPolicy: boolean };
  /** Of its spec. Only names of fields are taken from it: what may stand in them is the service's. */
  schema: FieldSchema;
}

/** Selects the CRDs of services. */
export const serviceSelector = labels.service;

export function serviceKinds(crds: readonly Readonly<CustomResourceDefinition>[]): ServiceKind[] {
  const kinds = new Map<string, ServiceKind>();
  const byName = [...crds].sort((a, b) => ((a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1));
  for (const crd of byName) {
    const kind = serviceKind(crd);
    // Of two that claim one name, the same one wins each time.
    if (kind && !kinds.has(kind.service)) kinds.set(kind.service, kind);
  }
  return [...kinds.values()];
}

function serviceKind(crd: Readonly<CustomResourceDefinition>): ServiceKind | undefined {
  const published = publishedService(crd.metadata ?? {});
  const served = crd.spec.versions.filter((version) => version.served);
  const version = served.find((each) => each.storage) ?? served[0];
  if (!published || !version || crd.metadata?.deletionTimestamp) return undefined;
  const schema = version.schema?.openAPIV3Schema?.properties?.['spec'] ?? {};
  const fields = schema.properties ?? {};
  return {
    ...published,
    resource: defineResource<ServiceObject>({
      group: crd.spec.group,
      version: version.name,
      kind: crd.spec.names.kind,
      plural: crd.spec.names.plural,
      namespaced: crd.spec.scope === 'Namespaced',
    }),
    accepts: { release: 'release' in fields, deletionPolicy: 'deletionPolicy' in fields },
    schema,
  };
}
