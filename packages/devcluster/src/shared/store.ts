import {
  isGone,
  isNotFound,
  keyOf,
  type Client,
  type DeleteOptions,
  type KubeObject,
  type ObjectKey,
  type Resource,
  type WatchEvent,
} from '@stackwright/kube';
import { pause, type Clock } from './clock.js';
import { messageOf, silentLog, type Log } from './log.js';
import { controllerOf, type Stored } from './objects.js';

export interface Change<T extends KubeObject> {
  /** The object as it is now, or as it last was. */
  object: Stored<T>;
  previous?: Stored<T>;
  deleted: boolean;
}

export interface StoreOptions {
  clock: Clock;
  log?: Log;
  fieldSelector?: string;
}

const FIRST_RETRY = 100;
const LAST_RETRY = 10_000;
/** A watch that ends sooner than this, in milliseconds, is begun anew with back-off. */
const SHORT_WATCH = 5_000;

/**
 * One kind's objects in memory, kept current by list and watch. Writes go through it and are seen at once by its own
 * reads: a controller that created a Pod never counts one too few because its watch is behind.
 */
export class Store<T extends KubeObject> {
  readonly resource: Resource<T>;
  readonly #client: Client;
  readonly #options: StoreOptions;
  readonly #namespaces = new Map<string, Map<string, Stored<T>>>();
  /** Keys of the objects that an owner controls, by the owner's UID. */
  readonly #controlled = new Map<string, Set<string>>();
  /** UIDs that a read of ours found gone, until the watch says so too: late events must not bring them back. */
  readonly #gone = new Set<string>();
  readonly #listeners = new Set<(change: Change<T>) => void>();
  #abort = new AbortController();
  #running: Promise<void> | undefined;

  constructor(client: Client, resource: Resource<T>, options: StoreOptions) {
    this.#client = client;
    this.resource = resource;
    this.#options = options;
  }

