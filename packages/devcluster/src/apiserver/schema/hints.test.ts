// That the table of how built-in kinds merge leads to every list it speaks of: the client finds them by path, the server by type.
import * as kube from '@stackwright/kube';
import { fieldTypesOf, qualifiedName, type FieldType, type Resource } from '@stackwright/kube';
import { expect, it } from 'vitest';
import { definition, definitionName, resolve } from './definitions.js';
import type { Schema } from './schema.js';

const builtIn = (Object.values(kube) as unknown[]).filter(
  (value): value is Resource =>
    typeof value === 'object' &&
    value !== null &&
    'plural' in value &&
    'version' in value &&
    typeof value.plural === 'string' &&
    typeof value.version === 'string' &&
    !('optional' in value),
);

/** What the server's schema says of a place and the client's table does not, or the other way round. */
function differences(schema: Schema, type: FieldType, path: string, within: readonly string[] = []): string[] {
  const list =
    schema['x-kubernetes-list-type'] === 'map'
      ? (schema['x-kubernetes-list-map-keys'] ?? []).join()
      : (schema['x-kubernetes-list-type'] ?? 'atomic');
  const known = type.list.type === 'map' ? type.list.keys.join() : type.list.type;
  const found = list === known ? [] : [`${path}: the server's list is ${list}, the client's ${known}`];
  const reference = schema.$ref;
  // A schema in a schema has no end.
  if (reference !== undefined && within.includes(reference)) return found;
  const { properties = {}, items, additionalProperties, ...struct } = resolve(schema);
  if ((schema['x-kubernetes-map-type'] ?? struct['x-kubernetes-map-type']) === 'atomic') {
    // Of references and the like, which have no parts that others could add to, the client need not know it.
    const grows = 'matchLabels' in properties || additionalProperties !== undefined;
    return type.atomic || !grows ? found : [...found, `${path}: the server's is one value`];
  }
  const inside = reference === undefined ? within : [...within, reference];
  return [
    ...found,
    ...Object.entries(properties).flatMap(([name, field]) =>
      differences(field, type.field(name), `${path}.${name}`, inside),
    ),
    ...(items ? differences(items, type.items, `${path}[]`, inside) : []),
    ...(typeof additionalProperties === 'object'
      ? differences(additionalProperties, type.items, `${path}.*`, inside)
      : []),
  ];
}

it.each(builtIn.map((resource) => [qualifiedName(resource), resource] as const))('%s', (_, resource) => {
  const schema = definition(definitionName(resource.group, resource.version, resource.kind));
  expect(schema && differences(schema, fieldTypesOf(resource), '')).toEqual([]);
});
