// Values seen through their schema: which fields they have, how two differ, how one is merged into another.
import { clone, equal, isObject, set as assign, type JsonObject } from '../json.js';
import { resolve } from '../schema/definitions.js';
import type { Schema } from '../schema/schema.js';
import { child, emptySet, insert, isEmpty, type FieldPath, type FieldSet } from './field-set.js';

/** Where nothing is declared, maps merge by field and lists are one value. */
const DEDUCED: Schema = {};

type Shape = 'map' | 'keyed' | 'set' | 'atomic';

function shapeOf(schema: Schema, value: unknown): Shape {
  if (Array.isArray(value)) {
    switch (schema['x-kubernetes-list-type']) {
      case 'map':
        return 'keyed';
      case 'set':
        return 'set';
      default:
        return 'atomic';
    }
  }
  return isObject(value) && schema['x-kubernetes-map-type'] !== 'atomic' ? 'map' : 'atomic';
}

/** The declared schema of a field, and whether it is a field of a struct rather than an entry of a map. */
function fieldOf(schema: Schema, name: string): { schema: Schema; declared: boolean } {
  if (schema.properties && Object.hasOwn(schema.properties, name)) {
    return { schema: resolve(withHints(schema.properties[name] as Schema)), declared: true };
  }
  const entries = schema.additionalProperties;
  return { schema: typeof entries === 'object' ? resolve(withHints(entries)) : DEDUCED, declared: false };
}

/** What stands beside a reference is about the field, and goes before what is said of the type. */
function withHints(schema: Schema): Schema {
  const mapType = schema['x-kubernetes-map-type'];
  return schema.$ref !== undefined && mapType !== undefined
    ? { ...resolve(schema), 'x-kubernetes-map-type': mapType }
    : schema;
}

export const itemsOf = (schema: Schema): Schema => resolve(schema.items ?? DEDUCED);

/** The value cannot be merged: the client has to change it. */
export class MergeError extends Error {}

/** 'k:{"name":"x"}' or 'v:"x"'. Throws a MergeError for what nothing tells from other elements. */
export function elementOf(schema: Schema, item: unknown): string {
  if (schema['x-kubernetes-list-type'] === 'set') {
    if (isObject(item)) throw new MergeError("associative list without keys has an element that's a map type");
    if (Array.isArray(item)) throw new MergeError('not supported: associative list with lists as elements');
    if (item === null) throw new MergeError("associative list without keys has an element that's an explicit null");
    return `v:${JSON.stringify(item)}`;
  }
  if (item === null) throw new MergeError('associative list with keys may not have a null element');
  if (!isObject(item)) throw new MergeError('associative list with keys may not have non-map elements');
  const items = itemsOf(schema);
  const names = schema['x-kubernetes-list-map-keys'] ?? [];
  const keys: JsonObject = {};
  for (const name of [...names].sort()) {
    const value = item[name] ?? items.properties?.[name]?.default;
    if (value !== undefined) keys[name] = value;
  }
  if (Object.keys(keys).length === 0) {
    const listed = names.map((name) => JSON.stringify(name)).join(' ');
    throw new MergeError(
      `associative list with keys has an element that omits all key fields [${listed}] (and doesn't have default values for any key fields)`,
    );
  }
  return `k:${JSON.stringify(keys)}`;
}

function elementsOf(schema: Schema, list: readonly unknown[]): Map<string, unknown> {
  return new Map(list.map((item) => [elementOf(schema, item), item]));
}

/** The fields that an applied configuration names. Throws a MergeError for elements of lists that nothing tells apart. */
export function fieldSetOf(schema: Schema, value: unknown): FieldSet {
  const set = emptySet();
  collect(resolve(schema), value, set);
  set.member = false;
  return set;
}

function collect(schema: Schema, value: unknown, set: FieldSet): void {
  switch (shapeOf(schema, value)) {
    case 'atomic':
      set.member = true;
      return;
    case 'map':
      for (const [name, item] of Object.entries(value as JsonObject)) {
        if (item === undefined) continue;
        const field = fieldOf(schema, name);
        const node = child(set, `f:${name}`);
        collect(field.schema, item, node);
        if (!field.declared || item === null || (isObject(item) && Object.keys(item).length === 0)) node.member = true;
      }
      return;
    case 'keyed':
    case 'set':
      // An empty list has no element to own: it belongs to nobody.
      for (const item of value as unknown[]) {
        const element = elementOf(schema, item);
        const node = child(set, element);
        collect(itemsOf(schema), item, node);
        node.member = true;
      }
  }
}

export interface Comparison {
  added: FieldSet;
  modified: FieldSet;
  removed: FieldSet;
}

export function compare(schema: Schema, before: unknown, after: unknown): Comparison {
  const result: Comparison = { added: emptySet(), modified: emptySet(), removed: emptySet() };
  compareAt(resolve(schema), before, after, [], result);
  return result;
}

