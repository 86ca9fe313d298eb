// A client that learns what Secrets hold, so that no text shows what was read or written through it.
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
import { learnSecretsOf } from './scrub.js';

export class LearningClient implements Client {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  get<T extends KubeObject>(
    resource: Resource<T>,
    key: ObjectKey,
    options?: CallOptions & { subresource?: string },
  ): Promise<T> {
    return learned(resource, this.#client.get(resource, key, options));
  }

  async list<T extends KubeObject>(resource: Resource<T>, options?: ListOptions): Promise<KubeList<T>> {
    const list = await this.#client.list(resource, options);
    for (const object of list.items) learnSecretsOf(resource, object);
    return list;
  }

  async listAll<T extends KubeObject>(resource: Resource<T>, options?: ListOptions): Promise<KubeList<T>> {
    const list = await this.#client.listAll(resource, options);
    for (const object of list.items) learnSecretsOf(resource, object);
    return list;
  }

  create<T extends KubeObject>(resource: Resource<T>, object: T, options?: WriteOptions): Promise<T> {
    learnSecretsOf(resource, object);
    return learned(resource, this.#client.create(resource, object, options));
  }

  update<T extends KubeObject>(resource: Resource<T>, object: T, options?: WriteOptions): Promise<T> {
    learnSecretsOf(resource, object);
    return learned(resource, this.#client.update(resource, object, options));
  }

  patch<T extends KubeObject>(resource: Resource<T>, key: ObjectKey, patch: Patch, options?: WriteOptions): Promise<T> {
    learnSecretsOf(resource, patch.type === 'json' ? written(patch.body) : patch.body);
    return learned(resource, this.#client.patch(resource, key, patch, options));
  }

  apply<T extends KubeObject>(resource: Resource<T>, object: T, options: ApplyOptions): Promise<T> {
    learnSecretsOf(resource, object);
    return learned(resource, this.#client.apply(resource, object, options));
  }

  delete(resource: Resource, key: ObjectKey, options?: DeleteOptions): Promise<void> {
    return this.#client.delete(resource, key, options);
  }

  async *watch<T extends KubeObject>(resource: Resource<T>, options?: WatchOptions): AsyncIterable<WatchEvent<T>> {
    for await (const event of this.#client.watch(resource, options)) {
      if (event.type !== 'BOOKMARK') learnSecretsOf(resource, event.object);
      yield event;
    }
  }

  raw(
    method: string,
    path: string,
    options?: CallOptions & { body?: string; contentType?: string; accept?: string },
  ): Promise<string> {
    return this.#client.raw(method, path, options);
  }
}

async function learned<T extends KubeObject>(resource: Resource<T>, call: Promise<T>): Promise<T> {
  const object = await call;
  learnSecretsOf(resource, object);
  return object;
}

/** What the operations of a JSON patch put into an object's maps: "/data/password" and "/data" alike. */
function written(operations: readonly object[]): KubeObject {
  const maps: Record<string, Record<string, unknown>> = {};
  for (const { path, value } of operations as readonly { path?: string; value?: unknown }[]) {
    const [, map = '', key] = path?.split('/') ?? [];
    if (key !== undefined) maps[map] = { ...maps[map], [key]: value };
    else if (typeof value === 'object') maps[map] = { ...maps[map], ...value };
  }
  return maps;
}
