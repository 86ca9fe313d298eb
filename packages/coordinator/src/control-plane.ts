// A ControlPlane as a graph: a step per service that it names. All are written at once, since each waits by itself for
// what it needs; so nothing waits that need not.
import {
  ControlPlane,
  infrastructureRoles,
  isAvailable,
  isReady,
  missingOf,
  Reason,
  sayMissing,
} from '@stackwright/api';
import {
  defineObjectGraph,
  done,
  failed,
  waiting,
  type Graph,
  type GraphBuilder,
  type StatusScope,
} from '@stackwright/graph';
import { apiVersionOf, type KubeObject } from '@stackwright/kube';
import type { ServiceKind, ServiceObject } from './discovery.js';
import { planOf, type Plan, type PlannedService } from './plan.js';
import { readinessOf, untilToldOtherwise } from './readiness.js';

/** `kinds` gives the services that the cluster has at the moment. */
export function controlPlaneGraph(kinds: () => readonly ServiceKind[]): Graph<ControlPlane> {
  return defineObjectGraph(
    ControlPlane,
    (g, object) => {
      const known = kinds();
      const plan = planOf(object.spec, known);
      const dropped = droppedOf(object, plan, known);
      servicesStep(g, plan, dropped, known);
      for (const service of plan.services) serviceStep(g, service, object);
      for (const kind of dropped.kept) droppedStep(g, kind);
      for (const one of dropped.unknown) unknownStep(g, one);
      servingStep(g, plan);
    },
    {
      status(scope) {
        const known = kinds();
        const plan = planOf(scope.object.spec, known);
        return statusOf(scope, plan, droppedOf(scope.object, plan, known), unknownOf(scope.object, known));
      },
    },
  );
}

/** Services that were made for this control plane, and that it no longer names. */
interface Dropped {
  /** It says that they are to be removed. */
  removed: readonly ServiceKind[];
  /** It says nothing of them: it may have been a slip, so they stay. Its status names them until it is said. */
  kept: readonly ServiceKind[];
  /** It says nothing of them either, and the cluster does not know their kinds at the moment. */
  unknown: readonly ServiceStatus[];
}

type ServiceStatus = NonNullable<NonNullable<ControlPlane['status']>['services']>[number];

/**
 * What status says of services that were made for this control plane, and whose kinds the cluster does not know at the moment: a CRD
 * that is made anew, or has lost its label. They may run on; who forgets them never asks what shall become of them.
 */
function unknownOf({ spec, status }: Readonly<ControlPlane>, kinds: readonly ServiceKind[]): ServiceStatus[] {
  return (status?.services ?? []).filter(
    ({ name, managed }) =>
      managed && !kinds.some(({ service }) => service === name) && !spec.removeServices?.includes(name),
  );
}

const isNamed = ({ infrastructure, services }: ControlPlane['spec'], service: string): boolean =>
  [services, ...Object.values(infrastructure ?? {})].some((named) => named && Object.hasOwn(named, service));

function droppedOf(object: Readonly<ControlPlane>, plan: Plan, kinds: readonly ServiceKind[]): Dropped {
  const { spec, status } = object;
  const left = kinds.filter(({ service }) => !plan.services.some(({ kind }) => kind.service === service));
  const isRemoved = ({ service }: ServiceKind) => spec.removeServices?.includes(service) ?? false;
  const wasMade = ({ service }: ServiceKind) =>
    status?.services?.some(({ name, managed }) => managed && name === service) ?? false;
  return {
    removed: left.filter((kind) => isRemoved(kind)),
    kept: left.filter((kind) => !isRemoved(kind) && wasMade(kind)),
    unknown: unknownOf(object, kinds).filter(({ name }) => !isNamed(spec, name)),
  };
}

/**
 * Says what is wrong with the names, and what is lacking; the services that are known come up all the same. It owns the kinds
 * of services that are to be removed, so that their objects are; but not while a name is wrong, nor while a service that is
 * left needs them.
 */
