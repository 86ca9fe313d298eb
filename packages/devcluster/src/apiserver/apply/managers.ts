// managedFields: which manager owns which fields.
import type { ApiObject } from '../json.js';
import type { ServedResource } from '../registry/resource.js';

export interface Manager {
  name: string;
  operation: 'Apply' | 'Update';
  apiVersion: string;
  subresource?: string;
  /** metav1.Time of the write. */
  time: string;
}

/** Records a create, update or patch. Not yet. */
export function trackUpdate(_resource: ServedResource, old: ApiObject | undefined, object: ApiObject, _manager: Manager): void {
  const managed = old?.metadata.managedFields;
  if (managed) object.metadata.managedFields = managed;
  else delete object.metadata.managedFields;
}
