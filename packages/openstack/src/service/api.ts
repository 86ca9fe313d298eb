// An HTTP API: its Pods under uwsgi, and its Service.
import { Reason, servingDefaults, type Serving } from '@stackwright/api';
import { failed, hashOf, Label, rolloutOf, type Container, type Desired, type StepHandle } from '@stackwright/graph';
import { ConfigMap, Deployment, PodDisruptionBudget, Service } from '@stackwright/kube';
import { uwsgiFiles } from '../config/uwsgi.js';
import { disruptionBudget } from '../workload/disruption.js';
import { wantVersion, versionName } from '../workload/versions.js';
import type { Api, ApiOptions, ServiceObject, Tls } from './builder.js';
import type { Declaration } from './declaration.js';
import { endpointStep, type Asking } from './endpoint.js';
import { stepsOf } from './container-options.js';
import { camel, kebab, serviceName } from './names.js';
import { servedScheme, wantedScheme, type Scheme } from './served.js';
import { strategyFor, workloadPods } from './workload-pods.js';

const portName = 'http';
const liveness = { name: 'liveness', port: 8090 };
const directory = '/etc/stackwright';

/** A process more is its memory more. */
const defaultResources = ({ processes }: Serving) => ({ requests: { cpu: '100m', memory: `${256 * processes}Mi` } });

export function apiSteps<R extends ServiceObject>(
  { g, release, pods: parts }: Declaration<R>,
  tls: StepHandle<Tls | undefined>,
  asking: Asking,
  options: ApiOptions<R>,
): StepHandle<Api> {
  const { name = 'Api' } = options;
  const component = kebab(name);
  const service = (object: string) => serviceName(object, name);

  parts.has('Deployment');
  const rollout = g.step({
    name,
    after: [release, tls, ...stepsOf(options)],
    owns: [ConfigMap, Deployment, PodDisruptionBudget, Service],
    reads: parts.reads(),
    // What runs is scaled also while a change of it is refused.
    meanwhile({ spec: { replicas } }, child) {
      if (child.kind !== Deployment.kind) return child;
      return { ...child, ...{ spec: { ...(child as Readonly<Deployment>).spec, replicas } } };
    },
    run(scope) {
      const facts = scope.output(release);
      const application = facts.wsgi?.[camel(name)];
      if (!application)
        return failed(
          Reason.UnsupportedRelease,
          `The catalog has no WSGI application "${camel(name)}" for release ${facts.release}`,
        );
      const workload = service(scope.name);
      const selector = { ...scope.labels, [Label.component]: component };
      const { spec } = scope.object;
      const secured = scope.output(tls);
      const scheme = wantedScheme(spec);
      const serving: Serving = { ...servingDefaults, ...options.serving, ...spec.api };
      const { port, programs } = options;
      const wsgi = { application, port, livenessPort: liveness.port, serving, programs, directory, tls: secured };
      const uwsgi = uwsgiFiles(wsgi, options.uwsgi);
      const uwsgiBase = `${workload}-uwsgi`;
      const uwsgiHash = hashOf(uwsgi);
      const pods = workloadPods(scope, facts, options, {
        component,
        selector,
        command: ['uwsgi_python3', '--ini', `${directory}/uwsgi.ini`],
        mounts: [
          { path: directory, configMap: versionName(uwsgiBase, uwsgiHash), base: uwsgiBase },
          ...(secured ? [secured.mount] : []),
        ],
        resources: [options.resources ?? defaultResources(serving), spec.resources],
        scheduling: spec,
        terminationGracePeriodSeconds: serving.terminationGracePeriodSeconds,
        container: containerFor(options, scheme, serving),
      });
      if (pods.state !== 'Done') return pods;

      wantVersion(
        scope,
        parts,
        ConfigMap,
        { metadata: { name: uwsgiBase, labels: { [Label.component]: component } }, data: uwsgi },
        uwsgiHash,
      );
      scope.own(PodDisruptionBudget, disruptionBudget(workload, selector, spec.podDisruptionBudget));

      const desired: Desired<Deployment> = {
        metadata: { name: workload, labels: { [Label.component]: component } },
        spec: {
          replicas: spec.replicas,
          revisionHistoryLimit: 3,
          strategy: strategyFor(scope, options),
          selector: { matchLabels: selector },
          template: pods.output,
        },
      };
      const observed = scope.own(Deployment, desired);
      const state = rolloutOf(scope, Deployment, workload, observed);
      // Of what was observed, which may be another template than the one that is wanted now.
      const isUniform = observed === undefined || state.state === 'Done';
      const served = isUniform ? schemeOf(observed, scheme) : servedScheme(scope, workload, spec);
      scope.own(Service, serviceFor(workload, selector, options.port, served));
      return state;
    },
  });
  return endpointStep(g, asking, {
    after: [tls, rollout],
    name: component === 'api' ? 'Endpoint' : `${name}Endpoint`,
    service,
    portName,
    port: options.port,
    probe: options.probe,
    ...(options.check ? { check: options.check } : {}),
  });
}

/** Which its Pods speak; `otherwise` where there are none yet. */
function schemeOf(deployment: Readonly<Deployment> | undefined, otherwise: Scheme): Scheme {
  const [container] = deployment?.spec?.template.spec?.containers ?? [];
  if (!container) return otherwise;
  return container.readinessProbe?.httpGet?.scheme === 'HTTPS' ? 'https' : 'http';
}

/** `appProtocol` is what Gateways and Ingress controllers go by; without TLS they need not be told. */
function serviceFor(name: string, selector: Record<string, string>, port: number, scheme: Scheme): Desired<Service> {
  const appProtocol = scheme === 'https' ? { appProtocol: 'https' } : {};
  return {
    metadata: { name, labels: { [Label.component]: selector[Label.component] ?? '' } },
    spec: { selector, ports: [{ name: portName, port, targetPort: portName, protocol: 'TCP', ...appProtocol }] },
  };
}

/** uwsgi opens its port before the application is loaded: only an answer says that it is. */
function containerFor(
  { port, probe: path }: Pick<ApiOptions<ServiceObject>, 'port' | 'probe'>,
  scheme: Scheme,
  { preStopSeconds }: Serving,
): Partial<Container> {
  const httpGet = { path, port: portName, ...(scheme === 'https' ? { scheme: 'HTTPS' } : {}) };
  return {
    ports: [
      { name: portName, containerPort: port, protocol: 'TCP' },
      { name: liveness.name, containerPort: liveness.port, protocol: 'TCP' },
    ],
    startupProbe: { httpGet, periodSeconds: 1, timeoutSeconds: 10, failureThreshold: 180 },
    readinessProbe: { httpGet, periodSeconds: 5, timeoutSeconds: 5, failureThreshold: 3 },
    // Busy is not dead, nor is what waits for a database: what answers here is apart from all that, and a restart helps with
    // neither. The request that is never answered is `requestTimeoutSeconds`'s matter.
    livenessProbe: {
      httpGet: { path: '/', port: liveness.name },
      periodSeconds: 20,
      timeoutSeconds: 10,
      failureThreshold: 3,
    },
    // Requests keep coming until every node has heard that the endpoint is gone.
    ...(preStopSeconds > 0 ? { lifecycle: { preStop: { exec: { command: ['sleep', String(preStopSeconds)] } } } } : {}),
  };
}