function servicesStep(
  g: GraphBuilder<ControlPlane>,
  { services, problems, missing: missed }: Plan,
  { removed, kept, unknown }: Dropped,
  kinds: readonly ServiceKind[],
): void {
  // What was only dropped runs on, and needs what it needed.
  const missing = [
    ...missed,
    ...missingOf([...services.map(({ kind }) => kind), ...kept], kinds).filter((one) =>
      kept.some(({ service }) => service === one.service),
    ),
  ];
  const providers = missing.flatMap((one) => one.providers.map(({ resource }) => resource));
  g.step({
    name: 'Services',
    owns: removed.map(({ resource }) => resource),
    reads: providers,
    run(scope) {
      const [first] = problems;
      if (first) return failed(first.reason, problems.map(({ message }) => message).join('; '));
      if (removed.length > 0 && unknown.length > 0) {
        const names = unknown.map(({ name }) => name).join(', ');
        const leaving = removed.map(({ service }) => service).join(', ');
        const message = `${leaving} of spec.removeServices: ${names} may need it, whose kind this cluster does not know now`;
        return failed(Reason.DependencyMissing, message);
      }
      // Somebody else may look after a service of this namespace, and leave it out here; and what was only dropped still runs.
      const isThere = (provider: ServiceKind) =>
        scope
          .list(provider.resource)
          .some(
            (object) => (kept.includes(provider) || !isOwned(scope, object)) && !object.metadata?.deletionTimestamp,
          );
      const lacking = missing.filter((one) => !one.providers.some(isThere));
      return lacking.length > 0 ? failed(Reason.DependencyMissing, lacking.map(sayMissing).join('; ')) : done();
    },
  });
}

/** One of which nothing is known for now but that it was made. */
function unknownStep(g: GraphBuilder<ControlPlane>, { name, kind }: ServiceStatus): void {
  g.step({
    name: stepName(name),
    run: () =>
      failed(
        Reason.ServiceDropped,
        `${kind} ${name} is no longer named, and may run on: this cluster does not know its kind now. Name it again, or list it in ` +
          'spec.removeServices to delete it, or to forget it where the kind is gone for good',
        { retryAfter: untilToldOtherwise },
      ),
  });
}

/** A service that is no longer named, as long as nobody has said what shall become of it. */
function droppedStep(g: GraphBuilder<ControlPlane>, { resource, service: name, provides = '' }: ServiceKind): void {
  const path = infrastructureRoles.includes(provides) ? `spec.infrastructure.${provides}` : 'spec.services';
  g.step({
    name: stepName(name),
    reads: [resource],
    run(scope) {
      const observed = scope.get(resource, name);
      // The status that is written now names it no more: a moment later there is no such step.
      if (!isOwned(scope, observed)) return done(undefined, { after: 1_000 });
      if (observed?.metadata?.deletionTimestamp)
        return waiting(Reason.Deleting, `${resource.kind} ${name} is being deleted`);
      const data = observed?.spec?.['deletionPolicy'] === 'Delete' ? 'with its data' : 'its data stays';
      const message =
        `${resource.kind} ${name} is no longer named, and runs on as it is. Name it again under ${path}, ` +
        `with \`managed: false\` to hand it over, or list it in spec.removeServices to delete it (${data})`;
      const on = { apiVersion: apiVersionOf(resource), kind: resource.kind, name, namespace: scope.namespace };
      return failed(Reason.ServiceDropped, message, { on, retryAfter: untilToldOtherwise });
    },
  });
}

function serviceStep(
  g: GraphBuilder<ControlPlane>,
  planned: PlannedService,
  { spec: of }: Readonly<ControlPlane>,
): void {
  const { kind, managed, spec, unknown } = planned;
  const { resource, service: name } = kind;
  g.step({
    name: stepName(name),
    // Also of a service that its team owns: it may have been made here, and is then given up.
    owns: [resource],
    run(scope) {
      const key = { name, namespace: scope.namespace };
      const on = { apiVersion: apiVersionOf(resource), kind: resource.kind, ...key };
      if (managed) {
        if (unknown.length > 0) {
          const observed = scope.get(resource, name);
          // It runs on as it was told last.
          if (observed && scope.isOwn(resource, observed)) scope.keep(resource, observed);
          return failed(Reason.Rejected, unknown.join('; '), { on, retryAfter: untilToldOtherwise });
        }
        const observed = scope.own<ServiceObject>(
          resource,
          { metadata: { name }, spec: { ...spec } },
          { refusal: inFieldsOf(planned), ...(of.adoptFrom === undefined ? {} : { from: [of.adoptFrom] }) },
        );
        return observed
          ? readinessOf(kind, key, observed)
          : waiting(Reason.Pending, `${resource.kind} ${name} is being created`, { on });
      }
      const observed = scope.get(resource, name);
      if (!observed) {
        const message = `${resource.kind} ${name} does not exist, and its team creates it (managed: false)`;
        return failed(Reason.ServiceMissing, message, { on });
      }
      scope.release(resource, observed);
      return readinessOf(kind, key, observed);
    },
  });
}