function compareAt(schema: Schema, before: unknown, after: unknown, path: FieldPath, result: Comparison): void {
  if (before === after) return;
  const one = before === undefined ? after : before;
  const shape = shapeOf(schema, one);
  if (before !== undefined && after !== undefined && (shape === 'atomic' || shape !== shapeOf(schema, after))) {
    if (!equal(before, after)) insert(result.modified, path);
    return;
  }
  // What is wholly new or gone is so with everything in it.
  if (path.length > 0 && before === undefined) insert(result.added, path);
  if (path.length > 0 && after === undefined) insert(result.removed, path);
  if (shape === 'map') {
    const [left, right] = [(before ?? {}) as JsonObject, (after ?? {}) as JsonObject];
    for (const name of new Set([...Object.keys(left), ...Object.keys(right)])) {
      compareAt(fieldOf(schema, name).schema, left[name], right[name], [...path, `f:${name}`], result);
    }
  } else if (shape !== 'atomic') {
    const left = elementsOf(schema, (before ?? []) as unknown[]);
    const right = elementsOf(schema, (after ?? []) as unknown[]);
    for (const element of new Set([...left.keys(), ...right.keys()])) {
      compareAt(itemsOf(schema), left.get(element), right.get(element), [...path, element], result);
    }
  }
}

/** `live` with everything that `config` says put over it. Neither is changed. */
export function merge(schema: Schema, live: unknown, config: unknown): unknown {
  return mergeAt(resolve(schema), live, config);
}

function mergeAt(schema: Schema, live: unknown, config: unknown): unknown {
  if (config === undefined) return live;
  const shape = shapeOf(schema, config);
  if (live === undefined || shape === 'atomic' || shape !== shapeOf(schema, live)) return clone(config);
  if (shape === 'map') {
    const result: JsonObject = { ...(live as JsonObject) };
    for (const [name, item] of Object.entries(config as JsonObject)) {
      assign(result, name, mergeAt(fieldOf(schema, name).schema, result[name], item));
    }
    return result;
  }
  return mergeLists(schema, live as unknown[], config as unknown[]);
}

/**
 * The elements of the configuration in its order, those that only the live list has where they are: an element that both
 * have waits for its turn, and what is new comes as soon as nothing of the live list goes before it. A live list may
 * have several elements of one key; they stay, until the configuration has one of that key, which replaces them.
 */
function mergeLists(schema: Schema, live: readonly unknown[], config: readonly unknown[]): unknown[] {
  const items = itemsOf(schema);
  const right = elementsOf(schema, config);
  const ahead = live.map((item) => ({ element: elementOf(schema, item), item }));
  const left = new Map<string, unknown>();
  for (const { element, item } of ahead) left.set(element, left.has(element) ? undefined : item);
  const wanted = [...right.keys()];
  const shared = wanted.filter((element) => left.has(element));
  const merged: unknown[] = [];
  const takeNext = (): void => {
    const element = wanted.shift() as string;
    if (shared[0] === element) shared.shift();
    merged.push(mergeAt(items, left.get(element), right.get(element)));
  };
  while (ahead.length > 0 || wanted.length > 0) {
    const [here] = ahead;
    if (here === undefined) {
      takeNext();
    } else if (here.element === wanted[0]) {
      ahead.shift();
      takeNext();
    } else if (!right.has(here.element)) {
      ahead.shift();
      merged.push(here.item);
    } else if (wanted.length === 0 || (shared.length > 0 && shared[0] !== here.element)) {
      // Taken before, or to be taken where the configuration has it.
      ahead.shift();
    } else {
      takeNext();
    }
  }
  return merged;
}

/** `value` without the fields of the set; undefined for what is empty anyway. Not changed in place. */
export function remove(schema: Schema, value: unknown, fields: FieldSet): unknown {
  return removeAt(resolve(schema), value, fields);
}

function removeAt(schema: Schema, value: unknown, fields: FieldSet): unknown {
  /** A container keeps its place when only something in it is removed. */
  const without = (inner: Schema, item: unknown, node: FieldSet): unknown =>
    removeAt(inner, item, node) ?? (Array.isArray(item) ? [] : isObject(item) ? {} : undefined);
  switch (shapeOf(schema, value)) {
    case 'atomic':
      return Array.isArray(value) || isObject(value) ? undefined : value;
    case 'map': {
      const entries = Object.entries(value as JsonObject);
      const result: JsonObject = {};
      let inside = false;
      for (const [name, item] of entries) {
        const node = fields.children.get(`f:${name}`);
        if (node?.member) continue;
        const descends = node !== undefined && !isEmpty(node);
        inside ||= descends;
        assign(result, name, descends ? without(fieldOf(schema, name).schema, item, node) : item);
      }
      return Object.keys(result).length > 0 || inside ? result : undefined;
    }
    default: {
      let inside = false;
      const result = (value as unknown[]).flatMap((item) => {
        const node = fields.children.get(elementOf(schema, item));
        if (node?.member) return [];
        const descends = node !== undefined && !isEmpty(node);
        inside ||= descends;
        return [descends ? without(itemsOf(schema), item, node) : item];
      });
      return result.length > 0 || inside ? result : undefined;
    }
  }
}

/**
 * The set with the structs on the way to its members: whoever owns `.spec.strategy.type` must not lose
 * `.spec.strategy` to another's removal. Elements of lists and entries of maps are not implied.
 */
export function withStructs(schema: Schema, set: FieldSet): FieldSet {
  return withStructsAt(resolve(schema), set);
}

function withStructsAt(schema: Schema, set: FieldSet): FieldSet {
  const result: FieldSet = { member: set.member, children: new Map() };
  for (const [element, node] of set.children) {
    const field = element.startsWith('f:')
      ? fieldOf(schema, element.slice(2))
      : { schema: itemsOf(schema), declared: false };
    const next = withStructsAt(field.schema, node);
    if (field.declared && [...node.children.values()].some((inner) => !isEmpty(inner))) next.member = true;
    result.children.set(element, next);
  }
  return result;
}
