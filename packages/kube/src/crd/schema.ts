// TypeBox (JSON Schema 2020) to what the API server takes: a structural schema in the OpenAPI 3.0 dialect.
// What it cannot express is an error when the kind is defined, not when somebody applies the CRD.
// https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
import { defaultProblems } from './defaults.js';
import type { StructuralSchema } from './structural.js';

/** A definition that no API server would take. Names every problem, each with the path of its field. */
export class SchemaError extends Error {
  override readonly name = 'SchemaError';
  readonly problems: readonly string[];

  constructor(what: string, problems: readonly string[]) {
    super([`${what} cannot be a custom resource:`, ...problems].join('\n  '));
    this.problems = problems;
  }
}

/** Appends to `problems` what a structural schema cannot express. */
export function structuralSchema(schema: object, path: string, problems: string[]): StructuralSchema {
  return convert(schema as JsonSchema, path, problems);
}

type JsonSchema = Record<string, unknown>;

const types = new Set(['object', 'array', 'string', 'integer', 'number', 'boolean']);

/** Copied as they are. */
const plain = new Set([
  'description',
  'title',
  'format',
  'nullable',
  'enum',
  'pattern',
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
  'multipleOf',
  'minItems',
  'maxItems',
  'minProperties',
  'maxProperties',
  'x-kubernetes-int-or-string',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-embedded-resource',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-map-type',
  'x-kubernetes-validations',
]);

/** For readers and for TypeScript only. */
const dropped = new Set(['$id', '$comment', 'examples', 'readOnly']);

const junctors = ['allOf', 'anyOf', 'oneOf', 'not'] as const;

/** What may stand inside a junctor: it may only narrow what the schema around it declares. */
const forbiddenInJunctors = [
  'type',
  'description',
  'title',
  'default',
  'nullable',
  'additionalProperties',
  'patternProperties',
  'const',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-embedded-resource',
  'x-kubernetes-list-type',
];

function convert(input: JsonSchema, path: string, problems: string[]): StructuralSchema {
  const problem = (text: string): void => void problems.push(`${path}: ${text}`);
  const schema = normalise(input, problem);
  const out: Record<string, unknown> = {};

  for (const [keyword, value] of Object.entries(schema)) {
    if (value === undefined || dropped.has(keyword)) continue;
    if (plain.has(keyword)) {
      out[keyword] = value;
      continue;
    }
    switch (keyword) {
      case 'type':
        if (types.has(value as string)) out['type'] = value;
        else problem(`type ${JSON.stringify(value)} has no counterpart in a CRD`);
        break;
      case 'default':
        out['default'] = value;
        break;
      case 'exclusiveMinimum':
      case 'exclusiveMaximum':
        // A number in JSON Schema; in OpenAPI 3.0 a flag beside the bound.
        out[keyword === 'exclusiveMinimum' ? 'minimum' : 'maximum'] = value;
        out[keyword] = true;
        break;
      case 'properties':
        out['properties'] = Object.fromEntries(
          Object.entries(value as Record<string, JsonSchema>).map(([name, property]) => [
            name,
            convert(property, `${path}.${name}`, problems),
          ]),
        );
        break;
      case 'required': {
        // The server fills defaults in: who writes the object need not.
        const properties = (schema['properties'] ?? {}) as Record<string, JsonSchema>;
        const required = (value as string[]).filter((name) => properties[name]?.['default'] === undefined);
        if (required.length > 0) out['required'] = required;
        break;
      }
      case 'items':
        if (Array.isArray(value)) problem('a tuple has no counterpart in a CRD: use an object');
        else out['items'] = convert(value as JsonSchema, `${path}[]`, problems);
        break;
      case 'patternProperties':
        convertMap(value as Record<string, JsonSchema>, out, path, problems);
        break;
      case 'additionalProperties':
        // `false` is what pruning and strict validation do anyway.
        if (value === true) problem('additionalProperties: true: use PassThrough()');
        else if (value !== false) {
          if (schema['properties']) problem('a CRD cannot have both properties and additionalProperties');
          out['additionalProperties'] = convert(value as JsonSchema, `${path}.*`, problems);
        }
        break;
      case 'uniqueItems':
        if (value === true) problem('uniqueItems: use ListSet()');
        break;
      case 'allOf':
      case 'anyOf':
      case 'oneOf':
      case 'not':
        checkJunctor(schema, keyword, problem);
        out[keyword] = value;
        break;
      case '$ref':
        problem('a reference (Type.Ref, Type.Recursive) has no counterpart in a CRD');
        break;
      case 'additionalItems':
        break; // Comes with tuples, which are refused above.
      default:
        problem(`unknown keyword ${keyword}`);
    }
  }

  const structural = out as StructuralSchema;
  check(structural, problem);
  if (structural.default !== undefined) {
    for (const text of defaultProblems(structural.default, structural, path)) problems.push(`${text} (in the default)`);
  }
  return structural;
}

