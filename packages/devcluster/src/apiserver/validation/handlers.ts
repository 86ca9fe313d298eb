// Probes and the hooks of a container's life.
import type {
  ExecAction,
  GRPCAction,
  HTTPGetAction,
  Lifecycle,
  Probe,
  SleepAction,
  TCPSocketAction,
} from 'kubernetes-types/core/v1.d.ts';
import { headerNameProblems } from '../schema/formats.js';
import type { Findings } from './findings.js';

interface Handlers {
  exec?: ExecAction;
  httpGet?: HTTPGetAction;
  tcpSocket?: TCPSocketAction;
  grpc?: GRPCAction;
  sleep?: SleepAction;
}

const kinds = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'] as const;

/** `grace`: the seconds that the Pod has to stop, which a sleep must not take longer than. */
function checkHandler(findings: Findings, path: string, handlers: Handlers, grace: number): void {
  const [first, ...others] = kinds.filter((kind) => handlers[kind]);
  for (const kind of others) findings.forbidden(`${path}.${kind}`, 'may not specify more than 1 handler type');
  if (first === undefined) findings.required(path, 'must specify a handler type');
  const { exec, httpGet, tcpSocket, grpc, sleep } = handlers;
  if (first === 'exec' && !exec?.command?.length) findings.required(`${path}.exec.command`);
  if (first === 'httpGet' && httpGet) checkHttpGet(findings, `${path}.httpGet`, httpGet);
  if (first === 'tcpSocket' && tcpSocket) findings.portOrName(`${path}.tcpSocket.port`, tcpSocket.port);
  if (first === 'grpc' && grpc) findings.port(`${path}.grpc.port`, grpc.port);
  if (first === 'sleep' && sleep && (sleep.seconds < 0 || sleep.seconds > grace)) {
    const problem = `must be non-negative and less than terminationGracePeriodSeconds (${grace})`;
    findings.invalid(`${path}.sleep`, sleep.seconds, problem);
  }
}

function checkHttpGet(findings: Findings, path: string, action: HTTPGetAction): void {
  findings.present(`${path}.path`, action.path);
  findings.portOrName(`${path}.port`, action.port);
  findings.oneOf(`${path}.scheme`, action.scheme ?? '', ['HTTP', 'HTTPS']);
  for (const { name } of action.httpHeaders ?? [])
    findings.invalidEach(`${path}.httpHeaders`, name, headerNameProblems(name));
}

const counts = [
  'initialDelaySeconds',
  'timeoutSeconds',
  'periodSeconds',
  'successThreshold',
  'failureThreshold',
] as const;

interface Probes {
  livenessProbe?: Probe;
  readinessProbe?: Probe;
  startupProbe?: Probe;
}

export function checkProbes(findings: Findings, path: string, probes: Probes, grace: number): void {
  for (const name of ['livenessProbe', 'readinessProbe', 'startupProbe'] as const) {
    const probe = probes[name];
    if (!probe) continue;
    const at = `${path}.${name}`;
    checkHandler(findings, at, probe, grace);
    for (const count of counts) findings.notNegative(`${at}.${count}`, probe[count]);
    const own = probe.terminationGracePeriodSeconds;
    const ownPath = `${at}.terminationGracePeriodSeconds`;
    if (own !== undefined && own <= 0) findings.invalid(ownPath, own, 'must be greater than 0');
    if (name === 'readinessProbe') {
      if (own !== undefined) findings.invalid(ownPath, own, 'must not be set for readinessProbes');
    } else if (probe.successThreshold !== 1) {
      findings.invalid(`${at}.successThreshold`, probe.successThreshold, 'must be 1');
    }
  }
}

export function checkLifecycle(
  findings: Findings,
  path: string,
  lifecycle: Lifecycle | undefined,
  grace: number,
): void {
  const { postStart, preStop } = lifecycle ?? {};
  if (postStart) checkHandler(findings, `${path}.postStart`, postStart, grace);
  if (preStop) checkHandler(findings, `${path}.preStop`, preStop, grace);
}
