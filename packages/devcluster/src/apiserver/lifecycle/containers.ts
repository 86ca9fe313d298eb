// What contains other objects goes when it is empty: namespaces, and the definitions of custom resources.
import { isNotFound, Namespace, type Client, type Condition } from '@stackwright/kube';
import { rfc3339, systemClock, type Timer } from '../../shared/clock.js';
import type { ServerContext } from '../context.js';
import { definitionOf } from '../crds/resources.js';
import { CLEANUP, CRDS } from '../crds/strategy.js';
import type { ApiObject } from '../json.js';
import type { ServedResource } from '../registry/resource.js';
import type { StoreEvent } from '../store/history.js';
import { keyOf } from './garbage.js';
import { deletionConditions, type Remaining } from './namespace-conditions.js';
import { Worker } from './worker.js';

type Terminating = ApiObject & { status?: { conditions?: readonly Condition[] } };

const NAMESPACES = '/namespaces';
/** In milliseconds, as the namespace controller has it: nobody waits for it longer than a minute once nothing is in the way. */
const LONGEST_RETRY = 60_000;

export class ContainerDeletion {
  readonly #context: ServerContext;
  readonly #client: Client;
  readonly #worker = new Worker((key) => this.#process(key), { longestRetry: LONGEST_RETRY });
  readonly #unsubscribe: () => void;
  readonly #grace: number;
  /** By the namespace's uid. */
  readonly #graced = new Map<string, Timer>();

  /** `grace`: milliseconds that a namespace that was deleted keeps what is in it. */
  constructor(context: ServerContext, client: Client, { grace = 0 }: { grace?: number } = {}) {
    this.#context = context;
    this.#client = client;
    this.#grace = grace;
    const { store } = context;
    this.#unsubscribe = store.subscribe((resource, event) => this.#observe(resource, event));
    for (const container of [NAMESPACES, CRDS])
      for (const object of store.list(container)) this.#consider(container, object);
  }

  async stop(): Promise<void> {
    this.#unsubscribe();
    for (const timer of this.#graced.values()) timer.cancel();
    await this.#worker.stop();
  }

  #observe(resource: string, event: StoreEvent): void {
    if (resource === NAMESPACES || resource === CRDS) {
      if (event.type !== 'DELETED') this.#consider(resource, event.object);
      return;
    }
    if (event.type !== 'DELETED') return;
    // One less: perhaps it was the last.
    const { store } = this.#context;
    const namespace = store.get(NAMESPACES, event.object.metadata.namespace ?? '');
    if (namespace) this.#consider(NAMESPACES, namespace);
    const [group = '', plural = ''] = resource.split('/');
    const definition = store.get(CRDS, `${plural}.${group}`);
    if (definition) this.#consider(CRDS, definition);
  }

  #consider(resource: string, { metadata }: ApiObject): void {
    if (metadata.deletionTimestamp === undefined) return;
    const work = () => this.#worker.add(`${resource} ${metadata.name ?? ''}`);
    if (resource === NAMESPACES && this.#grace > 0) this.#afterGrace(metadata, work);
    else work();
  }

  /** Those who look after what is in it see that it ends, before their own rights do. */
  #afterGrace({ uid = '', deletionTimestamp }: ApiObject['metadata'], work: () => void): void {
    const left = Date.parse(deletionTimestamp ?? '') + this.#grace - this.#context.now();
    if (left <= 0) {
      work();
    } else if (!this.#graced.has(uid)) {
      const begin = () => {
        this.#graced.delete(uid);
        work();
      };
      this.#graced.set(uid, systemClock.schedule(left, begin));
    }
  }

  async #process(key: string): Promise<void> {
    const [resource = '', name = ''] = key.split(' ');
    const container = this.#context.store.get(resource, name);
    if (container?.metadata.deletionTimestamp === undefined) return;
    try {
      if (resource === NAMESPACES) await this.#namespace(container);
      else await this.#definition(container);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  async #namespace(namespace: ApiObject): Promise<void> {
    const name = namespace.metadata.name ?? '';
    const { registry, store } = this.#context;
    const remaining = new Map<ServedResource, readonly ApiObject[]>();
    let refused: Error | undefined;
    for (const resource of registry.stored()) {
      if (!resource.namespaced) continue;
      const reason = await this.#deleteAll(resource, store.list(resource.storage, name));
      refused ??= reason;
      remaining.set(resource, store.list(resource.storage, name));
    }
    await this.#say(name, remaining, refused);
    if (refused !== undefined) throw refused;
    if ([...remaining.values()].some((objects) => objects.length > 0)) return;
    // As it is by now: its status has just been written.
    const last = store.get(NAMESPACES, name) ?? namespace;
    await this.#client.update(Namespace, { ...last, spec: { finalizers: [] } } as Namespace, {
      subresource: 'finalize',
    });
  }

  /** In its status: whoever waits for it sees what for. */
  async #say(name: string, remaining: Remaining, refused: Error | undefined): Promise<void> {
    const namespace = this.#context.store.get(NAMESPACES, name) as Terminating | undefined;
    if (!namespace) return;
    const before = namespace.status?.conditions ?? [];
    const conditions = deletionConditions(before, remaining, refused, rfc3339(this.#context.now()));
    if (conditions === before) return;
    const { resourceVersion } = namespace.metadata;
    const body = { metadata: { resourceVersion }, status: { conditions } };
    await this.#client.patch(Namespace, { name }, { type: 'merge', body }, { subresource: 'status' });
  }

  async #definition(object: ApiObject): Promise<void> {
    const { group, names } = definitionOf(object).spec;
    const { registry, store } = this.#context;
    const storage = `${group}/${names.plural}`;
    const resource = registry.byStorage(storage);
    const refused = resource && (await this.#deleteAll(resource, store.list(storage)));
    if (refused !== undefined) throw refused;
    if (store.list(storage).length > 0) return;
    const finalizers = (object.metadata.finalizers ?? []).filter((item) => item !== CLEANUP);
    const definitions = registry.byStorage(CRDS);
    if (!definitions || finalizers.length === object.metadata.finalizers?.length) return;
    await this.#client.patch(definitions, keyOf(object), {
      type: 'merge',
      body: {
        metadata: {
          resourceVersion: object.metadata.resourceVersion,
          finalizers: finalizers.length > 0 ? finalizers : null,
        },
      },
    });
  }

  /** Returns why one could not be deleted: that keeps none of the others. */
  async #deleteAll(resource: ServedResource, objects: readonly ApiObject[]): Promise<Error | undefined> {
    let refused: Error | undefined;
    for (const object of objects) {
      if (object.metadata.deletionTimestamp !== undefined) continue;
      try {
        await this.#client.delete(resource, keyOf(object), { propagationPolicy: 'Background' });
      } catch (error) {
        if (!isNotFound(error)) refused ??= error instanceof Error ? error : new Error(String(error));
      }
    }
    return refused;
  }
}
