import type { ApiError } from '@stackwright/kube';
import { applyConfiguration, type Applied } from '../apply/apply.js';
import { lastAppliedFields } from '../apply/last-applied.js';
import { writeManagers } from '../apply/managers.js';
import { MergeError } from '../apply/typed.js';
import type { ServerContext } from '../context.js';
import { badRequest, conflict, field, invalid, notFound, statusError } from '../errors.js';
import { clone, isObject, stringAt, type ApiObject, type JsonObject } from '../json.js';
import { apiVersionOf } from '../registry/resource.js';
import { keyOfRequest, type ResourceRequest, type ResourceResponse } from '../request.js';
import { insert, place } from './create.js';
import { decodeAs, warn, withDefaults } from './decode.js';
import { managerOf } from './manager.js';
import { decodePatched } from './patch.js';
import { replace, retryOnRace } from './update.js';

export async function apply(context: ServerContext, request: ResourceRequest): Promise<ResourceResponse> {
  const { resource, parameters } = request;
  if (!parameters.fieldManager) {
    throw invalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', [
      field.required('fieldManager', 'is required for apply patch'),
    ]);
  }
  const config = configuration(request);
  const force = parameters.force ?? false;
  const manager = managerOf(context, request, 'Apply');
  const merged = (live: ApiObject | undefined): Applied => {
    try {
      // As on a real server: only kubectl, by its own name, inherits from its former self.
      const yielded = live && manager.name === 'kubectl' ? lastAppliedFields(resource, live) : undefined;
      return applyConfiguration(resource, live, config, manager, { force, ...(yielded ? { yielded } : {}) });
    } catch (error) {
      if (error instanceof MergeError) throw untyped(request, error.message);
      throw error;
    }
  };
  const warnings: string[] = [];
  reportDuplicates(request, warnings);

  if (!context.store.get(resource.storage, keyOfRequest(request))) {
    if (request.subresource !== undefined) throw notFound(resource, request.name ?? '');
    const uid = stringAt(config, 'metadata', 'uid');
    if (uid !== undefined) {
      throw conflict(
        resource,
        request.name ?? '',
        `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`,
      );
    }
    const { object, managed } = merged(undefined);
    const draft = withDefaults(resource, decodeAs(resource, object).object);
    place(request, draft);
    // Unlike a create, an apply may say one: it then makes what is not there, and leaves alone what is.
    delete draft.metadata.resourceVersion;
    return insert(context, request, draft, warnings, () => writeManagers(draft, undefined, managed));
  }
  return retryOnRace(context, request, async (live) => {
    const { object, managed } = merged(live);
    const draft = decodePatched(request, object, warnings);
    return replace(context, request, live, draft, warnings, () => writeManagers(draft, live, managed));
  });
}

/** In words of its own, as on a real server: an apply configuration is YAML, whatever it looks like. */
function reportDuplicates({ duplicates, parameters }: ResourceRequest, warnings: string[]): void {
  if (!duplicates) return;
  if (parameters.fieldValidation === 'Strict')
    throw badRequest(`error strict decoding YAML: error converting YAML to JSON: ${duplicates.error}`);
  warn(warnings, duplicates.messages);
}

/** The body, checked as far as that is possible without the live object, and cut to what this (sub)resource applies. */
function configuration(request: ResourceRequest): JsonObject {
  const { resource, body, subresource } = request;
  if (!isObject(body)) throw badRequest('an apply configuration is an object');
  if (body['apiVersion'] !== apiVersionOf(resource) || body['kind'] !== resource.kind) {
    throw badRequest(
      `the apply configuration must have apiVersion "${apiVersionOf(resource)}" and kind "${resource.kind}"`,
    );
  }
  const config = clone(body);
  const metadata = (config['metadata'] ??= {});
  if (!isObject(metadata)) throw badRequest('metadata must be an object');
  if (metadata['managedFields'] !== undefined) throw badRequest('metadata.managedFields must be nil');
  const { unknown } = decodeAs(resource, config);
  if (unknown.length > 0) throw untyped(request, `.${unknown[0] ?? ''}: field not declared in schema`);
  if (subresource === 'status') {
    for (const name of Object.keys(config))
      if (!['apiVersion', 'kind', 'metadata', 'status'].includes(name)) delete config[name];
    for (const name of Object.keys(metadata))
      if (!['name', 'namespace', 'uid', 'resourceVersion'].includes(name)) delete metadata[name];
  } else if (resource.subresources.includes('status')) {
    delete config['status'];
  }
  return config;
}

/** As a real server has it: this is answered as an error of the server, though it is the client's. */
function untyped({ resource, namespace, name }: ResourceRequest, problem: string): ApiError {
  const key = namespace === undefined ? (name ?? '') : `${namespace}/${name ?? ''}`;
  return statusError(
    500,
    '',
    `failed to create typed patch object (${key}; ${apiVersionOf(resource)}, Kind=${resource.kind}): ${problem}`,
  );
}