/** Literals to enums, unions with null to nullable: the unions that a CRD can express, in its words. */
function normalise(schema: JsonSchema, problem: (text: string) => void): JsonSchema {
  if ('const' in schema) {
    const { const: value, ...rest } = schema;
    return { ...rest, enum: [value] };
  }
  const { anyOf, ...rest } = schema;
  if (!Array.isArray(anyOf) || rest['type'] !== undefined || rest['x-kubernetes-int-or-string']) return schema;
  const members = (anyOf as JsonSchema[]).flatMap(flattenUnion);
  const others = members.filter((member) => member['type'] !== 'null');
  const nullable = others.length < members.length ? { nullable: true } : {};
  if (others.every((member) => 'const' in member)) {
    const [type, ...more] = new Set(others.map((member) => member['type']));
    if (more.length > 0) problem('a union of literals must be of one type');
    return { ...rest, ...nullable, type, enum: others.map((member) => member['const']) };
  }
  if (others.length === 1) return { ...normalise(others[0] ?? {}, problem), ...rest, ...nullable };
  problem(
    'a union of types has no counterpart in a CRD: use IntOrString(), Quantity(), or one optional field for each',
  );
  return rest;
}

function flattenUnion(member: JsonSchema): JsonSchema[] {
  const { anyOf } = member;
  return Array.isArray(anyOf) && member['type'] === undefined
    ? (anyOf as JsonSchema[]).flatMap(flattenUnion)
    : [member];
}

function convertMap(
  patterns: Record<string, JsonSchema>,
  out: Record<string, unknown>,
  path: string,
  problems: string[],
): void {
  const [[pattern, values] = ['', {}], ...more] = Object.entries(patterns);
  if (pattern !== '^(.*)$' || more.length > 0) {
    problems.push(
      `${path}: a CRD cannot constrain the keys of a map by pattern: use Type.Record(Type.String(), …) and a CEL rule`,
    );
  }
  out['additionalProperties'] = convert(values, `${path}.*`, problems);
}

function checkJunctor(schema: JsonSchema, keyword: (typeof junctors)[number], problem: (text: string) => void): void {
  if (schema['x-kubernetes-int-or-string']) return; // The one place where types may stand in an anyOf.
  if (schema['type'] === undefined) return problem(`${keyword} without a type around it`);
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) return node.forEach(visit);
    if (typeof node !== 'object' || node === null) return;
    const entry = node as JsonSchema;
    for (const name of forbiddenInJunctors) {
      if (name in entry)
        problem(`${name} inside ${keyword}: say it outside (for an intersection of objects: Type.Composite)`);
    }
    for (const name of junctors) visit(entry[name]);
    visit(entry['items']);
    Object.values((entry['properties'] ?? {}) as JsonSchema).forEach(visit);
  };
  visit(schema[keyword]);
}

function check(schema: StructuralSchema, problem: (text: string) => void): void {
  const open = schema['x-kubernetes-preserve-unknown-fields'] || schema['x-kubernetes-int-or-string'];
  if (schema.type === undefined && !open) problem('it has no type: use PassThrough() where anything may stand');
  if (schema.pattern !== undefined) checkPattern(schema.pattern, problem);
  if (schema.type === 'array' && !schema.items) problem('a list without items');
  if (schema['x-kubernetes-list-type'] === 'map') checkListMap(schema, problem);
  if (
    schema['x-kubernetes-list-type'] === 'set' &&
    schema.items?.type === 'object' &&
    schema.items['x-kubernetes-map-type'] !== 'atomic'
  ) {
    problem('a set of objects: give them a key and use ListMap()');
  }
  const rules = schema['x-kubernetes-validations'] ?? [];
  for (const { rule } of rules) if (!rule?.trim()) problem('a validation without a rule');
  if (rules.length > 0 && !isKnownToRules(schema))
    problem('a rule about values without a type: CEL knows no such thing');
}

/** A field without a type a rule just does not see; of a list or map of such there is no rule. */
function isKnownToRules({ type, items, additionalProperties, ...schema }: StructuralSchema): boolean {
  const values = items ?? additionalProperties;
  if (values) return isKnownToRules(values);
  return type !== undefined || schema['x-kubernetes-int-or-string'] === true;
}

function checkPattern(pattern: string, problem: (text: string) => void): void {
  try {
    new RegExp(pattern, 'u');
  } catch (error) {
    problem(`pattern: ${(error as Error).message}`);
  }
  // API servers use RE2, which has neither look-around nor back-references.
  if (/\(\?(=|!|<=|<!)|\\[1-9]/.test(pattern))
    problem(`pattern ${pattern}: no look-around and no back-references in RE2`);
}

function checkListMap(schema: StructuralSchema, problem: (text: string) => void): void {
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  if (keys.length === 0) problem('x-kubernetes-list-type map needs x-kubernetes-list-map-keys');
  for (const key of keys) {
    const property = schema.items?.properties?.[key];
    if (!property) problem(`the items have no property ${key} (x-kubernetes-list-map-keys)`);
    else if (!schema.items?.required?.includes(key) && property.default === undefined) {
      problem(`${key} is a key of the list (x-kubernetes-list-map-keys): it must be required or have a default`);
    }
  }
}
