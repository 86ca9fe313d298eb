import { describe, expect, it } from 'vitest';
import { EnvironmentError, readEnvironment } from './environment.js';

describe('environment of a process', () => {
  it('has defaults for everything', () => {
    expect(readEnvironment({})).toEqual({
      namespaces: undefined,
      podNamespace: undefined,
      http: { host: '0.0.0.0', port: 8080 },
      metricsServer: undefined,
      webhooks: { host: '0.0.0.0', port: 9443, certDirectory: '/tmp/k8s-webhook-server/serving-certs' },
      tracing: undefined,
      logLevel: 'info',
      leaderElection: false,
    });
  });

  it('elects a leader in a Pod unless told not to', () => {
    const pod = { KUBERNETES_SERVICE_HOST: '10.0.0.1' };
    expect(readEnvironment(pod).leaderElection).toBe(true);
    expect(readEnvironment({ ...pod, LEADER_ELECTION: 'false' }).leaderElection).toBe(false);
  });

  it('tells "all namespaces" from "not said"', () => {
    expect(readEnvironment({ WATCH_NAMESPACE: '' }).namespaces).toEqual([]);
    expect(readEnvironment({ WATCH_NAMESPACE: 'a, b,' }).namespaces).toEqual(['a', 'b']);
  });

  it('locks metrics by default where they are served with TLS', () => {
    const { metricsServer } = readEnvironment({ METRICS_CERT_DIR: '/certs' });
    expect(metricsServer).toEqual({ host: '0.0.0.0', port: 8443, certDirectory: '/certs', auth: true });
    expect(readEnvironment({ METRICS_CERT_DIR: '/certs', METRICS_AUTH: 'false' }).metricsServer?.auth).toBe(false);
  });

  it('traces where there is a collector, unless OpenTelemetry is switched off', () => {
    const collector = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };
    expect(readEnvironment(collector).tracing?.noopRatio).toBe(0.01);
    expect(readEnvironment({ ...collector, OTEL_SDK_DISABLED: 'true' }).tracing).toBeUndefined();
  });

  it('refuses what makes no sense, naming the variable', () => {
    for (const wrong of [
      { HTTP_PORT: '80a' },
      { HTTP_PORT: '70000' },
      { LOG_LEVEL: 'loud' },
      { LEADER_ELECTION: 'perhaps' },
      { WEBHOOK_PORT: '-1' },
      { METRICS_AUTH: 'true' },
      { METRICS_PORT: '8443' },
      { TRACE_NOOP_RATIO: '2', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' },
    ]) {
      expect(() => readEnvironment(wrong)).toThrow(EnvironmentError);
      expect(() => readEnvironment(wrong)).toThrow(Object.keys(wrong)[0]);
    }
  });
});
