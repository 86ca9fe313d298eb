// What the server would make of a write, as far as that can be told without it: nothing is defaulted or validated.
import type { KubeObject } from '@stackwright/kube';
import { findByKeys, isFields, keysOf, valueAt, type Fields } from '../evaluate/compare.js';
import type { FieldPath } from '../evaluate/paths.js';

/** Server-side apply: what is applied over what is there, without what was applied before (`owned`) and is not any more. */
export function applied(
  observed: Readonly<KubeObject>,
  desired: Readonly<KubeObject>,
  owned: readonly FieldPath[],
): KubeObject {
  const dropped = owned.filter((path) => valueAt(desired, path) === undefined);
  const kept = dropped.reduce<unknown>(without, observed);
  return merged(kept, desired, '') as KubeObject;
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

function merged(observed: unknown, desired: unknown, field: string): unknown {
  if (isFields(observed) && isFields(desired)) {
    const fields = Object.entries(desired).filter(([, value]) => value !== undefined);
    return {
      ...observed,
      ...Object.fromEntries(fields.map(([name, value]) => [name, merged(observed[name], value, name)])),
    };
  }
  if (Array.isArray(observed) && Array.isArray(desired)) {
    const keys = keysOf(field, desired, observed);
    if (!keys) return desired;
    const others = observed.filter((item) => findByKeys(desired, item as Fields, keys) === undefined);
    const ours = desired.map((item: unknown) => merged(findByKeys(observed, item as Fields, keys), item, ''));
    return [...(others as unknown[]), ...ours];
  }
  return desired;
}

/** A copy without the field, where it is there. */
function without(value: unknown, [first, ...rest]: FieldPath): unknown {
  if (Array.isArray(value)) {
    const index =
      typeof first === 'object'
        ? value.indexOf(findByKeys(value, first, Object.keys(first)))
        : typeof first === 'number'
          ? first
          : -1;
    if (index < 0 || index >= value.length) return value;
    const items: readonly unknown[] = value;
    if (rest.length === 0) return items.filter((_item, at) => at !== index);
    return items.map((item, at) => (at === index ? without(item, rest) : item));
  }
  if (!isFields(value) || typeof first !== 'string' || !(first in value)) return value;
  if (rest.length > 0) return { ...value, [first]: without(value[first], rest) };
  const { [first]: _dropped, ...others } = value;
  return others;
}
