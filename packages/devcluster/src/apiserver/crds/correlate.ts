// Which part of the old object a part of the new one has come from.
import { isObject, type JsonObject } from '../json.js';
import { fieldSchema, type Schema } from '../schema/schema.js';

/** The old value of a field. `old` is the old value of the object that has it. */
export function oldField(schema: Schema, old: unknown, name: string): unknown {
  if (schema['x-kubernetes-map-type'] === 'atomic' || !isObject(old) || !Object.hasOwn(old, name)) return undefined;
  return old[name];
}

/** The old value of an element: only keyed lists tell which one it was. */
export function oldItem(schema: Schema, old: unknown, item: unknown): unknown {
  if (schema['x-kubernetes-list-type'] !== 'map' || !Array.isArray(old) || !isObject(item)) return undefined;
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const keyed = (other: JsonObject, key: string): unknown => other[key] ?? schema.items?.properties?.[key]?.default;
  return old.find((other: unknown) => isObject(other) && keys.every((key) => keyed(other, key) === keyed(item, key)));
}

/** Follows a JSON pointer through both values. Calls `visit` with each pair on the way; it ends the way by true. */
export function walk(
  schema: Schema,
  value: unknown,
  old: unknown,
  pointer: readonly string[],
  visit: (value: unknown, old: unknown) => boolean,
): boolean {
  if (visit(value, old)) return true;
  const [name, ...rest] = pointer;
  if (name === undefined) return false;
  if (Array.isArray(value)) {
    const item: unknown = value[Number(name)];
    return walk(schema.items ?? {}, item, oldItem(schema, old, item), rest, visit);
  }
  if (!isObject(value)) return false;
  return walk(fieldSchema(schema, name) ?? {}, value[name], oldField(schema, old, name), rest, visit);
}
