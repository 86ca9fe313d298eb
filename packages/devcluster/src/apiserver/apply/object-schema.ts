import type { ServedResource } from '../registry/resource.js';
import { resolve } from '../schema/definitions.js';
import { ref, type Schema } from '../schema/schema.js';

const cache = new WeakMap<ServedResource, Schema>();

/** The schema of the whole object: schemas of CRDs leave the metadata to the server. */
export function objectSchema(resource: ServedResource): Schema {
  let schema = cache.get(resource);
  if (!schema) {
    const own = resolve(resource.schema());
    const metadata = ref('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta');
    const type: Schema = { type: 'string' };
    schema = resource.custom
      ? { ...own, properties: { ...own.properties, apiVersion: type, kind: type, metadata } }
      : own;
    cache.set(resource, schema);
  }
  return schema;
}
