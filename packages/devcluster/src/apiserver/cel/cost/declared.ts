// How large values of a schema can be at most: what estimates of costs go by.
import { withMetadata, escapeName } from '../types.js';
import type { Schema } from '../../schema/schema.js';

export type Kind =
  'bool' | 'bytes' | 'double' | 'duration' | 'dyn' | 'int' | 'list' | 'map' | 'object' | 'string' | 'timestamp';

export interface Declared {
  kind: Kind;
  /** Elements, characters or bytes; 0 for what is of one size. */
  max: number;
  /** Characters of its JSON at the least. */
  minText: number;
  /** Of a list or a map. */
  element?: Declared;
  /** Of an object, by the names that CEL has for them. */
  fields?: ReadonlyMap<string, Declared>;
}

/** Bytes of a request at most. */
export const MAX_REQUEST = 3 * 1024 * 1024;
/** A character may have as many bytes. */
const BYTES = 4;

/** Undefined for what CEL cannot look at. */
export function declared(schema: Schema, root = false): Declared | undefined {
  if (schema['x-kubernetes-int-or-string']) return { kind: 'dyn', max: lengthOf(schema), minText: 1 };
  switch (schema.type) {
    case 'boolean':
      return { kind: 'bool', max: 0, minText: 4 };
    case 'integer':
      return { kind: 'int', max: 0, minText: 1 };
    case 'number':
      return { kind: 'double', max: 0, minText: 1 };
    case 'string':
      return text(schema);
    case 'array':
      return list(schema);
    case 'object':
      return typeof schema.additionalProperties === 'object'
        ? map(schema, schema.additionalProperties)
        : object(root || schema['x-kubernetes-embedded-resource'] ? withMetadata(schema) : schema);
    default:
      return undefined;
  }
}

const lengthOf = ({ maxLength }: Schema): number => (maxLength === undefined ? MAX_REQUEST - 2 : maxLength * BYTES);

function text(schema: Schema): Declared {
  const { format, maxLength, enum: values } = schema;
  switch (format) {
    case 'byte':
      return { kind: 'bytes', max: maxLength ?? MAX_REQUEST - 2, minText: 2 };
    case 'duration':
      return { kind: 'duration', max: 32, minText: 3 };
    case 'date':
      return { kind: 'timestamp', max: 12, minText: 12 };
    case 'date-time':
      return { kind: 'timestamp', max: 32, minText: 21 };
    default: {
      const longest = Math.max(0, ...(values ?? []).map((value) => Buffer.byteLength(String(value))));
      return { kind: 'string', max: maxLength === undefined && longest > 0 ? longest : lengthOf(schema), minText: 2 };
    }
  }
}

function list({ items, maxItems }: Schema): Declared | undefined {
  const element = items && declared(items);
  if (!element) return undefined;
  return { kind: 'list', max: maxItems ?? Math.floor((MAX_REQUEST - 2) / (element.minText + 1)), minText: 2, element };
}

function map({ maxProperties }: Schema, values: Schema): Declared | undefined {
  const element = declared(values);
  if (!element) return undefined;
  const most = maxProperties ?? Math.floor((MAX_REQUEST - 2) / (element.minText + 6));
  return { kind: 'map', max: most, minText: 2, element };
}

function object({ properties = {}, required = [] }: Schema): Declared {
  const fields = new Map<string, Declared>();
  let minText = 2;
  for (const [name, property] of Object.entries(properties)) {
    const field = declared(property);
    if (!field) continue;
    const escaped = escapeName(name);
    if (escaped !== undefined) fields.set(escaped, field);
    if (required.includes(name) && property.default === undefined) minText += name.length + field.minText + 4;
  }
  return { kind: 'object', max: 0, minText, fields };
}
