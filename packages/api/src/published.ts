// What a service says of itself on its CRD, so that the coordinator needs to know no service beforehand.
import { annotations, labels } from './names.js';

export interface PublishedService {
  /** "keystone": the name under which a ControlPlane names it, and the name of its object. */
  service: string;
  /** "database": the role that it plays for others. */
  provides?: string;
  /** Roles and services without which it does not become ready. */
  requires: readonly string[];
}

/** Labels and annotations of the service's CRD. */
export function publish(service: { service: string; provides?: string; requires?: readonly string[] }): {
  labels: Record<string, string>;
  annotations: Record<string, string>;
} {
  return {
    labels: {
      [labels.service]: service.service,
      ...(service.provides === undefined ? {} : { [labels.provides]: service.provides }),
    },
    annotations: service.requires?.length ? { [annotations.requires]: service.requires.join(',') } : {},
  };
}

/** The reverse of `publish`; undefined for a CRD that is not a service's. */
export function publishedService(metadata: {
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}): PublishedService | undefined {
  const service = metadata.labels?.[labels.service];
  if (!service) return undefined;
  const provides = metadata.labels?.[labels.provides];
  return {
    service,
    ...(provides ? { provides } : {}),
    requires: (metadata.annotations?.[annotations.requires] ?? '')
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
  };
}

/** Something that a service needs, and that none of those that are there gives. */
export interface Missing<Service extends PublishedService = PublishedService> {
  service: string;
  /** A role or a service: "identity". */
  needs: string;
  /** Those that could give it. */
  providers: readonly Service[];
}

/** `known` are those that could be added to `there`. */
export function missingOf<Service extends PublishedService>(
  there: readonly PublishedService[],
  known: readonly Service[],
): Missing<Service>[] {
  const gives = (need: string) => (other: PublishedService) => other.service === need || other.provides === need;
  return there.flatMap(({ service, requires }) =>
    requires
      .filter((need) => !there.some(gives(need)))
      .map((needs) => ({ service, needs, providers: known.filter(gives(needs)) })),
  );
}

/** "glance needs identity, which keystone provides". */
export function sayMissing({ service, needs, providers }: Missing): string {
  const [first] = providers;
  if (!first) return `${service} needs ${needs}, which nothing here provides`;
  if (first.service === needs) return `${service} needs ${needs}`;
  return `${service} needs ${needs}, which ${providers.map((one) => one.service).join(' or ')} provides`;
}
