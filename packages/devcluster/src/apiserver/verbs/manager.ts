// Who a write is recorded for in managedFields.
import type { Manager } from '../apply/managers.js';
import { timestamp, type ServerContext } from '../context.js';
import { apiVersionOf } from '../registry/resource.js';
import type { ResourceRequest } from '../request.js';

export function managerOf(
  context: ServerContext,
  request: ResourceRequest,
  operation: 'Apply' | 'Update' = 'Update',
): Manager {
  return {
    // Without a name given, the program's: "kubectl" of "kubectl/v1.32.4 (linux/amd64) …".
    name: (request.parameters.fieldManager ?? request.userAgent.split('/')[0] ?? '') || 'unknown',
    operation,
    apiVersion: apiVersionOf(request.resource),
    ...(request.subresource === undefined ? {} : { subresource: request.subresource }),
    time: timestamp(context.now()),
  };
}
