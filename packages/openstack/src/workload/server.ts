// A server with a name or data of its own (a database, a broker, a cache): StatefulSet, Services, disruption budget.
import { annotations, Reason, type VolumeSpec, type WorkloadSpec } from '@stackwright/api';
import {
  done,
  failed,
  Label,
  restricted,
  rolloutOf,
  type Desired,
  type GraphBuilder,
  type Outcome,
  type PodSpec,
  type PodUser,
  type Reconciled,
  type StatusScope,
  type StepHandle,
  type StepScope,
  type StepWarning,
} from '@stackwright/graph';
import {
  compareQuantities,
  PersistentVolumeClaim,
  Pod,
  PodDisruptionBudget,
  Service,
  StatefulSet,
  type Resource,
} from '@stackwright/kube';
import { disruptionBudget } from './disruption.js';
import { consumersOf, controllerPeer, networkStep, type ConsumerClaim, type Opening } from './network.js';
import { podTemplate } from './pod-template.js';
import { schedulingOf } from './scheduling.js';
import { differenceOf, volumeRequest } from './volume-size.js';

export interface ServerObject extends Reconciled {
  spec: WorkloadSpec & { replicas: number; storage?: VolumeSpec };
}

export interface ServerOptions<R extends ServerObject> {
  user: PodUser;
  /** By name, which the container has for them, too. */
  ports: Readonly<Record<string, number>>;
  /**
   * Whether clients have a Service of the object's name, beside the one that gives the Pods theirs (`<object>-headless`);
   * without it that one has the object's name, and clients know the Pods.
   */
  clientService: boolean;
  /** Whether its kind has `spec.storage`; without, the graph says so, too (`GraphOptions.volumes`). Default true. */
  volumes?: boolean;
  /** Where `spec.storage` is, the volume is named "data". */
  pod: (
    scope: StepScope<R>,
  ) => Pick<PodSpec, 'initContainers' | 'containers' | 'volumes' | 'terminationGracePeriodSeconds'>;
  /** Of what the servers only read when they start: another one replaces the Pods. */
  hash?: (scope: StepScope<R>) => string;
  after?: readonly StepHandle[];
  network: ServerNetwork;
}

/** Who comes in, and by which ports, each by its name. */
export interface ServerNetwork {
  /** Claims for the server, whose consumers come in by `clients`. */
  claims: Resource<ConsumerClaim>;
  clients: readonly string[];
  /** The controller of this module. */
  controller?: { module: string; ports: readonly string[] };
  /** For all Pods of the cluster: metrics. */
  cluster?: readonly string[];
  /** Whether the servers of a group talk with each other, on whatever port. */
  group?: boolean;
}

/** Steps 'Network' and 'Volumes', and 'Server', which this gives: : Done with the Pods' host names when all of them are ready. */
export function serverStep<R extends ServerObject>(
  g: GraphBuilder<R>,
  options: ServerOptions<R>,
): StepHandle<readonly string[]> {
  networkStep(g, {
    claims: options.network.claims,
    openings: (scope) => openingsOf(scope, options.network, options.ports),
  });
  if (options.volumes ?? true) volumesStep(g);
  return g.step({
    name: 'Server',
    after: options.after ?? [],
    owns: [Service, StatefulSet, PodDisruptionBudget],
    reads: [{ resource: Pod, parts: true }],
    run(scope): Outcome<readonly string[]> {
      const { name, object } = scope;
      const labels = serverLabels(scope);
      for (const service of servicesFor(name, labels, options)) scope.own(Service, service);
      scope.own(PodDisruptionBudget, disruptionBudget(name, labels, object.spec.podDisruptionBudget));

      // What is there stays as it is: a StatefulSet refuses another one, together with all else that has changed.
      const [there] = scope.get(StatefulSet, name)?.spec?.volumeClaimTemplates ?? [];
      const observed = scope.own(StatefulSet, statefulSetFor(scope, labels, options, volumeOf(object.spec, there)));
      const rollout = rolloutOf(scope, StatefulSet, name, observed);
      return rollout.state === 'Done' ? done(podNames(object, options)) : rollout;
    },
  });
}

const serverLabels = (scope: Pick<StepScope, 'labels'>): Record<string, string> => ({
  ...scope.labels,
  [Label.component]: 'server',
});

function openingsOf<R extends ServerObject>(
  scope: StepScope<R>,
  { claims, clients, controller, cluster = [], group = false }: ServerNetwork,
  ports: Readonly<Record<string, number>>,
): Record<string, Opening> {
  const to = serverLabels(scope);
  const numbers = (names: readonly string[]): number[] => names.flatMap((name) => ports[name] ?? []);
  return {
    clients: { to, from: consumersOf(scope, claims), ports: numbers(clients) },
    ...(controller
      ? { controller: { to, from: [controllerPeer(controller.module)], ports: numbers(controller.ports) } }
      : {}),
    ...(cluster.length > 0 ? { cluster: { to, from: ['Cluster'], ports: numbers(cluster) } } : {}),
    ...(group ? { group: { to, from: [to] } } : {}),
  };
}

/**
 * Step 'Volumes': the sizes of the volumes that there are. They are made with their StatefulSet, whose template of them cannot be
 * changed; a server that runs does not wait for its volume to grow.
 */
