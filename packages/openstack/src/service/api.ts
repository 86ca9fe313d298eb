// An HTTP API: its Pods under uwsgi, and its Service.
import { Reason } from '@stackwright/api';
import {
  failed,
  hashOf,
  Label,
  rolloutOf,
  type Container,
  type Desired,
  type GraphBuilder,
  type StepHandle,
} from '@stackwright/core';
import { ConfigMap, Deployment, Pod, Service } from '@stackwright/kube';
import { uwsgiFiles } from '../config/uwsgi.js';
import { servicePod } from '../workload/container.js';
import { resourcesOf } from '../workload/resources.js';
import type { Api, ApiOptions, Release, ServiceObject, Volume } from './builder.js';
import { credentialsAnnotation } from './credentials.js';
import { endpointStep, type Asking } from './endpoint.js';
import { mountsOf, stepsOf, valueOf } from './given.js';

const portName = 'http';
const directory = '/etc/stackwright';
const defaultResources = { requests: { cpu: '100m', memory: '256Mi' } };

export function apiSteps<R extends ServiceObject>(
  g: GraphBuilder<R>,
  release: StepHandle<Release>,
  asking: Asking,
  options: ApiOptions<R>,
): StepHandle<Api> {
  const { name = 'Api', config, volumes = [] } = options;
  const component = name.toLowerCase();
  const service = (object: string) => (component === 'api' ? object : `${object}-${component}`);

  const rollout = g.step({
    name,
    after: [release, ...stepsOf(options)],
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
        mounts: [...mountsOf(options, scope), { path: directory, configMap: uwsgiConfig }],
        writable: options.writable ?? [],
        resources: resourcesOf(options.resources ?? defaultResources, scope.object.spec.resources),
        container: containerFor(options),
      });
      const desired: Desired<Deployment> = {
        metadata: { name: workload, labels: { [Label.component]: component } },
        spec: {
          replicas: scope.object.spec.replicas,
          revisionHistoryLimit: 3,
          strategy: strategyFor(volumes.map((volume) => scope.output(volume))),
          selector: { matchLabels: selector },
          template: {
            // Files that are mounted alone never change in a Pod: a new configuration takes new Pods.
            metadata: {
              labels: selector,
              annotations: {
                'stackwright.dev/config-hash': hashOf([settings?.hash, uwsgi]),
                ...credentialsAnnotation(settings?.credentials),
              },
            },
            spec: { ...pod, terminationGracePeriodSeconds: options.terminationGracePeriod ?? 30 },
          },
        },
      };
      return rolloutOf(scope, Deployment, workload, scope.own(Deployment, desired));
    },
  });
  return endpointStep(g, asking, {
    name: component === 'api' ? 'Endpoint' : `${name}Endpoint`,
    after: [rollout],
    service,
    portName,
    port: options.port,
    probe: options.probe,
    ...(options.check ? { check: options.check } : {}),
  });
}

/**
 * The API answers at any moment of a rollout; but the new Pod may come to another node than the old one, and would wait there
 * for ever for a volume that is only on one node at a time.
 */
function strategyFor(volumes: readonly Volume[]): NonNullable<NonNullable<Deployment['spec']>['strategy']> {
  return volumes.every(({ isShared }) => isShared)
    ? { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } }
    : { type: 'Recreate' };
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
