// What a schema must be like for the server to prune, default and merge by it: "structural".
import { field, type FieldError } from '../errors.js';
import type { Schema } from '../schema/schema.js';
import { compile } from './validator.js';

export function validateSchema(schema: Schema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (schema.type !== 'object')
    errors.push(field.invalid(`${path}.type`, schema.type ?? '', 'must be object at the root'));
  errors.push(...structural(schema, path));
  if (errors.length > 0) return errors;
  try {
    compile(schema);
  } catch (error) {
    errors.push(field.invalid(path, '', error instanceof Error ? error.message : String(error)));
  }
  return errors;
}

function structural(schema: Schema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const anything =
    schema['x-kubernetes-int-or-string'] === true || schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (schema.$ref !== undefined) errors.push(field.forbidden(`${path}.$ref`, '$ref is not supported'));
  if (schema.type === undefined && !anything)
    errors.push(field.required(`${path}.type`, 'must not be empty for specified object fields'));
  if (schema.type !== undefined && !TYPES.has(schema.type))
    errors.push(field.notSupported(`${path}.type`, schema.type, [...TYPES]));
  if (schema.properties && typeof schema.additionalProperties === 'object') {
    errors.push(
      field.forbidden(`${path}.additionalProperties`, 'additionalProperties and properties are mutual exclusive'),
    );
  }
  if (schema.uniqueItems)
    errors.push(
      field.forbidden(
        `${path}.uniqueItems`,
        'uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
      ),
    );
  for (const [name, child] of Object.entries(schema.properties ?? {}))
    errors.push(...structural(child, `${path}.properties[${name}]`));
  if (typeof schema.additionalProperties === 'object')
    errors.push(...structural(schema.additionalProperties, `${path}.additionalProperties`));
  if (schema.type === 'array') {
    if (!schema.items) errors.push(field.required(`${path}.items`, 'must be specified'));
    else errors.push(...structural(schema.items, `${path}.items`), ...listRules(schema, schema.items, path));
  }
  return errors;
}

const TYPES = new Set(['array', 'boolean', 'integer', 'number', 'object', 'string']);

function listRules(schema: Schema, items: Schema, path: string): FieldError[] {
  const type = schema['x-kubernetes-list-type'];
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  if (type !== undefined && !['atomic', 'set', 'map'].includes(type)) {
    return [field.notSupported(`${path}.x-kubernetes-list-type`, type, ['atomic', 'map', 'set'])];
  }
  if (type !== 'map') return [];
  if (keys.length === 0)
    return [field.required(`${path}.x-kubernetes-list-map-keys`, 'must not be empty if x-kubernetes-list-type is map')];
  return keys.flatMap((key) => {
    const property = items.properties?.[key];
    if (!property)
      return [field.invalid(`${path}.x-kubernetes-list-map-keys`, key, 'entries must all be names of item properties')];
    // Without a key an element could not be told from the others.
    return items.required?.includes(key) || property.default !== undefined
      ? []
      : [
          field.required(
            `${path}.items.properties[${key}].default`,
            'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property',
          ),
        ];
  });
}
