// Compares what is wanted with what is there, field by field of what is wanted: what others added (defaults, sidecars,
// annotations of other controllers) is theirs. A list whose items the API merges by a key is compared by that key.
import { compareQuantities, isQuantity } from '@stackwright/kube';
import type { FieldPath, ItemKeys } from './paths.js';

export type Fields = Readonly<Record<string, unknown>>;

/** Lists of built-in kinds that merge by key, by field name, as their schema says (x-kubernetes-list-map-keys). */
const mapKeys: Readonly<Record<string, readonly (readonly string[])[]>> = {
  containers: [['name']],
  initContainers: [['name']],
  env: [['name']],
  volumes: [['name']],
  imagePullSecrets: [['name']],
  volumeMounts: [['mountPath']],
  volumeDevices: [['devicePath']],
  // Of a container, and of a Service.
  ports: [
    ['containerPort', 'protocol'],
    ['port', 'protocol'],
  ],
  conditions: [['type']],
  ownerReferences: [['uid']],
  hostAliases: [['ip']],
  topologySpreadConstraints: [['topologyKey', 'whenUnsatisfiable']],
};

/** What the API fills in for a key field that is left out. */
const keyDefaults: Fields = { protocol: 'TCP' };

const setLists: ReadonlySet<string> = new Set(['finalizers']);
const quantityMaps: ReadonlySet<string> = new Set(['limits', 'requests', 'capacity', 'hard']);
const quantityFields: ReadonlySet<string> = new Set(['sizeLimit', 'divisor']);

/** The fields of `desired` that `observed` has otherwise or not at all. Empty: nothing to repair. */
export function differences(desired: unknown, observed: unknown): FieldPath[] {
  const walk: Walk = { path: [], found: [] };
  compare(desired, observed, '', '', walk);
  return walk.found;
}

/** What is at a path of an object. */
export function valueAt(object: unknown, path: FieldPath): unknown {
  let value = object;
  for (const segment of path) {
    if (typeof segment === 'object') {
      value = Array.isArray(value) ? findByKeys(value, segment, Object.keys(segment)) : undefined;
    } else if (typeof segment === 'number') value = Array.isArray(value) ? value[segment] : undefined;
    else value = isFields(value) ? value[segment] : undefined;
  }
  return value;
}

/** The fields of `observed` that `desired` speaks of: the form in which the server took `desired`. */
export function project(desired: unknown, observed: unknown, field = ''): unknown {
  if (Array.isArray(desired) && Array.isArray(observed)) {
    const keys = keysOf(field, desired, observed);
    if (!keys) return observed;
    return desired.map((item: unknown) => project(item, findByKeys(observed, item as Fields, keys)));
  }
  if (isFields(desired) && isFields(observed)) {
    return Object.fromEntries(Object.keys(desired).map((name) => [name, project(desired[name], observed[name], name)]));
  }
  return observed;
}

/** An item of a list that merges by these keys. */
interface Keyed {
  item: Fields;
  keys: readonly string[];
}

interface Walk {
  /** Where the walk is; put in words only for what differs. */
  readonly path: (string | number | Keyed)[];
  readonly found: FieldPath[];
}

/** `field` and `parent` are the names of the field and of that which it is in; an item of a list has no name. */
function compare(desired: unknown, observed: unknown, field: string, parent: string, walk: Walk): void {
  if (desired === undefined || desired === observed) return;
  if (observed === undefined || observed === null) {
    if (!isEmpty(desired)) differ(walk);
  } else if (Array.isArray(desired)) {
    if (Array.isArray(observed)) compareLists(desired, observed, field, walk);
    else differ(walk);
  } else if (isFields(desired)) {
    if (isFields(observed)) compareFields(desired, observed, field, walk);
    else differ(walk);
  } else {
    const isAmount = quantityMaps.has(parent) || quantityFields.has(field);
    if (!(isAmount && isSameQuantity(desired, observed))) differ(walk);
  }
}

function differ({ path, found }: Walk): void {
  found.push(path.map((segment) => (typeof segment === 'object' ? itemKeys(segment) : segment)));
}

function isSameQuantity(one: unknown, other: unknown): boolean {
  return isQuantity(one) && isQuantity(other) && compareQuantities(one, other) === 0;
}

function compareFields(desired: Fields, observed: Fields, field: string, walk: Walk): void {
  for (const name of Object.keys(desired)) {
    walk.path.push(name);
    compare(desired[name], observed[name], name, field, walk);
    walk.path.pop();
  }
}

function compareLists(desired: readonly unknown[], observed: readonly unknown[], field: string, walk: Walk): void {
  const compareItem = (segment: number | Keyed, item: unknown, other: unknown): void => {
    walk.path.push(segment);
    compare(item, other, '', field, walk);
    walk.path.pop();
  };
  const keys = keysOf(field, desired, observed);
  if (keys) {
    for (const item of desired as readonly Fields[]) {
      compareItem({ item, keys }, item, findByKeys(observed, item, keys));
    }
  } else if (setLists.has(field)) {
    if (!desired.every((item) => observed.includes(item))) differ(walk);
  } else if (desired.length !== observed.length) differ(walk);
  else desired.forEach((item, index) => compareItem(index, item, observed[index]));
}

/** The values of an item's keys, those included that the API fills in. */
function itemKeys({ item, keys }: Keyed): ItemKeys {
  return Object.fromEntries(keys.map((key) => [key, item[key] ?? keyDefaults[key]]));
}

/** The keys by which the lists of a field merge; undefined where they are replaced whole. */
export function keysOf(field: string, ...lists: readonly (readonly unknown[])[]): readonly string[] | undefined {
  return mapKeys[field]?.find((keys) =>
    lists.every((list) =>
      list.every(
        (item) => isFields(item) && keys.every((key) => item[key] !== undefined || keyDefaults[key] !== undefined),
      ),
    ),
  );
}

export function findByKeys(items: readonly unknown[], wanted: Fields, keys: readonly string[]): unknown {
  const valueOf = (item: Fields, key: string) => item[key] ?? keyDefaults[key];
  return items.find((item) => isFields(item) && keys.every((key) => valueOf(item, key) === valueOf(wanted, key)));
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
