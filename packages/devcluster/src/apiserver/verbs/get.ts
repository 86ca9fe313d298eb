import type { ServerContext } from '../context.js';
import { notFound } from '../errors.js';
import type { ApiObject } from '../json.js';
import { fromStorage } from '../registry/resource.js';
import { keyOfRequest, type ResourceRequest } from '../request.js';
import { view } from './versions.js';

/** The stored object in the version that was asked for. */
export async function loadReadable(context: ServerContext, request: ResourceRequest): Promise<ApiObject> {
  return view(request.resource, find(context, request));
}

/** The same without a wait: for built-in kinds, whose versions are converted at once. */
export const load = (context: ServerContext, request: ResourceRequest): ApiObject =>
  fromStorage(request.resource, find(context, request));

function find({ store }: ServerContext, request: ResourceRequest): ApiObject {
  const stored = store.get(request.resource.storage, keyOfRequest(request));
  if (!stored) throw notFound(request.resource, request.name ?? '');
  return stored;
}
