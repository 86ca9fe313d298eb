// A client that passes every call on to another one: who adds something to calls says what, once, and not for each verb.
import type {
  ApplyOptions,
  CallOptions,
  Client,
  DeleteOptions,
  ListOptions,
  Patch,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from './client.js';
import type { KubeList, KubeObject, ObjectKey } from './meta.js';
import type { Resource } from './resource.js';

/** What a call asks for. */
export type ForwardedCall =
  | { readonly verb: 'get' | 'delete'; readonly resource: Resource; readonly key: ObjectKey }
  /** A list has at most a namespace. */
  | { readonly verb: 'list'; readonly resource: Resource; readonly key: { namespace?: string } | undefined }
  | {
      readonly verb: 'create' | 'update' | 'apply';
      readonly resource: Resource;
      readonly key: { namespace?: string; name?: string } | undefined;
      readonly sent: KubeObject;
    }
  | { readonly verb: 'patch'; readonly resource: Resource; readonly key: ObjectKey; readonly sent: Patch }
  | { readonly verb: 'raw'; readonly method: string; readonly path: string };

/** All options that a call may have. */
export type ForwardedOptions = CallOptions & Pick<WriteOptions, 'fieldManager' | 'subresource' | 'dryRun'>;

export abstract class ForwardingClient implements Client {
  readonly inner: Client;

  constructor(inner: Client) {
    this.inner = inner;
  }

  /** Makes the call, by `go`, with these options or others. Watches are not among the calls: they go on for minutes. */
  protected abstract around<T, Options extends ForwardedOptions>(
    call: ForwardedCall,
    options: Options | undefined,
    go: (options: Options | undefined) => Promise<T>,
  ): Promise<T>;

  get<T extends KubeObject>(
    resource: Resource<T>,
    key: ObjectKey,
    options?: CallOptions & { subresource?: string },
  ): Promise<T> {
    return this.around({ verb: 'get', resource, key }, options, (given) => this.inner.get(resource, key, given));
  }

  list<T extends KubeObject>(resource: Resource<T>, options?: ListOptions): Promise<KubeList<T>> {
    return this.around({ verb: 'list', resource, key: options }, options, (given) => this.inner.list(resource, given));
  }

  listAll<T extends KubeObject>(resource: Resource<T>, options?: ListOptions): Promise<KubeList<T>> {
    return this.around({ verb: 'list', resource, key: options }, options, (given) =>
      this.inner.listAll(resource, given),
    );
  }

  create<T extends KubeObject>(resource: Resource<T>, object: T, options?: WriteOptions): Promise<T> {
    const call = { verb: 'create', resource, key: object.metadata, sent: object } as const;
    return this.around(call, options, (given) => this.inner.create(resource, object, given));
  }

  update<T extends KubeObject>(resource: Resource<T>, object: T, options?: WriteOptions): Promise<T> {
    const call = { verb: 'update', resource, key: object.metadata, sent: object } as const;
    return this.around(call, options, (given) => this.inner.update(resource, object, given));
  }

  patch<T extends KubeObject>(resource: Resource<T>, key: ObjectKey, patch: Patch, options?: WriteOptions): Promise<T> {
    const call = { verb: 'patch', resource, key, sent: patch } as const;
    return this.around(call, options, (given) => this.inner.patch(resource, key, patch, given));
  }

  apply<T extends KubeObject>(resource: Resource<T>, object: T, options: ApplyOptions): Promise<T> {
    const call = { verb: 'apply', resource, key: object.metadata, sent: object } as const;
    return this.around(call, options, (given = options) => this.inner.apply(resource, object, given));
  }

  delete(resource: Resource, key: ObjectKey, options?: DeleteOptions): Promise<void> {
    return this.around({ verb: 'delete', resource, key }, options, (given) => this.inner.delete(resource, key, given));
  }

  watch<T extends KubeObject>(resource: Resource<T>, options?: WatchOptions): AsyncIterable<WatchEvent<T>> {
    return this.inner.watch(resource, options);
  }

  raw(
    method: string,
    path: string,
    options?: CallOptions & { body?: string; contentType?: string; accept?: string },
  ): Promise<string> {
    return this.around({ verb: 'raw', method, path }, options, (given) => this.inner.raw(method, path, given));
  }
}
