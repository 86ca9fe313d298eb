import type { ServerContext } from '../context.js';
import { notFound } from '../errors.js';
import type { ApiObject } from '../json.js';
import { fromStorage } from '../registry/resource.js';
import { keyOfRequest, type ResourceRequest } from '../request.js';
import { readable } from './versions.js';

/** The stored object in the version that was asked for. */
/** Loads the object once its conversion is done. */
export async function loadReadable(context: ServerContext, request: ResourceRequest): Promise<ApiObject> {
  await readable(request.resource, [context.store.get(request.resource.storage, keyOfRequest(request))]);
  return load(context, request);
}

export function load(context: ServerContext, request: ResourceRequest): ApiObject {
  const stored = context.store.get(request.resource.storage, keyOfRequest(request));
  if (!stored) throw notFound(request.resource, request.name ?? '');
  return fromStorage(request.resource, stored);
}
