// A way in from outside the cluster: an HTTPRoute of the Gateway API, or an Ingress.
import { Reason, type Route } from '@stackwright/api';
import {
  done,
  failed,
  waiting,
  type Desired,
  type GraphBuilder,
  type ObjectReference,
  type Outcome,
  type StepHandle,
} from '@stackwright/graph';
import { apiVersionOf, HTTPRoute, Ingress } from '@stackwright/kube';
import type { ServiceObject } from './builder.js';
import { verdictsOn } from './served.js';

/** To the Service of the object's own name. */
interface Backend {
  name: string;
  port: number;
}

/** Step 'Route': Done when there is none to be, or when it is there, and accepted where somebody says so. */
export function routeStep<R extends ServiceObject>(g: GraphBuilder<R>, port: number): StepHandle {
  return g.step({
    name: 'Route',
    owns: [HTTPRoute, Ingress],
    run(scope): Outcome<undefined> {
      const { route } = scope.object.spec;
      const backend = { name: scope.name, port };
      if (route?.ingress) {
        const observed = scope.own(Ingress, ingressFor(route, route.ingress, backend));
        return observed ? done() : waiting(Reason.Pending, `Ingress ${backend.name} is being created`);
      }
      if (route?.gateway) {
        const observed = scope.own(HTTPRoute, httpRouteFor(route, route.gateway, backend));
        const on = { apiVersion: apiVersionOf(HTTPRoute), kind: HTTPRoute.kind, name: scope.name };
        return accepted(observed, { ...on, namespace: scope.namespace });
      }
      return done();
    },
  });
}

function ingressFor(
  { hostname }: Route,
  { className, tls, annotations }: NonNullable<Route['ingress']>,
  { name, port }: Backend,
): Desired<Ingress> {
  return {
    metadata: { name, ...(annotations ? { annotations: { ...annotations } } : {}) },
    spec: {
      ...(className === undefined ? {} : { ingressClassName: className }),
      ...(tls ? { tls: [{ hosts: [hostname], secretName: tls.secretName }] } : {}),
      rules: [
        {
          host: hostname,
          http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name, port: { number: port } } } }] },
        },
      ],
    },
  };
}

function httpRouteFor(
  { hostname }: Route,
  { parentRefs, annotations }: NonNullable<Route['gateway']>,
  backend: Backend,
): Desired<HTTPRoute> {
  return {
    metadata: { name: backend.name, ...(annotations ? { annotations: { ...annotations } } : {}) },
    spec: {
      parentRefs: parentRefs.map((parent) => ({ ...parent })),
      hostnames: [hostname],
      rules: [{ matches: [{ path: { type: 'PathPrefix', value: '/' } }], backendRefs: [{ ...backend }] }],
    },
  };
}

/** As its Gateways say: one that takes it is enough to be reached. */
function accepted(route: Readonly<HTTPRoute> | undefined, on: ObjectReference): Outcome<undefined> {
  const what = `HTTPRoute ${on.name}`;
  if (!route) return waiting(Reason.Pending, `${what} is being created`, { on });
  const verdicts = verdictsOn(route).filter(({ isCurrent }) => isCurrent);
  if (verdicts.some(({ isServed }) => isServed)) return done();
  if (verdicts.length === 0) return waiting(Reason.Pending, `${what} is accepted by no Gateway yet`, { on });
  const why = verdicts.map((verdict) => `Gateway ${verdict.gateway}: ${verdict.why}`).join('; ');
  return failed(Reason.Rejected, `${what} is not accepted: ${why}`, { on });
}
