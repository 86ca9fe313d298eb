import { ApiError, type Pod } from '@stackwright/kube';
import type { Stored } from '../shared/objects.js';
import type { NodeContext } from './node-context.js';
import type { ContainerStatus } from './runtime.js';

/** As the log subresource of a Pod is asked. */
export interface LogRequest {
  namespace: string;
  pod: string;
  /** Default: the first. */
  container?: string;
  /** Of the attempt before the present one. */
  previous?: boolean;
  follow?: boolean;
  tailLines?: number;
  limitBytes?: number;
  /** RFC 3339. */
  sinceTime?: string;
  sinceSeconds?: number;
  timestamps?: boolean;
  /** Ends a `follow`. */
  signal?: AbortSignal;
}

/** A container's output in pieces. Throws an ApiError, in the words of the kubelet, when there is none to be had. */
export async function readLogs(node: NodeContext, request: LogRequest): Promise<AsyncIterable<string>> {
  const pod = node.stores.pods.get({ namespace: request.namespace, name: request.pod });
  if (!pod) throw refused(404, 'NotFound', `pods "${request.pod}" not found`);
  const { id } = await findContainer(node, pod, request);
  const { tailLines, limitBytes, timestamps, signal = new AbortController().signal } = request;
  const sinceTime =
    request.sinceSeconds === undefined
      ? request.sinceTime
      : new Date(node.clock.now() - request.sinceSeconds * 1000).toISOString();
  return node.runtime.logs(id, {
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(limitBytes === undefined ? {} : { limitBytes }),
    ...(timestamps === undefined ? {} : { timestamps }),
    ...(sinceTime === undefined ? {} : { sinceTime }),
    // What has ended writes no more.
    ...(request.follow && !request.previous ? { follow: signal } : {}),
  });
}

async function findContainer(node: NodeContext, pod: Stored<Pod>, request: LogRequest): Promise<ContainerStatus> {
  const name = request.container ?? pod.spec?.containers[0]?.name ?? '';
  await node.view.refresh();
  const history = node.view.containersOf(pod.metadata.uid).filter((status) => status.name === name);
  const status = request.previous ? history.at(-2) : history.at(-1);
  if (status) return status;
  const { initContainerStatuses = [], containerStatuses = [], ephemeralContainerStatuses = [] } = pod.status ?? {};
  const statuses = [...initContainerStatuses, ...containerStatuses, ...ephemeralContainerStatuses];
  const waiting = statuses.find((item) => item.name === name)?.state?.waiting?.reason ?? 'ContainerCreating';
  const message = request.previous
    ? `previous terminated container "${name}" in pod "${request.pod}" not found`
    : `container "${name}" in pod "${request.pod}" is waiting to start: ${waiting}`;
  throw refused(400, 'BadRequest', message);
}

export function refused(code: number, reason: string, message: string): ApiError {
  return new ApiError({
    code,
    reason,
    message,
    status: { apiVersion: 'v1', kind: 'Status', status: 'Failure', message, reason, code },
  });
}
