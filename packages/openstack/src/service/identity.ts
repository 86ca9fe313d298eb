import { groups, IdentityClaim, identityConnectionKeys, version } from '@stackwright/api';
import { done, type GraphBuilder, type Outcome, type StepHandle } from '@stackwright/core';
import { Secret } from '@stackwright/kube';
import type { Identity, IdentityOptions, Release, ServiceObject } from './builder.js';
import { credentialFields, fulfilled } from './claims.js';
import { readsOfUsers } from './credentials.js';
import { internalUrl, publicUrl } from './urls.js';

export const identitySuffix = 'identity';
const provider = 'keystone';
const defaultRoles = ['admin', 'service'];
const caFile = '/etc/stackwright-identity/ca.crt';

/** The service's user and its place in the catalog. */
export function identityStep<R extends ServiceObject>(
  g: GraphBuilder<R>,
  release: StepHandle<Release>,
  {
    service,
    type,
    port,
    path = '',
    name = service,
    admin = false,
    user = service,
    roles,
  }: IdentityOptions & { service: string },
): StepHandle<Identity> {
  return g.step({
    name: 'Identity',
    after: [release],
    owns: [IdentityClaim],
    reads: [Secret, ...readsOfUsers],
    run(scope): Outcome<Identity> {
      const { metadata, rotation } = credentialFields(scope, IdentityClaim, `${scope.name}-${identitySuffix}`);
      const where = { name: scope.name, port, path };
      const internal = internalUrl(scope, where);
      const claim = fulfilled(
        scope,
        IdentityClaim,
        {
          metadata,
          spec: {
            provider,
            user: { name: user, project: 'service', domain: 'Default', roles: [...(roles ?? defaultRoles)] },
            service: {
              type,
              name,
              endpoints: { public: publicUrl(scope, where), internal, ...(admin ? { admin: internal } : {}) },
            },
            ...rotation,
            // A user and endpoints are no data, and a catalog that lists a service which is gone leads nowhere.
            deletionPolicy: 'Delete',
          },
        },
        identityConnectionKeys,
      );
      if (claim.state !== 'Done') return claim;
      const { secretName, values, ca } = claim.output;
      return done({
        authUrl: values.auth_url,
        username: values.username,
        password: values.password,
        projectName: values.project_name,
        userDomainName: values.user_domain_name,
        projectDomainName: values.project_domain_name,
        regionName: values.region_name,
        provider: {
          apiVersion: `${groups.of('keystone')}/${version}`,
          kind: 'Keystone',
          name: provider,
          namespace: scope.namespace,
        },
        secretName,
        ...(ca === undefined ? {} : { ca, caFile }),
      });
    },
  });
}
