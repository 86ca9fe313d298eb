import { randomUUID } from 'node:crypto';
import { randomSuffix } from '../../shared/objects.js';
import { mutate, validate, type AdmissionAttributes } from '../admission.js';
import { trackUpdate } from '../apply/managers.js';
import { timestamp, type ServerContext } from '../context.js';
import { alreadyExists, badRequest, forbidden, notFound } from '../errors.js';
import type { ApiObject } from '../json.js';
import { toStorage } from '../registry/resource.js';
import type { ResourceRequest, ResourceResponse } from '../request.js';
import { decodeObject, namespaceState, warn } from './decode.js';
import { managerOf } from './manager.js';
import { strategyContext, validateObject } from './validate.js';
import { view, writable } from './versions.js';

export async function create(context: ServerContext, request: ResourceRequest): Promise<ResourceResponse> {
  const warnings: string[] = [];
  const draft = decodeObject(request, request.body, warnings);
  place(request, draft);
  return insert(context, request, draft, warnings, (object) =>
    trackUpdate(request.resource, undefined, object, managerOf(context, request)),
  );
}

/**
 * The way of every new object into the store. `track` writes its managedFields, once everything that may change the
 * object has had its turn.
 */
export async function insert(
  context: ServerContext,
  request: ResourceRequest,
  draft: ApiObject,
  warnings: string[],
  track: (object: ApiObject) => void,
): Promise<ResourceResponse> {
  const { resource, parameters, user } = request;
  const { metadata } = draft;
  const revision = metadata.resourceVersion;
  delete metadata.resourceVersion;
  generateName(context, request, draft);
  if (!resource.verbs.includes('create')) {
    const reason = 'create not allowed while custom resource definition is terminating';
    throw forbidden(resource, metadata.name ?? '', reason);
  }
  requireNamespace(context, request, draft);
  metadata.uid = randomUUID();
  metadata.creationTimestamp = timestamp(context.now());
  delete metadata.deletionTimestamp;
  delete metadata.deletionGracePeriodSeconds;
  // Where nobody counts generations, whoever made the object says which one it is.
  if (resource.strategy.generationFields) metadata.generation = 1;
  else if (!metadata.generation) delete metadata.generation;
  if (resource.subresources.includes('status') && !resource.strategy.keepsStatusOnCreate) delete draft['status'];

  const strategy = strategyContext(context, user.name);
  resource.strategy.prepareForCreate?.(draft, strategy);
  const attributes: AdmissionAttributes = {
    operation: 'CREATE',
    resource,
    subresource: undefined,
    namespace: metadata.namespace,
    name: metadata.name ?? '',
    object: draft,
    oldObject: undefined,
    user,
    dryRun: parameters.dryRun ?? false,
    warnings,
  };
  await mutate(context.admission, attributes);
  resource.strategy.defaults?.(draft);
  validateObject(strategy, resource, draft, undefined);
  warn(warnings, resource.strategy.warn?.(draft, undefined) ?? []);
  await validate(context.admission, attributes);
  track(draft);
  await writable(resource, draft);

  // From here on nothing may wait: what was checked must still hold when it is stored.
  const key = metadata.namespace ? `${metadata.namespace}/${metadata.name ?? ''}` : (metadata.name ?? '');
  const existing = context.store.get(resource.storage, key);
  if (existing) throw alreadyExists(resource, metadata.name ?? '', existing.metadata.deletionTimestamp !== undefined);
  requireNamespace(context, request, draft);
  resource.strategy.allocate?.(draft, undefined, strategy);
  if (parameters.dryRun) return { kind: 'object', code: 201, object: draft, warnings, unchanged: true };
  // Only who asks for nothing but a creation must not name a revision; it is the storage that minds.
  if (revision && request.verb === 'create')
    throw badRequest('resourceVersion should not be set on objects to be created');
  const stored = context.store.put(resource.storage, key, toStorage(resource, draft));
  return { kind: 'object', code: 201, object: await view(resource, stored), warnings };
}

/** The path and the body must agree on where the object goes. */
export function place(request: ResourceRequest, draft: ApiObject): void {
  const { metadata } = draft;
  if (request.resource.namespaced) {
    if (metadata.namespace && request.namespace !== undefined && metadata.namespace !== request.namespace) {
      throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
    }
    const namespace = request.namespace ?? metadata.namespace;
    if (!namespace) throw badRequest('an empty namespace may not be set during creation');
    metadata.namespace = namespace;
  } else {
    delete metadata.namespace;
  }
  if (request.name !== undefined) {
    if (!metadata.name) {
      throw badRequest(
        `the name of the object (${request.name} based on URL) was undeterminable: name must be provided`,
      );
    }
    if (metadata.name !== request.name) {
      throw badRequest(
        `the name of the object (${metadata.name}) does not match the name on the URL (${request.name})`,
      );
    }
  }
}

function generateName(context: ServerContext, request: ResourceRequest, { metadata }: ApiObject): void {
  if (metadata.name || !metadata.generateName) return;
  const { storage } = request.resource;
  const prefix = metadata.generateName.slice(0, 58);
  for (let attempt = 0; attempt < 8; attempt += 1) {
    metadata.name = prefix + randomSuffix();
    if (!context.store.get(storage, metadata.namespace ? `${metadata.namespace}/${metadata.name}` : metadata.name))
      return;
  }
}

function requireNamespace(context: ServerContext, request: ResourceRequest, { metadata }: ApiObject): void {
  if (!request.resource.namespaced) return;
  const namespace = metadata.namespace ?? '';
  switch (namespaceState(context, namespace)) {
    case 'missing':
      throw notFound({ group: '', plural: 'namespaces' }, namespace);
    case 'terminating':
      throw forbidden(
        request.resource,
        metadata.name ?? '',
        `unable to create new content in namespace ${namespace} because it is being terminated`,
      );
    case 'active':
  }
}
