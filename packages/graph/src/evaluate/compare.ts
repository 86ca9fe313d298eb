// Compares what is wanted with what is there, field by field of what is wanted: what others added (defaults, sidecars,
// annotations of other controllers) is theirs. How the API merges a place of a kind is how it is compared: lists by the keys of
// their items, as sets, or as one value, to which nobody may add anything.
import {
  compareQuantities,
  fieldTypesOf,
  isQuantity,
  type FieldType,
  type ListType,
  type Resource,
} from '@stackwright/kube';
import type { FieldPath, ItemKeys } from './paths.js';

export type Fields = Readonly<Record<string, unknown>>;

type Keyed = Extract<ListType, { type: 'map' }>;

const quantityMaps: ReadonlySet<string> = new Set(['limits', 'requests', 'capacity', 'hard']);
const quantityFields: ReadonlySet<string> = new Set(['sizeLimit', 'divisor']);

/** What the API fills in by itself, also into what is one value. */
const filledIn: ReadonlySet<string> = new Set(['apiVersion', 'divisor', 'status', 'creationTimestamp']);

/** The fields of `desired` that `observed` has otherwise or not at all. Empty: nothing to repair. */
export function differences(resource: Resource, desired: unknown, observed: unknown): FieldPath[] {
  const walk: Walk = { path: [], found: [] };
  compare(desired, observed, { type: fieldTypesOf(resource), name: '', parent: '', adding: 'Theirs' }, walk);
  return walk.found;
}

/** What is at a path of an object. */
export function valueAt(resource: Resource, object: unknown, path: FieldPath): unknown {
  let value = object;
  let type = fieldTypesOf(resource);
  for (const segment of path) {
    if (typeof segment === 'object') {
      const list = { type: 'map', keys: Object.keys(segment), defaults: defaultsOf(type.list) } as const;
      value = Array.isArray(value) ? findByKeys(value, segment, list) : undefined;
    } else if (typeof segment === 'number') value = Array.isArray(value) ? value[segment] : undefined;
    else value = isFields(value) ? value[segment] : undefined;
    type = typeof segment === 'string' ? type.field(segment) : type.items;
  }
  return value;
}

/** The fields of `observed` that `desired` speaks of: the form, and the order, in which the server took `desired`. */
export function project(resource: Resource, desired: unknown, observed: unknown): unknown {
  return projected(desired, observed, fieldTypesOf(resource));
}

function projected(desired: unknown, observed: unknown, type: FieldType): unknown {
  if (Array.isArray(desired) && Array.isArray(observed)) {
    const list = keyedBy(type, desired, observed);
    if (!list) return observed;
    return (observed as readonly Fields[]).flatMap((item) => {
      const wanted = findByKeys(desired, item, list);
      return wanted === undefined ? [] : [projected(wanted, item, type.items)];
    });
  }
  if (isFields(desired) && isFields(observed) && !type.atomic) {
    return Object.fromEntries(
      Object.keys(desired).map((name) => [name, projected(desired[name], observed[name], type.field(name))]),
    );
  }
  return observed;
}

/** An item of a list that merges by these keys. */
interface KeyedItem {
  item: Fields;
  list: Keyed;
}

interface Walk {
  /** Where the walk is; put in words only for what differs. */
  readonly path: (string | number | KeyedItem)[];
  readonly found: FieldPath[];
}

interface Place {
  type: FieldType;
  /** The names of the field and of that which it is in; an item of a list has none. */
  name: string;
  parent: string;
  /**
   * What somebody added: theirs; ours, where all of it is one value; or, in an item of a list that is one value, ours if it has
   * parts, since what the API fills in there are single words (a protocol).
   */
  adding: 'Theirs' | 'Ours' | 'OursWithParts';
}

function compare(desired: unknown, observed: unknown, place: Place, walk: Walk): void {
  if (desired === undefined || desired === observed) return;
  if (observed === undefined || observed === null) {
    if (!isEmpty(desired)) differ(walk);
  } else if (Array.isArray(desired)) {
    if (Array.isArray(observed)) compareLists(desired, observed, place, walk);
    else differ(walk);
  } else if (isFields(desired)) {
    if (isFields(observed)) compareFields(desired, observed, place, walk);
    else differ(walk);
  } else {
    const isAmount = quantityMaps.has(place.parent) || quantityFields.has(place.name);
    if (!(isAmount && isSameQuantity(desired, observed))) differ(walk);
  }
}

