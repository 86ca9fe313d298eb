// Compares what is wanted with what is there, field by field of what is wanted: what others added (defaults, sidecars,
// annotations of other controllers) is theirs. A list whose items the API merges by a key is compared by that key.
import { compareQuantities, isQuantity, type KubeObject } from '@stackwright/kube';

type Fields = Readonly<Record<string, unknown>>;

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

/** Paths of the fields of `desired` that `observed` has otherwise or not at all. Empty: nothing to repair. */
export function differences(desired: Readonly<KubeObject>, observed: Readonly<KubeObject>): string[] {
  const found: string[] = [];
  compareFields({ ...desired }, { ...observed }, '', '', found);
  return found;
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

function compare(
  desired: unknown,
  observed: unknown,
  path: string,
  field: string,
  parent: string,
  found: string[],
): void {
  if (desired === undefined || desired === observed) return;
  if (observed === undefined || observed === null) {
    if (!isEmpty(desired)) found.push(path);
    return;
  }
  if (Array.isArray(desired)) {
    if (Array.isArray(observed)) compareLists(desired, observed, path, field, found);
    else found.push(path);
    return;
  }
  if (isFields(desired)) {
    if (isFields(observed)) compareFields(desired, observed, path, field, found);
    else found.push(path);
    return;
  }
  const isAmount = quantityMaps.has(parent) || quantityFields.has(field);
  if (!(isAmount && isSameQuantity(desired, observed))) found.push(path);
}

function isSameQuantity(one: unknown, other: unknown): boolean {
  return isQuantity(one) && isQuantity(other) && compareQuantities(one, other) === 0;
}

function compareFields(desired: Fields, observed: Fields, path: string, field: string, found: string[]): void {
  for (const [name, value] of Object.entries(desired)) {
    compare(value, observed[name], path ? `${path}.${name}` : name, name, field, found);
  }
}

function compareLists(
  desired: readonly unknown[],
  observed: readonly unknown[],
  path: string,
  field: string,
  found: string[],
): void {
  const keys = keysOf(field, desired, observed);
  if (keys) {
    for (const item of desired as readonly Fields[]) {
      const where = `${path}[${keys.map((key) => String(item[key] ?? keyDefaults[key])).join('/')}]`;
      compare(item, findByKeys(observed, item, keys), where, '', field, found);
    }
    return;
  }
  if (setLists.has(field)) {
    if (!desired.every((item) => observed.includes(item))) found.push(path);
    return;
  }
  if (desired.length !== observed.length) {
    found.push(path);
    return;
  }
  desired.forEach((item, index) => compare(item, observed[index], `${path}[${index}]`, '', field, found));
}

function keysOf(field: string, ...lists: readonly (readonly unknown[])[]): readonly string[] | undefined {
  return mapKeys[field]?.find((keys) =>
    lists.every((list) =>
      list.every(
        (item) => isFields(item) && keys.every((key) => item[key] !== undefined || keyDefaults[key] !== undefined),
      ),
    ),
  );
}

function findByKeys(items: readonly unknown[], wanted: Fields, keys: readonly string[]): unknown {
  const valueOf = (item: Fields, key: string) => item[key] ?? keyDefaults[key];
  return items.find((item) => isFields(item) && keys.every((key) => valueOf(item, key) === valueOf(wanted, key)));
}

/** What the API drops when it stores an object: no difference between empty and absent. */
function isEmpty(value: unknown): boolean {
  if (value === null || value === '') return true;
  if (Array.isArray(value)) return value.length === 0;
  return isFields(value) && Object.values(value).every((inner) => inner === undefined || isEmpty(inner));
}

function isFields(value: unknown): value is Fields {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
