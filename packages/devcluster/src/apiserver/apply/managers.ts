// managedFields: which manager owns which fields, kept through creates, updates and patches.
import type { ManagedFieldsEntry } from '@stackwright/kube';
import { equal, type ApiObject } from '../json.js';
import type { ServedResource } from '../registry/resource.js';
import type { Schema } from '../schema/schema.js';
import { difference, emptySet, fromFieldsV1, isEmpty, toFieldsV1, union, type FieldSet } from './field-set.js';
import { compare, MergeError, type Comparison } from './typed.js';
import { objectSchema } from './object-schema.js';

export interface Manager {
  name: string;
  operation: 'Apply' | 'Update';
  apiVersion: string;
  subresource?: string;
  /** metav1.Time of the last write that changed something. None of a manager who only ever agreed with others. */
  time?: string;
}

export interface Managed {
  manager: Manager;
  fields: FieldSet;
}

/** What makes two entries the same manager: an applier stays itself when it moves to another version. */
export const sameManager = (a: Manager, b: Manager): boolean =>
  a.name === b.name &&
  a.operation === b.operation &&
  a.subresource === b.subresource &&
  (a.operation === 'Apply' || a.apiVersion === b.apiVersion);

export function decodeManagers(entries: readonly ManagedFieldsEntry[] | undefined): Managed[] {
  return (entries ?? []).flatMap((entry) => {
    if (entry.operation !== 'Apply' && entry.operation !== 'Update') return [];
    const manager: Manager = {
      name: entry.manager ?? '',
      operation: entry.operation,
      apiVersion: entry.apiVersion ?? '',
      ...(entry.time === undefined ? {} : { time: entry.time }),
      ...(entry.subresource ? { subresource: entry.subresource } : {}),
    };
    return [{ manager, fields: fromFieldsV1(entry.fieldsV1) }];
  });
}

export function encodeManagers(managed: readonly Managed[]): ManagedFieldsEntry[] {
  return managed
    .filter(({ fields }) => !isEmpty(fields))
    .sort(
      ({ manager: a }, { manager: b }) =>
        order(a.operation, b.operation) ||
        order(a.time, b.time) ||
        order(a.name, b.name) ||
        order(a.apiVersion, b.apiVersion) ||
        order(a.subresource, b.subresource),
    )
    .map(({ manager, fields }) => ({
      apiVersion: manager.apiVersion,
      fieldsType: 'FieldsV1',
      fieldsV1: toFieldsV1(fields),
      manager: manager.name,
      operation: manager.operation,
      ...(manager.subresource === undefined ? {} : { subresource: manager.subresource }),
      ...(manager.time === undefined ? {} : { time: manager.time }),
    }));
}

/** What is not there comes first. */
const order = (a = '', b = ''): number => (a < b ? -1 : a > b ? 1 : 0);

/** Writes them to the object. Times that are all that changed stay as they were: else every write would be a change. */
export function writeManagers(object: ApiObject, old: ApiObject | undefined, managed: readonly Managed[]): void {
  const entries = encodeManagers(managed);
  const before = old?.metadata.managedFields;
  if (entries.length === 0) delete object.metadata.managedFields;
  else
    object.metadata.managedFields = before && onlyTimesDiffer(entries, before) && same(object, old) ? before : entries;
}

const onlyTimesDiffer = (entries: readonly ManagedFieldsEntry[], before: readonly ManagedFieldsEntry[]): boolean =>
  equal(entries.map(timeless), before.map(timeless));

const timeless = ({ time: _, ...entry }: ManagedFieldsEntry): ManagedFieldsEntry => entry;

/** Whether two states of an object differ in nothing but who owns what. */
export const same = (one: ApiObject, other: ApiObject): boolean => equal(withoutManagers(one), withoutManagers(other));

