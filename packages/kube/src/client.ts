// What a client of the API offers. `http-client.ts` implements it over the pooled transport; `plan` will
// implement it over a shadow API server.
import type { KubeList, KubeObject, ObjectKey } from './meta.js';
import type { Resource } from './resource.js';

export interface CallOptions {
  signal?: AbortSignal;
  /** Milliseconds until the call fails with a `Timeout` ApiError. Default 30 000. */
  timeout?: number;
  /** W3C `traceparent` of the span that the call belongs to: API servers with tracing on go on with it. */
  traceparent?: string;
}

export interface WriteOptions extends CallOptions {
  fieldManager?: string;
  dryRun?: boolean;
  /** "Strict" refuses unknown fields (the default here); "Warn" and "Ignore" as in the API. */
  fieldValidation?: 'Strict' | 'Warn' | 'Ignore';
  subresource?: string;
}

export interface ApplyOptions extends WriteOptions {
  fieldManager: string;
  /** Take fields over from other managers. Right for objects that we own, wrong for all others. Default false. */
  force?: boolean;
  /** What there must be under the name. Default: whatever there is is changed, and nothing there made. */
  only?: ApplyTarget;
}

/**
 * `Absent`: nothing; what is there already, whosever it is, is left alone (409). A uid: this object; another one of its name
 * is left alone (422), and where there is none (409) none is made.
 */
export type ApplyTarget = 'Absent' | { uid: string };

export interface ListOptions extends CallOptions {
  /** Absent: all namespaces. */
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  resourceVersion?: string;
  resourceVersionMatch?: 'Exact' | 'NotOlderThan';
  /** Page size. Default 500; 0 asks for everything in one page. */
  limit?: number;
  continue?: string;
}

export interface DeleteOptions extends CallOptions {
  preconditions?: { uid?: string; resourceVersion?: string };
  propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  gracePeriodSeconds?: number;
  dryRun?: boolean;
}

export interface WatchOptions {
  signal?: AbortSignal;
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  resourceVersion?: string;
  resourceVersionMatch?: 'NotOlderThan';
  /** Ask the server for bookmarks. Default true. */
  allowWatchBookmarks?: boolean;
  /** Watch-list streaming: the state first, as ADDED events, ended by an annotated bookmark. */
  sendInitialEvents?: boolean;
  /** Seconds after which the server ends the watch. */
  timeoutSeconds?: number;
  /** Milliseconds without a received byte after which the connection counts as dead. */
  idleTimeout?: number;
}

export type WatchEvent<T extends KubeObject> =
  | { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: T }
  | { type: 'BOOKMARK'; resourceVersion: string; initialEventsEnd: boolean };

export type Patch =
  { type: 'merge'; body: object } | { type: 'strategic'; body: object } | { type: 'json'; body: readonly object[] };

/**
 * Every method rejects with an `ApiError` (errors.ts) when the server or the way to it fails, and with the signal's
 * reason when it is aborted.
 */
export interface Client {
  get<T extends KubeObject>(
    resource: Resource<T>,
    key: ObjectKey,
    options?: CallOptions & { subresource?: string },
  ): Promise<T>;
  /** One page. */
  list<T extends KubeObject>(resource: Resource<T>, options?: ListOptions): Promise<KubeList<T>>;
  /** All pages, one after the other; restarts once from a fresh list when `continue` has expired. */
  listAll<T extends KubeObject>(resource: Resource<T>, options?: ListOptions): Promise<KubeList<T>>;
  create<T extends KubeObject>(resource: Resource<T>, object: T, options?: WriteOptions): Promise<T>;
  update<T extends KubeObject>(resource: Resource<T>, object: T, options?: WriteOptions): Promise<T>;
  patch<T extends KubeObject>(resource: Resource<T>, key: ObjectKey, patch: Patch, options?: WriteOptions): Promise<T>;
  /** Server-side apply. `object` carries name, namespace and exactly the fields that the field manager wants to own. */
  apply<T extends KubeObject>(resource: Resource<T>, object: T, options: ApplyOptions): Promise<T>;
  /** Resolves when the server accepted the deletion; finalizers may still hold the object. */
  delete(resource: Resource, key: ObjectKey, options?: DeleteOptions): Promise<void>;
  /** Ends when the server ends the watch; throws an ApiError on an ERROR event (410 included) or a broken connection. */
  watch<T extends KubeObject>(resource: Resource<T>, options?: WatchOptions): AsyncIterable<WatchEvent<T>>;
  /** A raw call for what has no descriptor: logs, discovery, healthz. Resolves with the body's text. */
  raw(
    method: string,
    path: string,
    options?: CallOptions & { body?: string; contentType?: string; accept?: string },
  ): Promise<string>;
}
