// What Go writes of nothing: lists, maps and times that it does not leave out are null in JSON when they are empty.
import { isObject, type JsonObject } from '../json.js';
import { resolve } from './definitions.js';
import { flattenedFields } from './go-types/go-types.js';
import { definitionOf, type Schema } from './schema.js';

const core = 'io.k8s.api.core.v1';
const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1';

/** Pointers that are written even when they lead nowhere. */
const pointers: Readonly<Record<string, readonly string[]>> = {
  [`${core}.TypedLocalObjectReference`]: ['apiGroup'],
  [`${core}.TypedObjectReference`]: ['apiGroup'],
  [`${core}.AzureFilePersistentVolumeSource`]: ['secretNamespace'],
  [`${core}.ScaleIOVolumeSource`]: ['secretRef'],
  [`${core}.ScaleIOPersistentVolumeSource`]: ['secretRef'],
};

const TIMES = new Set([`${meta}.Time`, `${meta}.MicroTime`]);

interface Plan {
  nulls: readonly string[];
  children: ReadonlyMap<string, Schema>;
}

const plans = new Map<string, Plan | undefined>();

/** The object as the API shows it; the very object where that is no different. */
export function withNulls<T>(given: Schema, value: T): T {
  return shown(given, value) as T;
}

function shown(given: Schema, value: unknown): unknown {
  if (Array.isArray(value)) {
    const { items } = given;
    if (!items || !mayHaveNulls(items)) return value;
    const list = value.map((item: unknown) => shown(items, item));
    return list.some((item, index) => item !== value[index]) ? list : value;
  }
  const plan = planOf(given);
  if (!plan || !isObject(value)) return value;
  let copy: JsonObject | undefined;
  const put = (name: string, part: unknown): void => void ((copy ??= { ...value })[name] = part);
  for (const name of plan.nulls) if (isNothing(value[name])) put(name, null);
  for (const [name, child] of plan.children) {
    const part = value[name];
    if (part === undefined) continue;
    const seen = shown(child, part);
    if (seen !== part) put(name, seen);
  }
  return copy ?? value;
}

const isNothing = (value: unknown): boolean =>
  value === undefined ||
  (Array.isArray(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0);

const mayHaveNulls = (schema: Schema): boolean =>
  schema.items ? mayHaveNulls(schema.items) : planOf(schema) !== undefined;

function planOf({ $ref }: Schema): Plan | undefined {
  if ($ref === undefined) return undefined;
  const name = definitionOf($ref);
  if (plans.has(name)) return plans.get(name);
  // Until it is known otherwise: types may contain themselves.
  plans.set(name, undefined);
  const { properties = {} } = resolve({ $ref });
  const nulls = nullsOf(name, properties);
  const children = new Map(Object.entries(properties).filter(([, child]) => mayHaveNulls(child)));
  const plan = nulls.length > 0 || children.size > 0 ? { nulls, children } : undefined;
  plans.set(name, plan);
  return plan;
}

function nullsOf(definition: string, properties: Readonly<Record<string, Schema>>): string[] {
  if (definition === `${meta}.ObjectMeta`) return [];
  const written = flattenedFields(definition).filter(({ name, pointer, omitEmpty }) => {
    const schema = properties[name];
    if (!schema || pointer) return false;
    const isTime = schema.$ref !== undefined && TIMES.has(definitionOf(schema.$ref));
    return isTime || (!omitEmpty && (schema.type === 'array' || typeof schema.additionalProperties === 'object'));
  });
  return [...written.map(({ name }) => name), ...(pointers[definition] ?? [])];
}
