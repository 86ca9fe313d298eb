// pods/log: the API server knows no logs; the node that runs the Pod does.
import type { Pod } from '@stackwright/kube';
import type { ServerContext } from '../context.js';
import { badRequest, methodNotAllowed, statusError } from '../errors.js';
import { flag, integer } from '../http/parameters.js';
import { clone } from '../json.js';
import type { ResourceRequest, ResourceResponse } from '../request.js';
import { load } from '../verbs/get.js';

export interface LogOptions {
  container: string;
  follow: boolean;
  /** The container's run before this one. */
  previous: boolean;
  timestamps: boolean;
  tailLines?: number;
  limitBytes?: number;
  /** RFC 3339. */
  sinceTime?: string;
  sinceSeconds?: number;
  /** Aborted when nobody reads any more. */
  signal: AbortSignal;
}

/** What the node agent gives the API server. Methods reject with an ApiError, or an Error whose message the user sees. */
export interface NodeProxy {
  logs(pod: Pod, options: LogOptions): Promise<string | AsyncIterable<string>>;
}

export function logs(nodes: () => NodeProxy | undefined) {
  return async (context: ServerContext, request: ResourceRequest): Promise<ResourceResponse> => {
    if (request.verb !== 'get') throw methodNotAllowed();
    const pod = clone(load(context, request)) as Pod;
    const query = request.query ?? new URLSearchParams();
    const container = containerOf(pod, query.get('container') ?? '');
    if (!pod.spec?.nodeName)
      throw statusError(400, 'BadRequest', `pod ${request.name ?? ''} does not have a host assigned`);
    const node = nodes();
    if (!node)
      throw statusError(
        503,
        'ServiceUnavailable',
        `there is no node that could serve the logs of pod ${request.name ?? ''}`,
      );
    const tailLines = integer(query, 'tailLines');
    const limitBytes = integer(query, 'limitBytes');
    const sinceSeconds = integer(query, 'sinceSeconds');
    const sinceTime = query.get('sinceTime');
    const body = await node.logs(pod, {
      container,
      follow: flag(query, 'follow') ?? false,
      previous: flag(query, 'previous') ?? false,
      timestamps: flag(query, 'timestamps') ?? false,
      ...(tailLines === undefined ? {} : { tailLines }),
      ...(limitBytes === undefined ? {} : { limitBytes }),
      ...(sinceSeconds === undefined ? {} : { sinceSeconds }),
      ...(sinceTime === null ? {} : { sinceTime }),
      signal: request.signal ?? new AbortController().signal,
    });
    return { kind: 'text', body };
  };
}

function containerOf(pod: Pod, wanted: string): string {
  const names = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])].map(({ name }) => name);
  const pods = pod.metadata?.name ?? '';
  if (wanted !== '') {
    if (names.includes(wanted)) return wanted;
    throw badRequest(`container ${wanted} is not valid for pod ${pods}`);
  }
  const [only, ...more] = (pod.spec?.containers ?? []).map(({ name }) => name);
  if (only !== undefined && more.length === 0) return only;
  const chosen = pod.metadata?.annotations?.['kubectl.kubernetes.io/default-container'];
  if (chosen !== undefined && names.includes(chosen)) return chosen;
  throw badRequest(`a container name must be specified for pod ${pods}, choose one of: [${names.join(' ')}]`);
}
