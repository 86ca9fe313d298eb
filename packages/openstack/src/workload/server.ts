// A server with a name or data of its own (a database, a broker, a cache): StatefulSet, Services, disruption budget.
import { Reason, type WorkloadSpec } from '@stackwright/api';
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
  type StepHandle,
  type StepScope,
} from '@stackwright/graph';
import { compareQuantities, Pod, PodDisruptionBudget, Service, StatefulSet } from '@stackwright/kube';
import { disruptionBudget } from './disruption.js';
import { schedulingOf } from './scheduling.js';

export interface ServerObject extends Reconciled {
  spec: WorkloadSpec & { replicas: number; storage?: string };
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
  /** Where `spec.storage` is, the volume is named "data". */
  pod: (
    scope: StepScope<R>,
  ) => Pick<PodSpec, 'initContainers' | 'containers' | 'volumes' | 'terminationGracePeriodSeconds'>;
  /** Of what the servers only read when they start: another one replaces the Pods. */
  hash?: (scope: StepScope<R>) => string;
  after?: readonly StepHandle[];
}

/** Step 'Server': Done with the Pods' host names when all of them are ready. */
export function serverStep<R extends ServerObject>(
  g: GraphBuilder<R>,
  options: ServerOptions<R>,
): StepHandle<readonly string[]> {
  return g.step({
    name: 'Server',
    after: options.after ?? [],
    owns: [Service, StatefulSet, PodDisruptionBudget],
    reads: [{ resource: Pod, parts: true }],
    run(scope): Outcome<readonly string[]> {
      const { name, object } = scope;
      const labels = { ...scope.labels, [Label.component]: 'server' };
      for (const service of servicesFor(name, labels, options)) scope.own(Service, service);
      scope.own(PodDisruptionBudget, disruptionBudget(name, labels, object.spec.podDisruptionBudget));

      const { storage } = object.spec;
      // What is there stays as it is: a StatefulSet refuses another size, together with all else that has changed.
      const there = scope.get(StatefulSet, name)?.spec?.volumeClaimTemplates?.[0]?.spec?.resources?.requests?.[
        'storage'
      ];
      const observed = scope.own(StatefulSet, statefulSetFor(scope, labels, options, there ?? storage));
      if (there !== undefined && storage !== undefined && compareQuantities(there, storage) !== 0) {
        return failed(Reason.InvalidSpec, `spec.storage: the volume exists with ${there} and cannot become ${storage}`);
      }
      const rollout = rolloutOf(scope, StatefulSet, name, observed);
      return rollout.state === 'Done' ? done(podNames(object, options)) : rollout;
    },
  });
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
  storage: string | undefined,
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
      template: {
        metadata: {
          labels: { ...labels },
          ...(hash ? { annotations: { 'stackwright.dev/config-hash': hash(scope) } } : {}),
        },
        spec: restricted({ ...pod(scope), ...schedulingOf(object.spec, labels) }, user),
      },
      ...(storage === undefined
        ? {}
        : {
            volumeClaimTemplates: [
              {
                metadata: { name: 'data' },
                spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } } },
              },
            ],
          }),
    },
  };
}
