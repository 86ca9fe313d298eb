import { trackUpdate } from '../apply/managers.js';
import { expectBounded } from '../bounds.js';
import type { ServerContext } from '../context.js';
import { goText } from '../go-text.js';
import { badRequest, field, internal, invalid, unsupportedMediaType, type FieldError } from '../errors.js';
import { clone, isObject, type ApiObject, type JsonObject } from '../json.js';
import { jsonPatch, strayInOperations } from '../patch/json-patch.js';
import { mergePatch } from '../patch/merge-patch.js';
import { strategicMerge } from '../patch/strategic.js';
import { apiVersionOf } from '../registry/resource.js';
import type { ResourceRequest, ResourceResponse } from '../request.js';
import { place } from './create.js';
import { decodeAs, reportStray, withDefaults, type Refusal } from './decode.js';
import { managerOf } from './manager.js';
import { replace, retryOnRace } from './update.js';

export async function patch(context: ServerContext, request: ResourceRequest): Promise<ResourceResponse> {
  const { resource } = request;
  const warnings: string[] = [];
  return retryOnRace(context, request, async (old) => {
    const draft = decodePatched(request, patched(request, old), warnings);
    return replace(context, request, old, draft, warnings, () =>
      trackUpdate(resource, old, draft, managerOf(context, request)),
    );
  });
}

/** The object as the patch leaves it, before it is decoded. `old` is not changed. */
export function patched(request: ResourceRequest, old: ApiObject): JsonObject {
  const result = changed(request, old);
  // Patch by patch it could grow beyond what any body may hold.
  expectBounded(result);
  return result;
}

function changed(request: ResourceRequest, old: ApiObject): JsonObject {
  const { patchType, body, resource } = request;
  switch (patchType) {
    case 'json':
      return jsonPatch(old, body);
    case 'merge':
      if (!isObject(body)) throw badRequest('error decoding patch: json: cannot unmarshal the patch into an object');
      return mergePatch(clone(old), body) as JsonObject;
    case 'strategic':
      if (!isObject(body)) throw badRequest('json: cannot unmarshal the patch into an object');
      if (resource.custom) {
        throw unsupportedMediaType(
          'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
        );
      }
      return strategicMerge(resource.schema(), clone(old), body);
    default:
      throw unsupportedMediaType('the body of the request was in an unknown format');
  }
}

export function decodePatched(request: ResourceRequest, value: unknown, warnings: string[]): ApiObject {
  const { resource, patchType, body } = request;
  const refusal = refusalOf(request, value);
  if (!isObject(value)) throw refusal('the patched object is not an object');
  const typed = withType(request, value, refusal);
  const { object, unknown } = decodeAs(resource, typed, refusal);
  const stray = patchType === 'json' ? strayInOperations(body) : [];
  reportStray(request, unknown, warnings, refusal, stray);
  const draft = withDefaults(resource, object);
  place(request, draft);
  return draft;
}

/**
 * With the kind and version that it has anyhow. Of a built-in kind both may be taken away, and a strategic patch does
 * not even see what it says of them; a custom object is what it says it is, but through its subresources.
 */
function withType(
  { resource, patchType, subresource, name }: ResourceRequest,
  value: JsonObject,
  refusal: Refusal,
): JsonObject {
  const own = { apiVersion: apiVersionOf(resource), kind: resource.kind };
  const { apiVersion = null, kind = null } = value;
  if (resource.custom) {
    if (kind === null) throw refusal(`Object 'Kind' is missing in '${JSON.stringify(value)}'`);
    if (apiVersion === null) throw internal("Object 'apiVersion' is missing in 'object has no apiVersion field'");
    const errors: FieldError[] = [];
    if (apiVersion !== own.apiVersion)
      errors.push(field.invalid('apiVersion', apiVersion, `must be ${own.apiVersion}`));
    if (kind !== own.kind) errors.push(field.invalid('kind', kind, `must be ${own.kind}`));
    if (errors.length > 0 && subresource === undefined) throw invalid(resource, name ?? '', errors);
  } else if (patchType !== 'strategic') {
    if (apiVersion !== null && apiVersion !== own.apiVersion)
      throw refusal(`no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)}`);
    if (kind !== null && kind !== own.kind) throw refusal(`a ${own.kind} cannot become a ${JSON.stringify(kind)}`);
  }
  return { ...value, ...own };
}

/** A patch that leaves what its kind cannot be is understood and wrong, unlike a body that cannot be read at all. */
const refusalOf =
  ({ patchType, body }: ResourceRequest, value: unknown): Refusal =>
  (problem) =>
    invalid({ group: '', kind: '' }, '', [
      field.invalid('patch', patchType === 'strategic' ? goText(body) : JSON.stringify(value), problem),
    ]);
