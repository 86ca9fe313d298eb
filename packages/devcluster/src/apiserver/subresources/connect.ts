// pods/exec, pods/attach and pods/portforward: the connection becomes one to the Pod.
import type { ServerContext } from '../context.js';
import type { SubresourceHandler } from '../dispatch.js';
import { badRequest } from '../errors.js';
import { flag } from '../http/parameters.js';
import type { ResourceRequest, ResourceResponse } from '../request.js';
import { portForward } from '../streams/port-forward.js';
import { remoteCommand } from '../streams/remote-command.js';
import { containerOf, podOnNode, type FindNode } from './node-proxy.js';

export function exec(find: FindNode): SubresourceHandler {
  return async (context, request) => {
    const { pod, node } = podOnNode(context, request, find);
    const { query = new URLSearchParams() } = request;
    const container = containerOf(pod, query.get('container') ?? '');
    const command = query.getAll('command');
    if (command.length === 0) throw badRequest('you must specify at least 1 command for the container');
    return connection(streamsOf(query), (options) => node.exec(pod, { ...options, container, command }));
  };
}

export function attach(find: FindNode): SubresourceHandler {
  return async (context, request) => {
    const { pod, node } = podOnNode(context, request, find);
    const { query = new URLSearchParams() } = request;
    const container = containerOf(pod, query.get('container') ?? '');
    return connection(streamsOf(query), (options) => node.attach(pod, { ...options, container }));
  };
}

export function portForwards(find: FindNode): SubresourceHandler {
  return async (context: ServerContext, request: ResourceRequest): Promise<ResourceResponse> => {
    const { pod, node } = podOnNode(context, request, find);
    const ports = (request.query?.getAll('ports') ?? []).flatMap((list) => list.split(',')).map(Number);
    if (ports.some((port) => !(Number.isInteger(port) && port > 0 && port < 65_536)))
      throw badRequest(`ports must be numbers from 1 to 65535`);
    const about = `${pod.metadata?.name ?? ''}, uid ${pod.metadata?.uid ?? ''}`;
    return { kind: 'connection', takeOver: portForward(about, ports, (port) => node.portForward(pod, port)) };
  };
}

const connection = (...args: Parameters<typeof remoteCommand>): ResourceResponse => ({
  kind: 'connection',
  takeOver: remoteCommand(...args),
});

function streamsOf(query: URLSearchParams): { stdin: boolean; stdout: boolean; stderr: boolean; tty: boolean } {
  const [stdin, stdout, stderr, tty] = ['stdin', 'stdout', 'stderr', 'tty'].map((name) => flag(query, name) ?? false);
  if (!stdin && !stdout && !stderr) throw badRequest('you must specify at least 1 of stdin, stdout, stderr');
  // A terminal has one output.
  return { stdin: stdin === true, stdout: stdout === true, stderr: stderr === true && !tty, tty: tty === true };
}
