// The client of one run: names the field manager, ends with the run, and tells what it wrote.
import {
  ForwardingClient,
  type ApplyOptions,
  type Client,
  type DeleteOptions,
  type ForwardedCall,
  type ForwardedOptions,
  type KubeObject,
  type ObjectKey,
  type Resource,
  type WatchEvent,
  type WatchOptions,
} from '@stackwright/kube';
import type { Write } from './own-writes.js';

export interface Run {
  fieldManager: string;
  readonly signal: AbortSignal;
  wrote(write: Write): void;
  /** The uid of an object as it was last seen. */
  uidOf(resource: Resource, key: ObjectKey): string | undefined;
}

export class TrackedClient extends ForwardingClient {
  readonly #run: Run;

  constructor(client: Client, run: Run) {
    super(client);
    this.#run = run;
  }

  override apply<T extends KubeObject>(resource: Resource<T>, object: T, options: ApplyOptions): Promise<T> {
    return super.apply(resource, applied(object), options);
  }

  override async delete(resource: Resource, key: ObjectKey, options?: DeleteOptions): Promise<void> {
    const uid = options?.preconditions?.uid ?? this.#run.uidOf(resource, key);
    await super.delete(resource, key, options);
    if (uid !== undefined && !options?.dryRun) this.#run.wrote({ resource, key, deletedUid: uid });
  }

  override watch<T extends KubeObject>(resource: Resource<T>, options?: WatchOptions): AsyncIterable<WatchEvent<T>> {
    return super.watch(resource, { ...options, signal: this.#signalOf(options) });
  }

  protected async around<T, Options extends ForwardedOptions>(
    call: ForwardedCall,
    options: Options | undefined,
    go: (options: Options | undefined) => Promise<T>,
  ): Promise<T> {
    const signal = this.#signalOf(options);
    // What is added is among the options of every call, and the field manager among those of every write.
    if (!('sent' in call)) return go({ ...options, signal } as Options);
    const answer = await go({ fieldManager: this.#run.fieldManager, ...options, signal } as Options);
    if (!options?.dryRun) this.#wrote(call.resource, answer as KubeObject);
    return answer;
  }

  #wrote(resource: Resource, { metadata }: Readonly<KubeObject>): void {
    const { name, namespace, resourceVersion } = metadata ?? {};
    if (name === undefined || !resourceVersion) return;
    this.#run.wrote({ resource, key: namespace === undefined ? { name } : { namespace, name }, resourceVersion });
  }

  #signalOf(options: { signal?: AbortSignal } | undefined): AbortSignal {
    const own = options?.signal;
    const ends = this.#run.signal;
    return own && own !== ends ? AbortSignal.any([own, ends]) : ends;
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
