// What of an apply configuration does not fit the schema of its kind: fields that are not declared, elements that no key
// tells apart, values of another type. Values are named as the real merge library names them.
import { goText } from '../go-text.js';
import { isObject } from '../json.js';
import { resolve } from '../schema/definitions.js';
import { fieldSchema, keepsUnknown, type Schema } from '../schema/schema.js';
import { formatPath } from './field-set.js';
import { elementOf, itemsOf, MergeError } from './typed.js';

/** One sentence each, the path first: `.spec.size: expected numeric (int or float), got string`. Empty when all fits. */
export function typeErrors(schema: Schema, config: unknown): string[] {
  const errors: string[] = [];
  visit(schema, config, '', (path, problem) => errors.push(path === '' ? problem : `${path}: ${problem}`));
  return errors;
}

type Report = (path: string, problem: string) => void;

function visit(given: Schema, value: unknown, path: string, report: Report): void {
  if (value === null || value === undefined) return;
  const schema = resolve(given);
  switch (schema.type) {
    case 'object':
      if (!isObject(value)) report(path, `expected map, got ${shown(value)}`);
      else visitFields(schema, value, path, report);
      return;
    case 'array':
      if (!Array.isArray(value)) report(path, `expected list, got ${shown(value)}`);
      else visitItems(schema, value, path, report);
      return;
    case 'integer':
    case 'number':
      if (typeof value !== 'number') report(path, `expected numeric (int or float), got ${goTypeOf(value)}`);
      return;
    case 'boolean':
      if (typeof value !== 'boolean') report(path, `expected boolean, got ${shown(value)}`);
      return;
    case 'string':
      // Quantities may be numbers as well.
      if (typeof value !== 'string' && schema.format !== 'quantity')
        report(path, `expected string, got &value.valueUnstructured{Value:${goText(value)}}`);
      return;
    default:
  }
}

function visitFields(schema: Schema, value: object, path: string, report: Report): void {
  for (const [name, child] of Object.entries(value)) {
    const declared = fieldSchema(schema, name);
    if (declared) visit(declared, child, `${path}.${name}`, report);
    else if (!keepsUnknown(schema)) report(`${path}.${name}`, 'field not declared in schema');
  }
}

function visitItems(schema: Schema, list: readonly unknown[], path: string, report: Report): void {
  const keyed = schema['x-kubernetes-list-type'] === 'map' || schema['x-kubernetes-list-type'] === 'set';
  const seen = new Set<string>();
  for (const [index, item] of list.entries()) {
    if (!keyed) {
      visit(itemsOf(schema), item, `${path}[${index}]`, report);
      continue;
    }
    try {
      const element = elementOf(schema, item);
      const name = formatPath([element]);
      if (seen.has(element)) report(path, `duplicate entries for key ${name}`);
      seen.add(element);
      visit(itemsOf(schema), item, `${path}${name}`, report);
    } catch (error) {
      if (!(error instanceof MergeError)) throw error;
      // What comes after it cannot be told apart either.
      report(path, `element ${index}: ${error.message}`);
      return;
    }
  }
}

const shown = (value: unknown): string => `&{${goText(value)}}`;

function goTypeOf(value: unknown): string {
  if (Array.isArray(value)) return '[]interface {}';
  if (isObject(value)) return 'map[string]interface {}';
  return typeof value === 'boolean' ? 'bool' : 'string';
}
