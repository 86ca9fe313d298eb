import { trackUpdate } from '../apply/managers.js';
import type { ServerContext } from '../context.js';
import { badRequest, unsupportedMediaType } from '../errors.js';
import { clone, isObject, type ApiObject, type JsonObject } from '../json.js';
import { jsonPatch, mergePatch } from '../patch/patch.js';
import { strategicMerge } from '../patch/strategic.js';
import type { ResourceRequest, ResourceResponse } from '../request.js';
import { place } from './create.js';
import { decodeAs, reportStray, withDefaults } from './decode.js';
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
  const { patchType, body, resource } = request;
  switch (patchType) {
    case 'json':
      if (!Array.isArray(body)) throw badRequest('a JSON patch is a list of operations');
      return jsonPatch(old, body as readonly unknown[]);
    case 'merge':
      if (!isObject(body)) throw badRequest('a merge patch is an object');
      return mergePatch(clone(old), body) as JsonObject;
    case 'strategic':
      if (!isObject(body)) throw badRequest('a strategic merge patch is an object');
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
  const { resource } = request;
  if (!isObject(value)) throw badRequest('the patched object is not an object');
  const { object, unknown } = decodeAs(resource, value);
  if (object.kind !== resource.kind) throw badRequest('the kind of an object cannot be patched');
  reportStray(request, unknown, warnings);
  const draft = withDefaults(resource, object);
  place(request, draft);
  return draft;
}
