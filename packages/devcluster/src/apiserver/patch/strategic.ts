// Strategic merge patch: a merge patch that knows which lists are keyed, and takes directives ($patch, $retainKeys,
// $setElementOrder, $deleteFromPrimitiveList). For built-in kinds only.
import { badRequest } from '../errors.js';
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
  if (Array.isArray(retained))
    for (const name of Object.keys(target)) if (!retained.includes(name)) delete target[name];

  for (const [name, value] of Object.entries(patch)) {
    if (name.startsWith(DELETE_FROM)) {
      const field = name.slice(DELETE_FROM.length);
      const list = target[field];
      if (Array.isArray(list) && Array.isArray(value)) target[field] = list.filter((item) => !value.includes(item));
    } else if (!name.startsWith('$')) {
      mergeField(schema, target, name, value);
    }
  }
  for (const [name, order] of Object.entries(patch)) {
    if (!name.startsWith(ORDER) || !Array.isArray(order)) continue;
    const field = name.slice(ORDER.length);
    const list = target[field];
    if (Array.isArray(list)) target[field] = reorder(list as unknown[], order as unknown[], mergeKeyOf(schema, field));
  }
  return target;
}

function mergeField(schema: Schema, target: JsonObject, name: string, value: unknown): void {
  const declared = fieldSchema(schema, name) ?? {};
  const strategy = declared['x-kubernetes-patch-strategy']?.split(',') ?? [];
  if (value === null || (isObject(value) && value['$patch'] === 'delete')) {
    delete target[name];
  } else if (isObject(value)) {
    const current = target[name];
    const merges = isObject(current) && !strategy.includes('replace');
    set(target, name, merges ? mergeObject(resolve(declared), current, value) : plain(value));
  } else if (Array.isArray(value) && strategy.includes('merge')) {
    const current = Array.isArray(target[name]) ? (target[name] as unknown[]) : [];
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
  const result = [...target];
  if (patch.some((item) => isObject(item) && item['$patch'] === 'replace')) {
    return patch.filter((item) => !(isObject(item) && item['$patch'] === 'replace')).map(plain);
  }
  for (const item of patch) {
    if (!isObject(item)) throw badRequest(`a list that merges by ${key} has an element that is not an object`);
    const value = item[key];
    if (value === undefined)
      throw badRequest(`map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`);
    const index = result.findIndex((other) => isObject(other) && equal(other[key], value));
    if (item['$patch'] === 'delete') {
      if (index >= 0) result.splice(index, 1);
    } else if (index >= 0) {
      result[index] = mergeObject(schema, result[index] as JsonObject, item);
    } else {
      result.push(plain(item));
    }
  }
  return result;
}

const unite = (target: readonly unknown[], patch: readonly unknown[]): unknown[] => [
  ...target,
  ...patch.filter((item) => !target.some((other) => equal(other, item))),
];

const mergeKeyOf = (schema: Schema, name: string): string | undefined =>
  fieldSchema(schema, name)?.['x-kubernetes-patch-merge-key'];

/** Elements that the order names go in that order; each other one stays behind the element that it followed. */
function reorder(list: readonly unknown[], order: readonly unknown[], key: string | undefined): unknown[] {
  const identity = (item: unknown): unknown => (key !== undefined && isObject(item) ? item[key] : item);
  const wanted = order.map(identity);
  const named = wanted.flatMap((id) => {
    const found = list.find((item) => equal(identity(item), id));
    return found === undefined ? [] : [found];
  });
  const result: unknown[] = [...named];
  for (const [index, item] of list.entries()) {
    if (result.includes(item)) continue;
    const before = list[index - 1];
    result.splice(before === undefined ? 0 : result.indexOf(before) + 1, 0, item);
  }
  return result;
}

/** A value of the patch as it is stored: without directives. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.filter((item) => !(isObject(item) && item['$patch'] === 'delete')).map(plain);
  }
  if (!isObject(value)) return clone(value);
  const result: JsonObject = {};
  for (const [name, child] of Object.entries(value)) {
    if (!name.startsWith('$') && child !== null) set(result, name, plain(child));
  }
  return result;
}
