import type { ApiError } from '@stackwright/kube';
import { applyConfiguration, type Applied } from '../apply/apply.js';
import { lastAppliedFields } from '../apply/last-applied.js';
import { writeManagers } from '../apply/managers.js';
import { objectSchema } from '../apply/object-schema.js';
import { typeErrors } from '../apply/type-errors.js';
import { MergeError } from '../apply/typed.js';
import { expectBounded } from '../bounds.js';
import type { ServerContext } from '../context.js';
import { badRequest, conflict, field, invalid, notFound, unknownError } from '../errors.js';
import { clone, isObject, stringAt, type ApiObject, type JsonObject } from '../json.js';
import { apiVersionOf } from '../registry/resource.js';
import { keyOfRequest, type ResourceRequest, type ResourceResponse } from '../request.js';
import { insert, place } from './create.js';
import { decodeAs, warn, withDefaults } from './decode.js';
import { managerOf } from './manager.js';
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
      // The configuration was looked at before: it is the live object that is not as its schema has it.
      if (error instanceof MergeError) throw untyped('live', live ?? config, error.message);
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
    const draft = decodeMerged(request, object);
    return insert(context, request, draft, warnings, () => writeManagers(draft, undefined, managed));
  }
  return retryOnRace(context, request, async (live) => {
    const { object, managed } = merged(live);
    const draft = decodeMerged(request, object);
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
  if (body['apiVersion'] !== apiVersionOf(resource) || body['kind'] !== resource.kind)
    throw badRequest(`invalid object type: ${typeOf(body)}`);
  const config = clone(body);
  const metadata = (config['metadata'] ??= {});
  if (!isObject(metadata)) throw badRequest('metadata must be an object');
  if (metadata['managedFields'] !== undefined) throw badRequest('metadata.managedFields must be nil');
  const errors = typeErrors(objectSchema(resource), config);
  if (errors.length > 0) throw untyped('patch', config, errors.length === 1 ? (errors[0] ?? '') : listed(errors));
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

const listed = (errors: readonly string[]): string => ['errors:', ...errors.map((error) => `  ${error}`)].join('\n');

function decodeMerged(request: ResourceRequest, object: JsonObject): ApiObject {
  expectBounded(object);
  const { resource } = request;
  const refusal = (problem: string): ApiError =>
    unknownError(
      `failed to convert new object (${nameOf(object)}) to proper version: unable to convert unstructured object to ${typeOf(object)}: ${problem}`,
    );
  const draft = withDefaults(resource, decodeAs(resource, object, refusal, true).object);
  place(request, draft);
  return draft;
}

/** As a real server has it: this is answered as an error of the server, though it is the client's. */
const untyped = (what: 'live' | 'patch', object: JsonObject, problem: string): ApiError =>
  unknownError(`failed to create typed ${what} object (${nameOf(object)}): ${problem}`);

/** "default/web; apps/v1, Kind=Deployment", with no namespace where the object itself names none. */
const nameOf = (object: JsonObject): string =>
  `${stringAt(object, 'metadata', 'namespace') ?? ''}/${stringAt(object, 'metadata', 'name') ?? ''}; ${typeOf(object)}`;

/** "apps/v1, Kind=Deployment", "/v1, Kind=ConfigMap" */
function typeOf(object: JsonObject): string {
  const apiVersion = stringAt(object, 'apiVersion') ?? '';
  return `${apiVersion.includes('/') ? '' : '/'}${apiVersion}, Kind=${stringAt(object, 'kind') ?? ''}`;
}
