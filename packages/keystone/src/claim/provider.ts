// How a Keystone is administered: where its API is, and as whom.
import { Reason } from '@stackwright/api';
import { done, endpointsOf, waiting, type Outcome, type Reconciled, type StepScope } from '@stackwright/graph';
import { EndpointSlice, Secret, Service, type Resource } from '@stackwright/kube';
import { linesIn, secretReference, servedScheme, valuesOf, type IdentityLogin } from '@stackwright/openstack';
import { administrator } from '../manage/administrator.js';
import type { Keystone } from '../crd.js';

export interface IdentityServer {
  /** As clients in Pods know it. */
  authUrl: string;
  /** Of its administrator, as the controller reaches it. */
  login: IdentityLogin;
  region: string;
  /** Job that made its administrator last: another one, and what claims had made has to be made again. */
  bootstrap: string | undefined;
}

/** Kinds that `serverOf` reads. */
export const serverReads: readonly Resource[] = [Secret, EndpointSlice, Service];

type Scope = Pick<StepScope<Reconciled>, 'get' | 'list' | 'namespace'>;

export function serverOf(scope: Scope, keystone: Readonly<Keystone>): Outcome<IdentityServer> {
  const name = keystone.metadata?.name ?? '';
  const secretName = `${name}-admin`;
  const secret = scope.get(Secret, secretName);
  const checked = secret && linesIn(secret, ['auth_url', 'username', 'password', 'project_name']);
  if (!checked || 'problems' in checked) {
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
  const ca = valuesOf(secret, ['ca.crt']);
  const domain = administrator.domain;
  return done({
    authUrl,
    login: {
      // The Pods', whatever stands before them for others.
      authUrl: `${servedScheme(scope, name, keystone.spec)}://${name}.${scope.namespace}.svc:${via[0]?.port ?? ''}/v3`,
      ...{ username, password, userDomainName: domain, projectName, projectDomainName: domain, via },
      ...('values' in ca ? { ca: ca.values['ca.crt'] } : {}),
    },
    region: keystone.spec.region,
    bootstrap: keystone.status?.bootstrap,
  });
}