function differ({ path, found }: Walk): void {
  found.push(path.map((segment) => (typeof segment === 'object' ? itemKeys(segment) : segment)));
}

function isSameQuantity(one: unknown, other: unknown): boolean {
  return isQuantity(one) && isQuantity(other) && compareQuantities(one, other) === 0;
}

function compareFields(desired: Fields, observed: Fields, { type, name: parent, adding }: Place, walk: Walk): void {
  const inside = type.atomic ? 'Ours' : adding;
  for (const name of Object.keys(desired)) {
    walk.path.push(name);
    compare(desired[name], observed[name], { type: type.field(name), name, parent, adding: inside }, walk);
    walk.path.pop();
  }
  if (inside === 'Theirs') return;
  for (const [name, value] of Object.entries(observed)) {
    const isOurs = inside === 'Ours' || (typeof value === 'object' && value !== null);
    if (desired[name] !== undefined || !isOurs || filledIn.has(name) || isEmpty(value)) continue;
    walk.path.push(name);
    differ(walk);
    walk.path.pop();
  }
}

function compareLists(desired: readonly unknown[], observed: readonly unknown[], place: Place, walk: Walk): void {
  const { type, name: parent, adding } = place;
  const compareItem = (segment: number | KeyedItem, item: unknown, other: unknown, added: Place['adding']): void => {
    walk.path.push(segment);
    compare(item, other, { type: type.items, name: '', parent, adding: added }, walk);
    walk.path.pop();
  };
  const list = adding === 'Theirs' ? keyedBy(type, desired, observed) : undefined;
  if (list) {
    let last = -1;
    let isInOrder = true;
    for (const item of desired as readonly Fields[]) {
      const index = indexByKeys(observed, item, list);
      compareItem({ item, list }, item, observed[index], adding);
      if (index < 0) continue;
      isInOrder &&= index > last;
      last = index;
    }
    if (!isInOrder) differ(walk);
  } else if (type.list.type === 'set') {
    if (!desired.every((item) => observed.includes(item))) differ(walk);
  } else if (desired.length !== observed.length) differ(walk);
  else {
    const within = adding === 'Theirs' && isKnown(type.items) ? 'OursWithParts' : adding;
    desired.forEach((item, index) => compareItem(index, item, observed[index], within));
  }
}

/** Of what has no schema here nobody can say what the server fills in. */
function isKnown(type: FieldType): boolean {
  return type.atomic || type.items !== type;
}

/** The values of an item's keys, those included that the API fills in. */
function itemKeys({ item, list: { keys, defaults } }: KeyedItem): ItemKeys {
  return Object.fromEntries(keys.map((key) => [key, item[key] ?? defaults[key]]));
}

/** By what the lists of a place merge; undefined where they are one value, or have items that lack a key. */
export function keyedBy({ list }: FieldType, ...lists: readonly (readonly unknown[])[]): Keyed | undefined {
  if (list.type !== 'map') return undefined;
  const hasKeys = (item: unknown) =>
    isFields(item) && list.keys.every((key) => (item[key] ?? list.defaults[key]) !== undefined);
  return lists.every((items) => items.every(hasKeys)) ? list : undefined;
}

export function findByKeys(items: readonly unknown[], wanted: Fields, list: Keyed): unknown {
  return items[indexByKeys(items, wanted, list)];
}

function indexByKeys(items: readonly unknown[], wanted: Fields, { keys, defaults }: Keyed): number {
  const valueOf = (item: Fields, key: string) => item[key] ?? defaults[key];
  return items.findIndex((item) => isFields(item) && keys.every((key) => valueOf(item, key) === valueOf(wanted, key)));
}

function defaultsOf(list: ListType): Fields {
  return list.type === 'map' ? list.defaults : {};
}

/** What the API drops when it stores an object: no difference between empty and absent. */
function isEmpty(value: unknown): boolean {
  if (value === null || value === '') return true;
  if (Array.isArray(value)) return value.length === 0;
  return isFields(value) && Object.values(value).every((inner) => inner === undefined || isEmpty(inner));
}

export function isFields(value: unknown): value is Fields {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
