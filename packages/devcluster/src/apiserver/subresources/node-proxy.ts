// What the API server knows of a Pod only through the node that runs it: its logs, its processes, its ports.
import type { Duplex } from 'node:stream';
import type { Pod } from '@stackwright/kube';
import type { ProcessStreams, StreamOptions } from '../../shared/process.js';
import type { ServerContext } from '../context.js';
import { badRequest, statusError } from '../errors.js';
import { clone } from '../json.js';
import type { ResourceRequest } from '../request.js';
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

export interface CommandOptions extends StreamOptions {
  container: string;
  command: readonly string[];
}

/** What the node agent gives the API server. Methods reject with an ApiError, or an Error whose message the user sees. */
export interface NodeProxy {
  logs(pod: Pod, options: LogOptions): Promise<AsyncIterable<string>>;
  exec(pod: Pod, options: CommandOptions): Promise<ProcessStreams>;
  /** Talks to the container's own process. */
  attach(pod: Pod, options: Omit<CommandOptions, 'command'>): Promise<ProcessStreams>;
  /** A connection to what the Pod's own loopback address serves on this port. */
  portForward(pod: Pod, port: number): Promise<Duplex>;
}

export type FindNode = () => NodeProxy | undefined;

/** The Pod that a request is about, and the node that it runs on. */
export function podOnNode(
  context: ServerContext,
  request: ResourceRequest,
  find: FindNode,
): { pod: Pod; node: NodeProxy } {
  const pod = clone(load(context, request)) as Pod;
  const name = request.name ?? '';
  if (!pod.spec?.nodeName) throw badRequest(`pod ${name} does not have a host assigned`);
  const node = find();
  if (!node) throw statusError(503, 'ServiceUnavailable', `there is no node that pod ${name} could run on`);
  return { pod, node };
}

/** The container that is asked for; it need not be named where there is only one. */
export function containerOf(pod: Pod, wanted: string): string {
  const { containers = [], initContainers = [], ephemeralContainers = [] } = pod.spec ?? {};
  const name = pod.metadata?.name ?? '';
  if (wanted !== '') {
    if ([...containers, ...initContainers, ...ephemeralContainers].some((each) => each.name === wanted)) return wanted;
    throw badRequest(`container ${wanted} is not valid for pod ${name}`);
  }
  const [only, ...more] = containers;
  if (only !== undefined && more.length === 0) return only.name;
  const list = (items: readonly { name: string }[]): string => `[${items.map((each) => each.name).join(' ')}]`;
  throw badRequest(
    `a container name must be specified for pod ${name}, choose one of: ${list(containers)}` +
      (initContainers.length > 0 ? ` or one of the init containers: ${list(initContainers)}` : '') +
      (ephemeralContainers.length > 0 ? ` or one of the ephemeral containers: ${list(ephemeralContainers)}` : ''),
  );
}
