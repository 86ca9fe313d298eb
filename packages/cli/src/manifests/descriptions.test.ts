// `kubectl explain` shows what a CRD says of a field, and nothing where it says nothing.
import type { CustomResourceDefinition } from '@stackwright/kube';
import { expect, it } from 'vitest';
import { modules } from '../modules.js';
import { customResourceDefinitions } from './manifests.js';

type JSONSchemaProps = NonNullable<
  NonNullable<CustomResourceDefinition['spec']['versions'][number]['schema']>['openAPIV3Schema']
>;

/** Paths of what has no description, below and with the schema itself. */
function silent(schema: JSONSchemaProps, path: string): string[] {
  const below = (part: JSONSchemaProps | undefined, mark: string): string[] =>
    Object.entries(part?.properties ?? {}).flatMap(([name, field]) => silent(field, `${path}${mark}.${name}`));
  const { items, additionalProperties } = schema;
  return [
    ...(schema.description ? [] : [path]),
    ...below(schema, ''),
    ...below(Array.isArray(items) ? undefined : items, '[]'),
    ...below(typeof additionalProperties === 'object' ? additionalProperties : undefined, '.*'),
  ];
}

const kinds = customResourceDefinitions(modules).map((definition) => [definition.spec.names.kind, definition] as const);

it.each(kinds)('every field of %s says what it is', (kind, { spec }) => {
  for (const { schema } of spec.versions) {
    const properties = schema?.openAPIV3Schema?.properties ?? {};
    // metadata is the API server's own.
    for (const part of ['spec', 'status']) expect(silent(properties[part] ?? {}, `${kind}.${part}`)).toEqual([]);
  }
});
