// What a claim hands out: generations of credentials, what Keystone has to have for them, and the Secret that says it all.
import type { IdentityClaim, IdentityConnection } from '@stackwright/api';
import { done, type Outcome, type StepScope } from '@stackwright/core';
import { credentialsOf, type ClaimCredentials } from '@stackwright/openstack';
import { cloudsYaml } from '../files/clouds-yaml.js';
import type { WantedAccount, WantedIdentity } from './identity.js';
import type { IdentityServer } from './provider.js';

type Scope = StepScope<IdentityClaim>;

/** Generations of all that the claim hands out; they rotate together. */
export interface Passwords {
  user: ClaimCredentials;
  /** Of application credentials, which are those of the users above. */
  application?: ClaimCredentials;
  domainAdmin?: ClaimCredentials;
}

/** The step declares Secret in `owns`. */
export function passwordsOf(scope: StepScope<IdentityClaim>): Outcome<Passwords> {
  const { user, applicationCredential, domainAdmin } = scope.object.spec;
  const main = credentialsOf(scope, { base: user.name });
  if (main.state !== 'Done') return main;
  const passwords: Passwords = { user: main.output };
  if (applicationCredential) {
    const secret = credentialsOf(scope, { base: user.name, secret: 'application-secret' });
    if (secret.state !== 'Done') return secret;
    passwords.application = secret.output;
  }
  if (domainAdmin) {
    const admin = credentialsOf(scope, { base: domainAdmin.user, secret: 'domain-password', main: user.name });
    if (admin.state !== 'Done') return admin;
    passwords.domainAdmin = admin.output;
  }
  return done(passwords);
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

export function wantedOf(
  scope: Pick<Scope, 'object' | 'name' | 'namespace'>,
  region: string,
  { user, application, domainAdmin }: Passwords,
): WantedIdentity {
  const { spec } = scope.object;
  const { name: base, domain, project, roles } = spec.user;
  const accounts = [accountOf({ base, domain, project, roles }, user, application)];
  if (spec.domainAdmin && domainAdmin) {
    const account = { base: spec.domainAdmin.user, domain: spec.domainAdmin.domain, roles: ['admin'] };
    accounts.push(accountOf(account, domainAdmin));
  }
  return { owner: ownerName(scope), region, accounts, service: spec.service };
}

/** By which Keystone knows the claim. */
export const ownerName = ({ namespace, name }: Pick<Scope, 'name' | 'namespace'>): string => `${namespace}/${name}`;

/** What the claim's Secret holds. */
export function connectionOf(
  scope: Scope,
  { authUrl, login, region }: IdentityServer,
  { user, application, domainAdmin }: Passwords,
  credentialId: string | undefined,
): Record<string, string> {
  const { spec } = scope.object;
  const { username, password } = user.current;
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
    'clouds.yaml': cloudsYaml(scope.namespace, {
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
