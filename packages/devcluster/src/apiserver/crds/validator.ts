// Validation of custom objects against their schema, with the messages of a real API server.
import type { ErrorObject, ValidateFunction } from 'ajv';
import { field, type FieldError } from '../errors.js';
import { equal, isObject, type JsonObject } from '../json.js';
import { fieldSchema, type Schema } from '../schema/schema.js';
import { walk } from './correlate.js';
import { compile } from './json-schema.js';
import { ruleCheck } from './rules.js';

export type Validator = (value: unknown, old?: unknown) => FieldError[];

/** What keeps rules from being asked at all: they could fail for no fault of their own. */
const BLOCKING = new Set([
  'FieldValueRequired',
  'FieldValueTypeInvalid',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueDuplicate',
  'FieldValueNotFound',
]);

/** The schema and its rules. Compiled on first use. */
export function schemaValidator(schema: Schema): Validator {
  let validate: ValidateFunction | undefined;
  const rules = ruleCheck(schema);
  return (object, old) => {
    validate ??= compile(schema);
    const found = validate(object)
      ? []
      : (validate.errors ?? []).filter((error) => !settled(schema, error, object, old));
    const errors = [
      ...toFieldErrors(found, object),
      ...duplicates(schema, object, ''),
      ...embedded(schema, object, ''),
    ];
    if (!rules) return errors;
    if (!errors.some(({ type }) => BLOCKING.has(type))) return [...errors, ...rules(object, old)];
    return [
      ...errors,
      field.invalid(
        '<nil>',
        'null',
        'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
      ),
    ];
  };
}

/** Values that an update does not touch may go on breaking rules that came after them ("ratcheting"). */
function settled(schema: Schema, error: ErrorObject, object: unknown, old: unknown): boolean {
  if (old === undefined || error.keyword === 'required' || error.keyword === 'additionalProperties') return false;
  if (/\/(allOf|anyOf|oneOf|not)\b/.test(error.schemaPath)) return false;
  return walk(schema, object, old, pointerOf(error), (value, before) => before !== undefined && equal(value, before));
}

function toFieldErrors(errors: readonly ErrorObject[], object: unknown): FieldError[] {
  return (
    errors
      // The branches of a choice have failed, too; the choice itself is what the user must know of.
      .filter((error) => !/\/(anyOf|oneOf|not|if)\//.test(error.schemaPath))
      .map((error) => toFieldError(error, object))
  );
}

function toFieldError(error: ErrorObject, object: unknown): FieldError {
  const { path, value } = locate(pointerOf(error), object);
  const parameters = error.params as Record<string, unknown>;
  const limit = String(parameters['limit']);
  switch (error.keyword) {
    case 'required':
      return field.required(join(path, String(parameters['missingProperty'])));
    case 'type': {
      const wanted = String(parameters['type']).replace(/,?null$/, '');
      const given =
        value === null ? 'null' : Array.isArray(value) ? 'array' : Number.isInteger(value) ? 'integer' : typeof value;
      return field.typeInvalid(path, given, `${path} in body must be of type ${wanted}: "${given}"`);
    }
    case 'enum':
      return field.notSupported(
        path,
        value,
        (parameters['allowedValues'] as unknown[]).filter((item) => item !== null).map(String),
      );
    case 'pattern':
      return field.invalid(path, value, `${path} in body should match '${String(parameters['pattern'])}'`);
    case 'format':
      return field.invalid(
        path,
        value,
        `${path} in body must be of type ${String(parameters['format'])}: ${JSON.stringify(value)}`,
      );
    case 'minLength':
      return field.invalid(path, value, `${path} in body should be at least ${limit} chars long`);
    case 'maxLength':
      return { ...field.tooLong(path, Number(limit)) };
    case 'minimum':
      return field.invalid(path, value, `${path} in body should be greater than or equal to ${limit}`);
    case 'maximum':
      return field.invalid(path, value, `${path} in body should be less than or equal to ${limit}`);
    case 'exclusiveMinimum':
      return field.invalid(path, value, `${path} in body should be greater than ${limit}`);
    case 'exclusiveMaximum':
      return field.invalid(path, value, `${path} in body should be less than ${limit}`);
    case 'multipleOf':
      return field.invalid(path, value, `${path} in body should be a multiple of ${String(parameters['multipleOf'])}`);
    case 'minItems':
    case 'minProperties':
      return field.invalid(
        path,
        size(value),
        `${path} in body should have at least ${limit} ${error.keyword === 'minItems' ? 'items' : 'properties'}`,
      );
    case 'maxItems':
    case 'maxProperties':
      return {
        type: 'FieldValueTooMany',
        field: path,
        message: `Too many: ${size(value)}: must have at most ${limit} items`,
      };
    case 'oneOf':
      return field.invalid(path, '', `"${path}" must validate one and only one schema (oneOf)`);
    case 'anyOf':
      return field.invalid(path, '', `"${path}" must validate at least one schema (anyOf)`);
    case 'not':
      return field.invalid(path, '', `"${path}" must not validate the schema (not)`);
    default:
      return field.invalid(path, value, error.message ?? error.keyword);
  }
}

const size = (value: unknown): number => (Array.isArray(value) ? value.length : Object.keys(value as object).length);

const pointerOf = ({ instancePath }: ErrorObject): string[] =>
  instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));

/** spec, ports, 0, name → "spec.ports[0].name", and what is there. */
function locate(pointer: readonly string[], object: unknown): { path: string; value: unknown } {
  let value: unknown = object;
  let path = '';
  for (const name of pointer) {
    path = Array.isArray(value) ? `${path}[${name}]` : join(path, name);
    value = (value as JsonObject)[name];
  }
  return { path, value };
}

const join = (path: string, name: string): string => (path ? `${path}.${name}` : name);

/** An object inside of an object says what it is. */
function embedded(schema: Schema, value: unknown, path: string): FieldError[] {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items ? value.flatMap((item, index) => embedded(items, item, `${path}[${index}]`)) : [];
  }
  if (!isObject(value)) return [];
  const errors: FieldError[] = [];
  if (schema['x-kubernetes-embedded-resource']) {
    for (const name of ['apiVersion', 'kind'])
      if (value[name] === undefined || value[name] === '')
        errors.push(field.required(join(path, name), 'must not be empty'));
  }
  for (const [name, child] of Object.entries(value)) {
    const declared = fieldSchema(schema, name);
    if (declared) errors.push(...embedded(declared, child, join(path, name)));
  }
  return errors;
}

/** Elements of set and map lists must differ. */
function duplicates(schema: Schema, value: unknown, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (Array.isArray(value)) {
    const { items = {} } = schema;
    const type = schema['x-kubernetes-list-type'];
    const keys = schema['x-kubernetes-list-map-keys'] ?? [];
    const seen = new Set<string>();
    for (const [index, item] of value.entries()) {
      if (type === 'set' || type === 'map') {
        const key =
          type === 'set'
            ? (item as unknown)
            : Object.fromEntries(keys.map((name) => [name, isObject(item) ? item[name] : undefined]));
        const text = JSON.stringify(key);
        if (seen.has(text)) errors.push(field.duplicate(`${path}[${index}]`, key));
        seen.add(text);
      }
      errors.push(...duplicates(items, item, `${path}[${index}]`));
    }
  } else if (isObject(value)) {
    for (const [name, child] of Object.entries(value)) {
      const declared = schema.properties?.[name] ?? schema.additionalProperties;
      if (typeof declared === 'object') errors.push(...duplicates(declared, child, join(path, name)));
    }
  }
  return errors;
}
