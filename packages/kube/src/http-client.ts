// The client of a real API server: what each call is on the wire. Pooling, retries and errors are the transport's.
import type {
  ApplyOptions,
  ApplyTarget,
  CallOptions,
  Client,
  DeleteOptions,
  ListOptions,
  Patch,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from './client.js';
import { isGone } from './errors.js';
import { parseBody } from './failures.js';
import type { KubeList, KubeObject, ObjectKey } from './meta.js';
import { acceptOf, onlyMetadata } from './partial.js';
import { queryOf } from './query.js';
import { apiVersionOf, pathOf, qualifiedName, type Resource } from './resource.js';
import type { Transport } from './transport.js';
import { watch } from './watch.js';

const defaultPageSize = 500;

const patchTypes = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
} as const;

export function createClient(transport: Transport): Client {
  return new HttpClient(transport);
}

class HttpClient implements Client {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  async get<T extends KubeObject>(
    resource: Resource<T>,
    key: ObjectKey,
    options: CallOptions & { subresource?: string } = {},
  ): Promise<T> {
    const accept = acceptOf(resource, 'PartialObjectMetadata');
    const object = await this.#json<T>('GET', 'get', objectPath(resource, key, options.subresource), {
      ...options,
      accept,
    });
    return resource.metadataOnly ? onlyMetadata(resource, object) : object;
  }

  async list<T extends KubeObject>(resource: Resource<T>, options: ListOptions = {}): Promise<KubeList<T>> {
    const limit = options.limit ?? defaultPageSize;
    const path =
      collectionPath(resource, options.namespace) +
      queryOf({
        labelSelector: options.labelSelector,
        fieldSelector: options.fieldSelector,
        resourceVersion: options.resourceVersion,
        resourceVersionMatch: options.resourceVersionMatch,
        limit: limit === 0 ? undefined : limit,
        continue: options.continue,
      });
    const list = await this.#json<KubeList<T>>('GET', 'list', path, {
      ...options,
      accept: acceptOf(resource, 'PartialObjectMetadataList'),
      // Unpacking a page takes a tenth of the time that parsing it takes.
      compressed: true,
    });
    list.items ??= [];
    if (resource.metadataOnly) {
      list.items = list.items.map((item) => onlyMetadata(resource, item));
      return list;
    }
    // Servers leave these out of the items of built-in kinds: objects should look the same however they came.
    const apiVersion = apiVersionOf(resource);
    for (const item of list.items) {
      item.apiVersion ??= apiVersion;
      item.kind ??= resource.kind;
    }
    return list;
  }

  async listAll<T extends KubeObject>(resource: Resource<T>, options: ListOptions = {}): Promise<KubeList<T>> {
    const items: T[] = [];
    let page = await this.list(resource, options);
    for (;;) {
      for (const item of page.items) items.push(item);
      const next = page.metadata.continue;
      if (!next) return { ...page, items };
      try {
        page = await this.list(resource, { ...nextPage(options), continue: next });
      } catch (error) {
        if (!isGone(error)) throw error;
        // The snapshot behind the token is gone. Another paged list could meet the same fate for ever: take it whole.
        return this.list(resource, { ...nextPage(options), limit: 0 });
      }
    }
  }

  async create<T extends KubeObject>(resource: Resource<T>, object: T, options: WriteOptions = {}): Promise<T> {
    const key = keyIn(object);
    const path =
      options.subresource === undefined
        ? collectionPath(resource, requireNamespace(resource, key.namespace))
        : objectPath(resource, key, options.subresource);
    return this.#json<T>('POST', 'create', path + writeQuery(options), options, typed(resource, object));
  }

  async update<T extends KubeObject>(resource: Resource<T>, object: T, options: WriteOptions = {}): Promise<T> {
    const path = objectPath(resource, keyIn(object), options.subresource) + writeQuery(options);
    return this.#json<T>('PUT', 'update', path, options, typed(resource, object));
  }

  async patch<T extends KubeObject>(
    resource: Resource<T>,
    key: ObjectKey,
    patch: Patch,
    options: WriteOptions = {},
  ): Promise<T> {
    const path = objectPath(resource, key, options.subresource) + writeQuery(options);
    return this.#json<T>('PATCH', 'patch', path, { contentType: patchTypes[patch.type], ...options }, patch.body);
  }

  async apply<T extends KubeObject>(resource: Resource<T>, object: T, options: ApplyOptions): Promise<T> {
    const path = objectPath(resource, keyIn(object), options.subresource) + writeQuery(options, options.force);
    const { managedFields: _, ...metadata } = object.metadata ?? {};
    return this.#json<T>(
      'PATCH',
      'apply',
      path,
      // JSON is YAML. Applying the same twice is applying it once, unless there must be nothing.
      { contentType: 'application/apply-patch+yaml', idempotent: options.only !== 'Absent', ...options },
      // An object that was read carries managedFields, which the server refuses in an apply.
      typed(resource, { ...object, metadata: Object.assign(metadata, required(options.only)) }),
    );
  }

  async delete(resource: Resource, key: ObjectKey, options: DeleteOptions = {}): Promise<void> {
    const { preconditions, propagationPolicy, gracePeriodSeconds } = options;
    const body = {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      preconditions,
      propagationPolicy,
      gracePeriodSeconds,
      dryRun: options.dryRun ? ['All'] : undefined,
    };
    await this.#transport.request({
      method: 'DELETE',
      verb: 'delete',
      path: objectPath(resource, key),
      body: JSON.stringify(body),
      signal: options.signal,
      timeout: options.timeout,
      traceparent: options.traceparent,
    });
  }

  watch<T extends KubeObject>(resource: Resource<T>, options: WatchOptions = {}): AsyncIterable<WatchEvent<T>> {
    return watch(this.#transport, resource, options);
  }

  async raw(
    method: string,
    path: string,
    options: CallOptions & { body?: string; contentType?: string; accept?: string } = {},
  ): Promise<string> {
    const { body, contentType, accept = '*/*', signal, timeout, traceparent } = options;
    return this.#transport.request({
      method,
      path,
      accept,
      signal,
      timeout,
      traceparent,
      ...(body !== undefined && { body }),
      ...(contentType !== undefined && { contentType }),
    });
  }

  async #json<T>(
    method: string,
    verb: string,
    path: string,
    options: CallOptions & {
      accept?: string | undefined;
      compressed?: boolean;
      contentType?: string;
      idempotent?: boolean;
    },
    body?: object,
  ): Promise<T> {
    const { signal, timeout, traceparent, accept, compressed, contentType, idempotent } = options;
    const text = await this.#transport.request({
      method,
      verb,
      path,
      signal,
      timeout,
      traceparent,
      accept,
      ...(compressed !== undefined && { compressed }),
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(contentType !== undefined && { contentType }),
      ...(idempotent !== undefined && { idempotent }),
    });
    return parseBody<T>(`${method} ${path}`, text);
  }
}

