// Strategic merge patch: a merge patch that knows which lists are keyed, and takes directives ($patch, $retainKeys,
// $setElementOrder, $deleteFromPrimitiveList). For built-in kinds only.
import { badRequest, unknownError } from '../errors.js';
import { clone, equal, isObject, set, type JsonObject } from '../json.js';
import { resolve } from '../schema/definitions.js';
import { fieldSchema, type Schema } from '../schema/schema.js';

const ORDER = '$setElementOrder/';
const DELETE_FROM = '$deleteFromPrimitiveList/';

/** Changes `target` in place where it can; returns the result. */
export function strategicMerge(schema: Schema, target: JsonObject, patch: JsonObject): JsonObject {
  return mergeObject(resolve(schema), target, patch);
}

function mergeObject(schema: Schema, target: JsonObject, patch: JsonObject): JsonObject {
  switch (patch['$patch']) {
    case 'replace':
      return plain(patch) as JsonObject;
    case 'delete':
      return {};
    case undefined:
    case 'merge':
      break;
    default:
      throw badRequest(`unrecognized patch type ${JSON.stringify(patch['$patch'])}`);
  }
  const retained = patch['$retainKeys'];
  if (Array.isArray(retained)) {
    const names = new Set<unknown>(retained);
    for (const name of Object.keys(target)) if (!names.has(name)) delete target[name];
  }

  const ordered = new Set<string>();
  for (const [name, order] of Object.entries(patch)) {
    if (!name.startsWith(ORDER)) continue;
    if (!Array.isArray(order)) throw badRequest(`${name} must be a list`);
    const field = name.slice(ORDER.length);
    ordered.add(field);
    mergeInOrder(schema, target, field, patch[field], order);
  }
  for (const [name, value] of Object.entries(patch)) {
    if (name.startsWith(DELETE_FROM)) {
      const field = name.slice(DELETE_FROM.length);
      const list = target[field];
      if (!Array.isArray(list) || !Array.isArray(value)) continue;
      const gone = new Set<unknown>(value);
      target[field] = list.filter((item) => !gone.has(item));
    } else if (!name.startsWith('$') && !ordered.has(name)) {
      mergeField(schema, target, name, value);
    }
  }
  return target;
}

/** A list whose order the patch states, be it that it changes the list or not. */
function mergeInOrder(
  schema: Schema,
  target: JsonObject,
  name: string,
  value: unknown,
  order: readonly unknown[],
): void {
  const before = target[name];
  const key = fieldSchema(schema, name)?.['x-kubernetes-patch-merge-key'];
  if (Array.isArray(value)) requireOrder(value, order, name, key);
  if (value !== undefined) mergeField(schema, target, name, value);
  const merged = target[name];
  if (Array.isArray(merged)) set(target, name, arrange(merged, order, Array.isArray(before) ? before : [], key));
}

/** What the patch adds or changes must be in the order, and in that order. */
function requireOrder(
  patch: readonly unknown[],
  order: readonly unknown[],
  name: string,
  key: string | undefined,
): void {
  const wanted = patch.filter((item) => !isDirective(item));
  if (wanted.length === 0 || order.length === 0) return;
  let found = 0;
  for (const item of order)
    if (found < wanted.length && equal(identityOf(item, key), identityOf(wanted[found], key))) found += 1;
  if (found < wanted.length) throw unknownError(`The order in patch list ${name} doesn't match ${ORDER}${name}`);
}

function mergeField(schema: Schema, target: JsonObject, name: string, value: unknown): void {
  const declared = fieldSchema(schema, name) ?? {};
  const strategy = declared['x-kubernetes-patch-strategy']?.split(',') ?? [];
  const current = target[name];
  if (value === null || (isObject(value) && value['$patch'] === 'delete')) {
    delete target[name];
  } else if (isObject(value)) {
    const merges = isObject(current) && !strategy.includes('replace');
    set(target, name, merges ? mergeObject(resolve(declared), current, value) : plain(value));
  } else if (Array.isArray(value) && Array.isArray(current) && strategy.includes('merge')) {
    const key = declared['x-kubernetes-patch-merge-key'];
    set(
      target,
      name,
      key === undefined ? unite(current, value) : mergeList(resolve(declared.items ?? {}), current, value, key),
    );
  } else {
    set(target, name, plain(value));
  }
}

