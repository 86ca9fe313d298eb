// An object that `kubectl apply` kept by itself may be handed over to server-side apply without a fight.
import { isObject, type ApiObject } from '../json.js';
import type { ServedResource } from '../registry/resource.js';
import { difference, union, type FieldSet } from './field-set.js';
import { objectSchema } from './object-schema.js';
import { compare, fieldSetOf } from './typed.js';

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/**
 * The fields that client-side apply set and that nobody has changed since. Undefined for objects that it did not make.
 */
export function lastAppliedFields(resource: ServedResource, live: ApiObject): FieldSet | undefined {
  const text = live.metadata.annotations?.[LAST_APPLIED];
  if (text === undefined) return undefined;
  try {
    const applied: unknown = JSON.parse(text);
    if (!isObject(applied)) return undefined;
    const schema = objectSchema(resource);
    const { modified, removed } = compare(schema, applied, live);
    return difference(fieldSetOf(schema, applied), union(modified, removed));
  } catch {
    // Whatever it is, it is not what kubectl wrote.
    return undefined;
  }
}
