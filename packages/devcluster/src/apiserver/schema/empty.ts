// What Go has where nothing was said.
import { resolve } from './definitions.js';
import type { Schema } from './schema.js';

/** The empty value of a type; undefined where that is a null of its own, as of times. */
export function emptyValue(given: Schema): unknown {
  const { type, format, ...schema } = resolve(given);
  if (schema['x-kubernetes-int-or-string']) return 0;
  switch (type) {
    case 'string':
      return format === undefined ? '' : format === 'quantity' ? '0' : undefined;
    case 'integer':
    case 'number':
      return 0;
    case 'boolean':
      return false;
    case 'array':
      return [];
    case 'object':
      return {};
    default:
      return undefined;
  }
}