function mergeList(schema: Schema, target: readonly unknown[], patch: readonly unknown[], key: string): unknown[] {
  if (patch.some((item) => isObject(item) && item['$patch'] === 'replace')) {
    return patch.filter((item) => !isDirective(item)).map((item) => clone(item));
  }
  const items = patch.map((item) => {
    if (!isObject(item)) throw badRequest(`a list that merges by ${key} has an element that is not an object`);
    if (item[key] === undefined)
      throw badRequest(`map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`);
    return item;
  });
  const deleted = placesOf(
    items.filter((item) => item['$patch'] === 'delete'),
    key,
  );
  const kept = target.filter((item) => !deleted.has(markOf(item, key)));
  const given = items.filter((item) => item['$patch'] !== 'delete');
  const merged = [...kept];
  const places = placesOf(merged, key);
  for (const item of given) {
    const mark = markOf(item, key);
    const index = places.get(mark);
    if (index !== undefined) {
      merged[index] = mergeObject(schema, merged[index] as JsonObject, item);
      continue;
    }
    places.set(mark, merged.length);
    // As it is, on a real server: directives inside of a new element are fields that nobody knows.
    merged.push(clone(item));
  }
  return arrange(merged, given, kept, key);
}

function unite(target: readonly unknown[], patch: readonly unknown[]): unknown[] {
  const known = placesOf(target, undefined);
  const fresh = patch.filter((item) => !known.has(markOf(item, undefined)));
  return arrange([...target, ...fresh], patch, target, undefined);
}

/** What tells an element of a list from the others: its key, or for lists without one the element itself. */
const identityOf = (item: unknown, key: string | undefined): unknown =>
  key !== undefined && isObject(item) ? item[key] : item;

/** The same text for identities that are equal, and another for others: lists are long, and are not gone through for each element. */
function markOf(item: unknown, key: string | undefined): string {
  return markOfValue(identityOf(item, key));
}

function markOfValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(markOfValue).join()}]`;
  if (!isObject(value)) return JSON.stringify(value) ?? '';
  const fields = Object.keys(value)
    .filter((name) => value[name] !== undefined)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${markOfValue(value[name])}`);
  return `{${fields.join()}}`;
}

/** Where the first of each identity is. */
function placesOf(list: readonly unknown[], key: string | undefined): Map<string, number> {
  const places = new Map<string, number>();
  for (const [index, item] of list.entries()) {
    const mark = markOf(item, key);
    if (!places.has(mark)) places.set(mark, index);
  }
  return places;
}

/**
 * The elements that `order` names go in its order. Of the others, each goes before the first of those that it stood
 * before so far; so what is new comes first.
 */
function arrange(
  list: readonly unknown[],
  order: readonly unknown[],
  before: readonly unknown[],
  key: string | undefined,
): unknown[] {
  const [wanted, former] = [placesOf(order, key), placesOf(before, key)];
  const all = list.map((item) => {
    const mark = markOf(item, key);
    return { item, place: wanted.get(mark) ?? -1, former: former.get(mark) ?? -1 };
  });
  const named = all.filter(({ place }) => place >= 0).sort((one, other) => one.place - other.place);
  const others = all.filter(({ place }) => place < 0);
  const result: unknown[] = [];
  let next = 0;
  for (const { item, former: position } of named) {
    for (let other = others[next]; position >= 0 && other; other = others[++next]) {
      if (other.former < 0 || other.former > position) break;
      result.push(other.item);
    }
    result.push(item);
  }
  return [...result, ...others.slice(next).map(({ item }) => item)];
}

/** A value of the patch as it is stored: without directives, and without what is nothing but a directive. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((item) => !isDirective(item)).map(plain);
  if (!isObject(value)) return clone(value);
  const result: JsonObject = {};
  for (const [name, child] of Object.entries(value)) {
    if (!name.startsWith('$') && child !== null && !isDirective(child)) set(result, name, plain(child));
  }
  return result;
}

const isDirective = (value: unknown): boolean => isObject(value) && value['$patch'] !== undefined;
