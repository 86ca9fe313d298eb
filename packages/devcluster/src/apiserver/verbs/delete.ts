import { mutate, validate, type AdmissionAttributes } from '../admission.js';
import { timestamp, type ServerContext } from '../context.js';
import { badRequest, conflict, notFound } from '../errors.js';
import { clone, isObject, type ApiObject } from '../json.js';
import { keyOfRequest, type DeleteOptions, type ResourceRequest, type ResourceResponse } from '../request.js';
import { loadReadable } from './get.js';
import { list } from './list.js';
import { mayGo } from './update.js';
import { view } from './versions.js';

/** Finalizers by which a deletion waits for what the object owns. */
export const FOREGROUND = 'foregroundDeletion';
export const ORPHAN = 'orphan';

export async function remove(context: ServerContext, request: ResourceRequest): Promise<ResourceResponse> {
  const { resource, name = '', user } = request;
  const options = decodeOptions(request.body);
  const dryRun = request.parameters.dryRun ?? false;
  const warnings: string[] = [];
  const attributes: AdmissionAttributes = {
    operation: 'DELETE',
    resource,
    subresource: undefined,
    namespace: request.namespace,
    name,
    object: undefined,
    oldObject: await loadReadable(context, request),
    user,
    dryRun,
    warnings,
  };
  await mutate(context.admission, attributes);
  await validate(context.admission, attributes);

  // From here on nothing may wait.
  const { store } = context;
  const { strategy, storage } = resource;
  const key = keyOfRequest(request);
  const old = store.get(storage, key);
  if (!old) throw notFound(resource, name);
  checkPreconditions(request, old, options);

  const next = markDeleted(context, request, clone(old), options);
  if (mayGo(next, strategy.holdsDeletion?.(next))) {
    if (!dryRun) store.delete(storage, key);
    return {
      kind: 'object',
      code: 200,
      warnings,
      object: {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Success',
        details: {
          name,
          ...(resource.group ? { group: resource.group } : {}),
          kind: resource.plural,
          uid: old.metadata.uid ?? '',
        },
      },
    };
  }
  const changed = JSON.stringify(next) !== JSON.stringify(old);
  const stored = changed && !dryRun ? store.put(storage, key, next) : next;
  return { kind: 'object', code: 200, object: await view(resource, stored), warnings };
}

function decodeOptions(body: unknown): DeleteOptions {
  if (body === undefined) return {};
  if (!isObject(body)) throw badRequest('the body of a deletion is a DeleteOptions object');
  const options = body as DeleteOptions & { orphanDependents?: boolean };
  if (options.orphanDependents !== undefined)
    return { ...options, propagationPolicy: options.orphanDependents ? 'Orphan' : 'Background' };
  return options;
}

function checkPreconditions(request: ResourceRequest, { metadata }: ApiObject, { preconditions }: DeleteOptions): void {
  const { resource, name = '' } = request;
  if (preconditions?.uid !== undefined && preconditions.uid !== metadata.uid) {
    throw conflict(
      resource,
      name,
      `Precondition failed: UID in precondition: ${preconditions.uid}, UID in object meta: ${metadata.uid ?? ''}`,
    );
  }
  if (preconditions?.resourceVersion !== undefined && preconditions.resourceVersion !== metadata.resourceVersion) {
    throw conflict(
      resource,
      name,
      `Precondition failed: ResourceVersion in precondition: ${preconditions.resourceVersion}, ResourceVersion in object meta: ${metadata.resourceVersion ?? ''}`,
    );
  }
}

/** The object as it waits for its deletion: timestamp, grace, and the finalizer of the propagation policy. */
function markDeleted(
  context: ServerContext,
  request: ResourceRequest,
  draft: ApiObject,
  options: DeleteOptions,
): ApiObject {
  const { strategy } = request.resource;
  const { metadata } = draft;
  const { propagationPolicy } = options;
  if (propagationPolicy !== undefined) {
    const finalizers = (metadata.finalizers ?? []).filter((item) => item !== FOREGROUND && item !== ORPHAN);
    if (propagationPolicy === 'Foreground') finalizers.push(FOREGROUND);
    if (propagationPolicy === 'Orphan') finalizers.push(ORPHAN);
    if (finalizers.length > 0) metadata.finalizers = finalizers;
    else delete metadata.finalizers;
  }
  const grace = strategy.gracePeriod?.(draft, options.gracePeriodSeconds) ?? 0;
  const first = metadata.deletionTimestamp === undefined;
  // A later deletion may only shorten the grace of an earlier one.
  if (first || grace < (metadata.deletionGracePeriodSeconds ?? 0)) {
    metadata.deletionTimestamp = timestamp(context.now() + grace * 1000);
    metadata.deletionGracePeriodSeconds = grace;
  }
  if (first) {
    if (metadata.generation !== undefined) metadata.generation += 1;
    strategy.prepareForDelete?.(draft);
  }
  return draft;
}

export async function removeCollection(context: ServerContext, request: ResourceRequest): Promise<ResourceResponse> {
  const { items, metadata } = await list(context, request);
  const removed: ApiObject[] = [];
  for (const item of items) {
    const { name = '', namespace } = item.metadata;
    await remove(context, { ...request, verb: 'delete', name, ...(namespace === undefined ? {} : { namespace }) });
    removed.push(item);
  }
  return { kind: 'list', items: removed, metadata: { resourceVersion: metadata.resourceVersion } };
}
