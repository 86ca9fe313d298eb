// The reference of a kind, from the same definition as its type and its CRD: as data, and as a Markdown page.
import { apiVersionOf } from '../resource.js';
import { schemaOf } from './crd.js';
import type { CustomResource } from './define.js';
import type { StructuralSchema } from './structural.js';

export interface Field {
  /** "spec.storage.size", "spec.services.*.managed", "status.conditions[].type". */
  path: string;
  /** "string", "list of object", "map of integer", "integer or string", "anything". */
  type: string;
  required: boolean;
  /** As JSON. */
  default?: string;
  /** What else the server checks: "1 to 3", "one of `Retain`, `Delete`". */
  constraints: readonly string[];
  description: string;
}

/** All fields below `path`, depth first; those that only hold others are fields too. */
export function fieldsOf(schema: StructuralSchema, path: string): Field[] {
  const fields: Field[] = [];
  const add = (child: StructuralSchema, at: string, required: boolean): void => {
    fields.push(fieldOf(child, at, required), ...fieldsOf(child, at));
  };
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    add(child, `${path}.${name}`, schema.required?.includes(name) ?? false);
  }
  if (schema.additionalProperties) {
    const values = schema.additionalProperties;
    // A map of plain values is said by its type; what the objects in it hold needs rows of its own.
    if (values.properties || values.additionalProperties || values.items) add(values, `${path}.*`, false);
  }
  if (schema.items) fields.push(...fieldsOf(schema.items, `${path}[]`));
  return fields;
}

/** One Markdown section, its heading at the given level. */
export function referenceOf(resource: CustomResource, options: { level?: number } = {}): string {
  const { kind, plural, namespaced, definition } = resource;
  const schema = schemaOf(definition);
  const heading = '#'.repeat(options.level ?? 2);
  const names = [plural, ...(definition.shortNames ?? [])].map(code).join(', ');
  const rows = (['spec', 'status'] as const).flatMap((part) => {
    const below = schema.properties?.[part];
    return below ? fieldsOf(below, part) : [];
  });
  return (
    [
      `${heading} ${kind}`,
      definition.description,
      `${code(`apiVersion: ${apiVersionOf(resource)}`)}, ${namespaced ? 'namespaced' : 'cluster-scoped'}; for kubectl: ${names}.`,
      table(rows),
    ].join('\n\n') + '\n'
  );
}

function fieldOf(schema: StructuralSchema, path: string, required: boolean): Field {
  return {
    path,
    type: typeOf(schema),
    required,
    ...(schema.default !== undefined && { default: JSON.stringify(schema.default) }),
    constraints: constraintsOf(schema),
    description: schema.description ?? '',
  };
}

function typeOf(schema: StructuralSchema): string {
  const nullable = schema.nullable ? ' or null' : '';
  if (schema['x-kubernetes-int-or-string']) return `integer or string${nullable}`;
  if (schema.type === 'array') return `list of ${schema.items ? typeOf(schema.items) : 'anything'}${nullable}`;
  if (schema.type === 'object' && schema.additionalProperties)
    return `map of ${typeOf(schema.additionalProperties)}${nullable}`;
  return `${schema.type ?? 'anything'}${nullable}`;
}

function constraintsOf(schema: StructuralSchema): string[] {
  const rules = schema['x-kubernetes-validations'] ?? [];
  return [
    ...(schema.enum ? [`one of ${schema.enum.map((value) => code(String(value))).join(', ')}`] : []),
    ...bounds(schema),
    ...range(schema.minLength, schema.maxLength, ' characters'),
    ...range(schema.minItems, schema.maxItems, ' items'),
    ...range(schema.minProperties, schema.maxProperties, ' entries'),
    // The pattern of a quantity says nothing to a reader.
    ...(schema.pattern !== undefined && !schema['x-kubernetes-int-or-string']
      ? [`matches ${code(schema.pattern)}`]
      : []),
    ...rules.map(({ message, rule }) => message ?? code(rule)),
  ];
}

function bounds({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: StructuralSchema): string[] {
  if (!exclusiveMinimum && !exclusiveMaximum) return range(minimum, maximum, '');
  return [
    ...(minimum === undefined ? [] : [`${exclusiveMinimum ? 'more than' : 'at least'} ${minimum}`]),
    ...(maximum === undefined ? [] : [`${exclusiveMaximum ? 'less than' : 'at most'} ${maximum}`]),
  ];
}

function range(least: number | undefined, most: number | undefined, unit: string): string[] {
  if (least !== undefined && least === most) return [`exactly ${least}${unit}`];
  if (least !== undefined && most !== undefined) return [`${least} to ${most}${unit}`];
  // "At least 0 items" is said by there being a list.
  if (least !== undefined) return least > 0 || unit === '' ? [`at least ${least}${unit}`] : [];
  return most === undefined ? [] : [`at most ${most}${unit}`];
}

function table(fields: readonly Field[]): string {
  const rows = fields.map((field) => [
    code(field.path),
    field.type,
    field.default === undefined ? (field.required ? '**required**' : '') : code(field.default),
    [field.description, field.constraints.length > 0 ? `(${field.constraints.join('; ')})` : ''].join(' '),
  ]);
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
  return [line(['Field', 'Type', 'Default', 'Description']), '|---|---|---|---|', ...rows.map(line)].join('\n');
}

const code = (text: string): string => `\`${text}\``;
const cell = (text: string): string => text.replaceAll('|', '\\|').replace(/\s+/g, ' ').trim();
