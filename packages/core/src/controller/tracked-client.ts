// The client of one run: names the field manager, ends with the run, and tells what it wrote.
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
import type { Write } from './own-writes.js';

export interface Run {
  fieldManager: string;
  readonly signal: AbortSignal;
  wrote(write: Write): void;
  /** The uid of an object as it was last seen. */
  uidOf(resource: Resource, key: ObjectKey): string | undefined;
}

export class TrackedClient implements Client {
  readonly #client: Client;
  readonly #run: Run;

  constructor(client: Client, run: Run) {
    this.#client = client;
    this.#run = run;
  }

  get<T extends KubeObject>(
    resource: Resource<T>,
    key: ObjectKey,
    options?: CallOptions & { subresource?: string },
  ): Promise<T> {
    return this.#client.get(resource, key, this.#bound(options));
  }

  list<T extends KubeObject>(resource: Resource<T>, options?: ListOptions): Promise<KubeList<T>> {
    return this.#client.list(resource, this.#bound(options));
  }

  listAll<T extends KubeObject>(resource: Resource<T>, options?: ListOptions): Promise<KubeList<T>> {
    return this.#client.listAll(resource, this.#bound(options));
  }

  create<T extends KubeObject>(resource: Resource<T>, object: T, options?: WriteOptions): Promise<T> {
    return this.#written(resource, options, this.#client.create(resource, object, this.#managed(options)));
  }

  update<T extends KubeObject>(resource: Resource<T>, object: T, options?: WriteOptions): Promise<T> {
    return this.#written(resource, options, this.#client.update(resource, object, this.#managed(options)));
  }

  patch<T extends KubeObject>(resource: Resource<T>, key: ObjectKey, patch: Patch, options?: WriteOptions): Promise<T> {
    return this.#written(resource, options, this.#client.patch(resource, key, patch, this.#managed(options)));
  }

  apply<T extends KubeObject>(resource: Resource<T>, object: T, options: ApplyOptions): Promise<T> {
    return this.#written(resource, options, this.#client.apply(resource, applied(object), this.#managed(options)));
  }

  async delete(resource: Resource, key: ObjectKey, options?: DeleteOptions): Promise<void> {
    const uid = options?.preconditions?.uid ?? this.#run.uidOf(resource, key);
    await this.#client.delete(resource, key, this.#bound(options));
    if (uid !== undefined && !options?.dryRun) this.#run.wrote({ resource, key, deletedUid: uid });
  }

  watch<T extends KubeObject>(resource: Resource<T>, options?: WatchOptions): AsyncIterable<WatchEvent<T>> {
    return this.#client.watch(resource, this.#bound(options));
  }

  raw(
    method: string,
    path: string,
    options?: CallOptions & { body?: string; contentType?: string; accept?: string },
  ): Promise<string> {
    return this.#client.raw(method, path, this.#bound(options));
  }

  #bound<Options extends { signal?: AbortSignal }>(options: Options | undefined): Options & { signal: AbortSignal } {
    return { ...(options as Options), signal: this.#signalOf(options) };
  }

  #signalOf(options: { signal?: AbortSignal } | undefined): AbortSignal {
    const own = options?.signal;
    const ends = this.#run.signal;
    return own && own !== ends ? AbortSignal.any([own, ends]) : ends;
  }

  #managed<Options extends WriteOptions>(
    options: Options | undefined,
  ): Options & { signal: AbortSignal; fieldManager: string } {
    return { fieldManager: this.#run.fieldManager, ...(options as Options), signal: this.#signalOf(options) };
  }

  async #written<T extends KubeObject>(
    resource: Resource<T>,
    options: WriteOptions | undefined,
    call: Promise<T>,
  ): Promise<T> {
    const object = await call;
    const { name, namespace, resourceVersion } = object.metadata ?? {};
    if (!options?.dryRun && name !== undefined && resourceVersion) {
      this.#run.wrote({ resource, key: namespace === undefined ? { name } : { namespace, name }, resourceVersion });
    }
    return object;
  }
}

/** What of the metadata is not the server's. */
const appliedFields = ['name', 'namespace', 'labels', 'annotations', 'ownerReferences', 'finalizers'] as const;
const isApplied: ReadonlySet<string> = new Set(appliedFields);

/**
 * What was read carries fields of the server's. Applied, a resourceVersion or uid would make it fail with a conflict when
 * anybody else wrote; to lock on purpose, use `update` or a patch.
 */
function applied<T extends KubeObject>(object: T): T {
  const { metadata } = object;
  // What was made rather than read is so already: nothing is copied.
  if (!metadata || Object.keys(metadata).every((field) => isApplied.has(field))) return object;
  const fields = appliedFields.map((field) => [field, metadata[field]] as const);
  return { ...object, metadata: Object.fromEntries(fields.filter(([, value]) => value !== undefined)) };
}
