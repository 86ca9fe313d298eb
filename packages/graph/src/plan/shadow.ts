// A client that changes nothing: its writes are laid over what was read, so that whoever writes with it goes on as if they
// had been made. What the server would say can be asked of it (dryRun=All); else it is worked out here.
import {
  ApiError,
  apiVersionOf,
  formatTime,
  qualifiedName,
  type ApplyOptions,
  type Client,
  type DeleteOptions,
  type KubeObject,
  type ObjectKey,
  type ObjectMeta,
  type Patch,
  type Resource,
  type WriteOptions,
} from '@stackwright/kube';
import type { Clock } from '@stackwright/core';
import { isAboutRights } from '../status/failure.js';
import { appliedBy } from '../write/field-managers.js';
import type { FieldPath } from '../evaluate/paths.js';
import { valueAt } from '../evaluate/compare.js';
import type { Overlay } from '../evaluate/overlay.js';
import { isSame } from '../evaluate/same.js';
import { applied, mergePatched } from './merge.js';

/** A write that was not made. */
export interface ShadowWrite {
  readonly resource: Resource;
  readonly key: ObjectKey;
  readonly subresource?: string;
  /** Absent: it did not exist. */
  readonly before?: Readonly<KubeObject>;
  /** Absent: it is gone. With a deletionTimestamp: it is on its way out. */
  readonly after?: Readonly<KubeObject>;
}

/** The API server, as far as it is asked what it would make of writes. */
export interface Asked {
  client?: Client | undefined;
  /** Why it is not asked any more: whoever plans may not write, and a controller may. */
  refusal?: string;
}

export interface ShadowOptions {
  clock: Pick<Clock, 'now'>;
  /** Asked with dryRun=All what it would make of each write. Default: nobody is asked. */
  server?: Asked;
}

export class ShadowClient implements Client {
  readonly writes: ShadowWrite[] = [];
  /** Status stays as it is: it would say what is not known. Default false. */
  keepsStatus = false;
  readonly #shadow: Overlay;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #server: Asked;
  #made = 0;
  /** By uid of what it was applied to: fields that another manager has applied, too, stay. */
  readonly #applied: { uid: string | undefined; manager: string; object: Readonly<KubeObject> }[] = [];

  constructor(shadow: Overlay, { clock, server = {} }: ShadowOptions) {
    this.#shadow = shadow;
    this.#clock = clock;
    this.#server = server;
  }

  async get<T extends KubeObject>(resource: Resource<T>, key: ObjectKey): Promise<T> {
    return this.#find(resource, key);
  }

  async create<T extends KubeObject>(resource: Resource<T>, object: T, options: WriteOptions = {}): Promise<T> {
    const key = keyOf(object);
    if (this.#shadow.get(resource, key)) throw refusal(409, 'AlreadyExists', resource, key, 'already exists');
    const answer = await this.#asking((server) => server.create(resource, object, { ...options, dryRun: true }));
    return this.#write(resource, key, undefined, answer ?? object);
  }

  async apply<T extends KubeObject>(resource: Resource<T>, object: T, options: ApplyOptions): Promise<T> {
    const key = keyOf(object);
    const before = this.#shadow.get(resource, key);
    if (before && options.only === 'Absent') throw refusal(409, 'Conflict', resource, key, 'exists');
    const answer = await this.#ask(resource, object, options, before);
    if (answer) return this.#write(resource, key, before, answer);
    const others = this.#applied.filter(
      ({ uid, manager }) => uid === before?.metadata?.uid && manager !== options.fieldManager,
    );
    const isOthers = (path: FieldPath) => others.some((other) => valueAt(resource, other.object, path) !== undefined);
    const owned = before ? appliedBy(before, options.fieldManager).filter((path) => !isOthers(path)) : [];
    const after = this.#write(resource, key, before, (before ? applied(resource, before, object, owned) : object) as T);
    this.#applied.push({ uid: after.metadata?.uid, manager: options.fieldManager, object });
    return after;
  }

  /** Of the reconciled object itself, and of children that are given up: the server has nothing to say to it. */
  async patch<T extends KubeObject>(
    resource: Resource<T>,
    key: ObjectKey,
    patch: Patch,
    { subresource }: WriteOptions = {},
  ): Promise<T> {
    if (patch.type !== 'merge') throw new Error(`A ${patch.type} patch cannot be planned`);
    const before = this.#find(resource, key);
    if (subresource === 'status' && this.keepsStatus) return before;
    const { metadata: _metadata, ...body } = patch.body as KubeObject;
    const { resourceVersion: _version, uid: _uid, ...metadata } = (patch.body as KubeObject).metadata ?? {};
    const after = mergePatched(before, subresource === undefined ? { ...body, metadata } : body) as T;
    return this.#write(resource, key, before, after, subresource);
  }

