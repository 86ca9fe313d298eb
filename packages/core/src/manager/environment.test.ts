import { describe, expect, it } from 'vitest';
import { EnvironmentError, readEnvironment } from './environment.js';

describe('environment of a process', () => {
  it('has defaults for everything', () => {
    expect(readEnvironment({})).toEqual({
      namespaces: undefined,
      podNamespace: undefined,
      http: { host: '0.0.0.0', port: 8080 },
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

  it('refuses what makes no sense, naming the variable', () => {
    for (const wrong of [
      { HTTP_PORT: '80a' },
      { HTTP_PORT: '70000' },
      { LOG_LEVEL: 'loud' },
      { LEADER_ELECTION: 'perhaps' },
    ]) {
      expect(() => readEnvironment(wrong)).toThrow(EnvironmentError);
      expect(() => readEnvironment(wrong)).toThrow(Object.keys(wrong)[0]);
    }
  });
});
