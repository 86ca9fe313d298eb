// An IdentityClaim as a graph: a name nobody else has, passwords, users and catalog entry in Keystone, and the Secret that says
// how to log in.
import { IdentityClaim, Reason, type IdentityConnection } from '@stackwright/api';
import { defineGraph, done, type Graph, type Outcome, type StepScope } from '@stackwright/core';
import { Secret } from '@stackwright/kube';
import {
  credentialClaimStatus,
  credentialsOf,
  explainIdentity,
  firstClaim,
  ownConnection,
  readyProvider,
  Refused,
  removeDropped,
  Sessions,
  type ClaimCredentials,
  type ServiceSeams,
} from '@stackwright/openstack';
import { Keystone } from '../crd.js';
import { cloudsYaml } from '../files/clouds-yaml.js';
import { IdentityApi } from '../identity-api/identity-api.js';
import { changesOf, makeChanges, removalOf, type IdentityChange } from './changes.js';
import {
  generationsOf,
  isSame,
  observeIdentity,
  ownerOf,
  type Access,
  type ObservedIdentity,
  type WantedAccount,
  type WantedIdentity,
} from './identity.js';
import { reachableServer, serverOf, serverReads, type IdentityServer } from './provider.js';

type Scope = StepScope<IdentityClaim>;

/** Generations of all that the claim hands out; they rotate together. */
interface Passwords {
  user: ClaimCredentials;
  /** Of application credentials, which are those of the users above. */
  application?: ClaimCredentials;
  domainAdmin?: ClaimCredentials;
}

export function identityClaimGraph({ http, clock }: ServiceSeams = {}): Graph<IdentityClaim> {
  const sessions = new Sessions({ ...(http ? { http } : {}), ...(clock ? { clock } : {}) });
  return defineGraph(
    IdentityClaim,
    (g) => {
      const name = g.step({ name: 'Name', reads: [IdentityClaim], run: nameOutcome });

      const provider = g.step({
        name: 'Provider',
        reads: [Keystone, ...serverReads],
        run(scope) {
          const keystone = readyProvider(scope, Keystone, scope.object.spec.provider);
          return keystone.state === 'Done' ? serverOf(scope, keystone.output) : keystone;
        },
      });

      const password = g.step({ name: 'Password', after: [name], owns: [Secret], run: passwordsOf });

      const wanted = (scope: Scope): WantedIdentity =>
        wantedOf(scope, scope.output(provider).region, scope.output(password));

      const identity = g.external<ObservedIdentity, IdentityChange, { credentialId: string | undefined }>({
        name: 'Identity',
        after: [name, provider, password],
        reads: [Keystone, ...serverReads],
        // Keystone hashes passwords slowly, on purpose.
        timeout: 30_000,
        observe: (scope, signal) => observeIdentity(accessTo(sessions, scope.output(provider)), wanted(scope), signal),
        diff: (scope, observed) => changesOf(wanted(scope), observed),
        describe: ({ what }) => what,
        apply: (scope, changes, signal) => makeChanges(accessTo(sessions, scope.output(provider)), changes, signal),
        output(scope, { accounts: [account] }) {
          const { username } = scope.output(password).user.current;
          return { credentialId: account?.users[username]?.credential?.id };
        },
        removeOn: 'DeletePolicy',
        remove: (scope, signal) => removeIdentity(sessions, scope, signal),
        explain: (error) =>
          error instanceof Refused ? { reason: error.reason, message: error.message } : explainIdentity(error),
      });

      g.step({
        name: 'Superseded',
        after: [password, identity],
        owns: [Secret],
        run(scope) {
          const { user, application, domainAdmin } = scope.output(password);
          return removeDropped(scope, {
            dropped: [user, application, domainAdmin].flatMap((one) => one?.dropped ?? []),
          });
        },
      });

      g.step({
        name: 'Connection',
        after: [provider, password, identity],
        owns: [Secret],
        run: (scope) =>
          ownConnection(
            scope,
            connectionOf(scope, scope.output(provider), scope.output(password), scope.output(identity).credentialId),
          ),
      });
    },
    { status: (scope) => credentialClaimStatus(scope, scope.output<Passwords>({ name: 'Password' })?.user) },
  );
}

