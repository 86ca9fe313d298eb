// What a schema must be like for the server to prune, default and merge by it: "structural".
import { ExpressionError } from '../cel/expression.js';
import { field, type FieldError } from '../errors.js';
import { clone, equal } from '../json.js';
import { prune } from '../schema/decode.js';
import type { Schema } from '../schema/schema.js';
import { compile } from './json-schema.js';
import { RuleCosts } from './rule-costs.js';
import { validateRules, type RuleScope } from './rule-rules.js';
import { ruleCheck } from './rules.js';
import { schemaValidator } from './validator.js';

/** `settled`: it has been taken before, whatever its rules cost. */
export function validateSchema(schema: Schema, path: string, settled = false): FieldError[] {
  const errors: FieldError[] = [];
  if (schema.type === undefined) errors.push(field.required(`${path}.type`, 'must not be empty at the root'));
  else if (schema.type !== 'object')
    errors.push(field.invalid(`${path}.type`, schema.type, 'must be object at the root'));
  if (typeof schema.additionalProperties === 'object')
    errors.push(field.forbidden(`${path}.additionalProperties`, 'must not be used at the root'));
  if (schema.nullable) errors.push(field.forbidden(`${path}.nullable`, 'nullable cannot be true at the root'));
  errors.push(...metadataRules(schema, path), ...structural(schema, path, 'at the root'));
  if (errors.length > 0) return errors;
  try {
    compile(schema);
  } catch (error) {
    return [field.invalid(path, '', error instanceof Error ? error.message : String(error))];
  }
  errors.push(...defaultRules(schema, path));
  if (errors.length > 0) return errors;
  const costs = settled ? undefined : new RuleCosts();
  const found = expressionRules(schema, path, { root: true, uncorrelated: undefined, times: 1, costs });
  if (found.length === 0 && !settled) found.push(...rulesOfDefaults(schema, path));
  return [...found, ...(costs?.findings(path) ?? [])];
}

/**
 * Defaults are held to the rules as they stand, before what is within them gets defaults of its own; rules that compare are asked whether
 * they hold of a default that stays as it is.
 */
function rulesOfDefaults(schema: Schema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (schema.default !== undefined) {
    for (const error of ruleCheck(schema, false)?.(schema.default, schema.default, true) ?? [])
      errors.push({ ...error, field: `${path}.default${within(error.field)}` });
  }
  for (const [name, child] of Object.entries(schema.properties ?? {}))
    errors.push(...rulesOfDefaults(child, `${path}.properties[${name}]`));
  if (typeof schema.additionalProperties === 'object')
    errors.push(...rulesOfDefaults(schema.additionalProperties, `${path}.additionalProperties`));
  if (schema.items) errors.push(...rulesOfDefaults(schema.items, `${path}.items`));
  return errors;
}

const within = (field: string): string => (field === '' || field.startsWith('[') ? field : `.${field}`);

/** The metadata of the object itself is the server's; a schema may only narrow the name. */
function metadataRules({ properties = {} }: Schema, path: string): FieldError[] {
  const inner = properties['metadata']?.properties ?? {};
  return Object.keys(inner).every((name) => name === 'name' || name === 'generateName')
    ? []
    : [
        field.forbidden(
          `${path}.properties[metadata]`,
          'must not specify anything other than name and generateName, but metadata is implicitly specified',
        ),
      ];
}

function structural(schema: Schema, path: string, where: string): FieldError[] {
  const errors: FieldError[] = [];
  const intOrString = schema['x-kubernetes-int-or-string'] === true;
  const anything = intOrString || schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (schema.$ref !== undefined) errors.push(field.forbidden(`${path}.$ref`, '$ref is not supported'));
  if (schema.type === undefined && !anything && where !== 'at the root')
    errors.push(field.required(`${path}.type`, `must not be empty for specified ${where}`));
  if (schema.type !== undefined && intOrString)
    errors.push(field.invalid(`${path}.type`, schema.type, 'must be empty if x-kubernetes-int-or-string is true'));
  else if (schema.type !== undefined && !TYPES.has(schema.type))
    errors.push(field.notSupported(`${path}.type`, schema.type, [...TYPES]));
  if (schema.properties && schema.additionalProperties !== undefined && schema.additionalProperties !== false) {
    errors.push(
      field.forbidden(`${path}.additionalProperties`, 'additionalProperties and properties are mutual exclusive'),
    );
  }
  if (schema.additionalProperties === false)
    errors.push(field.forbidden(`${path}.additionalProperties`, 'additionalProperties cannot be set to false'));
  if (schema.uniqueItems)
    errors.push(
      field.forbidden(
        `${path}.uniqueItems`,
        'uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
      ),
    );
  errors.push(...extensionRules(schema, path));
  for (const [keyword, branches] of Object.entries(junctions(schema)))
    for (const [name, branch] of branches) errors.push(...valueOnly(branch, schema, `${path}.${keyword}${name}`, path));
  for (const [name, child] of Object.entries(schema.properties ?? {}))
    errors.push(...structural(child, `${path}.properties[${name}]`, 'object fields'));
  if (typeof schema.additionalProperties === 'object')
    errors.push(...structural(schema.additionalProperties, `${path}.additionalProperties`, 'object fields'));
  if (schema.type === 'array') {
    if (!schema.items) errors.push(field.required(`${path}.items`, 'must be specified'));
    else
      errors.push(
        ...structural(schema.items, `${path}.items`, 'array items'),
        ...listRules(schema, schema.items, path),
      );
  }
  return errors;
}

