// A client whose every call is a span, and tells the API server which.
import type {
  ApplyOptions,
  CallOptions,
  Client,
  DeleteOptions,
  KubeList,
  KubeObject,
  ListOptions,
  ObjectKey,
  Patch,
  Resource,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from '@stackwright/kube';
import { ApiError, qualifiedName } from '@stackwright/kube';
import type { Span } from './tracer.js';

/**
 * The same client with its calls as spans within `span`; a client that was bound to another span leaves that one. When
 * tracing is off it is `client` itself.
 */
export function clientWithin(client: Client, span: Span): Client {
  const inner = client instanceof TracedClient ? client.inner : client;
  return span.recording ? new TracedClient(inner, span) : inner;
}

class TracedClient implements Client {
  readonly inner: Client;
  readonly #span: Span;

  constructor(inner: Client, span: Span) {
    this.inner = inner;
    this.#span = span;
  }

  get<T extends KubeObject>(
    resource: Resource<T>,
    key: ObjectKey,
    options?: CallOptions & { subresource?: string },
  ): Promise<T> {
    return this.#call('get', resource, key, options, (traced) => this.inner.get(resource, key, traced));
  }

  list<T extends KubeObject>(resource: Resource<T>, options?: ListOptions): Promise<KubeList<T>> {
    return this.#call('list', resource, options, options, (traced) => this.inner.list(resource, traced));
  }

  listAll<T extends KubeObject>(resource: Resource<T>, options?: ListOptions): Promise<KubeList<T>> {
    return this.#call('list', resource, options, options, (traced) => this.inner.listAll(resource, traced));
  }

  create<T extends KubeObject>(resource: Resource<T>, object: T, options?: WriteOptions): Promise<T> {
    return this.#call('create', resource, object.metadata, options, (traced) =>
      this.inner.create(resource, object, traced),
    );
  }

  update<T extends KubeObject>(resource: Resource<T>, object: T, options?: WriteOptions): Promise<T> {
    return this.#call('update', resource, object.metadata, options, (traced) =>
      this.inner.update(resource, object, traced),
    );
  }

  patch<T extends KubeObject>(resource: Resource<T>, key: ObjectKey, patch: Patch, options?: WriteOptions): Promise<T> {
    return this.#call('patch', resource, key, options, (traced) => this.inner.patch(resource, key, patch, traced));
  }

  apply<T extends KubeObject>(resource: Resource<T>, object: T, options: ApplyOptions): Promise<T> {
    return this.#call('apply', resource, object.metadata, options, (traced) =>
      this.inner.apply(resource, object, { ...options, ...traced }),
    );
  }

  delete(resource: Resource, key: ObjectKey, options?: DeleteOptions): Promise<void> {
    return this.#call('delete', resource, key, options, (traced) => this.inner.delete(resource, key, traced));
  }

  /** Goes on for minutes: not part of what the span is of. */
  watch<T extends KubeObject>(resource: Resource<T>, options?: WatchOptions): AsyncIterable<WatchEvent<T>> {
    return this.inner.watch(resource, options);
  }

  raw(
    method: string,
    path: string,
    options?: CallOptions & { body?: string; contentType?: string; accept?: string },
  ): Promise<string> {
    const attributes = { 'http.request.method': method, 'url.path': path.split('?', 1)[0] };
    return this.#traced(`${method} raw`, attributes, options, (traced) => this.inner.raw(method, path, traced));
  }

  #call<T, Options extends CallOptions & { subresource?: string; dryRun?: boolean }>(
    verb: string,
    resource: Resource,
    key: { namespace?: string | undefined; name?: string | undefined } | undefined,
    options: Options | undefined,
    call: (options: Options) => Promise<T>,
  ): Promise<T> {
    const attributes = {
      'k8s.verb': verb,
      'k8s.resource': qualifiedName(resource),
      'k8s.subresource': options?.subresource,
      'k8s.namespace.name': key?.namespace,
      'k8s.object.name': key?.name,
      'k8s.dry_run': options?.dryRun,
    };
    return this.#traced(`${verb} ${qualifiedName(resource)}`, attributes, options, call);
  }

  #traced<T, Options extends CallOptions>(
    name: string,
    attributes: Record<string, string | boolean | undefined>,
    options: Options | undefined,
    call: (options: Options) => Promise<T>,
  ): Promise<T> {
    return this.#span.span(
      name,
      attributes,
      async (span) => {
        const { traceparent } = span;
        try {
          return await call({ ...options, ...(traceparent && { traceparent }) } as Options);
        } catch (error) {
          if (error instanceof ApiError)
            span.set({ 'http.response.status_code': error.code, 'k8s.reason': error.reason });
          throw error;
        }
      },
      { kind: 'client' },
    );
  }
}
