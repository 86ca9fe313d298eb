// What a process reads from its environment, once, at its start.
import { logLevels, type LogLevel } from '../log/pino.js';

export interface Environment {
  /** Namespaces to watch; empty: all; undefined: the one of the configuration. */
  namespaces: readonly string[] | undefined;
  /** Where the process runs, if it is told. */
  podNamespace: string | undefined;
  http: { host: string; port: number };
  /** Undefined: /metrics is served without TLS, with the health checks. */
  metricsServer: { host: string; port: number; certDirectory: string; auth: boolean } | undefined;
  /** Where webhooks are served, if there are any. */
  webhooks: { host: string; port: number; certDirectory: string };
  /** Undefined: no spans are made. */
  tracing: { noopRatio: number } | undefined;
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
 * | `METRICS_CERT_DIR` | holds tls.crt and tls.key: /metrics is served with TLS, on a port of its own, and not on `HTTP_PORT` | none |
 * | `METRICS_PORT` | of /metrics with TLS | 8443 |
 * | `METRICS_AUTH` | true: only to whom a TokenReview knows and a SubjectAccessReview allows `get` of /metrics | true with TLS |
 * | `WEBHOOK_PORT` | of the webhooks, if the process has any | 9443 |
 * | `WEBHOOK_CERT_DIR` | holds their tls.crt and tls.key | /tmp/k8s-webhook-server/serving-certs |
 * | `OTEL_EXPORTER_OTLP_ENDPOINT` | sends spans there, by OTLP over HTTP; the other variables of OpenTelemetry count, too | none: no spans |
 * | `TRACE_NOOP_RATIO` | which share of reconciles that wrote nothing and did not fail is sent, 0 to 1 | 0.01 |
 * | `LOG_LEVEL` | debug, info, warn, error or silent | info |
 * | `LEADER_ELECTION` | true or false | true in a Pod |
 */
export function readEnvironment(variables: Variables): Environment {
  const inCluster = Boolean(variables['KUBERNETES_SERVICE_HOST']);
  const host = variables['BIND_ADDRESS'] || '0.0.0.0';
  return {
    namespaces: variables['WATCH_NAMESPACE']
      ?.split(',')
      .map((name) => name.trim())
      .filter(Boolean),
    podNamespace: variables['POD_NAMESPACE'] || undefined,
    http: { host, port: portOf(variables, 'HTTP_PORT', 8080) },
    metricsServer: metricsServerOf(variables, host),
    webhooks: {
      host,
      port: portOf(variables, 'WEBHOOK_PORT', 9443),
      certDirectory: variables['WEBHOOK_CERT_DIR'] || '/tmp/k8s-webhook-server/serving-certs',
    },
    tracing: tracingOf(variables),
    logLevel: oneOf(variables, 'LOG_LEVEL', logLevels, 'info'),
    leaderElection: flagOf(variables, 'LEADER_ELECTION', inCluster),
  };
}

function metricsServerOf(variables: Variables, host: string): Environment['metricsServer'] {
  const certDirectory = variables['METRICS_CERT_DIR'];
  if (!certDirectory) {
    // Tokens must not travel in the clear, and nobody may believe in a lock that is not there.
    for (const name of ['METRICS_AUTH', 'METRICS_PORT'])
      if (variables[name]) throw new EnvironmentError(`${name} needs METRICS_CERT_DIR`);
    return undefined;
  }
  return {
    host,
    port: portOf(variables, 'METRICS_PORT', 8443),
    certDirectory,
    auth: flagOf(variables, 'METRICS_AUTH', true),
  };
}

function tracingOf(variables: Variables): Environment['tracing'] {
  const endpoint = variables['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] || variables['OTEL_EXPORTER_OTLP_ENDPOINT'];
  if (!endpoint || flagOf(variables, 'OTEL_SDK_DISABLED', false)) return undefined;
  const noopRatio = Number(variables['TRACE_NOOP_RATIO'] || '0.01');
  if (!(noopRatio >= 0 && noopRatio <= 1)) throw new EnvironmentError('TRACE_NOOP_RATIO is a number between 0 and 1');
  return { noopRatio };
}

function flagOf(variables: Variables, name: string, fallback: boolean): boolean {
  return oneOf(variables, name, ['true', 'false'] as const, fallback ? 'true' : 'false') === 'true';
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