function volumesStep<R extends ServerObject>(g: GraphBuilder<R>): void {
  g.step({
    name: 'Volumes',
    owns: [PersistentVolumeClaim],
    amends: true,
    run(scope): Outcome<undefined> {
      const wanted = scope.object.spec.storage;
      if (!wanted) return done();
      const warnings: StepWarning[] = [];
      const claims = scope
        .list(PersistentVolumeClaim, { labels: scope.labels })
        .filter((claim) => scope.isOwn(PersistentVolumeClaim, claim) && !claim.metadata?.deletionTimestamp);
      for (const claim of claims) {
        const different = differenceOf(claim, wanted);
        const name = claim.metadata?.name ?? '';
        if (different) return failed(Reason.InvalidSpec, `PersistentVolumeClaim ${name} is there and ${different}`);
        const { storage, warning } = volumeRequest(claim, wanted);
        if (warning) warnings.push(warning);
        if (compareQuantities(storage, claim.spec?.resources?.requests?.['storage'] ?? '0') === 0) continue;
        scope.amend(PersistentVolumeClaim, claim, () => ({
          patch: { spec: { resources: { requests: { storage } } } },
        }));
      }
      const [warning] = warnings;
      return done(undefined, warning ? { warning } : {});
    },
  });
}

/** `status.storage`: what the largest of its volumes has, which nobody can take away again. */
export function storageStatusOf({ get, name, object }: Pick<StatusScope<Reconciled>, 'get' | 'name' | 'object'>): {
  storage?: string;
} {
  const { replicas = 1, storage, external } = object.spec as Partial<ServerObject['spec']> & { external?: object };
  if (!storage || external) return {};
  const capacities = Array.from({ length: replicas }, (_, index) => get(PersistentVolumeClaim, `data-${name}-${index}`))
    .flatMap((claim) => claim?.status?.capacity?.['storage'] ?? [])
    .sort(compareQuantities);
  return { storage: capacities.at(-1) ?? '0' };
}

type VolumeTemplate = NonNullable<NonNullable<StatefulSet['spec']>['volumeClaimTemplates']>[number];

/** Its amount and class: those of the template that there is, or as they are wanted. */
function volumeOf(
  { storage }: ServerObject['spec'],
  there: Readonly<VolumeTemplate> | undefined,
): VolumeSpec | undefined {
  const size = there?.spec?.resources?.requests?.['storage'];
  if (!storage || size === undefined) return storage;
  const { storageClassName } = there?.spec ?? {};
  return { size, ...(storageClassName === undefined ? {} : { className: storageClassName }) };
}

/** Of all servers, as others reach each of them: `<object>-0.<service>.<namespace>.svc`. */
export function podNames(
  { metadata, spec }: Readonly<ServerObject>,
  { clientService }: Pick<ServerOptions<never>, 'clientService'>,
): readonly string[] {
  const { name = '', namespace = '' } = metadata ?? {};
  const service = serviceOfPods(name, clientService);
  return Array.from({ length: spec.replicas }, (_, index) => `${name}-${index}.${service}.${namespace}.svc`);
}

/** The Service that gives them these names. */
export const serviceOfPods = (name: string, clientService: boolean): string =>
  clientService ? `${name}-headless` : name;

type Labels = Readonly<Record<string, string>>;

function servicesFor(
  name: string,
  labels: Labels,
  { ports, clientService }: Pick<ServerOptions<never>, 'ports' | 'clientService'>,
): Desired<Service>[] {
  const common = {
    selector: { ...labels },
    ports: Object.entries(ports).map(([port, number]) => ({ name: port, port: number, targetPort: port })),
  };
  // A server needs its name before it is ready, and others of its group find it by that.
  const headless = { ...common, clusterIP: 'None', publishNotReadyAddresses: true };
  return clientService
    ? [
        { metadata: { name }, spec: common },
        { metadata: { name: serviceOfPods(name, clientService) }, spec: headless },
      ]
    : [{ metadata: { name }, spec: { ...common, clusterIP: 'None' } }];
}

function statefulSetFor<R extends ServerObject>(
  scope: StepScope<R>,
  labels: Labels,
  { user, clientService, pod, hash }: ServerOptions<R>,
  storage: VolumeSpec | undefined,
): Desired<StatefulSet> {
  const { name, object } = scope;
  return {
    metadata: { name },
    spec: {
      replicas: object.spec.replicas,
      serviceName: serviceOfPods(name, clientService),
      // In order, a Pod that never became ready would not be replaced by one of a template that is right again
      // (kubernetes.io: StatefulSets, "Forced rollback").
      podManagementPolicy: 'Parallel',
      selector: { matchLabels: { ...labels } },
      template: podTemplate(object.spec, {
        labels,
        ...(hash ? { annotations: { [annotations.configHash]: hash(scope) } } : {}),
        pod: restricted({ ...pod(scope), ...schedulingOf(object.spec, labels) }, user),
      }),
      ...(storage === undefined
        ? {}
        : {
            volumeClaimTemplates: [
              {
                metadata: { name: 'data' },
                spec: {
                  accessModes: ['ReadWriteOnce'],
                  resources: { requests: { storage: storage.size } },
                  ...(storage.className === undefined ? {} : { storageClassName: storage.className }),
                },
              },
            ],
          }),
    },
  };
}
