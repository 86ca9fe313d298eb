// A ControlPlane as a graph: a step per service that it names. All are written at once, since each waits by itself for
// what it needs; so nothing waits that need not.
import { ControlPlane, isReady, Reason, sayMissing } from '@stackwright/api';
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
import { readinessOf } from './readiness.js';

/** `kinds` gives the services that the cluster has at the moment. */
export function controlPlaneGraph(kinds: () => readonly ServiceKind[]): Graph<ControlPlane> {
  return defineObjectGraph(
    ControlPlane,
    (g, object) => {
      const known = kinds();
      const plan = planOf(object.spec, known);
      servicesStep(g, plan, droppedOf(object, plan, known));
      for (const service of plan.services) serviceStep(g, service);
    },
    {
      status(scope) {
        const known = kinds();
        const plan = planOf(scope.object.spec, known);
        return statusOf(scope, plan, droppedOf(scope.object, plan, known));
      },
    },
  );
}

/** Services that were written for this control plane, and that it no longer names: its status says so until they are gone. */
function droppedOf(
  { status }: Readonly<ControlPlane>,
  plan: Plan,
  kinds: readonly ServiceKind[],
): readonly ServiceKind[] {
  const isPlanned = (name: string) => plan.services.some(({ kind }) => kind.service === name);
  const dropped = (status?.services ?? []).filter(({ name, managed }) => managed && !isPlanned(name));
  return kinds.filter(({ service }) => dropped.some(({ name }) => name === service));
}

/**
 * Says what is wrong with the names, and what is lacking; the services that are known come up all the same. It owns the kinds
 * of services that were dropped, so that their objects are removed; but not while a name is wrong, which may be just a slip,
 * nor while a service that is left needs them.
 */
function servicesStep(
  g: GraphBuilder<ControlPlane>,
  { problems, missing }: Plan,
  dropped: readonly ServiceKind[],
): void {
  const providers = missing.flatMap((one) => one.providers.map(({ resource }) => resource));
  g.step({
    name: 'Services',
    owns: dropped.map(({ resource }) => resource),
    reads: providers,
    run(scope) {
      const [first] = problems;
      if (first) return failed(first.reason, problems.map(({ message }) => message).join('; '));
      // Somebody else may look after a service of this namespace, and leave it out here.
      const isElsewhere = ({ resource }: ServiceKind) =>
        scope.list(resource).some((object) => !isOwned(scope, object) && !object.metadata?.deletionTimestamp);
      const lacking = missing.filter((one) => !one.providers.some(isElsewhere));
      return lacking.length > 0 ? failed(Reason.DependencyMissing, lacking.map(sayMissing).join('; ')) : done();
    },
  });
}

function serviceStep(g: GraphBuilder<ControlPlane>, { kind, managed, spec }: PlannedService): void {
  const { resource, service: name } = kind;
  g.step({
    name: stepName(name),
    // Also of a service that its team owns: it may have been made here, and is then given up.
    owns: [resource],
    run(scope) {
      const key = { name, namespace: scope.namespace };
      const on = { apiVersion: apiVersionOf(resource), kind: resource.kind, ...key };
      if (managed) {
        const observed = scope.own<ServiceObject>(resource, { metadata: { name }, spec: { ...spec } });
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

/** "nova-api" → "NovaApi": the condition is NovaApiReady. */
const stepName = (service: string): string =>
  service
    .split(/[^a-zA-Z0-9]+/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');

function statusOf(scope: StatusScope<ControlPlane>, { services }: Plan, dropped: readonly ServiceKind[]): object {
  const states = services.map(({ kind, managed, release }) => {
    const object = scope.get(kind.resource, kind.service);
    const endpoint = object?.status?.endpoint;
    return {
      name: kind.service,
      kind: kind.resource.kind,
      managed,
      ready: object !== undefined && isReady(object),
      ...(release === undefined ? {} : { release }),
      ...(endpoint === undefined ? {} : { endpoint }),
    };
  });
  const leaving = dropped
    .filter((kind) => isOwned(scope, scope.get(kind.resource, kind.service)))
    .map((kind) => ({ name: kind.service, kind: kind.resource.kind, managed: true, ready: false }));
  const ready = states.filter((state) => state.ready).length;
  return { services: [...states, ...leaving], readyServices: `${ready}/${states.length}` };
}

function isOwned(
  { object }: Pick<StatusScope<ControlPlane>, 'object'>,
  child: Readonly<KubeObject> | undefined,
): boolean {
  return child?.metadata?.ownerReferences?.some(({ uid }) => uid === object.metadata?.uid) ?? false;
}
