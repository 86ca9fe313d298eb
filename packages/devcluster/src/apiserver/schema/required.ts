// Required fields of built-in kinds, which must be there before anything looks deeper.
import { field, type FieldError } from '../errors.js';
import { isObject, set } from '../json.js';
import { resolve } from './definitions.js';
import { emptyValue } from './empty.js';
import { flattenedFields } from './go-types/go-types.js';
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
  const { pointers, written } = fieldsOf(given);
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    const wanted =
      schema.required?.includes(name) || isStruct(resolve(child), name) || isText(resolve(child), name, written);
    if (value[name] === undefined && wanted && !pointers.has(name)) {
      const empty = emptyValue(child);
      if (empty !== undefined) set(value, name, empty);
    }
    fillRequired(child, value[name]);
  }
  if (typeof schema.additionalProperties === 'object')
    for (const child of Object.values(value)) fillRequired(schema.additionalProperties, child);
}

/** Go has a struct where there is no pointer to one, whatever it leaves out. A status is its kind's to begin. */
const isStruct = ({ type, properties }: Schema, name: string): boolean =>
  type === 'object' && properties !== undefined && name !== 'status';

/** Lists and maps that are written as null here count as none. */
const isText = ({ type }: Schema, name: string, written: ReadonlySet<string>): boolean =>
  type === 'string' && written.has(name);

interface GoFields {
  pointers: ReadonlySet<string>;
  /** Written even when they are empty, whether they are required or not. */
  written: ReadonlySet<string>;
}

const known = new Map<string, GoFields>();

function fieldsOf({ $ref }: Schema): GoFields {
  const definition = $ref === undefined ? '' : definitionOf($ref);
  let fields = known.get(definition);
  if (!fields) {
    const all = flattenedFields(definition);
    fields = {
      pointers: new Set(all.flatMap(({ name, pointer }) => (pointer ? [name] : []))),
      written: new Set(all.flatMap(({ name, pointer, omitEmpty }) => (pointer || omitEmpty ? [] : [name]))),
    };
    known.set(definition, fields);
  }
  return fields;
}