function collectionPath(resource: Resource, namespace: string | undefined): string {
  return pathOf(resource, namespace === undefined ? {} : { namespace });
}

function objectPath(resource: Resource, key: ObjectKey, subresource?: string): string {
  // An empty name would address the collection: a DELETE of it deletes everything in the namespace.
  if (!key.name) throw new TypeError(`${qualifiedName(resource)}: an object without a name`);
  requireNamespace(resource, key.namespace);
  return pathOf(resource, key, subresource);
}

function requireNamespace(resource: Resource, namespace: string | undefined): string | undefined {
  if (resource.namespaced && !namespace)
    throw new TypeError(`${qualifiedName(resource)}: an object without a namespace`);
  return namespace;
}

function keyIn(object: KubeObject): ObjectKey {
  const { name = '', namespace } = object.metadata ?? {};
  return namespace === undefined ? { name } : { namespace, name };
}

function typed<T extends KubeObject>(resource: Resource<T>, object: T): T {
  return { ...object, apiVersion: object.apiVersion ?? apiVersionOf(resource), kind: object.kind ?? resource.kind };
}

/** A continue token says which snapshot: a resourceVersion beside it is refused. */
function nextPage(options: ListOptions): ListOptions {
  const { resourceVersion: _, resourceVersionMatch: __, ...rest } = options;
  return rest;
}

/**
 * How an apply says what must be there. No object ever has the first version of a cluster's history; and where there is
 * none, the server gives a new one its own.
 */
function required(only: ApplyTarget | undefined): { uid?: string; resourceVersion?: string } {
  if (only === undefined) return {};
  return only === 'Absent' ? { resourceVersion: '1' } : { uid: only.uid };
}

function writeQuery(options: WriteOptions, force?: boolean): string {
  return queryOf({
    fieldManager: options.fieldManager,
    fieldValidation: options.fieldValidation ?? 'Strict',
    dryRun: options.dryRun ? 'All' : undefined,
    force: force || undefined,
  });
}
