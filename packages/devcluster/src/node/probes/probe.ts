// One try of a probe. Deadlines are in real time, whatever the clock of the agent: they bound real I/O.
import { request as httpRequest, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import type { Container, HTTPGetAction, Probe } from 'kubernetes-types/core/v1.d.ts';
import { messageOf } from '../../shared/log.js';
import type { ContainerRuntime } from '../runtime.js';
import { grpcProbe } from './grpc.js';
import type { ProbeResult } from './result.js';

export interface ProbeTarget {
  containerId: string;
  container: Container;
  podIP: string;
}

/** How much of an answer an event shows. */
const MAX_OUTPUT = 512;

export async function runProbe(probe: Probe, target: ProbeTarget, runtime: ContainerRuntime): Promise<ProbeResult> {
  const timeoutSeconds = probe.timeoutSeconds ?? 1;
  try {
    if (probe.exec) return await execProbe(probe.exec.command ?? [], target, runtime, timeoutSeconds);
    if (probe.httpGet) return await httpProbe(probe.httpGet, target, timeoutSeconds * 1000);
    if (probe.tcpSocket) {
      const port = portNumber(probe.tcpSocket.port, target.container);
      return await tcpProbe(probe.tcpSocket.host ?? target.podIP, port, timeoutSeconds * 1000);
    }
    if (probe.grpc)
      return await grpcProbe(target.podIP, probe.grpc.port, probe.grpc.service ?? '', timeoutSeconds * 1000);
    return { ok: false, output: 'missing probe handler' };
  } catch (error) {
    return { ok: false, output: messageOf(error) };
  }
}

async function execProbe(
  command: readonly string[],
  target: ProbeTarget,
  runtime: ContainerRuntime,
  timeoutSeconds: number,
): Promise<ProbeResult> {
  const { exitCode, stdout, stderr } = await runtime.exec(target.containerId, command, { timeoutSeconds });
  return { ok: exitCode === 0, output: `${stdout}${stderr}`.trim().slice(0, MAX_OUTPUT) };
}

/** After so many redirects a probe has failed. */
const MAX_REDIRECTS = 10;

/** Any answer from 200 to 399 is a success, after redirects to the same host; those to others are not followed. */
export async function httpProbe(
  action: HTTPGetAction,
  target: Pick<ProbeTarget, 'container' | 'podIP'>,
  timeout: number,
): Promise<ProbeResult> {
  const scheme = action.scheme?.toUpperCase() === 'HTTPS' ? 'https' : 'http';
  const path = action.path?.startsWith('/') ? action.path : `/${action.path ?? ''}`;
  const first = `${scheme}://${action.host ?? target.podIP}:${portNumber(action.port, target.container)}${path}`;
  const headers = {
    'user-agent': 'kube-probe/1.32',
    accept: '*/*',
    ...Object.fromEntries((action.httpHeaders ?? []).map(({ name, value }) => [name.toLowerCase(), value])),
  };
  const deadline = AbortSignal.timeout(timeout);
  try {
    let url = new URL(first);
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
      const { status, location } = await get(url, headers, deadline);
      const next = status >= 300 && status < 400 && location !== undefined ? new URL(location, url) : undefined;
      if (next === undefined || next.hostname !== url.hostname) {
        if (status >= 200 && status < 400) return { ok: true, output: '' };
        return { ok: false, output: `HTTP probe failed with statuscode: ${status}` };
      }
      url = next;
    }
    return { ok: false, output: `Get "${url.href}": stopped after ${MAX_REDIRECTS} redirects` };
  } catch (error) {
    const reason = deadline.aborted
      ? `context deadline exceeded (no answer within ${timeout / 1000} s)`
      : `dial tcp ${new URL(first).host}: ${messageOf(error)}`;
    return { ok: false, output: `Get "${first}": ${reason}` };
  }
}

function get(
  url: URL,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<{ status: number; location: string | undefined }> {
  const secure = url.protocol === 'https:';
  const options: RequestOptions & { rejectUnauthorized?: boolean } = {
    agent: false,
    headers,
    signal,
    // A probe asks whether the process answers, not whether its certificate is good.
    ...(secure ? { rejectUnauthorized: false } : {}),
  };
  return new Promise((resolve, reject) => {
    const request = (secure ? httpsRequest : httpRequest)(url, options, (response) => {
      response.resume();
      request.destroy();
      resolve({ status: response.statusCode ?? 0, location: response.headers.location });
    });
    request.on('error', reject);
    request.end();
  });
}

function tcpProbe(host: string, port: number, timeout: number): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout });
    const end = (ok: boolean, output: string): void => {
      socket.destroy();
      resolve({ ok, output });
    };
    socket.once('connect', () => end(true, ''));
    socket.once('timeout', () => end(false, `dial tcp ${host}:${port}: i/o timeout`));
    socket.once('error', (error) => end(false, `dial tcp ${host}:${port}: ${error.message}`));
  });
}

function portNumber(port: number | string, container: Container): number {
  if (typeof port === 'number') return port;
  const named = container.ports?.find(({ name }) => name === port)?.containerPort;
  const number = named ?? Number(port);
  if (!Number.isInteger(number)) throw new Error(`couldn't find port: "${port}"`);
  return number;
}
