// A kind's fields as table rows, from its schema.
import type { StructuralSchema } from '@stackwright/kube';

export interface Field {
  /** "spec.fernet.maxActiveKeys", "spec.services.*.managed", "status.conditions[].type". */
  path: string;
  type: string;
  required: boolean;
  /** As JSON. */
  default?: string;
  /** What else the server checks: "1 to 3", "one of Retain, Delete". */
  constraints: string[];
  description: string;
}

/** Depth first; fields that only hold others are rows as well. */
export function fieldsOf(schema: StructuralSchema, path: string): Field[] {
  const below = (child: StructuralSchema, at: string, required: boolean): Field[] => [
    {
      path: at,
      type: typeOf(child),
      required,
      ...(child.default === undefined ? {} : { default: JSON.stringify(child.default) }),
      constraints: constraintsOf(child),
      description: child.description ?? '',
    },
    ...fieldsOf(child, at),
  ];
  const properties = Object.entries(schema.properties ?? {}).flatMap(([name, child]) =>
    below(child, `${path}.${name}`, schema.required?.includes(name) ?? false),
  );
  const entries = schema.additionalProperties?.type ? below(schema.additionalProperties, `${path}.*`, false) : [];
  return [...properties, ...entries, ...(schema.items ? fieldsOf(schema.items, `${path}[]`) : [])];
}

function typeOf(schema: StructuralSchema): string {
  if (schema['x-kubernetes-int-or-string']) return 'integer or string';
  if (schema.type === 'array') return `list of ${schema.items ? typeOf(schema.items) : 'anything'}`;
  if (schema.type === 'object' && schema.additionalProperties && !schema.properties) return `map of ${typeOf(schema.additionalProperties)}`;
  return schema.type ?? 'anything';
}

function constraintsOf(schema: StructuralSchema): string[] {
  const { enum: values, pattern, minimum, maximum, minLength, maxLength, minItems, maxItems, minProperties, maxProperties } = schema;
  return [
    ...(values ? [`one of ${values.map((value) => `\`${String(value)}\``).join(', ')}`] : []),
    ...range('', minimum, maximum),
    ...range(' characters', minLength, maxLength),
    ...range(' items', minItems, maxItems),
    ...range(' entries', minProperties, maxProperties),
    ...(pattern === undefined ? [] : [`matches \`${pattern}\``]),
    ...(schema['x-kubernetes-validations'] ?? []).map(({ message, rule }) => message ?? `\`${rule}\``),
  ];
}

function range(unit: string, least: number | undefined, most: number | undefined): string[] {
  if (least !== undefined && least === most) return [`exactly ${least}${unit}`];
  if (least !== undefined && most !== undefined) return [`${least} to ${most}${unit}`];
  if (least !== undefined && (least > 0 || unit === '')) return [`at least ${least}${unit}`];
  if (most !== undefined) return [`at most ${most}${unit}`];
  return [];
}
