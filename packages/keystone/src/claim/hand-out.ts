// What a claim hands out: generations of credentials, what Keystone has to have for them, and the Secret that says it all.
import type { IdentityClaim, IdentityConnection } from '@stackwright/api';
import type { ClaimCredentials, Request } from '@stackwright/openstack';
import { cloudsYaml } from '../files/clouds-yaml.js';
import type { ObservedIdentity, WantedAccount, WantedIdentity } from './identity.js';
import type { IdentityServer } from './provider.js';

/** Application credentials are of the user, in a Secret of their own. */
export type IdentityRequest = Request<IdentityClaim, IdentityServer, 'application' | 'domainAdmin'>;

export function usersOf({ spec: { user, applicationCredential, domainAdmin } }: Readonly<IdentityClaim>) {
  return {
    user: { base: user.name },
    ...(applicationCredential
      ? {
          application: { base: user.name, secret: 'application-secret' as const, key: 'application_credential_secret' },
        }
      : {}),
    ...(domainAdmin
      ? { domainAdmin: { base: domainAdmin.user, secret: 'domain-secret' as const, key: 'domain_admin_password' } }
      : {}),
  };
}

function accountOf(
  given: Omit<WantedAccount, 'users' | 'dropOthers'>,
  { current, superseded, inUse }: ClaimCredentials,
  application?: ClaimCredentials,
): WantedAccount {
  const secrets = application ? [application.current, ...application.superseded] : [];
  const users = [current, ...superseded].flatMap(({ username: name, password }) => {
    const secret = secrets.find((one) => one.username === name)?.password;
    // Of a password that was lost there is nothing to be kept right.
    return password === '' ? [] : [{ name, password, ...(secret ? { secret } : {}) }];
  });
  return { ...given, users, dropOthers: inUse };
}

export function wantedOf({ claim: { spec }, owner, server, users }: IdentityRequest): WantedIdentity {
  const { user, application, domainAdmin } = users;
  const { name: base, domain, project, roles } = spec.user;
  const accounts = [accountOf({ base, domain, project, roles }, user, application)];
  if (spec.domainAdmin && domainAdmin) {
    const account = { base: spec.domainAdmin.user, domain: spec.domainAdmin.domain, roles: ['admin'] };
    accounts.push(accountOf(account, domainAdmin));
  }
  return { owner, region: server.region, accounts, service: spec.service };
}

/** What the claim's Secret holds. */
export function connectionOf(
  { claim: { spec }, namespace, server: { authUrl, login, region }, users }: IdentityRequest,
  { accounts: [account] }: ObservedIdentity,
): Record<string, string> {
  const { user, application, domainAdmin } = users;
  const { username, password } = user.current;
  const { user: known, credential } = account?.users[username] ?? {};
  const credentialId = credential?.id;
  const connection: IdentityConnection = {
    auth_url: authUrl,
    username,
    password,
    project_name: spec.user.project,
    user_domain_name: spec.user.domain,
    project_domain_name: spec.user.domain,
    region_name: region,
  };
  return {
    ...connection,
    // Whoever was made again is another one: tokens of the one before are of no use, and clients do not always notice.
    ...(known ? { user_id: known.id } : {}),
    ...(application && credentialId !== undefined
      ? { application_credential_id: credentialId, application_credential_secret: application.current.password }
      : {}),
    ...(spec.domainAdmin && domainAdmin
      ? {
          domain_name: spec.domainAdmin.domain,
          domain_admin_username: domainAdmin.current.username,
          domain_admin_password: domainAdmin.current.password,
        }
      : {}),
    ...(login.ca === undefined ? {} : { 'ca.crt': login.ca }),
    'clouds.yaml': cloudsYaml(namespace, {
      authUrl: authUrl.replace(/\/v3$/, ''),
      region,
      username,
      password,
      project: spec.user.project,
      domain: spec.user.domain,
      ...(login.ca === undefined ? {} : { ca: login.ca }),
    }),
  };
}