function withoutManagers(object: ApiObject): ApiObject {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** Records a create, update or patch of the manager: what it changed is its own now, and nobody else's. */
export function trackUpdate(
  resource: ServedResource,
  old: ApiObject | undefined,
  object: ApiObject,
  manager: Manager,
): void {
  const managed = isReset(object.metadata.managedFields) ? [] : given(object, old, manager);
  // Nobody's object stays nobody's, until somebody applies it.
  if (old !== undefined && managed.length === 0) {
    delete object.metadata.managedFields;
    return;
  }
  const differences = differencesOf(resource, old, object);
  if (!differences) {
    delete object.metadata.managedFields;
    return;
  }
  const { added, modified, removed } = differences;
  const changed = owned(resource, manager.subresource, union(added, modified));
  const gone = owned(resource, manager.subresource, removed);
  const left = managed.map((entry) => ({
    ...entry,
    fields: difference(sameManager(entry.manager, manager) ? entry.fields : difference(entry.fields, changed), gone),
  }));
  const mine = left.find((entry) => sameManager(entry.manager, manager));
  // Who only takes away owns nothing by it, and is not dated anew.
  const all = isEmpty(changed)
    ? left
    : [...left.filter((entry) => entry !== mine), { manager, fields: union(mine?.fields ?? emptySet(), changed) }];
  writeManagers(object, old, capped(all.filter((entry) => !isEmpty(entry.fields))));
}

/** Undefined where the object cannot be seen through its schema: a keyed list has elements without a key. */
function differencesOf(
  resource: ServedResource,
  old: ApiObject | undefined,
  object: ApiObject,
): Comparison | undefined {
  try {
    return compare(objectSchema(resource), old ?? {}, object);
  } catch (error) {
    if (error instanceof MergeError) return undefined;
    throw error;
  }
}

/** How many updaters an object remembers apart. */
const MOST_UPDATERS = 10;
const ANCIENT = 'ancient-changes';

/** With the oldest updates beyond the limit merged into one entry per version. Appliers are never merged. */
export function capped(managed: readonly Managed[]): Managed[] {
  const updaters = managed
    .filter(({ manager }) => manager.operation === 'Update')
    .sort((a, b) => order(a.manager.time, b.manager.time));
  if (updaters.length <= MOST_UPDATERS) return [...managed];
  const kept = new Set(managed);
  const ancient = updaters.filter(({ manager }) => manager.name === ANCIENT);
  const buckets = new Map(ancient.map((entry) => [entry.manager.apiVersion, entry]));
  let count = updaters.length;
  for (const entry of updaters) {
    if (count <= MOST_UPDATERS) break;
    const { apiVersion, time } = entry.manager;
    const bucket = buckets.get(apiVersion);
    if (bucket === entry) continue;
    if (!bucket) {
      buckets.set(apiVersion, entry);
      continue;
    }
    kept.delete(entry);
    kept.delete(bucket);
    const merged: Managed = {
      manager: { name: ANCIENT, operation: 'Update', apiVersion, ...(time === undefined ? {} : { time }) },
      fields: union(bucket.fields, entry.fields),
    };
    kept.add(merged);
    buckets.set(apiVersion, merged);
    count -= 1;
  }
  return [...kept];
}

/** `[{}]` asks for the managers to be forgotten. */
const isReset = (entries: readonly ManagedFieldsEntry[] | undefined): boolean =>
  entries?.length === 1 && Object.keys(entries[0] as ManagedFieldsEntry).length === 0;

/** Clients may rewrite managedFields (kubectl does, when it moves to server-side apply); but not through a subresource. */
function given(object: ApiObject, old: ApiObject | undefined, manager: Manager): Managed[] {
  const fromClient = manager.subresource === undefined ? decodeManagers(object.metadata.managedFields) : [];
  return fromClient.length > 0 ? fromClient : decodeManagers(old?.metadata.managedFields);
}

const SYSTEM_METADATA = [
  'name',
  'namespace',
  'creationTimestamp',
  'selfLink',
  'uid',
  'generation',
  'managedFields',
  'resourceVersion',
];

/** The part of a set that can be owned at all, through this subresource. */
export function owned(resource: ServedResource, subresource: string | undefined, set: FieldSet): FieldSet {
  const result: FieldSet = { member: false, children: new Map(set.children) };
  const { children } = result;
  children.delete('f:apiVersion');
  children.delete('f:kind');
  const metadata = children.get('f:metadata');
  if (metadata) {
    const kept: FieldSet = { member: false, children: new Map(metadata.children) };
    for (const name of SYSTEM_METADATA) kept.children.delete(`f:${name}`);
    children.set('f:metadata', kept);
  }
  if (subresource === 'status') {
    const status = children.get('f:status');
    children.clear();
    if (status) children.set('f:status', status);
  } else if (resource.subresources.includes('status')) {
    children.delete('f:status');
  }
  return result;
}

/** Who owns an object that was there before managedFields were kept. */
export function beforeFirstApply(
  schema: Schema,
  resource: ServedResource,
  live: ApiObject,
  manager: Manager,
): Managed[] {
  const all = compare(schema, {}, live).added;
  const { apiVersion, time } = manager;
  const ancestor: Manager = { name: 'before-first-apply', operation: 'Update', apiVersion, ...(time ? { time } : {}) };
  return [{ manager: ancestor, fields: owned(resource, undefined, all) }];
}
