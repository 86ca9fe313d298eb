// What an API is served with now, whatever is wanted next.
import type { ServiceSpec } from '@stackwright/api';
import { KindMissingError } from '@stackwright/core';
import type { Reconciled, StepScope } from '@stackwright/graph';
import { Deployment, HTTPRoute, Secret, Service } from '@stackwright/kube';
import { valuesOf } from '../secrets/secret.js';

/** Where Pods have their certificate. */
export const tlsDirectory = '/etc/stackwright-tls';

export type Scheme = 'http' | 'https';

/** With which Pods are made. */
export function wantedScheme({ tls }: Pick<ServiceSpec, 'tls'>): Scheme {
  return tls ? 'https' : 'http';
}

/**
 * What its Service says, and it says so when all Pods do (see `apiSteps`). As long as there is none, nobody can be misled. The step
 * reads Service.
 */
export function servedScheme(
  scope: Pick<StepScope<Reconciled>, 'get'>,
  service: string,
  spec: Pick<ServiceSpec, 'tls'>,
): Scheme {
  const [port] = scope.get(Service, service)?.spec?.ports ?? [];
  if (!port) return wantedScheme(spec);
  return port.appProtocol === 'https' ? 'https' : 'http';
}

/** What a Gateway says of an HTTPRoute. */
export interface Verdict {
  gateway: string;
  /** It takes the route, and reaches what that leads to. */
  isServed: boolean;
  /** Where it does not. */
  why: string;
  /** Of the route as it is now. */
  isCurrent: boolean;
}

/** Of those that have said anything. */
export function verdictsOn({ metadata, status }: Readonly<HTTPRoute>): Verdict[] {
  return (status?.parents ?? []).flatMap(({ parentRef, conditions = [] }) => {
    const said = conditions.filter(({ type }) => type === 'Accepted' || type === 'ResolvedRefs');
    const accepted = said.find(({ type }) => type === 'Accepted');
    if (!accepted) return [];
    const refused = said.find(({ status: verdict }) => verdict === 'False');
    return {
      gateway: parentRef.name,
      isServed: accepted.status === 'True' && !refused,
      why: refused ? refused.message || refused.reason : accepted.reason,
      isCurrent: said.every(({ observedGeneration = 0 }) => observedGeneration === metadata?.generation),
    };
  });
}

/**
 * Whether users get in by the route of an object's API, as far as anybody says so: of an Ingress nobody does. While a route is
 * changed, what was said of it before holds. The step reads HTTPRoute.
 */
export function isRouteServed(
  scope: Pick<StepScope<Reconciled>, 'get'>,
  name: string,
  { route }: Pick<ServiceSpec, 'route'>,
): boolean {
  if (!route?.gateway) return route !== undefined;
  try {
    const observed = scope.get(HTTPRoute, name);
    return observed !== undefined && verdictsOn(observed).some(({ isServed }) => isServed);
  } catch (error) {
    // Said by the step of the route.
    if (error instanceof KindMissingError) return false;
    throw error;
  }
}

/**
 * In PEM, who vouches for what is served: of the certificate that the Pods of a workload mount, whatever is wanted next. The step
 * reads Deployment and Secret.
 */
export function servedAuthority(scope: Pick<StepScope<Reconciled>, 'get'>, workload: string): string | undefined {
  const { containers = [], volumes = [] } = scope.get(Deployment, workload)?.spec?.template.spec ?? {};
  const mount = containers[0]?.volumeMounts?.find(({ mountPath }) => mountPath === tlsDirectory);
  const name = volumes.find((volume) => volume.name === mount?.name)?.secret?.secretName;
  const secret = name === undefined ? undefined : scope.get(Secret, name);
  const held = secret && valuesOf(secret, ['ca.crt']);
  return held && 'values' in held ? held.values['ca.crt'] : undefined;
}
