// Answers to resource requests, as text.
import { toYaml } from '@stackwright/kube';
import { notAcceptable } from '../errors.js';
import { serialize, type ApiObject, type JsonObject } from '../json.js';
import { apiVersionOf, type ServedResource } from '../registry/resource.js';
import type { ResourceRequest, ResourceResponse, WatchItem } from '../request.js';
import { withNulls } from '../schema/nulls.js';
import { partialMetadata, table, type IncludeObject } from '../table.js';
import type { Representation } from './negotiate.js';

export interface Rendered {
  code: number;
  contentType: string;
  body: string | AsyncIterable<string>;
  warnings?: readonly string[];
}

export function render(
  request: ResourceRequest,
  response: Exclude<ResourceResponse, { kind: 'connection' }>,
  representation: Representation,
  now: () => number,
): Rendered {
  const { contentType } = representation;
  switch (response.kind) {
    case 'text':
      return { code: 200, contentType: 'text/plain', body: response.body };
    case 'nothing':
      return { code: 204, contentType: 'text/plain', body: '' };
    case 'object': {
      const { code, warnings = [] } = response;
      return {
        code,
        contentType,
        body: asked(contentType, oneText(request, response.object, representation, now)),
        warnings,
      };
    }
    case 'list':
      return { code: 200, contentType, body: asked(contentType, listText(request, response, representation, now)) };
    case 'watch':
      if (contentType === YAML) throw notAcceptable('a watch is a stream of JSON');
      return { code: 200, contentType, body: watchText(request, response.events, representation, now) };
  }
}

const YAML = 'application/yaml';

/** Everything is written as JSON first; who asks for YAML is a person, and has the time. */
const asked = (contentType: string, json: string): string =>
  contentType === YAML ? toYaml(JSON.parse(json) as object) : json;

function oneText(
  request: ResourceRequest,
  object: ApiObject,
  representation: Representation,
  now: () => number,
): string {
  if (object.kind === request.resource.kind) {
    if (representation.as === 'Table') {
      const metadata = { resourceVersion: object.metadata.resourceVersion ?? '' };
      return JSON.stringify(
        table(request.resource, [object], metadata, { ...representation, include: include(request), now: now() }),
      );
    }
    if (representation.as === 'PartialObjectMetadata')
      return JSON.stringify(partialMetadata(object, representation.version));
  }
  return serialize(shown(request.resource, object));
}

function listText(
  request: ResourceRequest,
  { items, metadata }: ResourceResponse & { kind: 'list' },
  representation: Representation,
  now: () => number,
): string {
  const { resource } = request;
  if (representation.as === 'Table') {
    return JSON.stringify(
      table(resource, items, { ...metadata }, { ...representation, include: include(request), now: now() }),
    );
  }
  const partial = representation.as === 'PartialObjectMetadataList' || representation.as === 'PartialObjectMetadata';
  const version = partial ? representation.version : 'v1';
  const texts = partial
    ? items.map((item) => JSON.stringify(partialMetadata(item, version)))
    : items.map((item) => itemText(resource, item));
  const [kind, apiVersion] = partial
    ? ['PartialObjectMetadataList', `meta.k8s.io/${version}`]
    : [resource.listKind, apiVersionOf(resource)];
  return `{"kind":"${kind}","apiVersion":"${apiVersion}","metadata":${JSON.stringify(metadata)},"items":[${texts.join(',')}]}`;
}

const seen = new WeakMap<object, ApiObject>();

/** With the nulls of built-in kinds. Of a stored object the text is made once, and so what it is made of, too. */
function shown(resource: ServedResource, object: ApiObject): ApiObject {
  if (resource.custom || object.kind !== resource.kind) return object;
  let found = seen.get(object);
  if (found === undefined) {
    found = withNulls(resource.schema(), object);
    if (Object.isFrozen(object)) seen.set(object, Object.freeze(found));
  }
  return found;
}

/** Items of typed lists do not repeat their type; those of custom resources do. */
function itemText(resource: ServedResource, item: ApiObject): string {
  const text = serialize(shown(resource, item));
  if (resource.custom) return text;
  const type = `{"apiVersion":"${apiVersionOf(resource)}","kind":"${resource.kind}",`;
  return text.startsWith(type) ? `{${text.slice(type.length)}` : text;
}

async function* watchText(
  request: ResourceRequest,
  events: AsyncIterable<WatchItem>,
  representation: Representation,
  now: () => number,
): AsyncGenerator<string> {
  for await (const item of events) {
    if (item.type === 'ERROR') {
      yield `{"type":"ERROR","object":${JSON.stringify(item.error.status)}}\n`;
    } else {
      yield `{"type":"${item.type}","object":${eventText(request, item, representation, now)}}\n`;
    }
  }
}

function eventText(
  request: ResourceRequest,
  item: WatchItem & { type: string; object: ApiObject },
  representation: Representation,
  now: () => number,
): string {
  const { object } = item;
  if (item.type === 'BOOKMARK' && representation.as === 'Table') {
    // A table without rows carries the revision of a bookmark.
    return JSON.stringify(
      table(request.resource, [], bookmarkMetadata(object), { ...representation, include: 'None', now: now() }),
    );
  }
  return oneText(request, object, representation, now);
}

const bookmarkMetadata = ({ metadata }: ApiObject): JsonObject => ({
  resourceVersion: metadata.resourceVersion ?? '',
  ...(metadata.annotations ? { annotations: metadata.annotations } : {}),
});

function include(request: ResourceRequest): IncludeObject {
  const wanted = request.query?.get('includeObject');
  return wanted === 'None' || wanted === 'Object' ? wanted : 'Metadata';
}
