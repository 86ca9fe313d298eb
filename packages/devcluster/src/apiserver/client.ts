// The `Client` of @stackwright/kube without HTTP: the very requests that HTTP would bring, and copies of the answers.
import {
  ApiError,
  type ApplyOptions,
  type CallOptions,
  type Client,
  type DeleteOptions,
  type KubeList,
  type KubeObject,
  type ListOptions,
  type ObjectKey,
  type Patch,
  type Resource,
  type WatchEvent,
  type WatchOptions,
  type WriteOptions,
} from '@stackwright/kube';
import { dispatch, type Dispatcher } from './dispatch.js';
import { noSuchResource } from './errors.js';
import { ConnectionLost } from './intercept.js';
import { clone, type ApiObject } from './json.js';
import { apiVersionOf, type ServedResource } from './registry/resource.js';
import type { Parameters as RequestParameters, ResourceRequest, ResourceResponse, UserInfo } from './request.js';

type Call = Pick<ResourceRequest, 'verb' | 'parameters'> & Partial<ResourceRequest>;

/** Answers by path, as over HTTP. */
export type RawHandler = (
  user: UserInfo,
  method: string,
  path: string,
  options: Parameters<Client['raw']>[2],
) => Promise<string>;

export function inProcessClient(dispatcher: Dispatcher, user: UserInfo, raw?: RawHandler): Client {
  const { registry } = dispatcher.context;

  const served = (resource: Resource): ServedResource => {
    const found = registry.get(resource.group, resource.version, resource.plural);
    if (!found) throw noSuchResource();
    return found;
  };

  const call = async (resource: Resource, request: Call): Promise<ResourceResponse> => {
    request.signal?.throwIfAborted();
    try {
      return await dispatch(dispatcher, { user, userAgent: user.name, resource: served(resource), ...request });
    } catch (error) {
      if (error instanceof ConnectionLost) {
        throw new ApiError({
          code: 0,
          reason: 'ConnectionFailed',
          message: error.message || 'the connection was lost',
          cause: error,
        });
      }
      throw error;
    }
  };

  const one = async <T extends KubeObject>(resource: Resource<T>, request: Call): Promise<T> => {
    const response = await call(resource, request);
    if (response.kind !== 'object')
      throw new Error(`${request.verb} of ${resource.plural} did not answer with an object`);
    // The kind of what a resource holds is in its type: what is stored passed its schema.
    return clone(response.object) as unknown as T;
  };

  const list = async <T extends KubeObject>(resource: Resource<T>, options: ListOptions = {}): Promise<KubeList<T>> => {
    const response = await call(resource, { verb: 'list', ...common(options), parameters: listParameters(options) });
    if (response.kind !== 'list') throw new Error(`list of ${resource.plural} did not answer with a list`);
    const found = served(resource);
    return {
      apiVersion: apiVersionOf(resource),
      kind: found.listKind,
      metadata: response.metadata,
      items: response.items.map((item) => itemOf(found, item) as unknown as T),
    };
  };

  return {
    get: (resource, key, options = {}) => one(resource, { verb: 'get', ...target(key, options), parameters: {} }),

    list,

    async listAll<T extends KubeObject>(resource: Resource<T>, options: ListOptions = {}) {
      // One process: there is nothing to gain from pages.
      return list(resource, { ...options, limit: 0 });
    },

    create: (resource, object, options = {}) =>
      one(resource, {
        verb: 'create',
        ...target(
          { ...(object.metadata?.namespace === undefined ? {} : { namespace: object.metadata.namespace }) },
          options,
        ),
        ...(options.subresource !== undefined && object.metadata?.name ? { name: object.metadata.name } : {}),
        parameters: writeParameters(options),
        body: typed(resource, object),
      }),

    update: (resource, object, options = {}) =>
      one(resource, {
        verb: 'update',
        ...target(keyOf(object), options),
        parameters: writeParameters(options),
        body: typed(resource, object),
      }),

    patch: (resource: Resource, key: ObjectKey, patch: Patch, options: WriteOptions = {}) =>
      one<never>(resource as Resource<never>, {
        verb: 'patch',
        ...target(key, options),
        parameters: writeParameters(options),
        body: clone(patch.body),
        patchType: patch.type,
      }),

    apply: (resource, object, options: ApplyOptions) =>
      one(resource, {
        verb: 'patch',
        ...target(keyOf(object), options),
        parameters: { ...writeParameters(options), force: options.force ?? false },
        body: typed(resource, object),
        patchType: 'apply',
      }),

    async delete(resource: Resource, key: ObjectKey, options: DeleteOptions = {}) {
      const { preconditions, propagationPolicy, gracePeriodSeconds, dryRun } = options;
      await call(resource, {
        verb: 'delete',
        ...target(key, options),
        parameters: dryRun ? { dryRun } : {},
        body: {
          ...(preconditions ? { preconditions } : {}),
          ...(propagationPolicy ? { propagationPolicy } : {}),
          ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
        },
      });
    },

    async *watch<T extends KubeObject>(
      resource: Resource<T>,
      options: WatchOptions = {},
    ): AsyncGenerator<WatchEvent<T>> {
      const { sendInitialEvents, timeoutSeconds } = options;
      const response = await call(resource, {
        verb: 'watch',
        ...common(options),
        parameters: {
          ...listParameters(options),
          allowWatchBookmarks: options.allowWatchBookmarks ?? true,
          ...(sendInitialEvents === undefined ? {} : { sendInitialEvents }),
          ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
        },
      });
      if (response.kind !== 'watch') throw new Error(`watch of ${resource.plural} did not answer with a watch`);
      for await (const item of response.events) {
        options.signal?.throwIfAborted();
        if (item.type === 'ERROR') throw item.error;
        if (item.type === 'BOOKMARK') yield bookmark(item.object);
        else yield { type: item.type, object: clone(item.object) as unknown as T };
      }
      options.signal?.throwIfAborted();
    },

    async raw(method, path, options = {}) {
      if (!raw) throw noSuchResource();
      return raw(user, method, path, options);
    },
  };
}

