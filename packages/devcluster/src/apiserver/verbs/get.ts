import type { ServerContext } from '../context.js';
import { notFound } from '../errors.js';
import type { ApiObject } from '../json.js';
import { fromStorage } from '../registry/resource.js';
import { keyOfRequest, type ResourceRequest } from '../request.js';

/** The stored object in the version that was asked for. */
export function load(context: ServerContext, request: ResourceRequest): ApiObject {
  const stored = context.store.get(request.resource.storage, keyOfRequest(request));
  if (!stored) throw notFound(request.resource, request.name ?? '');
  return fromStorage(request.resource, stored);
}
