// A service is a graph of steps, most of which all services share.
import { Deployment, type Resource } from '@stackwright/kube';
import {
  defineGraph,
  defineObjectGraph,
  Label,
  type Graph,
  type GraphBuilder,
  type GraphOptions,
  type StatusScope,
  type StepHandle,
  type StepScope,
} from '@stackwright/graph';
import type { Catalog } from '../catalog/catalog.js';
import { sessionsOver } from '../identity/session.js';
import { http as realHttp, type Http } from '../seams/http.js';
import { ObjectPods } from '../workload/object-pods.js';
import { networkStep, type Opening } from '../workload/network.js';
import { apiSteps } from './api.js';
import type {
  Api,
  ContainerOptions,
  Messaging,
  MessagingOptions,
  Release,
  ServiceBuilder,
  ServiceObject,
} from './builder.js';
import { cacheStep, databaseStep } from './claims.js';
import { configStep } from './config.js';
import { cronJobStep } from './cron-job.js';
import type { Declaration } from './declaration.js';
import type { Asking } from './endpoint.js';
import { extraVolumesStep } from './extra-volumes.js';
import { identityStep } from './identity.js';
import { jobStep } from './job.js';
import { messagingStep } from './messaging.js';
import { kebab, serviceName } from './names.js';
import { releaseStatus, releaseStep, upgradeStep } from './release.js';
import { routeStep } from './route.js';
import { tlsStep } from './tls.js';
import { volumeStatus, volumeStep } from './volume.js';
import { workerStep } from './worker.js';

/** What is not pure about a service. */
export interface ServiceSeams {
  /** How APIs, and Keystone, are asked. Default: over the network. */
  http?: Http;
}

export interface ServiceOptions<R extends ServiceObject> extends GraphOptions<R>, ServiceSeams {}

export interface ObjectServiceOptions<R extends ServiceObject> extends ServiceOptions<R> {
  /** Objects that between them have all sorts of steps: what the controller watches, and may do, is what these need. */
  examples: readonly Readonly<R>[];
}

/**
 * Declares an OpenStack service:
 *
 *     export const placement = defineService(Placement, catalog, (s) => {
 *       const database = s.database();
 *       const config = s.config({ directory: '/etc/placement', files: { 'placement.conf': … }, after: [database] });
 *       const schema = s.dbSync({ config });
 *       s.api({ port: 8778, probe: '/', config, after: [schema] });
 *     });
 *
 * `status.endpoint` (of the first API) and `status.release` are written for all: the last that were known to work; and
 * `status.replicas` and `status.selector`, of the Pods of that API.
 */
export function defineService<R extends ServiceObject>(
  resource: Resource<R>,
  catalog: Catalog,
  declare: (s: ServiceBuilder<R>) => void,
  { http = realHttp, ...options }: ServiceOptions<R> = {},
): Graph<R> {
  const asking = askingOver(http);
  return defineGraph<R>(resource, (g) => declareSteps(g, catalog, asking, declare), options);
}

/**
 * The same for a service whose steps depend on the object: a worker for each backend that its spec lists. `declare` must be pure, as
 * the steps are.
 */
export function defineObjectService<R extends ServiceObject>(
  resource: Resource<R>,
  catalog: Catalog,
  declare: (s: ServiceBuilder<R>, object: Readonly<R>) => void,
  { http = realHttp, ...options }: ObjectServiceOptions<R>,
): Graph<R> {
  const asking = askingOver(http);
  return defineObjectGraph<R>(
    resource,
    (g, object) => declareSteps(g, catalog, asking, (s) => declare(s, object)),
    options,
  );
}

const askingOver = (http: Http): Asking => ({ http, sessions: sessionsOver(http) });

