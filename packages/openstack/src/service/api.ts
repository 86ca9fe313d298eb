// An HTTP API: its Pods under uwsgi, its Service, and whether it answers.
import { Reason } from '@stackwright/api';
import {
  done,
  endpointsOf,
  failed,
  hashOf,
  Label,
  rolloutOf,
  waiting,
  type Container,
  type Desired,
  type GraphBuilder,
  type StepHandle,
  type StepScope,
} from '@stackwright/core';
import { ConfigMap, Deployment, EndpointSlice, Pod, Service } from '@stackwright/kube';
import { uwsgiFiles } from '../config/uwsgi.js';
import type { HttpProbe } from '../seams/http-probe.js';
import { servicePod } from '../workload/container.js';
import { resourcesOf } from '../workload/resources.js';
import type { Api, ApiOptions, Release, ServiceObject } from './builder.js';
import { valueOf } from './given.js';

const portName = 'http';
const directory = '/etc/stackwright';
const defaultResources = { requests: { cpu: '100m', memory: '256Mi' } };

export function apiSteps<R extends ServiceObject>(
  g: GraphBuilder<R>,
  release: StepHandle<Release>,
  probe: HttpProbe,
  options: ApiOptions<R>,
): StepHandle<Api> {
  const { name = 'Api', config, after = [] } = options;
  const component = name.toLowerCase();
  const service = (object: string) => (component === 'api' ? object : `${object}-${component}`);

  const rollout = g.step({
    name,
    after: [release, ...(config ? [config] : []), ...after],
    owns: [ConfigMap, Deployment, Service],
    reads: [{ resource: Pod, parts: true }],
    run(scope) {
      const facts = scope.output(release);
      const application = facts.wsgi?.[component];
      if (!application)
        return failed(
          Reason.UnsupportedRelease,
          `The catalog has no WSGI application "${component}" for release ${facts.release}`,
        );
      const workload = service(scope.name);
      const selector = { ...scope.labels, [Label.component]: component };
      const uwsgi = uwsgiFiles({ application, port: options.port, directory }, options.uwsgi);
      const uwsgiConfig = `${workload}-uwsgi`;
      scope.own(ConfigMap, { metadata: { name: uwsgiConfig }, data: uwsgi });
      scope.own(Service, serviceFor(workload, selector, options.port));

      const settings = config ? scope.output(config) : undefined;
      const pod = servicePod({
        name: component,
        image: facts.reference,
        user: facts.user,
        command: ['uwsgi_python3', '--ini', `${directory}/uwsgi.ini`],
        env: options.env ? valueOf(options.env, scope) : [],
        mounts: [
          ...(settings?.mounts ?? []),
          { path: directory, configMap: uwsgiConfig },
          ...(options.mounts ? valueOf(options.mounts, scope) : []),
        ],
        writable: options.writable ?? [],
        resources: resourcesOf(options.resources ?? defaultResources, scope.object.spec.resources),
        container: containerFor(options),
      });
      const desired: Desired<Deployment> = {
        metadata: { name: workload, labels: { [Label.component]: component } },
        spec: {
          replicas: scope.object.spec.replicas,
          revisionHistoryLimit: 3,
          // The API answers at any moment of a rollout.
          strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
          selector: { matchLabels: selector },
          template: {
            // Files that are mounted alone never change in a Pod: a new configuration takes new Pods.
            metadata: {
              labels: selector,
              annotations: { 'stackwright.dev/config-hash': hashOf([settings?.hash, uwsgi]) },
            },
            spec: { ...pod, terminationGracePeriodSeconds: options.terminationGracePeriod ?? 30 },
          },
        },
      };
      return rolloutOf(scope, Deployment, workload, scope.own(Deployment, desired));
    },
  });
  return endpointStep(g, rollout, probe, {
    ...options,
    name: component === 'api' ? 'Endpoint' : `${name}Endpoint`,
    service,
  });
}

/** Ready Pods are not enough: Done when the API answers through one of them. */
function endpointStep<R extends ServiceObject>(
  g: GraphBuilder<R>,
  rollout: StepHandle,
  probe: HttpProbe,
  { name, service, port, probe: path }: ApiOptions<R> & { name: string; service: (object: string) => string },
): StepHandle<Api> {
  const endpoints = (scope: StepScope<R>) => endpointsOf(scope, service(scope.name), portName);
  return g.external<number, never, Api>({
    name,
    after: [rollout],
    reads: [EndpointSlice],
    resync: 30_000,
    ready(scope) {
      if (endpoints(scope).length > 0) return done();
      const on = { apiVersion: 'v1', kind: 'Service', name: service(scope.name), namespace: scope.namespace };
      return waiting(Reason.NoReadyEndpoint, `Service ${on.name} has no ready endpoint`, { on });
    },
    async observe(scope, signal) {
      const problems: string[] = [];
      for (const endpoint of endpoints(scope)) {
        const host = endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host;
        const url = `http://${host}:${endpoint.port}${path}`;
        try {
          const status = await probe.get(url, signal);
          if (status >= 200 && status < 400) return status;
          problems.push(`${url} answered ${status}`);
        } catch (error) {
          signal.throwIfAborted();
          problems.push(`${url}: ${error instanceof Error ? error.message : String(error)}`);
        }
      }
      throw new Error(problems.join('; '));
    },
    diff: () => [],
    describe: () => '',
    apply: () => Promise.resolve(),
    explain: (error) => ({
      reason: Reason.ApiUnreachable,
      message: `The API does not answer: ${error instanceof Error ? error.message : String(error)}`,
    }),
    output(scope) {
      const host = `${service(scope.name)}.${scope.namespace}.svc`;
      return { name: service(scope.name), host, port, url: `http://${host}:${port}` };
    },
  });
}

function serviceFor(name: string, selector: Record<string, string>, port: number): Desired<Service> {
  return {
    metadata: { name, labels: { [Label.component]: selector[Label.component] ?? '' } },
    spec: { selector, ports: [{ name: portName, port, targetPort: portName, protocol: 'TCP' }] },
  };
}

/** uwsgi opens its port before the application is loaded: only an answer says that it is. */
function containerFor({ port, probe: path }: Pick<ApiOptions<ServiceObject>, 'port' | 'probe'>): Partial<Container> {
  const httpGet = { path, port: portName };
  return {
    ports: [{ name: portName, containerPort: port, protocol: 'TCP' }],
    startupProbe: { httpGet, periodSeconds: 1, timeoutSeconds: 10, failureThreshold: 180 },
    readinessProbe: { httpGet, periodSeconds: 5, timeoutSeconds: 5, failureThreshold: 3 },
    // Slow is not dead: under load a restart makes things worse.
    livenessProbe: { httpGet, periodSeconds: 20, timeoutSeconds: 10, failureThreshold: 6 },
    // Requests keep coming until every node has heard that the endpoint is gone.
    lifecycle: { preStop: { exec: { command: ['sleep', '3'] } } },
  };
}
