// Required fields of built-in kinds, which must be there before anything looks deeper.
import { field, type FieldError } from '../errors.js';
import { isObject } from '../json.js';
import { resolve } from './definitions.js';
import type { Schema } from './schema.js';

/** The required fields that are not there. Status is the controllers' business, and theirs to fill. */
export function missing(given: Schema, value: unknown, path: string): FieldError[] {
  const schema = resolve(given);
  if (Array.isArray(value)) {
    const { items } = schema;
    return items ? value.flatMap((item, index) => missing(items, item, `${path}[${index}]`)) : [];
  }
  if (!isObject(value)) return [];
  const errors: FieldError[] = [];
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    if (path === '' && (name === 'status' || name === 'metadata')) continue;
    const childPath = path ? `${path}.${name}` : name;
    if (value[name] === undefined) {
      if (schema.required?.includes(name)) errors.push(field.required(childPath));
    } else {
      errors.push(...missing(child, value[name], childPath));
    }
  }
  if (typeof schema.additionalProperties === 'object') {
    for (const [name, child] of Object.entries(value))
      errors.push(...missing(schema.additionalProperties, child, `${path}.${name}`));
  }
  return errors;
}
