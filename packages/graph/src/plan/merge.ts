// What the server would make of a write, as far as that can be told without it: nothing is defaulted or validated.
import { fieldTypesOf, type FieldType, type KubeObject, type Resource } from '@stackwright/kube';
import { findByKeys, isFields, keyedBy, valueAt, type Fields } from '../evaluate/compare.js';
import type { FieldPath } from '../evaluate/paths.js';

/** Server-side apply: what is applied over what is there, without what was applied before (`owned`) and is not any more. */
export function applied(
  resource: Resource,
  observed: Readonly<KubeObject>,
  desired: Readonly<KubeObject>,
  owned: readonly FieldPath[],
): KubeObject {
  const dropped = owned.filter((path) => valueAt(resource, desired, path) === undefined);
  const type = fieldTypesOf(resource);
  const kept = dropped.reduce<unknown>((object, path) => without(object, path, type), observed);
  return merged(kept, desired, type) as KubeObject;
}

/** RFC 7386. */
export function mergePatched(target: unknown, patch: unknown): unknown {
  if (!isFields(patch)) return patch;
  const result: Record<string, unknown> = isFields(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else if (value !== undefined) result[name] = mergePatched(result[name], value);
  }
  return result;
}

function merged(observed: unknown, desired: unknown, type: FieldType): unknown {
  if (isFields(observed) && isFields(desired) && !type.atomic) {
    const fields = Object.entries(desired).filter(([, value]) => value !== undefined);
    return {
      ...observed,
      ...Object.fromEntries(fields.map(([name, value]) => [name, merged(observed[name], value, type.field(name))])),
    };
  }
  if (Array.isArray(observed) && Array.isArray(desired)) {
    const list = keyedBy(type, desired, observed);
    if (!list) return desired;
    const others = observed.filter((item) => findByKeys(desired, item as Fields, list) === undefined);
    const ours = desired.map((item: unknown) => merged(findByKeys(observed, item as Fields, list), item, type.items));
    return [...(others as unknown[]), ...ours];
  }
  return desired;
}

/** A copy without the field, where it is there. */
function without(value: unknown, path: FieldPath, type: FieldType): unknown {
  const [first, ...rest] = path;
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    const list = keyedBy(type, items);
    const index =
      typeof first === 'object' && list
        ? items.indexOf(findByKeys(items, first, list))
        : typeof first === 'number'
          ? first
          : -1;
    if (index < 0 || index >= items.length) return value;
    if (rest.length === 0) return items.filter((_item, at) => at !== index);
    return items.map((item, at) => (at === index ? without(item, rest, type.items) : item));
  }
  if (!isFields(value) || typeof first !== 'string' || !(first in value)) return value;
  if (rest.length > 0) return { ...value, [first]: without(value[first], rest, type.field(first)) };
  const { [first]: _dropped, ...others } = value;
  return others;
}