/** What the API server says of `spec.replicas` of the service's object is about `spec.services.glance.replicas` here. */
function inFieldsOf({ path, inherited }: PlannedService): (message: string) => string {
  return (message) =>
    message.replaceAll(/(?<![\w.])\.?spec(?:\.(\w+))?(?=[.[:,\s]|$)/g, (_field, first: string | undefined) => {
      if (first === undefined) return path;
      return inherited.includes(first) ? `spec.${first}` : `${path}.${first}`;
    });
}

/** The condition of a ControlPlane that speaks of a service: "nova-api" → "NovaApiReady". */
export const conditionOfService = (service: string): string => `${stepName(service)}Ready`;

/**
 * Whether the cloud does its work now. A service that is named since then is wanted, and no outage, until it has served for the
 * first time.
 */
function servingStep(g: GraphBuilder<ControlPlane>, { services }: Plan): void {
  const serving = g.step({
    name: 'Serving',
    reads: services.map(({ kind }) => kind.resource),
    run(scope) {
      if (services.length === 0) return done();
      const isServing = scope.object.status?.conditions?.some(
        ({ type, status }) => type === 'Available' && status === 'True',
      );
      const away = services.filter(({ kind: { resource, service }, managed }) => {
        const object = scope.get(resource, service);
        const isNew = isServing && endpointOf(scope.object, service, object) === undefined;
        const isOurs = object !== undefined && (!managed || isOwned(scope, object));
        return !isNew && !(isOurs && isAvailable(object));
      });
      const names = away.map(({ kind: { resource, service } }) => `${resource.kind} ${service}`);
      if (names.length === 0) return done();
      const message = `${names.join(', ')} ${names.length === 1 ? 'does' : 'do'} not serve`;
      return waiting(Reason.WaitingForService, message);
    },
  });
  g.available(serving);
}

/** Where a service is, or was when it last answered: also while its object is away. */
function endpointOf(
  { status }: Readonly<ControlPlane>,
  service: string,
  object: Readonly<ServiceObject> | undefined,
): string | undefined {
  return object?.status?.endpoint ?? status?.services?.find(({ name }) => name === service)?.endpoint;
}

const stepName = (service: string): string =>
  service
    .split(/[^a-zA-Z0-9]+/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');

/** `unknown`: also those that the spec names. */
function statusOf(
  scope: StatusScope<ControlPlane>,
  { services }: Plan,
  dropped: Dropped,
  unknown: readonly ServiceStatus[],
): object {
  const states = services.map(({ kind, managed, release }) => {
    const object = scope.get(kind.resource, kind.service);
    const endpoint = endpointOf(scope.object, kind.service, object);
    return {
      name: kind.service,
      kind: kind.resource.kind,
      managed,
      // One of this name that is another's is not this control plane's to speak of.
      ready: object !== undefined && isReady(object) && (!managed || isOwned(scope, object)),
      available: object !== undefined && isAvailable(object) && (!managed || isOwned(scope, object)),
      ...(release === undefined ? {} : { release }),
      ...(endpoint === undefined ? {} : { endpoint }),
    };
  });
  const leaving = [...dropped.removed, ...dropped.kept].flatMap(({ resource, service: name }) => {
    const object = scope.get(resource, name);
    return object && isOwned(scope, object)
      ? [{ name, kind: resource.kind, managed: true, ready: isReady(object), available: isAvailable(object) }]
      : [];
  });
  const ready = states.filter((state) => state.ready).length;
  const running = services.flatMap(({ kind }) => scope.get(kind.resource, kind.service)?.status?.release ?? []);
  const release = [...new Set(running)].sort().join(',');
  return {
    services: [...states, ...leaving, ...unknown],
    readyServices: `${ready}/${states.length}`,
    ...(release === '' ? {} : { release }),
  };
}

function isOwned(
  { object }: Pick<StatusScope<ControlPlane>, 'object'>,
  child: Readonly<KubeObject> | undefined,
): boolean {
  return child?.metadata?.ownerReferences?.some(({ uid }) => uid === object.metadata?.uid) ?? false;
}