function declareSteps<R extends ServiceObject>(
  g: GraphBuilder<R>,
  catalog: Catalog,
  asking: Asking,
  declare: (s: ServiceBuilder<R>) => void,
): void {
  const { service } = catalog;
  const schemaJobs: string[] = [];
  const release = releaseStep(g, catalog, schemaJobs);
  upgradeStep(g, catalog, release, schemaJobs);
  const declaration: Declaration<R> = { g, service, release, pods: new ObjectPods() };
  const extra = extraVolumesStep(g, release);
  const withExtra = <Options extends ContainerOptions<R>>(container: Options): Options => ({
    ...container,
    volumes: [...(container.volumes ?? []), extra],
  });
  const apis: { name: string | undefined; port: number; endpoint: StepHandle<Api> }[] = [];
  const tls = tlsStep(declaration, (object) => apis.map((api) => serviceName(object, api.name)));
  g.status((scope) => ({
    ...workingStatus(scope, release, apis[0]?.endpoint),
    ...scaleStatus(scope, apis[0]),
    ...releaseStatus(scope, release, schemaJobs),
  }));
  networkStep(g, {
    after: [release],
    openings: (scope) => Object.fromEntries(apis.map((api) => doorOf(scope, api))),
  });
  declare({
    ...g,
    release,
    tls,
    database: (database = {}) => databaseStep(declaration, database),
    cache: () => cacheStep(declaration),
    identity: (identity) => identityStep(declaration, identity),
    // Without `when` it is never undefined, which the overloads say.
    messaging: (messaging: MessagingOptions<R> = {}) => messagingStep(declaration, messaging) as StepHandle<Messaging>,
    volume(volume) {
      const step = volumeStep(declaration, volume);
      if (volume.inStatus ?? true) g.status((scope) => volumeStatus(scope, step));
      return step;
    },
    config: (config) => configStep(declaration, config),
    job: (job) => jobStep(declaration, withExtra(job)),
    cronJob: (cronJob) => cronJobStep(declaration, withExtra(cronJob)),
    dbSync({ name = 'DbSync', ...job }) {
      schemaJobs.push(kebab(name));
      return jobStep(declaration, withExtra({ ...job, name }));
    },
    worker: (worker) => workerStep(declaration, withExtra(worker)),
    api(api) {
      if (apis.length === 0) routeStep(g, api.port);
      const endpoint = apiSteps(declaration, tls, asking, withExtra(api));
      apis.push({ name: api.name, port: api.port, endpoint });
      return endpoint;
    },
  });
}

/** Of the API, as its Deployment has it: what the scale subresource of the kind is read from. */
function scaleStatus<R extends ServiceObject>(
  scope: StatusScope<R>,
  api: { name: string | undefined } | undefined,
): { replicas?: number; selector?: string } {
  const deployment = api && scope.get(Deployment, serviceName(scope.name, api.name));
  if (!deployment) return {};
  const labels = Object.entries(deployment.spec?.selector.matchLabels ?? {});
  const selector = labels.map(([label, value]) => `${label}=${value}`).join(',');
  return { replicas: deployment.status?.replicas ?? 0, selector };
}

/** An API knows its callers by their tokens; whatever else listens in its Pods is nobody's business, nor are Jobs. */
function doorOf<R extends ServiceObject>(
  scope: StepScope<R>,
  { name = 'Api', port }: { name?: string | undefined; port: number },
): [string, Opening] {
  const component = kebab(name);
  return [component, { to: { ...scope.labels, [Label.component]: component }, from: ['Everybody'], ports: [port] }];
}

/** Of the API: where it is and which release it has, as last known to work. */
function workingStatus<R extends ServiceObject>(
  scope: StatusScope<R>,
  release: StepHandle<Release>,
  endpoint: StepHandle<Api> | undefined,
): { endpoint: string | undefined; release: string | undefined } {
  const before = scope.object.status as { endpoint?: string; release?: string } | undefined;
  const api = endpoint && scope.output(endpoint);
  return {
    endpoint: api?.url ?? before?.endpoint,
    release: (api && scope.output(release)?.release) ?? before?.release,
  };
}
