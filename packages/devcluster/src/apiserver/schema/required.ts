// Required fields of built-in kinds, which must be there before anything looks deeper.
import { field, type FieldError } from '../errors.js';
import { isObject, set } from '../json.js';
import { resolve } from './definitions.js';
import { goFields } from './go-types/go-types.js';
import { definitionOf, type Schema } from './schema.js';

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

/**
 * Gives required fields that are not there the empty value of their type, in place, as decoding into Go's structs does.
 * Pointers stay nothing. What comes after can rely on the types.
 */
export function fillRequired(given: Schema, value: unknown): void {
  const schema = resolve(given);
  if (Array.isArray(value)) {
    if (schema.items) for (const item of value) fillRequired(schema.items, item);
    return;
  }
  if (!isObject(value)) return;
  const pointers = pointersOf(given);
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    if (value[name] === undefined && schema.required?.includes(name) && !pointers.has(name)) {
      const empty = emptyValue(child);
      if (empty !== undefined) set(value, name, empty);
    }
    fillRequired(child, value[name]);
  }
  if (typeof schema.additionalProperties === 'object')
    for (const child of Object.values(value)) fillRequired(schema.additionalProperties, child);
}

const known = new Map<string, ReadonlySet<string>>();

function pointersOf({ $ref }: Schema): ReadonlySet<string> {
  const definition = $ref === undefined ? '' : definitionOf($ref);
  let names = known.get(definition);
  if (!names) {
    names = new Set((goFields(definition) ?? []).flatMap(({ name, pointer }) => (pointer ? [name] : [])));
    known.set(definition, names);
  }
  return names;
}

function emptyValue(given: Schema): unknown {
  const { type, format, ...schema } = resolve(given);
  if (schema['x-kubernetes-int-or-string']) return 0;
  switch (type) {
    case 'string':
      // Times are structs with a null of their own.
      return format === undefined ? '' : undefined;
    case 'integer':
    case 'number':
      return 0;
    case 'boolean':
      return false;
    case 'array':
      return [];
    case 'object':
      return {};
    default:
      return undefined;
  }
}
