// Everything that makes an object invalid (422), in one go, so that the client sees all of it at once.
import type { ServerContext } from '../context.js';
import { field, invalid, type FieldError } from '../errors.js';
import { at, type ApiObject } from '../json.js';
import type { ServedResource, StrategyContext, Subresource } from '../registry/resource.js';
import { BARE_FINALIZER, isBareFinalizer, validateMetadata } from '../schema/names.js';
import { validateSelectors } from '../schema/selectors.js';
import { NOT_NEGATIVE } from '../validation/findings.js';

export function validateObject(
  context: StrategyContext,
  resource: ServedResource,
  object: ApiObject,
  old: ApiObject | undefined,
): void {
  const errors = validateMetadata(object, resource.nameRule).filter(
    (error) =>
      !old || error.field !== 'metadata.generateName' || !settledNames.has(`${resource.group}/${resource.plural}`),
  );
  if ((object.metadata.generation ?? 0) < 0)
    errors.push(field.invalid('metadata.generation', object.metadata.generation, NOT_NEGATIVE));
  for (const name of ['uid', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const) {
    const value = object.metadata[name];
    if (old && value !== old.metadata[name])
      errors.push(field.invalid(`metadata.${name}`, value ?? null, 'field is immutable'));
  }
  errors.push(...(resource.strategy.validate?.(object, old, context) ?? []));
  if (!resource.custom) {
    errors.push(
      ...bareFinalizers(resource, object),
      ...validateSelectors(resource.schema(), object, '').filter(
        // What cannot be changed any more was looked at when it came.
        (error) =>
          !error.field.startsWith('spec.jobTemplate.spec.selector.') &&
          (!old || !error.field.startsWith('spec.volumeClaimTemplates[')),
      ),
    );
  }
  if (errors.length > 0) throw invalid(resource, object.metadata.name ?? '', errors);
}

/** Kinds whose updates are not asked how their name was made. */
const settledNames = new Set([
  'apps/deployments',
  'apps/replicasets',
  'apps/statefulsets',
  'apps/daemonsets',
  'batch/cronjobs',
  '/services',
  'networking.k8s.io/networkpolicies',
  'scheduling.k8s.io/priorityclasses',
  'events.k8s.io/events',
]);

/** Kinds with the rules for metadata that all kinds have, and no more. */
const plainMetadata = new Set([
  'apiextensions.k8s.io/customresourcedefinitions',
  'admissionregistration.k8s.io/mutatingwebhookconfigurations',
  'admissionregistration.k8s.io/validatingwebhookconfigurations',
  'admissionregistration.k8s.io/validatingadmissionpolicies',
  'admissionregistration.k8s.io/validatingadmissionpolicybindings',
  'coordination.k8s.io/leases',
  'policy/poddisruptionbudgets',
  '/events',
]);

/** Whose finalizer it is must be told from its name. */
function bareFinalizers({ group, plural }: ServedResource, { metadata }: ApiObject): FieldError[] {
  if (plainMetadata.has(`${group}/${plural}`)) return [];
  return (metadata.finalizers ?? []).flatMap((name, index) =>
    !isBareFinalizer(name) ? [] : [field.invalid(`metadata.finalizers[${index}]`, name, BARE_FINALIZER)],
  );
}

export function strategyContext(context: ServerContext, user: string, subresource?: string): StrategyContext {
  return {
    store: context.store,
    now: context.now(),
    user,
    mayBeOnLoopback: user === context.loopbackEndpointsOf,
    ...(subresource === undefined ? {} : { subresource: subresource as Subresource }),
  };
}

/** Whether what the kind counts as its specification differs. */
export function newGeneration(
  resource: ServedResource,
  object: ApiObject,
  old: ApiObject,
  same: (a: unknown, b: unknown) => boolean,
): boolean {
  const fields = resource.strategy.generationFields;
  if (!fields) return false;
  if (fields === 'all') {
    const names = new Set([...Object.keys(object), ...Object.keys(old)]);
    for (const ignored of ['apiVersion', 'kind', 'metadata']) names.delete(ignored);
    if (resource.subresources.includes('status')) names.delete('status');
    return [...names].some((name) => !same(object[name], old[name]));
  }
  return fields.some((name) => !same(at(object, ...name.split('.')), at(old, ...name.split('.'))));
}
