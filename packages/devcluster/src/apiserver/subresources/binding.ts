// pods/binding: how a scheduler gives a Pod its node.
import type { Pod } from '@stackwright/kube';
import { trackUpdate } from '../apply/managers.js';
import { timestamp, type ServerContext } from '../context.js';
import { badRequest, conflict, methodNotAllowed } from '../errors.js';
import { clone, stringAt, type ApiObject } from '../json.js';
import { keyOfRequest, type ResourceRequest, type ResourceResponse } from '../request.js';
import { managerOf } from '../verbs/manager.js';
import { retryOnRace } from '../verbs/update.js';

export async function bind(context: ServerContext, request: ResourceRequest): Promise<ResourceResponse> {
  if (request.verb !== 'create') throw methodNotAllowed();
  const node = stringAt(request.body, 'target', 'name');
  if (!node) throw badRequest('Binding: target.name: Required value');
  return retryOnRace(context, request, async (old) => {
    const pod = clone(old) as ApiObject & Pod;
    if (pod.spec?.nodeName)
      throw conflict(
        request.resource,
        request.name ?? '',
        `pod ${request.name ?? ''} is already assigned to node "${pod.spec.nodeName}"`,
      );
    if (pod.metadata.deletionTimestamp)
      throw conflict(
        request.resource,
        request.name ?? '',
        `pod ${request.name ?? ''} is being deleted, cannot be assigned to a host`,
      );
    pod.spec = { ...(pod.spec ?? { containers: [] }), nodeName: node };
    const conditions = (pod.status?.conditions ?? []).filter(({ type }) => type !== 'PodScheduled');
    conditions.push({ type: 'PodScheduled', status: 'True', lastTransitionTime: timestamp(context.now()) });
    (pod as ApiObject)['status'] = { ...pod.status, conditions };
    trackUpdate(request.resource, old, pod, managerOf(context, request));
    context.store.put(request.resource.storage, keyOfRequest(request), pod);
    return {
      kind: 'object',
      code: 201,
      object: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 },
    };
  });
}
