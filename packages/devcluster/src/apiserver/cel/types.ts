// What CEL sees of objects: types declared from structural schemas, and values of those types.
import type { Environment } from '@marcbachmann/cel-js';
import { isObject, type JsonObject } from '../json.js';
import type { Schema } from '../schema/schema.js';
import { parseDuration } from './environment.js';
import { same } from './equality.js';

export interface CelType {
  /** As declarations name it: "list<object.spec.ports.items>". */
  readonly name: string;
  /** The value that stands for a JSON value of the schema. One that does not fit is passed as it is. */
  value(json: unknown): unknown;
}

const TIMESTAMP = 'google.protobuf.Timestamp';
const DURATION = 'google.protobuf.Duration';

const scalar = (name: string, convert: (json: unknown) => unknown = (json) => json): CelType => ({
  name,
  value: convert,
});

const string = scalar('string');
const boolean = scalar('bool');
const integer = scalar('int', (json) => (Number.isInteger(json) ? BigInt(json as number) : json));
const number = scalar('double');
const bytes = scalar(
  'bytes',
  text((json) => new Uint8Array(Buffer.from(json, 'base64'))),
);
const duration = scalar(DURATION, text(parseDuration));
const time = scalar(
  TIMESTAMP,
  text((json) => new Date(json)),
);

/** Any JSON value: whole numbers are integers. */
export const dynamic = scalar('dyn', dynamicValue);

function text(convert: (json: string) => unknown): (json: unknown) => unknown {
  return (json) => (typeof json === 'string' ? convert(json) : json);
}

function dynamicValue(json: unknown): unknown {
  if (typeof json === 'number') return Number.isInteger(json) ? BigInt(json) : json;
  if (Array.isArray(json)) return json.map(dynamicValue);
  if (isObject(json)) return new Map(Object.entries(json).map(([name, child]) => [name, dynamicValue(child)]));
  return json;
}

/** The type of values with this schema, declared in the environment. Undefined where CEL cannot look: unknown types. */
export function declareType(environment: Environment, schema: Schema, name: string, root = false): CelType | undefined {
  if (schema['x-kubernetes-int-or-string']) return dynamic;
  switch (schema.type) {
    case 'boolean':
      return boolean;
    case 'integer':
      return integer;
    case 'number':
      return number;
    case 'string':
      return stringType(schema.format);
    case 'array': {
      const items = schema.items && declareType(environment, schema.items, `${name}.items`);
      return items && listType(items, schema['x-kubernetes-list-type'] === 'set' && schema.items?.type !== 'object');
    }
    case 'object': {
      const { additionalProperties } = schema;
      if (typeof additionalProperties === 'object') {
        const values = declareType(environment, additionalProperties, `${name}.values`);
        return values && mapType(values);
      }
      return objectType(
        environment,
        root || schema['x-kubernetes-embedded-resource'] ? withMetadata(schema) : schema,
        name,
      );
    }
    default:
      return undefined;
  }
}

function stringType(format: string | undefined): CelType {
  switch (format) {
    case 'byte':
      return bytes;
    case 'duration':
      return duration;
    case 'date':
    case 'date-time':
      return time;
    default:
      return string;
  }
}

function listType(items: CelType, set: boolean): CelType {
  return scalar(`list<${items.name}>`, (json) => {
    if (!Array.isArray(json)) return json;
    const list = json.map((item) => items.value(item));
    if (!set) return list;
    // A Set compares without regard to order; of what a list can do it lacks `join` alone.
    return Object.defineProperty(new Set(list), 'join', { value: (separator: string) => list.join(separator) });
  });
}

const mapType = (values: CelType): CelType =>
  scalar(`map<string, ${values.name}>`, (json) =>
    isObject(json) ? new Map(Object.entries(json).map(([name, child]) => [name, values.value(child)])) : json,
  );

function objectType(environment: Environment, schema: Schema, name: string): CelType {
  const fields: { name: string; escaped: string; type: CelType }[] = [];
  for (const [property, child] of Object.entries(schema.properties ?? {})) {
    const escaped = escapeName(property);
    const type = escaped === undefined ? undefined : declareType(environment, child, `${name}.${escaped}`);
    if (escaped !== undefined && type) fields.push({ name: property, escaped, type });
  }
  // The evaluator knows the type of an object by its constructor. Nothing else may be there to be found by name.
  class Instance {}
  Object.setPrototypeOf(Instance.prototype, null);
  environment
    .registerType(name, {
      ctor: Instance,
      fields: Object.fromEntries(fields.map(({ escaped, type }) => [escaped, type.name])),
    })
    .registerOperator(`${name} == ${name}`, same)
    .registerOperator(`${name} == null`, (a: unknown, b: unknown) => a === b);
  return scalar(name, (json) => {
    if (!isObject(json)) return json;
    const object = new Instance() as JsonObject;
    for (const field of fields) {
      const value = Object.hasOwn(json, field.name) ? json[field.name] : undefined;
      // Null counts as absent.
      if (value !== undefined && value !== null) object[field.escaped] = field.type.value(value);
    }
    return object;
  });
}

const string_: Schema = { type: 'string' };

/** What of its metadata a resource may look at. */
export function withMetadata(schema: Schema): Schema {
  return {
    ...schema,
    properties: {
      ...schema.properties,
      apiVersion: string_,
      kind: string_,
      metadata: { type: 'object', properties: { name: string_, generateName: string_ } },
    },
  };
}

const KEYWORDS = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
);

const ESCAPES: Readonly<Record<string, string>> = {
  __: '__underscores__',
  '.': '__dot__',
  '-': '__dash__',
  '/': '__slash__',
};

/** The name by which CEL knows a property; undefined for those that it cannot name. */
export function escapeName(name: string): string | undefined {
  if (KEYWORDS.has(name)) return `__${name}__`;
  // The evaluator's own: an object's type.
  if (name === 'constructor') return undefined;
  if (!/^[A-Za-z_./-][A-Za-z0-9_./-]*$/.test(name)) return undefined;
  return name.replace(/__|[./-]/g, (found) => ESCAPES[found] ?? found);
}
