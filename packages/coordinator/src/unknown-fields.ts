// Names of fields that a kind does not have. The API server would refuse them as well, in words about an object that the reader
// has not written; here they are found where they were written.
import { suggestionFor } from '@stackwright/api';

/** As much of a CRD's schema as names fields. */
export interface FieldSchema {
  properties?: Readonly<Record<string, FieldSchema>>;
  additionalProperties?: boolean | FieldSchema;
  items?: FieldSchema | readonly FieldSchema[];
  'x-kubernetes-preserve-unknown-fields'?: boolean;
}

/** "spec.services.placement.replica: no such field; did you mean replicas?" for each. */
export function unknownFields(schema: FieldSchema, value: unknown, path: string): string[] {
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items === undefined || isList(items)) return [];
    return value.flatMap((item, index) => unknownFields(items, item, `${path}[${index}]`));
  }
  if (typeof value !== 'object' || value === null) return [];
  const { properties, additionalProperties } = schema;
  const known = Object.keys(properties ?? {});
  const isOpen = additionalProperties !== undefined && additionalProperties !== false;
  // A schema that names no fields says nothing of them.
  const isFree = isOpen || properties === undefined || schema['x-kubernetes-preserve-unknown-fields'] === true;
  return Object.entries(value).flatMap(([name, inner]) => {
    const at = `${path}.${name}`;
    const field = Object.hasOwn(properties ?? {}, name) ? properties?.[name] : undefined;
    if (field) return unknownFields(field, inner, at);
    if (typeof additionalProperties === 'object') return unknownFields(additionalProperties, inner, at);
    return isFree ? [] : [`${at}: no such field; ${adviceFor(name, known)}`];
  });
}

function adviceFor(name: string, known: readonly string[]): string {
  const meant = suggestionFor(name, known);
  return meant === undefined ? `there are ${[...known].sort().join(', ')}` : `did you mean ${meant}?`;
}

function isList(items: FieldSchema | readonly FieldSchema[]): items is readonly FieldSchema[] {
  return Array.isArray(items);
}
