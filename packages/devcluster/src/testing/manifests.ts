// Small manifests for tests, in namespace "test".
import type { Deployment, Job, Pod, Secret, Service, StatefulSet } from '@stackwright/kube';
import type { DeploymentSpec, StatefulSetSpec } from 'kubernetes-types/apps/v1.d.ts';
import type { JobSpec } from 'kubernetes-types/batch/v1.d.ts';
import type { Container, PodSpec, ServiceSpec } from 'kubernetes-types/core/v1.d.ts';

const namespace = 'test';

/** Serves HTTP on port 80 of the simulated node. */
export function web(overrides: Partial<Container> = {}): Container {
  return { name: 'web', image: 'web:1', ports: [{ name: 'http', containerPort: 80 }], ...overrides };
}

/** Is done at once. */
export function task(overrides: Partial<Container> = {}): Container {
  return { name: 'task', image: 'task:1', command: ['do', 'it'], ...overrides };
}

export function pod(name: string, spec: Partial<PodSpec> = {}, labels: Record<string, string> = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels },
    spec: { containers: [web()], ...spec },
  };
}

export function deployment(
  name: string,
  spec: Partial<DeploymentSpec> = {},
  podSpec: Partial<PodSpec> = {},
): Deployment {
  const labels = { app: name };
  const template = {
    metadata: { labels },
    spec: { containers: [web()], terminationGracePeriodSeconds: 1, ...podSpec },
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace },
    spec: { replicas: 1, selector: { matchLabels: labels }, template, ...spec },
  };
}

export function statefulSet(
  name: string,
  spec: Partial<StatefulSetSpec> = {},
  podSpec: Partial<PodSpec> = {},
): StatefulSet {
  const labels = { app: name };
  const mounts = [{ name: 'data', mountPath: '/data' }];
  const template = {
    metadata: { labels },
    spec: { containers: [web({ volumeMounts: mounts })], terminationGracePeriodSeconds: 1, ...podSpec },
  };
  const claim = {
    metadata: { name: 'data' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name, namespace },
    spec: {
      replicas: 1,
      serviceName: name,
      selector: { matchLabels: labels },
      template,
      volumeClaimTemplates: [claim],
      ...spec,
    },
  };
}

export function job(name: string, spec: Partial<JobSpec> = {}, container: Partial<Container> = {}): Job {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace },
    spec: { template: { spec: { restartPolicy: 'Never', containers: [task(container)] } }, ...spec },
  };
}

export function service(name: string, spec: Partial<ServiceSpec> = {}): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace },
    spec: { ports: [{ port: 80 }], selector: { app: name }, ...spec },
  };
}

export function secret(name: string, stringData: Record<string, string>): Secret {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, stringData };
}
