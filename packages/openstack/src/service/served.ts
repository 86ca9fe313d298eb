// What an API is served with now, whatever is wanted next.
import type { ServiceSpec } from '@stackwright/api';
import type { Reconciled, StepScope } from '@stackwright/graph';
import { Deployment, Secret, Service } from '@stackwright/kube';
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