function accessTo(sessions: Sessions, { login }: IdentityServer): Access {
  const { authUrl, ca, via } = login;
  const server = { authUrl, ...(ca === undefined ? {} : { ca }), ...(via ? { via } : {}) };
  return {
    admin: new IdentityApi(sessions.as(login)),
    as(credentials) {
      const session = sessions.as({ ...server, ...credentials });
      return { api: new IdentityApi(session), login: (signal) => session.login(signal) };
    },
  };
}

/** Of several claims for one user, one service or one domain's administrator the oldest has it. */
function nameOutcome(scope: Scope): Outcome<undefined> {
  const { provider, user, service, domainAdmin } = scope.object.spec;
  const others = (isRival: (spec: IdentityClaim['spec']) => boolean) => (claim: Readonly<IdentityClaim>) =>
    claim.spec.provider === provider && isRival(claim.spec);
  const users = ({ spec }: { spec: IdentityClaim['spec'] }) => [
    { domain: spec.user.domain, user: spec.user.name },
    ...(spec.domainAdmin ? [{ domain: spec.domainAdmin.domain, user: spec.domainAdmin.user }] : []),
  ];
  for (const mine of [{ domain: user.domain, user: user.name }, ...(domainAdmin ? [domainAdmin] : [])]) {
    const first = firstClaim(scope, {
      isRival: others((spec) =>
        users({ spec }).some((one) => isSame(one.domain, mine.domain) && isSame(one.user, mine.user)),
      ),
      reason: Reason.UserTaken,
      message: (older) =>
        `spec: the IdentityClaim ${older} has the user "${mine.user}" of domain "${mine.domain}" of Keystone ${provider}; choose another name`,
    });
    if (first.state !== 'Done') return first;
  }
  if (!service) return done();
  return firstClaim(scope, {
    isRival: others((spec) => spec.service?.type === service.type),
    reason: Reason.ServiceTaken,
    message: (older) =>
      `spec.service.type: the IdentityClaim ${older} has the service "${service.type}" in the catalog of Keystone ${provider}; delete one of the two`,
  });
}

function passwordsOf(scope: StepScope<IdentityClaim>): Outcome<Passwords> {
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

function wantedOf(
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

const ownerName = ({ namespace, name }: Pick<Scope, 'name' | 'namespace'>): string => `${namespace}/${name}`;

function connectionOf(
  scope: Scope,
  { login, region }: IdentityServer,
  { user, application, domainAdmin }: Passwords,
  credentialId: string | undefined,
): Record<string, string> {
  const { spec } = scope.object;
  const { username, password } = user.current;
  const connection: IdentityConnection = {
    auth_url: login.authUrl,
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
      authUrl: login.authUrl.replace(/\/v3$/, ''),
      region,
      username,
      password,
      project: spec.user.project,
      domain: spec.user.domain,
    }),
  };
}

/**
 * What carries the claim's mark goes, whatever its name was lately; what belongs to others, and what is shared, stays. With Keystone
 * itself gone, or going, there is nothing left to remove.
 */
async function removeIdentity(sessions: Sessions, scope: Scope, signal: AbortSignal): Promise<void> {
  const { provider, user, domainAdmin, service } = scope.object.spec;
  const keystone = scope.get(Keystone, provider);
  if (!keystone || keystone.metadata?.deletionTimestamp) return;
  const server = reachableServer(scope, keystone);
  const access = accessTo(sessions, server);
  const isOurs = (one: { description?: string | null }) => ownerOf(one) === ownerName(scope);

  // First what leads to the service, then what it lives by.
  const services = service ? await access.admin.servicesOf(service.type, signal) : [];
  for (const one of services.filter(isOurs)) {
    const endpoints = await access.admin.endpointsOf(one.id, signal);
    await makeChanges(access, removalOf({ service: one, endpoints }, server.region), signal);
  }
  const bases = [
    { base: user.name, domain: user.domain },
    ...(domainAdmin ? [{ base: domainAdmin.user, domain: domainAdmin.domain }] : []),
  ];
  for (const { base, domain } of bases) {
    const there = await access.admin.domain(domain, signal);
    const users = there ? await generationsOf(access.admin, base, there, signal) : [];
    for (const { id } of users.filter(isOurs)) await access.admin.deleteUser(id, signal);
  }
}