/** Items of typed lists do not repeat their type; those of custom resources do. */
function itemOf(resource: ServedResource, item: ApiObject): ApiObject {
  const copy = clone(item);
  if (!resource.custom) {
    delete copy.apiVersion;
    delete copy.kind;
  }
  return copy;
}

function bookmark({ metadata }: ApiObject): WatchEvent<never> {
  return {
    type: 'BOOKMARK',
    resourceVersion: metadata.resourceVersion ?? '',
    initialEventsEnd: metadata.annotations?.['k8s.io/initial-events-end'] === 'true',
  };
}

function target(key: Partial<ObjectKey>, options: CallOptions & { subresource?: string }): Partial<ResourceRequest> {
  return {
    ...(key.namespace === undefined ? {} : { namespace: key.namespace }),
    ...(key.name === undefined ? {} : { name: key.name }),
    ...(options.subresource === undefined ? {} : { subresource: options.subresource }),
    ...(options.signal ? { signal: options.signal } : {}),
  };
}

function common(options: { namespace?: string; signal?: AbortSignal }): Partial<ResourceRequest> {
  return {
    ...(options.namespace ? { namespace: options.namespace } : {}),
    ...(options.signal ? { signal: options.signal } : {}),
  };
}

const keyOf = ({ metadata }: KubeObject): Partial<ObjectKey> => ({
  ...(metadata?.namespace === undefined ? {} : { namespace: metadata.namespace }),
  ...(metadata?.name === undefined ? {} : { name: metadata.name }),
});

/** A body as JSON would carry it: with its type, and without what is undefined. */
function typed(resource: Resource, object: KubeObject): unknown {
  return clone({ ...object, apiVersion: apiVersionOf(resource), kind: object.kind ?? resource.kind });
}

function listParameters(options: Omit<ListOptions, 'timeout'>): RequestParameters {
  const { labelSelector, fieldSelector, resourceVersion, resourceVersionMatch, limit } = options;
  return {
    ...(labelSelector === undefined ? {} : { labelSelector }),
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
    ...(resourceVersionMatch === undefined ? {} : { resourceVersionMatch }),
    ...(limit === undefined ? {} : { limit }),
    ...(options.continue === undefined ? {} : { continue: options.continue }),
  };
}

function writeParameters(options: WriteOptions): RequestParameters {
  const { fieldManager, dryRun } = options;
  return {
    ...(fieldManager === undefined ? {} : { fieldManager }),
    ...(dryRun ? { dryRun } : {}),
    fieldValidation: options.fieldValidation ?? 'Strict',
  };
}
