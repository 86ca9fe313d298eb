// How a Keystone is administered: where its API is, and as whom.
import { Reason } from '@stackwright/api';
import { done, endpointsOf, waiting, type Outcome, type Reconciled, type StepScope } from '@stackwright/core';
import { EndpointSlice, Secret, type Resource } from '@stackwright/kube';
import { IdentityError, secretReference, tlsSecretName, valuesOf, type IdentityLogin } from '@stackwright/openstack';
import type { Keystone } from '../crd.js';

export interface IdentityServer {
  /** Of its administrator, as the controller reaches it. */
  login: IdentityLogin;
  region: string;
}

/** Kinds that `serverOf` reads. */
export const serverReads: readonly Resource[] = [Secret, EndpointSlice];

type Scope = Pick<StepScope<Reconciled>, 'get' | 'list' | 'namespace'>;

export function serverOf(scope: Scope, keystone: Readonly<Keystone>): Outcome<IdentityServer> {
  const name = keystone.metadata?.name ?? '';
  const secretName = `${name}-admin`;
  const secret = scope.get(Secret, secretName);
  const checked = secret && valuesOf(secret, ['auth_url', 'username', 'password', 'project_name']);
  if (!checked || 'missing' in checked) {
    return waiting(Reason.Pending, `Secret ${secretName} does not hold the administrator's credentials yet`, {
      on: secretReference(secretName, scope),
    });
  }
  const via = endpointsOf(scope, name, 'http');
  if (via.length === 0) {
    return waiting(Reason.NoReadyEndpoint, `Service ${name} has no ready endpoint`, {
      on: { apiVersion: 'v1', kind: 'Service', name, namespace: scope.namespace },
    });
  }
  const { auth_url: authUrl, username, password, project_name: projectName } = checked.values;
  // Without it the certificate is of an authority that everybody knows.
  const authority = keystone.spec.tls && scope.get(Secret, tlsSecretName(name));
  const ca = authority && valuesOf(authority, ['ca.crt']);
  return done({
    login: {
      authUrl,
      username,
      password,
      projectName,
      userDomainName: 'Default',
      projectDomainName: 'Default',
      via,
      ...(ca && 'values' in ca ? { ca: ca.values['ca.crt'] } : {}),
    },
    region: keystone.spec.region,
  });
}

/** As `serverOf`, for where there is no other way on. @throws IdentityError */
export function reachableServer(scope: Scope, keystone: Readonly<Keystone>): IdentityServer {
  const server = serverOf(scope, keystone);
  if (server.state === 'Done') return server.output;
  throw new IdentityError('Unreachable', `Keystone ${keystone.metadata?.name ?? ''}: ${server.message}`);
}
