import { mutate, validate, type AdmissionAttributes } from '../admission.js';
import { trackUpdate } from '../apply/managers.js';
import type { ServerContext } from '../context.js';
import { badRequest, conflict, field, invalid, MODIFIED, notFound } from '../errors.js';
import { clone, equal, type ApiObject } from '../json.js';
import { toStorage, type ServedResource, type Subresource } from '../registry/resource.js';
import { keyOfRequest, type ResourceRequest, type ResourceResponse } from '../request.js';
import { create, place } from './create.js';
import { decodeObject, warn } from './decode.js';
import { loadReadable } from './get.js';
import { managerOf } from './manager.js';
import { newGeneration, strategyContext, validateObject } from './validate.js';
import { view, writable } from './versions.js';

export async function update(context: ServerContext, request: ResourceRequest): Promise<ResourceResponse> {
  const { resource } = request;
  const warnings: string[] = [];
  const draft = decodeObject(request, request.body, warnings);
  if (!draft.metadata.name && request.subresource === undefined)
    throw badRequest('the name of the object ( based on URL) was undeterminable: name must be provided');
  place(request, draft);
  const key = keyOfRequest(request);
  const stored = context.store.get(resource.storage, key);
  if (!stored) {
    if (resource.strategy.createOnUpdate && !request.subresource) return create(context, request);
    throw notFound(resource, request.name ?? '');
  }
  // Who means another object is told that first.
  const meant = !draft.metadata.uid || draft.metadata.uid === stored.metadata.uid;
  if (meant && !draft.metadata.resourceVersion && resource.strategy.requiresRevision) {
    throw invalid(resource, request.name ?? '', [
      field.invalid('metadata.resourceVersion', 0, 'must be specified for an update'),
    ]);
  }
  return retryOnRace(context, request, async (old) => {
    const fresh = clone(draft);
    return replace(context, request, old, fresh, warnings, () =>
      trackUpdate(resource, old, fresh, managerOf(context, request)),
    );
  });
}

/** Somebody else wrote between the read and the write of this request. */
const RACE = Symbol('race');

/**
 * Reads, changes and writes an object. `change` may wait (admission webhooks do), so it is repeated when the object has
 * changed meanwhile; a client that named a resourceVersion is told of the conflict on the second run.
 */
export async function retryOnRace(
  context: ServerContext,
  request: ResourceRequest,
  change: (old: ApiObject) => Promise<ResourceResponse | typeof RACE>,
): Promise<ResourceResponse> {
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const response = await change(await loadReadable(context, request));
    if (response !== RACE) return response;
  }
  throw conflict(request.resource, request.name ?? '', MODIFIED);
}

/** The way of every changed object into the store. */
export async function replace(
  context: ServerContext,
  request: ResourceRequest,
  old: ApiObject,
  draft: ApiObject,
  warnings: string[],
  track: () => void,
): Promise<ResourceResponse | typeof RACE> {
  const { resource, parameters, user } = request;
  const { strategy } = resource;
  const name = request.name ?? '';
  const { metadata } = draft;
  // Only a whole object has a UID as its precondition; to a patch it is a field like others, which never changes.
  if (request.patchType === undefined && metadata.uid && metadata.uid !== old.metadata.uid) {
    throw conflict(
      resource,
      name,
      `Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${old.metadata.uid ?? ''}`,
    );
  }
  if (metadata.resourceVersion && metadata.resourceVersion !== old.metadata.resourceVersion)
    throw conflict(resource, name, MODIFIED);
  isolate(draft, old, resource, request.subresource);
  keepSystemFields(draft, old);

  const strategyArguments = strategyContext(context, user.name, request.subresource);
  strategy.prepareForUpdate?.(draft, old, strategyArguments);
  const attributes: AdmissionAttributes = {
    operation: 'UPDATE',
    resource,
    subresource: request.subresource as Subresource | undefined,
    namespace: metadata.namespace,
    name,
    object: draft,
    oldObject: old,
    user,
    dryRun: parameters.dryRun ?? false,
    warnings,
  };
  await mutate(context.admission, attributes);
  strategy.defaults?.(draft);
  // Strategies and plugins may have given it other metadata.
  if (request.subresource !== 'status' && newGeneration(resource, draft, old, equal))
    draft.metadata.generation = (old.metadata.generation ?? 0) + 1;
  validateObject(strategyArguments, resource, draft, old);
  warn(warnings, strategy.warn?.(draft, old) ?? []);
  refuseNewFinalizers(request, draft, old);
  await validate(context.admission, attributes);
  track();
  if (!equal(draft, old)) await writable(resource, draft);

  // From here on nothing may wait.
  const key = keyOfRequest(request);
  const current = context.store.get(resource.storage, key);
  if (!current) throw notFound(resource, name);
  if (current.metadata.resourceVersion !== old.metadata.resourceVersion) return RACE;
  strategy.allocate?.(draft, old, strategyArguments);
  if (equal(draft, old)) return { kind: 'object', code: 200, object: old, warnings, unchanged: true };
  if (parameters.dryRun) return { kind: 'object', code: 200, object: draft, warnings, unchanged: true };
  if (mayGo(draft, strategy.holdsDeletion?.(draft))) {
    // Its last finalizer is gone: what the client sent is its last state.
    const deleted = context.store.delete(resource.storage, key);
    return {
      kind: 'object',
      code: 200,
      object: { ...draft, metadata: { ...draft.metadata, resourceVersion: deleted.metadata.resourceVersion ?? '' } },
      warnings,
    };
  }
  const stored = context.store.put(resource.storage, key, toStorage(resource, draft));
  return { kind: 'object', code: 200, object: await view(resource, stored), warnings };
}

