// Label and field selectors, as lists, watches and deletecollection take them.
import { badRequest } from './errors.js';
import type { ApiObject } from './json.js';
import type { ServedResource } from './registry/resource.js';

export type Predicate = (object: ApiObject) => boolean;

interface Requirement {
  key: string;
  operator: 'in' | 'notin' | 'exists' | 'absent';
  values: readonly string[];
}

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
  const requirements = parseLabels(text);
  return (object) =>
    requirements.every((requirement) => matches(requirement, object.metadata.labels?.[requirement.key]));
}

function matches(requirement: Requirement, value: string | undefined): boolean {
  switch (requirement.operator) {
    case 'in':
      return value !== undefined && requirement.values.includes(value);
    case 'notin':
      // As in Kubernetes: what has no such label is not in the set.
      return value === undefined || !requirement.values.includes(value);
    case 'exists':
      return value !== undefined;
    case 'absent':
      return value === undefined;
  }
}

function parseLabels(text: string): Requirement[] {
  const requirements: Requirement[] = [];
  // Commas inside of parentheses belong to a set.
  for (const part of text.split(/,(?![^(]*\))/)) {
    const expression = part.trim();
    if (expression === '') continue;
    requirements.push(parseRequirement(expression));
  }
  return requirements;
}

const KEY = '[A-Za-z0-9](?:[-A-Za-z0-9_./]*[A-Za-z0-9])?';

function parseRequirement(expression: string): Requirement {
  const set = new RegExp(`^(${KEY})\\s+(in|notin)\\s*\\(([^()]*)\\)$`).exec(expression);
  if (set) {
    const values = (set[3] as string).split(',').map((value) => value.trim());
    return { key: set[1] as string, operator: set[2] as 'in' | 'notin', values };
  }
  const comparison = new RegExp(`^(${KEY})\\s*(==|=|!=)\\s*([-A-Za-z0-9_.]*)$`).exec(expression);
  if (comparison) {
    return {
      key: comparison[1] as string,
      operator: comparison[2] === '!=' ? 'notin' : 'in',
      values: [comparison[3] as string],
    };
  }
  const presence = new RegExp(`^(!?)\\s*(${KEY})$`).exec(expression);
  if (presence) return { key: presence[2] as string, operator: presence[1] ? 'absent' : 'exists', values: [] };
  throw badRequest(`unable to parse requirement: found '${expression}'`);
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