const TYPES = new Set(['array', 'boolean', 'integer', 'number', 'object', 'string']);

function extensionRules(schema: Schema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const preserve = schema['x-kubernetes-preserve-unknown-fields'];
  if (preserve === false)
    errors.push(field.invalid(`${path}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined'));
  if (schema['x-kubernetes-embedded-resource']) {
    if (schema.type !== 'object')
      errors.push(
        field.invalid(`${path}.type`, schema.type ?? '', 'must be object if x-kubernetes-embedded-resource is true'),
      );
    else if (!preserve && !schema.properties)
      errors.push(
        field.required(
          `${path}.properties`,
          'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields',
        ),
      );
  }
  const mapType = schema['x-kubernetes-map-type'];
  if (mapType !== undefined && mapType !== 'atomic' && mapType !== 'granular')
    errors.push(field.notSupported(`${path}.x-kubernetes-map-type`, mapType, ['atomic', 'granular']));
  if (mapType !== undefined && schema.type !== 'object')
    errors.push(
      field.invalid(`${path}.type`, schema.type ?? '', 'must be object if x-kubernetes-map-type is specified'),
    );
  if (schema['x-kubernetes-list-type'] !== undefined && schema.type !== 'array')
    errors.push(
      field.invalid(`${path}.type`, schema.type ?? '', 'must be array if x-kubernetes-list-type is specified'),
    );
  return errors;
}

/** The schemas behind allOf, anyOf, oneOf and not, each with its index. */
function junctions({ allOf, anyOf, oneOf, not }: Schema): Record<string, [string, Schema][]> {
  const indexed = (branches: Schema[] | undefined): [string, Schema][] =>
    (branches ?? []).map((branch, index) => [`[${index}]`, branch]);
  return { allOf: indexed(allOf), anyOf: indexed(anyOf), oneOf: indexed(oneOf), not: not ? [['', not]] : [] };
}

const NOT_IN_BRANCHES = ['type', 'default', 'additionalProperties', 'nullable', 'description', 'title'] as const;

/** Branches say something of values; the structure, and so their fields too, is said outside of them. */
function valueOnly(branch: Schema, outside: Schema, path: string, outsidePath: string): FieldError[] {
  const errors: FieldError[] = [];
  // The one exception: how an integer or a string used to be told.
  const typed = outside['x-kubernetes-int-or-string'] === true;
  for (const keyword of NOT_IN_BRANCHES) {
    if ((branch as Record<string, unknown>)[keyword] === undefined || (keyword === 'type' && typed)) continue;
    errors.push(field.forbidden(`${path}.${keyword}`, 'must be empty to be structural'));
  }
  for (const keyword of Object.keys(branch).filter((name) => name.startsWith('x-kubernetes-')))
    errors.push(field.forbidden(`${path}.${keyword}`, 'must be undefined to be structural'));
  for (const [name, child] of Object.entries(branch.properties ?? {})) {
    const declared = outside.properties?.[name];
    const place = `${path}.properties[${name}]`;
    if (declared) errors.push(...valueOnly(child, declared, place, `${outsidePath}.properties[${name}]`));
    else if (!outside['x-kubernetes-preserve-unknown-fields'])
      errors.push(field.required(`${outsidePath}.properties[${name}]`, `because it is defined in ${place}`));
  }
  if (branch.items) {
    if (outside.items) errors.push(...valueOnly(branch.items, outside.items, `${path}.items`, `${outsidePath}.items`));
    else errors.push(field.required(`${outsidePath}.items`, `because it is defined in ${path}.items`));
  }
  for (const [keyword, branches] of Object.entries(junctions(branch)))
    for (const [name, inner] of branches)
      errors.push(...valueOnly(inner, outside, `${path}.${keyword}${name}`, outsidePath));
  return errors;
}

function listRules(schema: Schema, items: Schema, path: string): FieldError[] {
  const type = schema['x-kubernetes-list-type'];
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  if (type !== undefined && !['atomic', 'set', 'map'].includes(type)) {
    return [field.notSupported(`${path}.x-kubernetes-list-type`, type, ['atomic', 'map', 'set'])];
  }
  if (type === 'set') return setRules(items, path);
  if (type !== 'map') {
    return keys.length === 0
      ? []
      : [
          field.forbidden(
            `${path}.x-kubernetes-list-map-keys`,
            'must not be specified unless x-kubernetes-list-type is map',
          ),
        ];
  }
  if (items.type !== 'object')
    return [
      field.invalid(
        `${path}.items.type`,
        items.type ?? '',
        `must be object if parent array's x-kubernetes-list-type is map`,
      ),
    ];
  if (keys.length === 0)
    return [field.required(`${path}.x-kubernetes-list-map-keys`, 'must not be empty if x-kubernetes-list-type is map')];
  return keys.flatMap((key, index) => {
    const property = items.properties?.[key];
    if (keys.indexOf(key) < index)
      return [field.invalid(`${path}.x-kubernetes-list-map-keys`, keys, 'must not contain duplicate entries')];
    if (!property)
      return [field.invalid(`${path}.x-kubernetes-list-map-keys`, key, 'entries must all be names of item properties')];
    if (property.type === 'object' || property.type === 'array')
      return [
        field.invalid(
          `${path}.items.properties[${key}].type`,
          property.type,
          "must be a scalar type if parent array's x-kubernetes-list-type is map",
        ),
      ];
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

/** Elements of a set are one value each. */
function setRules(items: Schema, path: string): FieldError[] {
  if (items.nullable)
    return [field.forbidden(`${path}.items.nullable`, `cannot be nullable when x-kubernetes-list-type is set`)];
  if (items.type === 'object' && items['x-kubernetes-map-type'] !== 'atomic')
    return [
      field.invalid(
        `${path}.items.x-kubernetes-map-type`,
        items['x-kubernetes-map-type'] ?? '',
        'must be atomic as item of a list with x-kubernetes-list-type=set',
      ),
    ];
  if (
    items.type === 'array' &&
    items['x-kubernetes-list-type'] !== undefined &&
    items['x-kubernetes-list-type'] !== 'atomic'
  )
    return [
      field.invalid(
        `${path}.items.x-kubernetes-list-type`,
        items['x-kubernetes-list-type'],
        'must be atomic as item of a list with x-kubernetes-list-type=set',
      ),
    ];
  return [];
}

/** A rule that cannot be compiled, which is a finding of its own, allows nothing. */
function problemsOf(schema: Schema, value: unknown): FieldError[] {
  try {
    return schemaValidator(schema)(value);
  } catch (error) {
    if (error instanceof ExpressionError)
      return [field.invalid('', schema.type ?? '', `rule compile error: ${error.message}`)];
    throw error;
  }
}

/** Defaults must be what the schema allows, or every object that gets them would be refused. */
function defaultRules(schema: Schema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (schema.default !== undefined) {
    const unknown: string[] = [];
    if (!equal(prune(schema, clone(schema.default), '', unknown), schema.default))
      errors.push(field.invalid(`${path}.default`, schema.default, 'must not have unknown fields'));
    for (const error of problemsOf(schema, schema.default))
      errors.push({ ...error, field: `${path}.default${within(error.field)}` });
  }
  for (const [name, child] of Object.entries(schema.properties ?? {}))
    errors.push(...defaultRules(child, `${path}.properties[${name}]`));
  if (typeof schema.additionalProperties === 'object')
    errors.push(...defaultRules(schema.additionalProperties, `${path}.additionalProperties`));
  if (schema.items) errors.push(...defaultRules(schema.items, `${path}.items`));
  return errors;
}

function expressionRules(schema: Schema, path: string, scope: RuleScope): FieldError[] {
  const errors = validateRules(schema, path, scope);
  const { uncorrelated } = scope;
  const most = elementsOf(schema);
  const times = scope.times === undefined || most === undefined ? undefined : scope.times * most;
  const within = (child: Schema, place: string, lost: string | undefined): void =>
    void errors.push(...expressionRules(child, place, { ...scope, root: false, times, uncorrelated: lost }));
  const atomic = uncorrelated ?? (schema['x-kubernetes-map-type'] === 'atomic' ? path : undefined);
  for (const [name, child] of Object.entries(schema.properties ?? {}))
    within(child, `${path}.properties[${name}]`, atomic);
  if (typeof schema.additionalProperties === 'object')
    within(schema.additionalProperties, `${path}.additionalProperties`, atomic);
  if (schema.items) {
    const nameless = schema['x-kubernetes-list-type'] === 'map' ? undefined : path;
    within(schema.items, `${path}.items`, uncorrelated ?? nameless);
  }
  return errors;
}

/** How many of what is inside a value may have; undefined without a limit. */
function elementsOf({ type, additionalProperties, maxProperties, maxItems }: Schema): number | undefined {
  if (type === 'array') return maxItems;
  return type === 'object' && additionalProperties !== undefined ? maxProperties : 1;
}
