// The schemas of a document: those of its kinds, of their lists, and everything that these refer to.
import type { ServedResource } from '../registry/resource.js';
import { apiVersionOf } from '../registry/resource.js';
import { definition } from '../schema/definitions.js';
import { definitionOf, ref, type Schema } from '../schema/schema.js';

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const INT_OR_STRING = 'io.k8s.apimachinery.pkg.util.intstr.IntOrString';

/** "com.example.v1.Widget", or the definition's own name for built-in kinds. */
export function schemaName(resource: ServedResource): string {
  const { $ref } = resource.schema();
  if ($ref !== undefined) return definitionOf($ref);
  return [...resource.group.split('.').reverse(), resource.version, resource.kind].join('.');
}

export function collect(resources: readonly ServedResource[]): Record<string, Schema> {
  const schemas: Record<string, Schema> = {};
  const pending = [`${META}.ListMeta`, `${META}.DeleteOptions`, `${META}.Status`];

  const visit = (schema: Schema): Schema => {
    if (schema.$ref !== undefined) {
      pending.push(definitionOf(schema.$ref));
      // Beside a reference nothing else counts in OpenAPI 3.0: what is said of the field stands around it.
      const { $ref, ...about } = schema;
      return Object.keys(about).length === 0 ? schema : { ...about, allOf: [{ $ref }] };
    }
    if (schema['x-kubernetes-int-or-string'] && schema.type === undefined && !schema.anyOf) {
      schemas[INT_OR_STRING] ??= {
        description: 'An integer or a string.',
        format: 'int-or-string',
        oneOf: [{ type: 'integer' }, { type: 'string' }],
      };
      return {
        ...(schema.description === undefined ? {} : { description: schema.description }),
        allOf: [ref(INT_OR_STRING)],
      };
    }
    const result: Schema = { ...schema };
    if (schema.properties)
      result.properties = Object.fromEntries(
        Object.entries(schema.properties).map(([name, child]) => [name, visit(child)]),
      );
    if (schema.items) result.items = visit(schema.items);
    if (typeof schema.additionalProperties === 'object')
      result.additionalProperties = visit(schema.additionalProperties);
    return result;
  };

  for (const resource of resources) {
    const { group, version, kind, listKind } = resource;
    const name = schemaName(resource);
    const own = resource.custom ? customSchema(resource) : definition(name);
    if (!own) continue;
    schemas[name] = { ...visit(own), 'x-kubernetes-group-version-kind': [{ group, version, kind }] };
    schemas[`${name}List`] ??= {
      ...visit(listSchema(resource, name)),
      'x-kubernetes-group-version-kind': [{ group, version, kind: listKind }],
    };
  }
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const found = schemas[next] === undefined ? definition(next) : undefined;
    if (found) schemas[next] = visit(found);
  }
  return schemas;
}

const typeFields: Record<string, Schema> = {
  apiVersion: { type: 'string', description: 'The version of the schema of this object.' },
  kind: { type: 'string', description: 'The kind of this object.' },
};

function customSchema(resource: ServedResource): Schema {
  const schema = resource.schema();
  const metadata = { description: "Standard object's metadata.", ...ref(`${META}.ObjectMeta`) };
  return { ...schema, properties: { ...typeFields, ...schema.properties, metadata } };
}

function listSchema(resource: ServedResource, item: string): Schema {
  return {
    type: 'object',
    description: `A list of ${resource.kind} objects of ${apiVersionOf(resource)}.`,
    required: ['items'],
    properties: { ...typeFields, metadata: ref(`${META}.ListMeta`), items: { type: 'array', items: ref(item) } },
  };
}