/** Whether an object that is being deleted has nothing left to wait for. */
export function mayGo({ metadata }: ApiObject, held = false): boolean {
  return (
    metadata.deletionTimestamp !== undefined &&
    (metadata.finalizers ?? []).length === 0 &&
    (metadata.deletionGracePeriodSeconds ?? 0) === 0 &&
    !held
  );
}

/**
 * The status is written through /status only, and /status writes nothing else. What else it says of the metadata of a
 * custom object is not even looked at.
 */
function isolate(
  draft: ApiObject,
  old: ApiObject,
  { subresources, custom, strategy }: ServedResource,
  subresource: string | undefined,
): void {
  if (!subresources.includes('status')) return;
  if (subresource !== 'status') {
    if (old['status'] === undefined) delete draft['status'];
    else draft['status'] = clone(old['status']);
    return;
  }
  const { status } = draft;
  const { managedFields, resourceVersion, uid, annotations } = draft.metadata;
  for (const name of Object.keys(draft)) delete draft[name];
  Object.assign(draft, clone(old));
  if (managedFields) draft.metadata.managedFields = managedFields;
  if (resourceVersion) draft.metadata.resourceVersion = resourceVersion;
  if (uid && !custom) draft.metadata.uid = uid;
  if (strategy.statusHasAnnotations) {
    delete draft.metadata.annotations;
    if (annotations) draft.metadata.annotations = annotations;
  }
  if (status === undefined || status === null) delete draft['status'];
  else draft['status'] = status;
}

function keepSystemFields({ metadata }: ApiObject, { metadata: old }: ApiObject): void {
  const kept = {
    uid: metadata.uid || old.uid,
    creationTimestamp: old.creationTimestamp,
    resourceVersion: old.resourceVersion,
    generation: old.generation,
    // Neither comes nor goes by an update: validation refuses what is new.
    deletionTimestamp: old.deletionTimestamp ?? metadata.deletionTimestamp,
    deletionGracePeriodSeconds: metadata.deletionGracePeriodSeconds ?? old.deletionGracePeriodSeconds,
  };
  for (const [name, value] of Object.entries(kept)) {
    if (value === undefined) delete metadata[name as keyof typeof kept];
    else Object.assign(metadata, { [name]: value });
  }
}

function refuseNewFinalizers({ resource, name }: ResourceRequest, draft: ApiObject, old: ApiObject): void {
  if (!old.metadata.deletionTimestamp) return;
  const known = new Set(old.metadata.finalizers);
  const added = (draft.metadata.finalizers ?? []).filter((finalizer) => !known.has(finalizer));
  if (added.length === 0) return;
  throw invalid(resource, name ?? '', [
    field.forbidden(
      'metadata.finalizers',
      `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map((item) => `"${item}"`).join(', ')}}`,
    ),
  ]);
}
