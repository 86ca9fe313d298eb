// Custom objects as they are read: what their schema has dropped since they were written is gone, what it defaults is there.
import { equal, type ApiObject } from '../json.js';
import { applyDefaults } from '../schema/defaults.js';
import { prune } from '../schema/decode.js';
import type { Schema } from '../schema/schema.js';

/** Of one version. Objects that are as they should be are returned as they are. */
export function shaper(schema: Schema, apiVersion: string): (object: ApiObject) => ApiObject {
  // Stored objects never change.
  const shaped = new WeakMap<ApiObject, ApiObject>();
  return (object) => {
    let found = shaped.get(object);
    if (!found) {
      const { metadata, apiVersion: _, kind, ...rest } = object;
      const pruned = { apiVersion, kind, metadata, ...(prune(schema, rest, '', []) as object) } as ApiObject;
      applyDefaults(schema, pruned);
      found = equal(pruned, object) ? object : pruned;
      shaped.set(object, found);
    }
    return found;
  };
}
