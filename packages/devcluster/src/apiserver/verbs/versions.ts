// Objects between the version that they are stored in and the one that is spoken. That may take a while (webhooks do it),
// so it is waited for ahead: what is left for the moments in which nothing may wait is to look the result up.
import type { ApiObject } from '../json.js';
import { fromStorage, toStorage, type ServedResource } from '../registry/resource.js';

/** After this, `fromStorage` answers for these objects. Undefined when there is nothing to wait for. */
export function readable(
  resource: ServedResource,
  stored: readonly (ApiObject | undefined)[],
): Promise<void> | undefined {
  return resource.convert?.prepareRead?.(stored.filter((object) => object !== undefined));
}

/** After this, `toStorage` answers for the object, unless it is changed. */
export function writable(resource: ServedResource, object: ApiObject): Promise<void> | undefined {
  return resource.convert?.prepareWrite?.(object);
}

/** The stored object as the resource shows it. */
export async function view(resource: ServedResource, stored: ApiObject): Promise<ApiObject> {
  await readable(resource, [stored]);
  return fromStorage(resource, stored);
}

/** From one version of a resource to another. */
export async function convertObject(
  from: ServedResource,
  to: ServedResource,
  object: Readonly<ApiObject>,
): Promise<ApiObject> {
  if (from === to) return object;
  await writable(from, object);
  return view(to, toStorage(from, object));
}
