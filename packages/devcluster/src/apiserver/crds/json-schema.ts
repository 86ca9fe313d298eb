// Structural OpenAPI schemas in the terms of JSON Schema, compiled.
import { Ajv, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import { isObject, type JsonObject } from '../json.js';
import type { Schema } from '../schema/schema.js';

/** Throws an Error when the schema itself cannot be used (a broken pattern, say). */
export function compile(schema: Schema): ValidateFunction {
  const ajv = (compiler ??= newCompiler());
  const translated = jsonSchema(schema) as object;
  try {
    return ajv.compile(translated);
  } finally {
    // What is compiled is kept by who uses it, and nobody else.
    ajv.removeSchema(translated);
  }
}

/** One for all schemas: to make one takes longer than to compile a schema. */
let compiler: Ajv | undefined;

function newCompiler(): Ajv {
  const ajv = new Ajv({ allErrors: true, strict: false, validateFormats: true, logger: false });
  addFormats.default(ajv);
  ajv.addFormat('duration', /^[-+]?(\d+(\.\d*)?(ns|us|µs|ms|s|m|h))+$|^0$/);
  ajv.addFormat('cidr', /^[0-9a-fA-F:.]+\/\d{1,3}$/);
  ajv.addFormat('mac', /^([0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}$/);
  return ajv;
}

const KNOWN_FORMATS = new Set([
  'byte',
  'cidr',
  'date',
  'date-time',
  'double',
  'duration',
  'email',
  'float',
  'hostname',
  'int32',
  'int64',
  'ipv4',
  'ipv6',
  'mac',
  'password',
  'uri',
  'uuid',
]);

/** A structural OpenAPI schema in the terms of JSON Schema. */
function jsonSchema(schema: Schema): unknown {
  const result: JsonObject = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (
      keyword.startsWith('x-kubernetes-') ||
      keyword === 'description' ||
      // Which dialect it is, and what it is called, would be looked for elsewhere.
      ['$schema', 'id', 'default', 'example'].includes(keyword)
    )
      continue;
    result[keyword] = translate(keyword, value);
  }
  if (schema['x-kubernetes-int-or-string']) result['type'] = ['integer', 'string'];
  // Unknown formats are allowed and mean nothing.
  if (schema.format !== undefined && !KNOWN_FORMATS.has(schema.format)) delete result['format'];
  // OpenAPI v3.0: booleans that change the meaning of the bound.
  if (schema.exclusiveMinimum !== undefined) {
    delete result['exclusiveMinimum'];
    if (schema.exclusiveMinimum && schema.minimum !== undefined) {
      result['exclusiveMinimum'] = schema.minimum;
      delete result['minimum'];
    }
  }
  if (schema.exclusiveMaximum !== undefined) {
    delete result['exclusiveMaximum'];
    if (schema.exclusiveMaximum && schema.maximum !== undefined) {
      result['exclusiveMaximum'] = schema.maximum;
      delete result['maximum'];
    }
  }
  if (schema.nullable) {
    delete result['nullable'];
    if (schema.type !== undefined) result['type'] = [schema.type, 'null'];
    if (schema.enum) result['enum'] = [...schema.enum, null];
  }
  return result;
}

function translate(keyword: string, value: unknown): unknown {
  switch (keyword) {
    case 'properties':
      return Object.fromEntries(
        Object.entries(value as Record<string, Schema>).map(([name, child]) => [name, jsonSchema(child)]),
      );
    case 'items':
    case 'not':
      return jsonSchema(value as Schema);
    case 'additionalProperties':
      return isObject(value) ? jsonSchema(value) : value;
    case 'allOf':
    case 'anyOf':
    case 'oneOf':
      return (value as Schema[]).map(jsonSchema);
    default:
      return value;
  }
}
