// The paths of a document. kubectl looks here for what an operation takes: fieldValidation, above all.
import type { JsonObject } from '../json.js';
import type { ServedResource, Subresource } from '../registry/resource.js';
import { ref } from '../schema/schema.js';
import { schemaName } from './components.js';

type Dialect = 'v2' | 'v3';

const PATCHES = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
];

/** kubectl patches strategically whatever is said to take it; custom resources do not. */
const patchesOf = ({ custom }: ServedResource): string[] =>
  PATCHES.filter((type) => !custom || type !== 'application/strategic-merge-patch+json');

export function pathsOf(resources: readonly ServedResource[], dialect: Dialect): JsonObject {
  const paths: JsonObject = {};
  for (const resource of resources) {
    const root = resource.group === '' ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
    const collection = resource.namespaced
      ? `${root}/namespaces/{namespace}/${resource.plural}`
      : `${root}/${resource.plural}`;
    const operation = operationsOf(resource, dialect);
    const list = resource.verbs.includes('list') ? { get: operation('list') } : {};
    const create = resource.verbs.includes('create') ? { post: operation('post') } : {};
    paths[collection] = { ...list, ...create, parameters: pathParameters(resource, false, dialect) };
    if (resource.namespaced && resource.verbs.includes('list'))
      paths[`${root}/${resource.plural}`] = { get: operation('list') };
    if (!resource.verbs.includes('get')) continue;
    const item = { get: operation('get'), put: operation('put'), patch: operation('patch') };
    const parameters = pathParameters(resource, true, dialect);
    paths[`${collection}/{name}`] = { ...item, delete: operation('delete'), parameters };
    for (const subresource of resource.subresources) {
      if (OBJECT_VIEWS.includes(subresource)) paths[`${collection}/{name}/${subresource}`] = { ...item, parameters };
    }
  }
  return paths;
}

/** Subresources that are the object itself, seen in part. */
const OBJECT_VIEWS: readonly Subresource[] = ['status'];

function operationsOf(resource: ServedResource, dialect: Dialect): (action: string) => JsonObject {
  const { group, version, kind } = resource;
  const schema = ref(schemaName(resource));
  return (action) => {
    const writes = ['post', 'put', 'patch'].includes(action);
    const queries = writes
      ? ['dryRun', 'fieldManager', 'fieldValidation', ...(action === 'patch' ? ['force'] : [])]
      : action === 'list'
        ? [
            'continue',
            'fieldSelector',
            'labelSelector',
            'limit',
            'resourceVersion',
            'resourceVersionMatch',
            'timeoutSeconds',
            'watch',
          ]
        : [];
    const response = dialect === 'v3' ? { content: { 'application/json': { schema } } } : { schema };
    const types = action === 'patch' ? patchesOf(resource) : ['application/json', 'application/yaml'];
    return {
      operationId: `${action}${kind}`,
      parameters: [
        ...queries.map((name) => queryParameter(name, dialect)),
        ...(writes && dialect === 'v2' ? [{ name: 'body', in: 'body', required: true, schema }] : []),
      ],
      ...(writes && dialect === 'v3'
        ? { requestBody: { required: true, content: Object.fromEntries(types.map((type) => [type, { schema }])) } }
        : {}),
      ...(dialect === 'v2' ? { consumes: types, produces: ['application/json'] } : {}),
      responses: { 200: { description: 'OK', ...response } },
      'x-kubernetes-action': action,
      'x-kubernetes-group-version-kind': { group, version, kind },
    };
  };
}

const BOOLEANS = ['force', 'watch'];
const INTEGERS = ['limit', 'timeoutSeconds'];

function queryParameter(name: string, dialect: Dialect): JsonObject {
  const type = BOOLEANS.includes(name) ? 'boolean' : INTEGERS.includes(name) ? 'integer' : 'string';
  return { name, in: 'query', ...(dialect === 'v3' ? { schema: { type } } : { type, uniqueItems: true }) };
}

function pathParameters(resource: ServedResource, one: boolean, dialect: Dialect): JsonObject[] {
  const names = [...(resource.namespaced ? ['namespace'] : []), ...(one ? ['name'] : [])];
  return names.map((name) => ({
    name,
    in: 'path',
    required: true,
    ...(dialect === 'v3' ? { schema: { type: 'string' } } : { type: 'string' }),
  }));
}
