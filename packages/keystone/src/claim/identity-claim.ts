// An IdentityClaim as a graph: a name nobody else has, passwords, users and catalog entry in Keystone, and the Secret that says
// how to log in.
import { IdentityClaim, Reason } from '@stackwright/api';
import { defineGraph, done, type Graph, type Outcome, type StepScope } from '@stackwright/core';
import { Secret } from '@stackwright/kube';
import {
  credentialClaimStatus,
  explainIdentity,
  firstClaim,
  ownConnection,
  readyServer,
  Refused,
  removeDropped,
  Sessions,
  type ServiceSeams,
} from '@stackwright/openstack';
import { Keystone } from '../crd.js';
import { IdentityApi } from '../identity-api/identity-api.js';
import { changesOf, makeChanges, type IdentityChange } from './changes.js';
import { connectionOf, ownerName, passwordsOf, wantedOf, type Passwords } from './hand-out.js';
import { isSame, observeIdentity, type Access, type ObservedIdentity, type WantedIdentity } from './identity.js';
import { reachableServer, serverOf, serverReads, type IdentityServer } from './provider.js';
import { removeIdentity } from './removal.js';

type Scope = StepScope<IdentityClaim>;

export function identityClaimGraph({ http, clock }: ServiceSeams = {}): Graph<IdentityClaim> {
  const sessions = new Sessions({ ...(http ? { http } : {}), ...(clock ? { clock } : {}) });
  return defineGraph(
    IdentityClaim,
    (g) => {
      const name = g.step({ name: 'Name', reads: [IdentityClaim], run: nameOutcome });

      const provider = g.step({
        name: 'Provider',
        reads: [Keystone, ...serverReads],
        run: (scope) =>
          readyServer(scope, Keystone, scope.object.spec.provider, (keystone) => serverOf(scope, keystone)),
      });

      const password = g.step({ name: 'Password', after: [name], owns: [Secret], run: passwordsOf });

      const wanted = (scope: Scope): WantedIdentity =>
        wantedOf(scope, scope.output(provider).region, scope.output(password));

      const identity = g.external<ObservedIdentity, IdentityChange, { credentialId: string | undefined }>({
        name: 'Identity',
        after: [name, provider, password],
        reads: [Keystone, ...serverReads],
        // Two dozen calls at first, and Keystone hashes passwords slowly, on purpose.
        timeout: 60_000,
        // Clients miss an endpoint that somebody deletes: sooner than what nobody but its consumer sees. Eight calls a claim.
        resync: 120_000,
        observe: (scope, signal) => observeIdentity(accessTo(sessions, scope.output(provider)), wanted(scope), signal),
        diff: (scope, observed) => changesOf(wanted(scope), observed),
        describe: ({ what }) => what,
        apply: (scope, changes, signal) => makeChanges(accessTo(sessions, scope.output(provider)), changes, signal),
        output(scope, { accounts: [account] }) {
          const { username } = scope.output(password).user.current;
          return { credentialId: account?.users[username]?.credential?.id };
        },
        removeOn: 'DeletePolicy',
        async remove(scope, signal) {
          const { provider, user, domainAdmin, service } = scope.object.spec;
          const keystone = scope.get(Keystone, provider);
          // With Keystone itself gone, or going, there is nothing left to remove.
          if (!keystone || keystone.metadata?.deletionTimestamp) return;
          const server = reachableServer(scope, keystone);
          const users = [
            { base: user.name, domain: user.domain },
            ...(domainAdmin ? [{ base: domainAdmin.user, domain: domainAdmin.domain }] : []),
          ];
          const removal = { owner: ownerName(scope), region: server.region, users, service: service?.type };
          await removeIdentity(accessTo(sessions, server), removal, signal);
        },
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
