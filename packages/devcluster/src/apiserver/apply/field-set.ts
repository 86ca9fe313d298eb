// Sets of fields, as managedFields has them: a tree of path elements. "f:name" is a field, 'k:{"name":"x"}' an element
// of a keyed list, 'v:"x"' an element of a set.
import { isObject, type JsonObject } from '../json.js';

export interface FieldSet {
  /** Whether the set has the path that leads here. */
  member: boolean;
  children: Map<string, FieldSet>;
}

export type FieldPath = readonly string[];

export const emptySet = (): FieldSet => ({ member: false, children: new Map() });

export const isEmpty = (set: FieldSet): boolean => !set.member && [...set.children.values()].every(isEmpty);

/** The node of a path element, made when it is not there. */
export function child(set: FieldSet, element: string): FieldSet {
  let found = set.children.get(element);
  if (!found) {
    found = emptySet();
    set.children.set(element, found);
  }
  return found;
}

export function insert(set: FieldSet, path: FieldPath): void {
  let node = set;
  for (const element of path) node = child(node, element);
  node.member = true;
}

export function has(set: FieldSet, path: FieldPath): boolean {
  let node: FieldSet | undefined = set;
  for (const element of path) {
    node = node.children.get(element);
    if (!node) return false;
  }
  return node.member;
}

export const union = (a: FieldSet, b: FieldSet): FieldSet => combine(a, b, (left, right) => left || right);

export const difference = (a: FieldSet, b: FieldSet): FieldSet => combine(a, b, (left, right) => left && !right);

export const intersection = (a: FieldSet, b: FieldSet): FieldSet => combine(a, b, (left, right) => left && right);

const NOTHING = emptySet();

function combine(a: FieldSet, b: FieldSet, rule: (left: boolean, right: boolean) => boolean): FieldSet {
  const result: FieldSet = { member: rule(a.member, b.member), children: new Map() };
  for (const element of new Set([...a.children.keys(), ...b.children.keys()])) {
    const node = combine(a.children.get(element) ?? NOTHING, b.children.get(element) ?? NOTHING, rule);
    if (!isEmpty(node)) result.children.set(element, node);
  }
  return result;
}

/** All paths of the set, in order. */
export function paths(set: FieldSet, prefix: FieldPath = []): FieldPath[] {
  const here = set.member && prefix.length > 0 ? [prefix] : [];
  return [...here, ...sortedChildren(set).flatMap(([element, node]) => paths(node, [...prefix, element]))];
}

const sortedChildren = (set: FieldSet): [string, FieldSet][] => [...set.children].sort(([a], [b]) => (a < b ? -1 : 1));

export function toFieldsV1(set: FieldSet): JsonObject {
  const result: JsonObject = {};
  if (set.member && set.children.size > 0) result['.'] = {};
  for (const [element, node] of sortedChildren(set)) if (!isEmpty(node)) result[element] = toFieldsV1(node);
  return result;
}

export function fromFieldsV1(fields: unknown): FieldSet {
  const set = decode(fields);
  set.member = isObject(fields) && '.' in fields;
  return set;
}

function decode(fields: unknown): FieldSet {
  const set = emptySet();
  if (!isObject(fields)) return set;
  const entries = Object.entries(fields);
  set.member = entries.length === 0 || '.' in fields;
  for (const [element, value] of entries) if (element !== '.') set.children.set(element, decode(value));
  return set;
}

/** `.spec.containers[name="api"].image` */
export function formatPath(path: FieldPath): string {
  return path
    .map((element) => {
      const rest = element.slice(2);
      if (element.startsWith('f:')) return `.${rest}`;
      if (element.startsWith('v:')) return `[=${rest}]`;
      const keys = JSON.parse(rest) as JsonObject;
      return `[${Object.entries(keys)
        .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
        .join(',')}]`;
    })
    .join('');
}
