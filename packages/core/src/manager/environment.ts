// What a process reads from its environment, once, at its start.
import { logLevels, type LogLevel } from '../log/pino.js';

export interface Environment {
  /** Namespaces to watch; empty: all; undefined: the one of the configuration. */
  namespaces: readonly string[] | undefined;
  /** Where the process runs, if it is told. */
  podNamespace: string | undefined;
  http: { host: string; port: number };
  logLevel: LogLevel;
  leaderElection: boolean;
}

/** The process was started with settings that make no sense; the message names the variable. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';
}

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * | variable | meaning | default |
 * |---|---|---|
 * | `WATCH_NAMESPACE` | namespaces, separated by commas; set but empty: all | the configuration's |
 * | `POD_NAMESPACE` | where the process runs: there is its Lease | the configuration's |
 * | `BIND_ADDRESS`, `HTTP_PORT` | of /metrics, /healthz and /readyz; port 0: any | 0.0.0.0, 8080 |
 * | `LOG_LEVEL` | debug, info, warn, error or silent | info |
 * | `LEADER_ELECTION` | true or false | true in a Pod |
 */
export function readEnvironment(variables: Variables): Environment {
  const inCluster = Boolean(variables['KUBERNETES_SERVICE_HOST']);
  return {
    namespaces: variables['WATCH_NAMESPACE']
      ?.split(',')
      .map((name) => name.trim())
      .filter(Boolean),
    podNamespace: variables['POD_NAMESPACE'] || undefined,
    http: { host: variables['BIND_ADDRESS'] || '0.0.0.0', port: portOf(variables, 'HTTP_PORT', 8080) },
    logLevel: oneOf(variables, 'LOG_LEVEL', logLevels, 'info'),
    leaderElection:
      oneOf(variables, 'LEADER_ELECTION', ['true', 'false'] as const, inCluster ? 'true' : 'false') === 'true',
  };
}

function portOf(variables: Variables, name: string, fallback: number): number {
  const value = variables[name];
  if (!value) return fallback;
  const port = Number(value);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new EnvironmentError(`${name} is not a port: "${value}"`);
  return port;
}

function oneOf<Value extends string>(
  variables: Variables,
  name: string,
  values: readonly Value[],
  fallback: Value,
): Value {
  const value = variables[name];
  if (!value) return fallback;
  const known = values.find((one) => one === value.toLowerCase());
  if (!known) throw new EnvironmentError(`${name} is one of ${values.join(', ')}, not "${value}"`);
  return known;
}
