// A request for a resource, as everything below the HTTP parsing sees it.
import type { ApiError } from '@stackwright/kube';
import type { ApiObject } from './json.js';
import type { Duplicates } from './http/duplicates.js';
import type { ServedResource, Verb } from './registry/resource.js';
import type { TakeOver } from './streams/upgrade.js';

export interface UserInfo {
  name: string;
  uid?: string;
  groups: readonly string[];
  /** What else is known of the user: the Pod that a token was made for, and the like. */
  extra?: Readonly<Record<string, readonly string[]>>;
}

export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';

export interface Parameters {
  labelSelector?: string;
  fieldSelector?: string;
  resourceVersion?: string;
  resourceVersionMatch?: 'Exact' | 'NotOlderThan';
  limit?: number;
  continue?: string;
  allowWatchBookmarks?: boolean;
  sendInitialEvents?: boolean;
  timeoutSeconds?: number;
  fieldManager?: string;
  fieldValidation?: FieldValidation;
  force?: boolean;
  dryRun?: boolean;
}

export interface DeleteOptions {
  gracePeriodSeconds?: number;
  preconditions?: { uid?: string; resourceVersion?: string };
  propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
}

export interface ResourceRequest {
  verb: Verb;
  resource: ServedResource;
  namespace?: string;
  name?: string;
  subresource?: string;
  user: UserInfo;
  /** Who speaks in the name of `user`. */
  impersonator?: UserInfo;
  userAgent: string;
  parameters: Parameters;
  /** The object of create and update, the patch, or the DeleteOptions. */
  body?: unknown;
  /** Fields that the body has twice. Absent where there are none, or nobody asks. */
  duplicates?: Duplicates;
  patchType?: PatchType;
  /** Query parameters as they came, for subresources with their own (logs). */
  query?: URLSearchParams;
  signal?: AbortSignal;
}

export type WatchItem =
  { type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'; object: ApiObject } | { type: 'ERROR'; error: ApiError };

export type ResourceResponse =
  /** `unchanged`: nothing was stored (a dry run, or a write without effect). */
  | { kind: 'object'; code: number; object: ApiObject; warnings?: readonly string[]; unchanged?: boolean }
  | {
      kind: 'list';
      items: readonly ApiObject[];
      metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number };
    }
  | { kind: 'watch'; events: AsyncIterable<WatchItem> }
  | { kind: 'text'; body: string | AsyncIterable<string> }
  /** 204 */
  | { kind: 'nothing' }
  /** The connection is no longer one of HTTP. */
  | { kind: 'connection'; takeOver: TakeOver };

export function keyOfRequest(request: { namespace?: string; name?: string }): string {
  const name = request.name ?? '';
  return request.namespace === undefined ? name : `${request.namespace}/${name}`;
}