  async delete(resource: Resource, key: ObjectKey, options: DeleteOptions = {}): Promise<void> {
    const before = this.#find(resource, key);
    if (!isMadeHere(before)) {
      await this.#asking(async (server) => server.delete(resource, key, { ...options, dryRun: true }));
    }
    const metadata = { ...before.metadata, deletionTimestamp: formatTime(this.#clock.now()) };
    this.#write(resource, key, before, { ...before, metadata });
  }

  // No graph's reconcile does any of these.
  readonly list = unplanned;
  readonly listAll = unplanned;
  readonly update = unplanned;
  readonly watch = unplanned;
  readonly raw = unplanned;

  /** What was only made or deleted here, the server does not know of. */
  async #ask<T extends KubeObject>(
    resource: Resource<T>,
    object: T,
    { only, ...options }: ApplyOptions,
    before: Readonly<T> | undefined,
  ): Promise<T | undefined> {
    const isKnown = before && !isMadeHere(before) && only;
    return this.#asking((server) =>
      server.apply(resource, object, { ...options, ...(isKnown ? { only } : {}), dryRun: true }),
    );
  }

  /** Undefined where nobody is asked, or may ask. */
  async #asking<T>(ask: (server: Client) => Promise<T>): Promise<T | undefined> {
    const { client } = this.#server;
    if (!client) return undefined;
    try {
      return await ask(client);
    } catch (error) {
      if (!(error instanceof ApiError) || !isAboutRights(error)) throw error;
      this.#server.client = undefined;
      this.#server.refusal = error.message;
      return undefined;
    }
  }

  #find<T extends KubeObject>(resource: Resource<T>, key: ObjectKey): T {
    const object = this.#shadow.get(resource, key);
    if (!object) throw refusal(404, 'NotFound', resource, key, 'not found');
    return object;
  }

  #write<T extends KubeObject>(
    resource: Resource<T>,
    key: ObjectKey,
    before: Readonly<T> | undefined,
    after: T,
    subresource?: string,
  ): T {
    const { deletionTimestamp, finalizers } = after.metadata ?? {};
    const of = { resource, key, ...(before && { before }), ...(subresource === undefined ? {} : { subresource }) };
    if (before && deletionTimestamp && !finalizers?.length) {
      this.#shadow.deleted(before);
      this.writes.push(of);
      return after;
    }
    const next: T = {
      ...after,
      apiVersion: apiVersionOf(resource),
      kind: resource.kind,
      metadata: this.#metadata(before, after),
    };
    this.#shadow.wrote(resource, next);
    this.writes.push({ ...of, after: next });
    return next;
  }

  /** What the server sees to. */
  #metadata(before: Readonly<KubeObject> | undefined, after: Readonly<KubeObject>): ObjectMeta {
    if (!before) {
      const creationTimestamp = formatTime(this.#clock.now());
      return {
        ...after.metadata,
        uid: `planned-${++this.#made}`,
        creationTimestamp,
        generation: 1,
        resourceVersion: '1',
      };
    }
    const { uid, resourceVersion = '0', generation = 0 } = before.metadata ?? {};
    const isNew = !isSame(contentOf(before), contentOf(after));
    return {
      ...after.metadata,
      ...(uid === undefined ? {} : { uid }),
      generation: isNew ? generation + 1 : generation,
      resourceVersion: `${BigInt(resourceVersion) + 1n}`,
    };
  }
}

function unplanned(): never {
  throw new Error('Only what a step graph does can be planned');
}

function contentOf({ metadata: _metadata, ...content }: Readonly<KubeObject>): object {
  const { status: _status, ...rest } = content as { status?: unknown };
  return rest;
}

function isMadeHere({ metadata }: Readonly<KubeObject>): boolean {
  return metadata?.uid?.startsWith('planned-') ?? false;
}

function keyOf({ metadata }: Readonly<KubeObject>): ObjectKey {
  const { name = '', namespace } = metadata ?? {};
  return namespace === undefined ? { name } : { namespace, name };
}

function refusal(code: number, reason: string, resource: Resource, { name }: ObjectKey, what: string): ApiError {
  return new ApiError({ code, reason, message: `${qualifiedName(resource)} "${name}" ${what}` });
}
