// The API server refuses a CRD whose defaults its own schema would refuse; this finds it out earlier.
import type { StructuralSchema } from './structural.js';

export function defaultProblems(value: unknown, schema: StructuralSchema, path: string): string[] {
  if (value === null) return schema.nullable ? [] : [`${path}: null`];
  if (schema['x-kubernetes-int-or-string']) {
    if (typeof value === 'string') return stringProblems(value, schema, path);
    return Number.isInteger(value) ? [] : [`${path}: neither an integer nor a string`];
  }
  if (schema.enum && !schema.enum.includes(value))
    return [`${path}: ${JSON.stringify(value)} is none of ${JSON.stringify(schema.enum)}`];
  switch (schema.type) {
    case 'object':
      return isObject(value) ? objectProblems(value, schema, path) : [`${path}: not an object`];
    case 'array':
      if (!Array.isArray(value)) return [`${path}: not a list`];
      if (value.length > (schema.maxItems ?? Infinity)) return [`${path}: more than ${schema.maxItems} items`];
      return value.flatMap((item, index) =>
        schema.items ? defaultProblems(item, schema.items, `${path}[${index}]`) : [],
      );
    case 'string':
      return typeof value === 'string' ? stringProblems(value, schema, path) : [`${path}: not a string`];
    case 'integer':
    case 'number':
      return typeof value === 'number' ? numberProblems(value, schema, path) : [`${path}: not a number`];
    case 'boolean':
      return typeof value === 'boolean' ? [] : [`${path}: not a boolean`];
    case undefined:
    default:
      return [];
  }
}

function objectProblems(value: Record<string, unknown>, schema: StructuralSchema, path: string): string[] {
  const missing = (schema.required ?? [])
    .filter((name) => value[name] === undefined)
    .map((name) => `${path}.${name}: missing`);
  return Object.entries(value).reduce((problems, [name, entry]) => {
    const property = schema.properties?.[name] ?? schema.additionalProperties;
    if (property) problems.push(...defaultProblems(entry, property, `${path}.${name}`));
    else if (!schema['x-kubernetes-preserve-unknown-fields']) problems.push(`${path}.${name}: unknown field`);
    return problems;
  }, missing);
}

function stringProblems(value: string, schema: StructuralSchema, path: string): string[] {
  if (schema.pattern !== undefined && !new RegExp(schema.pattern, 'u').test(value))
    return [`${path}: "${value}" does not match ${schema.pattern}`];
  if (value.length < (schema.minLength ?? 0)) return [`${path}: shorter than ${schema.minLength}`];
  if (value.length > (schema.maxLength ?? Infinity)) return [`${path}: longer than ${schema.maxLength}`];
  return [];
}

function numberProblems(value: number, schema: StructuralSchema, path: string): string[] {
  const { minimum = -Infinity, maximum = Infinity } = schema;
  if (schema.type === 'integer' && !Number.isInteger(value)) return [`${path}: not an integer`];
  if (value < minimum || (schema.exclusiveMinimum && value === minimum)) return [`${path}: ${value} is too small`];
  if (value > maximum || (schema.exclusiveMaximum && value === maximum)) return [`${path}: ${value} is too large`];
  return [];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
