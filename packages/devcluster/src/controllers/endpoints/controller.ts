import type { ObjectKey, Service } from '@stackwright/kube';
import { sameValue, type Stored } from '../../shared/objects.js';
import { matchesLabels } from '../../shared/selectors.js';
import type { Context } from '../context.js';
import { Loop } from '../loop.js';
import { computeGroups, type EndpointGroup } from './compute.js';
import { endpointsOf, MANAGED_LABEL, MANAGER, planSlices, SERVICE_LABEL } from './objects.js';

/** Keeps the EndpointSlices and Endpoints of Services with a selector; of others they are somebody else's. */
export function endpointsController({ stores, clock, log }: Context): Loop {
  const { services, pods, endpointSlices, endpoints } = stores;
  const loop = new Loop({ name: 'endpoints', reconcile, clock, log });

  services.onChange(({ object }) => loop.add(object));
  pods.onChange(({ object, previous }) => {
    for (const service of services.list(object.metadata.namespace)) {
      if (selects(service, object.metadata.labels) || selects(service, previous?.metadata.labels)) loop.add(service);
    }
  });
  const addOwner = ({ object }: { object: Stored }): void => {
    const name = object.metadata.labels?.[SERVICE_LABEL] ?? object.metadata.name;
    if (services.get({ namespace: object.metadata.namespace, name }))
      loop.add({ namespace: object.metadata.namespace, name });
  };
  endpointSlices.onChange(addOwner);
  endpoints.onChange(addOwner);
  return loop;

  async function reconcile(key: ObjectKey): Promise<void> {
    const service = services.get(key);
    if (!service) {
      // The slices go with their owner; Endpoints have none.
      const left = endpoints.get(key);
      if (left) await endpoints.delete(left);
      return;
    }
    if (service.metadata.deletionTimestamp || !hasSelector(service)) return;
    const groups = computeGroups(
      service,
      pods.list(key.namespace).filter((pod) => selects(service, pod.metadata.labels)),
    );
    await writeSlices(service, groups);
    await writeEndpoints(service, groups);
  }

  async function writeSlices(service: Stored<Service>, groups: readonly EndpointGroup[]): Promise<void> {
    const existing = endpointSlices
      .list(service.metadata.namespace)
      .filter(({ metadata: { labels, deletionTimestamp } }) => {
        return (
          labels?.[SERVICE_LABEL] === service.metadata.name && labels[MANAGED_LABEL] === MANAGER && !deletionTimestamp
        );
      });
    const plan = planSlices(service, groups, existing);
    for (const slice of plan.update) await endpointSlices.update(slice);
    for (const slice of plan.create) await endpointSlices.create(slice);
    for (const slice of plan.remove) await endpointSlices.delete(slice);
  }

  async function writeEndpoints(service: Stored<Service>, groups: readonly EndpointGroup[]): Promise<void> {
    const wanted = endpointsOf(service, groups);
    const existing = endpoints.get(service.metadata);
    if (!existing) {
      await endpoints.create(wanted);
      return;
    }
    if (existing.metadata.deletionTimestamp) return;
    const metadata = { ...existing.metadata, labels: { ...wanted.metadata?.labels } };
    const next = { ...existing, metadata, subsets: wanted.subsets ?? [] };
    if (!sameValue(next, existing)) await endpoints.update(next);
  }
}

function hasSelector(service: Service): boolean {
  return Object.keys(service.spec?.selector ?? {}).length > 0 && service.spec?.type !== 'ExternalName';
}

function selects(service: Service, labels: Record<string, string> | undefined): boolean {
  return labels !== undefined && hasSelector(service) && matchesLabels(labels, service.spec?.selector ?? {});
}
