// Defaults of structural schemas, as the API server fills them into custom objects.
import { clone, isObject, set } from '../json.js';
import { resolve } from './definitions.js';
import type { Schema } from './schema.js';

/** Fills the defaults in, in place. A null where null is not allowed and a default exists counts as absent. */
export function applyDefaults(given: Schema, value: unknown): void {
  const schema = resolve(given);
  if (Array.isArray(value)) {
    if (schema.items) for (const item of value) applyDefaults(schema.items, item);
    return;
  }
  if (!isObject(value)) return;
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    if (child.default !== undefined && (value[name] === undefined || (value[name] === null && !child.nullable))) {
      set(value, name, clone(child.default));
    }
    if (value[name] !== undefined) applyDefaults(child, value[name]);
  }
  if (typeof schema.additionalProperties === 'object') {
    for (const [name, child] of Object.entries(value)) {
      if (!schema.properties || !Object.hasOwn(schema.properties, name))
        applyDefaults(schema.additionalProperties, child);
    }
  }
}