  /** Resolves when the first list has arrived. */
  async start(): Promise<void> {
    this.#abort = new AbortController();
    await new Promise<void>((resolve) => {
      this.#running = this.#follow(this.#abort.signal, resolve);
    });
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  /** Called on every change, own writes included. Listeners must not throw. */
  onChange(listener: (change: Change<T>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get(key: ObjectKey): Stored<T> | undefined {
    return this.#namespaces.get(key.namespace ?? '')?.get(key.name);
  }

  list(namespace?: string): Stored<T>[] {
    if (namespace !== undefined) return [...(this.#namespaces.get(namespace)?.values() ?? [])];
    return [...this.#namespaces.values()].flatMap((objects) => [...objects.values()]);
  }

  controlledBy(owner: Stored): Stored<T>[] {
    const objects = this.#namespaces.get(owner.metadata.namespace);
    return [...(this.#controlled.get(owner.metadata.uid) ?? [])].flatMap((name) => objects?.get(name) ?? []);
  }

  async create(object: T): Promise<Stored<T>> {
    return this.#learn(await this.#client.create(this.resource, object));
  }

  /** Replaces the object; refused with a conflict when it changed since it was read. */
  async update(object: T): Promise<Stored<T>> {
    return this.#learn(await this.#client.update(this.resource, object));
  }

  async updateStatus(object: T): Promise<Stored<T>> {
    return this.#learn(await this.#client.update(this.resource, object, { subresource: 'status' }));
  }

  /** A merge patch of the status, and of what of the metadata goes with it. */
  async patchStatus(key: ObjectKey, body: object): Promise<Stored<T>> {
    const options = { subresource: 'status' } as const;
    return this.#learn(await this.#client.patch(this.resource, keyFor(key), { type: 'merge', body }, options));
  }

  /** A merge patch. */
  async patch(key: ObjectKey, body: object): Promise<Stored<T>> {
    return this.#learn(await this.#client.patch(this.resource, keyFor(key), { type: 'merge', body }));
  }

  /** Deletes exactly this object, not one that took its name since. Fine when it is gone already. */
  async delete(object: Stored<T>, options: Omit<DeleteOptions, 'preconditions'> = {}): Promise<void> {
    const key = keyFor(object.metadata);
    try {
      await this.#client.delete(this.resource, key, { ...options, preconditions: { uid: object.metadata.uid } });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    await this.refresh(object);
  }

  /** Reads the object of that name from the server, past the watch. */
  async read(key: ObjectKey): Promise<Stored<T> | undefined> {
    try {
      return this.#learn(await this.#client.get(this.resource, keyFor(key)));
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** Reads exactly this object, not one that took its name since. */
  async refresh(object: Stored<T>): Promise<Stored<T> | undefined> {
    const current = await this.read(object.metadata);
    if (current?.metadata.uid === object.metadata.uid) return current;
    this.#gone.add(object.metadata.uid);
    this.#remove(object);
    return undefined;
  }

  async #follow(signal: AbortSignal, synced: () => void): Promise<void> {
    let retry = FIRST_RETRY;
    let resourceVersion: string | undefined;
    while (!signal.aborted) {
      try {
        if (resourceVersion === undefined) {
          resourceVersion = await this.#list(signal);
          synced();
        }
        const watch = this.#client.watch(this.resource, { ...this.#selection(), resourceVersion, signal });
        const begun = this.#options.clock.now();
        for await (const event of watch) resourceVersion = this.#take(event);
        // A server or proxy that ends watches as soon as they begin must not be asked in a circle.
        const short = this.#options.clock.now() - begun < SHORT_WATCH;
        if (short) await pause(this.#options.clock, retry, signal);
        retry = short ? Math.min(retry * 2, LAST_RETRY) : FIRST_RETRY;
      } catch (error) {
        if (signal.aborted) break;
        // Read anew, and at once the first time: a watch from too long ago is nobody's fault.
        if (isGone(error)) resourceVersion = undefined;
        if (isGone(error) && retry === FIRST_RETRY) {
          retry *= 2;
          continue;
        }
        (this.#options.log ?? silentLog).warn('watch failed', { kind: this.resource.kind, error: messageOf(error) });
        await pause(this.#options.clock, retry, signal);
        retry = Math.min(retry * 2, LAST_RETRY);
      }
    }
    synced();
  }

  #selection(): { fieldSelector?: string } {
    return this.#options.fieldSelector === undefined ? {} : { fieldSelector: this.#options.fieldSelector };
  }

  async #list(signal: AbortSignal): Promise<string> {
    const list = await this.#client.listAll(this.resource, { ...this.#selection(), signal });
    const uids = new Set(list.items.map((item) => item.metadata?.uid));
    for (const object of this.list()) if (!uids.has(object.metadata.uid)) this.#remove(object);
    for (const uid of this.#gone) if (!uids.has(uid)) this.#gone.delete(uid);
    for (const item of list.items) this.#learn(item);
    return list.metadata.resourceVersion ?? '';
  }

  #take(event: WatchEvent<T>): string {
    if (event.type === 'BOOKMARK') return event.resourceVersion;
    const object = event.object as Stored<T>;
    if (event.type === 'DELETED') {
      this.#gone.delete(object.metadata.uid);
      this.#remove(object);
    } else {
      this.#learn(object);
    }
    return object.metadata.resourceVersion;
  }

  /** Takes an object in unless something newer is known. Returns the newer of both. */
  #learn(received: T): Stored<T> {
    const object = received as Stored<T>;
    const { namespace = '', name, uid } = object.metadata;
    if (this.#gone.has(uid)) return object;
    const objects = this.#namespaces.get(namespace) ?? new Map<string, Stored<T>>();
    this.#namespaces.set(namespace, objects);
    const previous = objects.get(name);
    if (previous && !isNewer(object, previous)) return previous.metadata.uid === uid ? previous : object;
    if (previous && previous.metadata.uid !== uid) this.#remove(previous);
    objects.set(name, object);
    this.#index(object, previous);
    this.#notify({ object, deleted: false, ...(previous?.metadata.uid === uid ? { previous } : {}) });
    return object;
  }

  #remove(object: Stored<T>): void {
    const objects = this.#namespaces.get(object.metadata.namespace ?? '');
    const known = objects?.get(object.metadata.name);
    if (!objects || known?.metadata.uid !== object.metadata.uid) return;
    objects.delete(object.metadata.name);
    if (objects.size === 0) this.#namespaces.delete(object.metadata.namespace ?? '');
    this.#unindex(known);
    this.#notify({ object: isNewer(object, known) ? object : known, previous: known, deleted: true });
  }

  #index(object: Stored<T>, previous: Stored<T> | undefined): void {
    if (previous) this.#unindex(previous);
    const owner = controllerOf(object)?.uid;
    if (owner === undefined) return;
    const names = this.#controlled.get(owner) ?? new Set<string>();
    this.#controlled.set(owner, names.add(object.metadata.name));
  }

  #unindex(object: Stored<T>): void {
    const owner = controllerOf(object)?.uid;
    const names = owner === undefined ? undefined : this.#controlled.get(owner);
    if (owner === undefined || !names) return;
    names.delete(object.metadata.name);
    if (names.size === 0) this.#controlled.delete(owner);
  }

  #notify(change: Change<T>): void {
    for (const listener of this.#listeners) {
      try {
        listener(change);
      } catch (error) {
        (this.#options.log ?? silentLog).warn('listener failed', {
          object: keyOf(change.object),
          error: messageOf(error),
        });
      }
    }
  }
}

const keyFor = ({ namespace, name }: ObjectKey): ObjectKey => (namespace ? { namespace, name } : { name });

/** Resource versions are one increasing sequence here; on clusters where they are not numbers the newest event wins. */
function isNewer(object: Stored, than: Stored): boolean {
  const [a, b] = [Number(object.metadata.resourceVersion), Number(than.metadata.resourceVersion)];
  return Number.isNaN(a) || Number.isNaN(b) ? object.metadata.resourceVersion !== than.metadata.resourceVersion : a > b;
}
