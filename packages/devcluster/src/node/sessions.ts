// Who talks to a container or a port of a Pod, as the kubelet answers them: the words are its own.
import type { Duplex } from 'node:stream';
import type { Pod } from '@stackwright/kube';
import { messageOf } from '../shared/log.js';
import type { Stored } from '../shared/objects.js';
import type { ProcessStreams, StreamOptions } from '../shared/process.js';
import { refused } from './logs.js';
import type { NodeContext } from './node-context.js';

export interface PodReference {
  namespace: string;
  pod: string;
}

export interface SessionRequest extends PodReference, StreamOptions {
  container: string;
}

export interface CommandRequest extends SessionRequest {
  command: readonly string[];
}

export async function execIn(node: NodeContext, request: CommandRequest): Promise<ProcessStreams> {
  const id = await runningContainer(node, request);
  const about = 'error executing command in container';
  const session = await node.runtime.execStream(id, request.command, request).catch(rethrow(about));
  return { ...session, exit: session.exit.catch(rethrow(about)) };
}

export async function attachTo(node: NodeContext, request: SessionRequest): Promise<ProcessStreams> {
  const id = await runningContainer(node, request);
  const { containers = [], ephemeralContainers = [] } = podOf(node, request).spec ?? {};
  const container = [...containers, ...ephemeralContainers].find(({ name }) => name === request.container);
  // A terminal is the container's, not the client's.
  return node.runtime
    .attach(id, { ...request, tty: container?.tty ?? false, stdin: request.stdin && (container?.stdin ?? false) })
    .catch(rethrow('error attaching to container'));
}

export async function forwardTo(node: NodeContext, request: PodReference & { port: number }): Promise<Duplex> {
  const { uid } = podOf(node, request).metadata;
  await node.view.refresh();
  if (!node.view.sandboxOf(uid)) throw new Error(`pod "${request.pod}_${request.namespace}" is not running`);
  return node.runtime.portForward(uid, request.port);
}

function podOf(node: NodeContext, { namespace, pod: name }: PodReference): Stored<Pod> {
  const pod = node.stores.pods.get({ namespace, name });
  if (!pod) throw refused(404, 'NotFound', 'pod does not exist');
  return pod;
}

async function runningContainer(node: NodeContext, request: SessionRequest): Promise<string> {
  const { uid } = podOf(node, request).metadata;
  await node.view.refresh();
  const found = node.view
    .containersOf(uid)
    .find(({ name, state }) => name === request.container && state.phase === 'running');
  if (!found)
    throw new Error(`unable to upgrade connection: container not found (${JSON.stringify(request.container)})`);
  return found.id;
}

function rethrow(about: string) {
  return (error: unknown): never => {
    throw new Error(`${about}: ${messageOf(error)}`, { cause: error });
  };
}
