// Label selectors of built-in kinds, wherever their schema has one: what everything below relies on to be well-formed.
import type { LabelSelector } from 'kubernetes-types/meta/v1.d.ts';
import { field, type FieldError } from '../errors.js';
import { isObject } from '../json.js';
import { resolve } from './definitions.js';
import { labelValueProblems, qualifiedNameProblems } from './formats.js';
import { invalidEach, validateLabels } from './names.js';
import { definitionOf, type Schema } from './schema.js';

const SELECTOR = 'io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector';

export function validateSelectors(schema: Schema, value: unknown, path: string): FieldError[] {
  if (schema.$ref !== undefined && definitionOf(schema.$ref) === SELECTOR) {
    return isObject(value) ? validateSelector(value, path) : [];
  }
  if (!hasSelectors(schema)) return [];
  const { items, properties, additionalProperties } = resolve(schema);
  if (Array.isArray(value)) {
    return items ? value.flatMap((item, index) => validateSelectors(items, item, `${path}[${index}]`)) : [];
  }
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, child]) => {
    const declared = properties?.[name] ?? additionalProperties;
    return typeof declared === 'object' ? validateSelectors(declared, child, path ? `${path}.${name}` : name) : [];
  });
}

const known = new Map<string, boolean>();

/** Whether values of this schema can have a selector anywhere: most cannot, and need not be looked at. */
function hasSelectors(schema: Schema): boolean {
  const { $ref } = schema;
  if ($ref !== undefined) {
    const name = definitionOf($ref);
    if (name === SELECTOR) return true;
    const found = known.get(name);
    if (found !== undefined) return found;
    // Until it is known otherwise: schemas may contain themselves.
    known.set(name, false);
    const result = hasSelectors(resolve(schema));
    known.set(name, result);
    return result;
  }
  const { items, properties, additionalProperties } = schema;
  return (
    Object.values(properties ?? {}).some(hasSelectors) ||
    (items !== undefined && hasSelectors(items)) ||
    (typeof additionalProperties === 'object' && hasSelectors(additionalProperties))
  );
}

/** What is wrong with a selector; nobody is selected by one with a fault. */
export function validateSelector({ matchLabels, matchExpressions }: LabelSelector, path: string): FieldError[] {
  const errors = validateLabels(matchLabels, `${path}.matchLabels`);
  for (const [index, { key, operator, values = [] }] of (matchExpressions ?? []).entries()) {
    const place = `${path}.matchExpressions[${index}]`;
    if (operator === 'In' || operator === 'NotIn') {
      if (values.length === 0)
        errors.push(field.required(`${place}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
    } else if (operator === 'Exists' || operator === 'DoesNotExist') {
      if (values.length > 0)
        errors.push(
          field.forbidden(`${place}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
        );
    } else errors.push(field.invalid(`${place}.operator`, operator, 'not a valid selector operator'));
    errors.push(
      ...invalidEach(`${place}.key`, key, qualifiedNameProblems(key)),
      ...values.flatMap((value, position) =>
        invalidEach(`${place}.values[${position}]`, value, labelValueProblems(value)),
      ),
    );
  }
  return errors;
}
