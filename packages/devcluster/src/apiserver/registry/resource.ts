// What the server knows about one resource in one version: how it is named, and what is special about its kind.
import type { FieldError } from '../errors.js';
import type { ApiObject } from '../json.js';
import type { NameRule } from '../schema/formats.js';
import type { Schema } from '../schema/schema.js';
import type { Store } from '../store/store.js';

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';

export interface Column {
  name: string;
  type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  format?: string;
  description?: string;
  /** 0: always shown; 1: with `-o wide`. */
  priority?: number;
  value(object: ApiObject, now: number): string | number | boolean | undefined;
}

export interface StrategyContext {
  store: Store;
  /** Milliseconds since the epoch. */
  now: number;
  /** The user behind the request. */
  user: string;
  subresource?: Subresource;
  /** Whether this user's endpoints may be on loopback. */
  mayBeOnLoopback: boolean;
}

/** What a kind does besides being stored. All hooks get a draft that they may change. */
export interface Strategy<T = ApiObject> {
  /** Values of fields that the client left out; runs on every decoded object and must be idempotent. */
  defaults?(object: T): void;
  prepareForCreate?(object: T, context: StrategyContext): void;
  /** `old` is the stored object; it must not be changed. */
  prepareForUpdate?(object: T, old: Readonly<T>, context: StrategyContext): void;
  validate?(object: Readonly<T>, old: Readonly<T> | undefined, context: StrategyContext): FieldError[];
  /** What the client should know of an object that is taken all the same. */
  warn?(object: Readonly<T>, old: Readonly<T> | undefined): string[];
  /**
   * What is handed out once only (addresses, ports): runs right before the object is stored. May throw an ApiError.
   */
  allocate?(object: T, old: Readonly<T> | undefined, context: StrategyContext): void;
  /** Fields that a field selector may name, besides metadata.name and metadata.namespace. */
  fields?(object: T): Record<string, string>;
  /**
   * Paths of fields that make a new generation when they change; "all": all but metadata and status. Absent: no generation.
   */
  generationFields?: readonly string[] | 'all';
  /** Whether a PUT of an object that does not exist creates it. */
  createOnUpdate?: boolean;
  /** Whether /status writes the annotations, too. Neither that nor the status makes a new generation. */
  statusHasAnnotations?: boolean;
  /** The client may set the status at creation (CRDs in a restore, …). Default: it is dropped. */
  keepsStatusOnCreate?: boolean;
  /**
   * `validate` says what is missing, all of it together with all else that is wrong: to it, and to what is stored, a
   * required field that is not there has the empty value of its type, as in Go.
   */
  reportsMissing?: boolean;
  /** Whether PUT needs a resourceVersion. */
  requiresRevision?: boolean;
  /** Seconds for which a deleted object lives on, for its agent to stop it. Absent: gone at once. */
  gracePeriod?(object: T, asked: number | undefined): number;
  /** Whether it must live on although no finalizer is left (a Namespace has its own). */
  holdsDeletion?(object: T): boolean;
  /** Called for a deletion that has to wait (finalizers, grace), with the draft that carries the deletionTimestamp. */
  prepareForDelete?(object: T): void;
}

export type Subresource =
  | 'status'
  | 'scale'
  | 'log'
  | 'exec'
  | 'attach'
  | 'portforward'
  | 'token'
  | 'binding'
  | 'eviction'
  | 'ephemeralcontainers'
  | 'finalize';

export interface ScalePaths {
  specReplicas: readonly string[];
  statusReplicas: readonly string[];
  /** Path of the selector in string form; for built-in kinds it is computed from spec.selector. */
  selector?: readonly string[];
}

export interface ServedResource {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly listKind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  readonly nameRule: NameRule;
  readonly verbs: readonly Verb[];
  /** "group/plural" under which the store keeps it; two resources may be two views of the same objects. */
  readonly storage: string;
  readonly subresources: readonly Subresource[];
  readonly strategy: Strategy;
  /** The schema of the whole object; built-in kinds load theirs on first use. */
  schema(): Schema;
  readonly custom: boolean;
  readonly columns: readonly Column[];
  readonly scale?: ScalePaths;
  /** Between this version and the stored form. Absent: they differ in apiVersion only. */
  readonly convert?: Conversion;
}

export interface Conversion {
  toStorage(object: ApiObject): ApiObject;
  fromStorage(stored: ApiObject): ApiObject;
  /** What the two have to wait for, if they cannot answer at once (verbs/versions.ts). */
  prepareWrite?(object: ApiObject): Promise<void> | undefined;
  prepareRead?(stored: readonly ApiObject[]): Promise<void> | undefined;
}

export const STANDARD_VERBS: readonly Verb[] = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'update',
  'watch',
];

export function apiVersionOf(resource: { group: string; version: string }): string {
  return resource.group ? `${resource.group}/${resource.version}` : resource.version;
}

export function fromStorage(resource: ServedResource, stored: ApiObject): ApiObject {
  if (resource.convert) return resource.convert.fromStorage(stored);
  const apiVersion = apiVersionOf(resource);
  return stored.apiVersion === apiVersion ? stored : { ...stored, apiVersion };
}

export function toStorage(resource: ServedResource, object: ApiObject): ApiObject {
  return resource.convert ? resource.convert.toStorage(object) : object;
}
