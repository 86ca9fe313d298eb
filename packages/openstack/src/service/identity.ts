import {
  applicationCredentialKeys,
  domainAdminKeys,
  groups,
  IdentityClaim,
  identityConnectionKeys,
  version,
} from '@stackwright/api';
import { done, type Outcome, type StepHandle } from '@stackwright/graph';
import { HTTPRoute, Secret, Service } from '@stackwright/kube';
import type { Identity, IdentityOptions, ServiceObject } from './builder.js';
import { credentialFields, fulfilled, type Fulfilled } from './claims.js';
import { valuesOf } from '../secrets/secret.js';
import type { Declaration } from './declaration.js';
import { internalUrl, publicUrl } from './urls.js';

/** Who fulfils the claim. */
const keystone = { apiVersion: `${groups.of('keystone')}/${version}`, kind: 'Keystone', name: 'keystone' };
/** What it takes to ask Keystone whose a token is. */
const defaultRoles = ['service'];
const caFile = '/etc/stackwright-identity/ca.crt';

type Key = (typeof identityConnectionKeys | typeof applicationCredentialKeys | typeof domainAdminKeys)[number];

/** The service's user and its place in the catalog. */
export function identityStep<R extends ServiceObject>(
  { g, service, release, pods }: Declaration<R>,
  {
    type,
    port,
    path = '',
    name = service,
    admin = false,
    user = service,
    roles = defaultRoles,
    applicationCredential = false,
    domainAdmin,
  }: IdentityOptions,
): StepHandle<Identity> {
  const keys: readonly Key[] = [
    ...identityConnectionKeys,
    ...(applicationCredential ? applicationCredentialKeys : []),
    ...(domainAdmin ? domainAdminKeys : []),
  ];
  return g.step({
    name: 'Identity',
    after: [release],
    owns: [IdentityClaim],
    reads: pods.reads(HTTPRoute, Secret, Service),
    run(scope): Outcome<Identity> {
      const { metadata, rotation } = credentialFields(scope, pods, IdentityClaim, `${scope.name}-identity`);
      const where = { name: scope.name, port, path };
      const internal = internalUrl(scope, where);
      const claim = fulfilled(
        scope,
        IdentityClaim,
        {
          metadata,
          spec: {
            provider: keystone.name,
            user: { name: user, project: 'service', domain: 'Default', roles: [...roles] },
            service: {
              type,
              name,
              endpoints: { public: publicUrl(scope, where), internal, ...(admin ? { admin: internal } : {}) },
            },
            ...(applicationCredential ? { applicationCredential } : {}),
            ...(domainAdmin ? { domainAdmin } : {}),
            ...rotation,
            deletionPolicy: scope.object.spec.deletionPolicy,
          },
        },
        keys,
      );
      if (claim.state !== 'Done') return claim;
      const userId = valuesOf(scope.get(Secret, claim.output.secretName) ?? {}, ['user_id']);
      return done({
        claim: metadata.name,
        ...('values' in userId ? { userId: userId.values.user_id } : {}),
        ...loginOf(claim.output),
        ...(applicationCredential ? applicationCredentialOf(claim.output) : {}),
        ...(domainAdmin ? domainAdminOf(claim.output) : {}),
        provider: { ...keystone, namespace: scope.namespace },
      });
    },
  });
}

type Values = Fulfilled<Key>;

function loginOf({ secretName, values, ca }: Values): Omit<Identity, 'claim' | 'provider'> {
  return {
    authUrl: values.auth_url,
    username: values.username,
    password: values.password,
    projectName: values.project_name,
    userDomainName: values.user_domain_name,
    projectDomainName: values.project_domain_name,
    regionName: values.region_name,
    secretName,
    ...(ca === undefined ? {} : { ca, caFile }),
  };
}

function applicationCredentialOf({ values }: Values): Pick<Identity, 'applicationCredential'> {
  const { application_credential_id: id, application_credential_secret: secret } = values;
  return { applicationCredential: { id, secret } };
}

function domainAdminOf({ values }: Values): Pick<Identity, 'domainAdmin'> {
  const { domain_name: domain, domain_admin_username: username, domain_admin_password: password } = values;
  return { domainAdmin: { domain, username, password } };
}
