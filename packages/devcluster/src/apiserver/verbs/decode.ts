// From a client's body to a draft of the object: decoded against its schema, with defaults.
import type { ServerContext } from '../context.js';
import { badRequest, invalid } from '../errors.js';
import { clone, isObject, type ApiObject, type JsonObject } from '../json.js';
import { apiVersionOf, type ServedResource } from '../registry/resource.js';
import type { ResourceRequest } from '../request.js';
import { applyDefaults } from '../schema/defaults.js';
import { decodeTyped, DecodeError, objectMeta, prune } from '../schema/decode.js';
import { resolve } from '../schema/definitions.js';
import { fillRequired, missing } from '../schema/required.js';

/** A draft that may be changed; unknown fields are refused, warned of, or silently dropped, as the request asks. */
export function decodeObject(request: ResourceRequest, body: unknown, warnings: string[]): ApiObject {
  const { resource } = request;
  if (!isObject(body)) throw badRequest(`the body of the request is not a ${resource.kind}: it must be an object`);
  const apiVersion = apiVersionOf(resource);
  if (body['kind'] !== undefined && body['kind'] !== resource.kind) {
    throw badRequest(
      `${show(body['kind'])} in version "${resource.version}" cannot be handled as a ${resource.kind}: the kind in the data (${show(body['kind'])}) does not match the expected kind (${resource.kind})`,
    );
  }
  if (body['apiVersion'] !== undefined && body['apiVersion'] !== apiVersion) {
    throw badRequest(
      `the API version in the data (${show(body['apiVersion'])}) does not match the expected API version (${apiVersion})`,
    );
  }
  // Custom objects have no Go type to say what they are.
  if (resource.custom && (body['kind'] === undefined || body['apiVersion'] === undefined)) {
    throw badRequest(`Object 'Kind' is missing in '${JSON.stringify(body).slice(0, 200)}'`);
  }
  const { object, unknown } = decodeAs(resource, { ...body, apiVersion, kind: resource.kind });
  reportStray(request, unknown, warnings);
  return withDefaults(resource, object);
}

/** How a body that does not fit its kind is refused: who sent it, and as what, decides. */
export type Refusal = (problem: string) => Error;

/** Decodes without a say on unknown fields. `keepNulls` of custom objects: see `prune`. */
export function decodeAs(
  resource: ServedResource,
  body: JsonObject,
  refusal: Refusal = (problem) => cannotHandle(resource, problem),
  keepNulls = false,
): { object: ApiObject; unknown: string[] } {
  const { metadata } = body;
  if (metadata !== undefined && metadata !== null && !isObject(metadata))
    throw refusal('json: cannot unmarshal metadata');
  try {
    if (!resource.custom) {
      const { object, unknown } = decodeTyped(resource.schema(), body);
      const { apiVersion, kind, metadata: decoded = {}, ...rest } = object;
      return { object: { apiVersion, kind, metadata: decoded, ...rest } as unknown as ApiObject, unknown };
    }
    const decodedMetadata = decodeTyped(objectMeta, { ...metadata });
    const unknown = decodedMetadata.unknown.map((path) => `metadata.${path}`);
    const { metadata: _, apiVersion, kind, ...rest } = body;
    const pruned = prune(resource.schema(), clone(rest), '', unknown, keepNulls) as JsonObject;
    const object = { apiVersion, kind, metadata: decodedMetadata.object, ...pruned } as unknown as ApiObject;
    return { object, unknown };
  } catch (error) {
    if (error instanceof DecodeError) throw refusal(error.message);
    throw error;
  }
}

export function withDefaults(resource: ServedResource, object: ApiObject): ApiObject {
  if (resource.custom) {
    applyDefaults(resource.schema(), object);
  } else {
    // In Go's types a specification is always there, if empty.
    const schema = resolve(resource.schema());
    if (object['spec'] === undefined && schema.properties?.['spec']) object['spec'] = {};
    if (resource.strategy.reportsMissing) fillRequired(resource.schema(), object);
    else {
      const errors = missing(schema, object, '');
      if (errors.length > 0) throw invalid(resource, object.metadata.name ?? '', errors);
    }
  }
  resource.strategy.defaults?.(object);
  return object;
}

/**
 * Says what `fieldValidation` asks to be said: of unknown fields, of those that the body has twice, and of what else is
 * too much.
 */
export function reportStray(
  request: ResourceRequest,
  unknown: readonly string[],
  warnings: string[],
  refusal: Refusal = (problem) => cannotHandle(request.resource, problem),
  others: readonly string[] = [],
): void {
  const { duplicates } = request;
  if (unknown.length === 0 && others.length === 0 && !duplicates) return;
  const messages = [...others, ...unknown.map((path) => `unknown field "${path}"`)];
  switch (request.parameters.fieldValidation ?? 'Warn') {
    case 'Strict': {
      const problems = duplicates ? [duplicates.error, ...messages] : messages;
      throw refusal(`strict decoding error: ${problems.join(', ')}`);
    }
    case 'Warn':
      warn(warnings, [...(duplicates?.messages ?? []), ...messages]);
      return;
    case 'Ignore':
  }
}

/** Each once, however often the request is tried. */
export function warn(warnings: string[], messages: readonly string[]): void {
  warnings.push(...messages.filter((message) => !warnings.includes(message)));
}

function cannotHandle(resource: ServedResource, problem: string): Error {
  return badRequest(
    `${resource.kind} in version "${resource.version}" cannot be handled as a ${resource.kind}: ${problem}`,
  );
}

const show = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** The namespace that a write goes to must exist and not be on its way out. Returns its state. */
export function namespaceState(context: ServerContext, name: string): 'active' | 'terminating' | 'missing' {
  const namespace = context.store.get('/namespaces', name);
  if (!namespace) return 'missing';
  return namespace.metadata.deletionTimestamp ? 'terminating' : 'active';
}
