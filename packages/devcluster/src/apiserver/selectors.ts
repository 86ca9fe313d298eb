// Label and field selectors, as lists, watches and deletecollection take them.
import { matchesSelector, parseSelector, SelectorError } from '@stackwright/kube';
import { badRequest } from './errors.js';
import type { ApiObject } from './json.js';
import type { ServedResource } from './registry/resource.js';

export type Predicate = (object: ApiObject) => boolean;

/** Undefined when everything is selected. */
export function selector(
  resource: ServedResource,
  parameters: { labelSelector?: string; fieldSelector?: string },
): Predicate | undefined {
  const labels = parameters.labelSelector ? labelPredicate(parameters.labelSelector) : undefined;
  const fields = parameters.fieldSelector ? fieldPredicate(resource, parameters.fieldSelector) : undefined;
  if (labels && fields) return (object) => labels(object) && fields(object);
  return labels ?? fields;
}

function labelPredicate(text: string): Predicate {
  try {
    const requirements = parseSelector(text);
    return (object) => matchesSelector(requirements, object.metadata.labels);
  } catch (error) {
    if (!(error instanceof SelectorError)) throw error;
    throw badRequest(`unable to parse requirement: ${error.message}`);
  }
}

function fieldPredicate(resource: ServedResource, text: string): Predicate {
  const terms = text
    .split(',')
    .filter((term) => term !== '')
    .map((term) => {
      const match = /^([^=!]+)(==|=|!=)(.*)$/s.exec(term);
      if (!match) throw badRequest(`invalid selector: '${term}'; can't understand '${term}'`);
      return { name: match[1] as string, equal: match[2] !== '!=', value: match[3] as string };
    });
  const probe = fieldsOf(resource, { metadata: {} });
  for (const { name } of terms) {
    if (!(name in probe)) throw badRequest(`field label not supported: ${name}`);
  }
  return (object) => {
    const fields = fieldsOf(resource, object);
    return terms.every(({ name, equal, value }) => (fields[name] === value) === equal);
  };
}

function fieldsOf(resource: ServedResource, object: ApiObject): Record<string, string> {
  return {
    'metadata.name': object.metadata.name ?? '',
    ...(resource.namespaced ? { 'metadata.namespace': object.metadata.namespace ?? '' } : {}),
    ...resource.strategy.fields?.(object),
  };
}
